"""Two stories that make a record of some 1,500 entries, as real ones are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from region import community, model, primary_care, social_care
from region.hospital import clinic, procedure
from region.model import Coded
from region.organisations import TeamKind

if TYPE_CHECKING:
    from region.chart import Chart


def dialysis(chart: Chart) -> None:
    """End-stage kidney disease: haemodialysis three times a week, bloods every month."""
    chart.told |= {"ckd", "acute", "immunity"}
    began = 1000
    chart.moves("egfr", 8, 7)
    chart.moves("hb", 104, 109)
    chart.moves("potassium", 5.1, 5.0)
    chart.moves("urea", 21, 19)
    chart.moves("phosphate", 1.8, 1.6)
    chart.condition(Coded("Chronic kidney disease stage 5", "433146000"), began + 200)
    for name in ("sevelamer", "epoetin"):
        chart.medicine(name, began)
    procedure(chart, Coded("Creation of arteriovenous fistula of left arm"),
              chart.at(chart.weekday(began + 90)), "Good thrill")  # fmt: skip
    social_care.alert(chart, chart.acute, began + 90,
                      "Fistula in left arm: no needles or cuff there", "clinical")  # fmt: skip
    team = chart.teams[f"{chart.acute}-DIALYSIS"]
    ago = began
    while ago > 1:
        day = chart.day(ago)
        if day.weekday() in (0, 2, 4):
            at = chart.at(day, 7, 9)
            nurse = chart.staff(team.code, "Dialysis nurse")
            chart.add(
                model.Encounter, chart.acute, at, what=Coded("Haemodialysis session"),
                setting="outpatient", ended=at + timedelta(hours=4), team=team.code, author=nurse,
                reason="End-stage kidney disease", place=f"{team.name}, {team.site}",
            )  # fmt: skip
            weight = chart.chance.around(chart.weight_kg, 0.5)
            chart.measure(primary_care.WEIGHT, at + timedelta(hours=4), weight, "kg", places=1,
                          source=chart.acute, author=nurse)  # fmt: skip
            if day.day <= 7 and day.weekday() == 0:
                for panel in ("U&E", "FBC", "Bone"):
                    chart.labs(panel, at, source=chart.acute)
        ago -= 1
    for ago in range(100, began, 180):
        clinic(chart, "RENAL", ago, "Haemodialysis", "Dry weight unchanged. On the transplant "
               "list.")  # fmt: skip


def dressings(chart: Chart) -> None:
    """Insulin and leg dressings by district nurses, day after day for years."""
    chart.told |= {"community"}
    chart.condition(Coded("Venous ulcer of leg"), 800)
    chart.condition(Coded("Chronic venous insufficiency"), 1400)
    manager = community.caseload(chart, TeamKind.DISTRICT_NURSING, 800, "Leg ulcers and insulin")
    team = chart.team(chart.community, TeamKind.DISTRICT_NURSING)
    chart.medicine("insulin_basal", 800, dose="18 units once a day, given by the district nurse")
    glucose = Coded("Capillary blood glucose level")
    for ago in range(700, 1, -1):
        at = chart.at(chart.day(ago), 8, 11)
        nurse = chart.staff(team.code, "District nurse")
        legs = ago % 3 == 0
        chart.add(
            model.Encounter, chart.community, at, what=Coded("Home visit"), setting="home",
            reason="Insulin and leg dressing" if legs else "Insulin", team=team.code,
            ended=at + timedelta(minutes=35 if legs else 15), author=nurse, place="Home",
        )  # fmt: skip
        chart.measure(glucose, at, chart.chance.around(10.2, 2.1), "mmol/L", places=1,
                      source=chart.community, author=nurse, kind="exam")  # fmt: skip
        if ago % 30 == 0:
            area = max(38 - (700 - ago) * 0.045, 6)
            chart.measure(Coded("Area of leg ulcer"), at, area, "cm2", places=1,
                          source=chart.community, author=nurse, kind="exam")  # fmt: skip
    community.plan(
        chart,
        TeamKind.DISTRICT_NURSING,
        300,
        "Wound and diabetes care plan",
        f"Named nurse: {manager.split(',')[0]}.",
        "Four-layer compression, left",
        "Glucose aim 7 to 14 mmol/L; treat below 5",
        "Doppler every six months",
    )
