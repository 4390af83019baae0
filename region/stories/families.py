"""Children and pregnancy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from region import model, primary_care, social_care
from region.hospital import admission, clinic, clinic_ahead, ed_attendance, image, procedure
from region.model import Coded
from region.primary_care import surgery

if TYPE_CHECKING:
    from region.chart import Chart


def newborn(chart: Chart) -> None:
    """Birth, checks and weights of a child under two."""
    born = chart.person.birth_date
    days = (chart.until - born).days
    chart.add(
        model.Encounter, chart.acute, chart.at(born, 8, 12), what=Coded("Birth"),
        setting="inpatient", ended=chart.at(min(born + timedelta(days=1), chart.until), 14, 17),
        reason="Born at term, 39 weeks", place=chart.hospital, discharged_to="Home with mother",
        team=f"{chart.acute}-MAGNOLIA", author=chart.staff(chart.acute, "Midwife"),
    )  # fmt: skip
    weight = chart.chance.around(3.4, 0.3)
    for age, gain in ((0, 0.0), (12, 0.1), (56, 1.6), (112, 3.0), (250, 5.2), (380, 6.4)):
        if age < days:
            chart.measure(primary_care.WEIGHT, chart.at(chart.weekday(days - age)), weight + gain,
                          "kg", places=2)  # fmt: skip
    if days > 50:
        surgery(chart, days - 50, "Six to eight week check of baby")


def asthma_of_a_child(chart: Chart) -> None:
    """Asthma of a child: inhalers with spacer, attacks, children's clinic."""
    chart.told |= {"asthma", "acute"}
    since = min(1100, (chart.age - 4) * 365 + 30)
    if since < 100:
        return
    chart.condition(Coded("Asthma", "195967001"), since)
    chart.medicine("salbutamol", since)
    chart.medicine("beclometasone_child", since - 20)
    chart.condition(Coded("Eczema", "43116000"), min(since + 300, (chart.age - 1) * 365))
    chart.medicine("emollient", since)
    for ago in range(60, since, 340):
        surgery(chart, ago, "Asthma review and inhaler technique", by="Practice nurse")
    attack = chart.chance.randrange(20, since)
    ended = ed_attendance(chart, attack, "Acute asthma in a child",
                          letter="Salbutamol by spacer, prednisolone for three days.")  # fmt: skip
    chart.course("prednisolone_child", ended)
    clinic(chart, "PAEDIATRICS", max(attack - 25, 8), "Asthma", "Well between colds. Personal "
           "asthma action plan given to family and school.")  # fmt: skip
    clinic_ahead(chart, "PAEDIATRICS", 70, "Asthma")


def peanut_allergy(chart: Chart) -> None:
    """Anaphylaxis to peanut, with auto-injectors; known to practice and hospital alike."""
    chart.told.add("acute")
    ago = min(500, (chart.age - 3) * 365)
    if ago < 30:
        return
    ed_attendance(
        chart,
        ago,
        "Anaphylaxis after peanut",
        letter="Adrenaline given by the ambulance crew; observed for six hours.",
    )
    primary_care.allergy(chart, "peanut", ago, severity="severe")
    primary_care.allergy(chart, "peanut", ago, severity="severe", source=chart.acute)
    older = chart.age_on(chart.day(ago)) >= 10
    chart.medicine("adrenaline_adult" if older else "adrenaline", ago - 3)
    social_care.alert(chart, chart.gp, ago, "Anaphylaxis to peanut: carries auto-injectors",
                      "clinical")  # fmt: skip


def adhd(chart: Chart) -> None:
    """ADHD of a school child, with growth watched on methylphenidate."""
    chart.told.add("acute")
    since = min(800, (chart.age - 6) * 365)
    if since < 60:
        return
    chart.condition(Coded("Attention deficit hyperactivity disorder", "406506008"), since)
    chart.medicine("methylphenidate", since - 20)
    for ago in range(40, since, 180):
        at = clinic(chart, "PAEDIATRICS", ago, "ADHD", "School reports better focus.")
        kilograms = 3 * chart.age_on(at.date()) + 6
        chart.measure(primary_care.WEIGHT, at, kilograms, "kg", source=chart.acute, places=1)


def bronchiolitis(chart: Chart) -> None:
    """Bronchiolitis of a baby; two nights on the children's ward."""
    days = (chart.until - chart.person.birth_date).days
    if days < 120:
        return
    chart.told.add("acute")
    admission(chart, "JUNIPER", days - 100, stay=2, reason="Poor feeding and wheeze",
              diagnosis=Coded("Bronchiolitis", "4120002"), panels=(),
              course="High flow oxygen for one night, then feeding well.")  # fmt: skip


def pregnancy(chart: Chart) -> None:
    """Twenty-eight weeks pregnant: booking, scans, bloods, appointments to come."""
    if not chart.female or not 18 <= chart.age <= 44:
        return
    chart.told |= {"acute", "pregnant"}
    chart.condition(Coded("Pregnant", "77386006"), 150, note="Estimated 28 weeks")
    chart.moves("hb", 128, 112)
    at = clinic(chart, "MATERNITY", 140, "Booking appointment", "Low risk pregnancy.")
    chart.labs("FBC", at, source=chart.acute, hb=121)
    primary_care.blood_pressure(chart, at, 112, 68, source=chart.acute)
    image(chart, Coded("Obstetric ultrasound, dating scan"), chart.at(chart.weekday(112)),
          "Single live intrauterine pregnancy, 12 weeks and 2 days.")  # fmt: skip
    image(chart, Coded("Obstetric ultrasound, anomaly scan"), chart.at(chart.weekday(56)),
          "Normal anatomy, 20 weeks and 3 days. Placenta posterior, not low.")  # fmt: skip
    at = clinic(chart, "MATERNITY", 7, "28 weeks", "Well. Baby active. Anti-D not needed.")
    chart.labs("FBC", at, source=chart.acute, hb=108)
    primary_care.blood_pressure(chart, at, 116, 70, source=chart.acute)
    chart.medicine("ferrous", 5, why="anaemia of pregnancy")
    clinic_ahead(chart, "MATERNITY", 21, "31 weeks")
    clinic_ahead(chart, "MATERNITY", 42, "34 weeks")


def caesarean(chart: Chart) -> None:
    """A birth by caesarean section in the past years."""
    if not chart.female or not 24 <= chart.age <= 48:
        return
    chart.told.add("acute")
    ago = chart.chance.randrange(400, 1700)
    start = admission(
        chart,
        "MAGNOLIA",
        ago,
        stay=3,
        reason="Labour at term",
        panels=("FBC",),
        course="Emergency section for slow progress; mother and baby well.",
    )
    procedure(chart, Coded("Caesarean section", "11466000"), start, "Live baby, term")
