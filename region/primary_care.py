"""What a practice, or an out-of-hours doctor, writes: contacts, measurements, vaccinations."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from region import model
from region.model import LOINC, Coded, Part

if TYPE_CHECKING:
    from region.chart import Chart

BLOOD_PRESSURE = Coded("Blood pressure", "75367002")
SYSTOLIC = Coded("Systolic arterial pressure", "72313002")
DIASTOLIC = Coded("Diastolic arterial pressure", "1091811000000102")
WEIGHT = Coded("Body weight", "27113001")
HEIGHT = Coded("Body height", "50373000")
BMI = Coded("Body mass index", "60621009")
PULSE = Coded("Heart rate", "364075005")
PHQ9 = Coded("Patient Health Questionnaire nine item score", "720433000")
FRAILTY = Coded("Rockwood Clinical Frailty Scale")
SMOKING = Coded("Tobacco smoking status", "72166-2", LOINC)

NO_KNOWN_ALLERGY = Coded("No known allergies", "716186003")
RASH = Coded("Rash", "271807003")
ANAPHYLAXIS = Coded("Anaphylaxis", "39579001")
ALLERGIES = {
    "penicillin": (Coded("Allergy to penicillin", "91936005"), "medication", "high", RASH),
    "anaphylaxis": (Coded("Allergy to penicillin", "91936005"), "medication", "high", ANAPHYLAXIS),
    "trimethoprim": (Coded("Trimethoprim"), "medication", "low", RASH),
    "codeine": (Coded("Codeine", "387494007"), "medication", "low", Coded("Vomiting", "422400008")),
    "aspirin": (
        Coded("Aspirin", "387458008"), "medication", "low", Coded("Indigestion", "162031009"),
    ),
    "ramipril": (Coded("Ramipril"), "medication", "low", Coded("Cough", "49727002")),
    "latex": (Coded("Allergy to latex", "300916003"), "environment", "low", RASH),
    "peanut": (Coded("Allergy to peanut", "91935009"), "food", "high", ANAPHYLAXIS),
    "egg": (Coded("Allergy to egg", "91930004"), "food", "low", RASH),
}  # fmt: skip


def surgery(
    chart: Chart, days_ago: float, reason: str, *, by: str = "GP", in_person: bool = False
) -> datetime:
    """A consultation at the practice; returns when it was."""
    at = chart.at(chart.weekday(days_ago), 8, 18)
    team = f"{chart.gp}-GP"
    how = (
        "telephone"
        if chart.chance.happens(0.35) and by == "GP" and not in_person
        else "primary_care"
    )
    author = chart.seen_by[at] = chart.staff(team, by)
    words = "Telephone consultation" if how == "telephone" else "GP surgery consultation"
    chart.add(
        model.Encounter, chart.gp, at, what=Coded(words), setting=how, reason=reason,
        ended=at + timedelta(minutes=chart.chance.randrange(8, 20)), team=team,
        author=author, place=chart.teams[team].name,
    )  # fmt: skip
    return at


def out_of_hours(chart: Chart, days_ago: float, reason: str, advice: str) -> None:
    """A case of the borough's out-of-hours doctors, with its letter to the practice."""
    source = chart.out_of_hours
    if source is None:
        return
    at = chart.at(chart.day(days_ago), 19, 23)
    team = f"{source}-OOH"
    author = chart.staff(team, "Out-of-hours GP")
    what = Coded("Out-of-hours telephone triage" if chart.chance.happens(0.6) else
                 "Out-of-hours base visit")  # fmt: skip
    chart.add(
        model.Encounter, source, at, what=what, setting="out_of_hours", reason=reason, team=team,
        ended=at + timedelta(minutes=25), author=author, place=chart.teams[team].name,
    )  # fmt: skip
    chart.add(
        model.Document, source, at + timedelta(minutes=40), title="Out-of-hours case summary",
        text=f"Case summary for the practice.\n\nReason: {reason}.\nAdvice: {advice}\n",
        author=author,
    )  # fmt: skip


def blood_pressure(
    chart: Chart, at: datetime, systolic: float, diastolic: float, *, source: str | None = None,
    author: str = "",
) -> None:  # fmt: skip
    """A blood pressure in mmHg, with the scatter of a real one."""
    upper = round(chart.chance.around(systolic, 6))
    lower = round(min(chart.chance.around(diastolic, 4), upper - 25))
    source = source or chart.gp
    parts = tuple(
        Part(what, Decimal(value), "mmHg")
        for what, value in ((SYSTOLIC, upper), (DIASTOLIC, lower))
    )
    chart.add(
        model.Measurement, source, at, what=BLOOD_PRESSURE, parts=parts,
        author=author or chart.seen_by.get(at) or chart.author(source),
    )  # fmt: skip


def weigh(chart: Chart, at: datetime, kilograms: float | None = None) -> None:
    """Weight, and body mass index with it for an adult."""
    weight = kilograms or chart.chance.around(chart.weight_kg, 0.8)
    chart.measure(WEIGHT, at, weight, "kg", places=1)
    if chart.age_on(at.date()) >= 18:
        chart.measure(BMI, at, weight / (chart.height_cm / 100) ** 2, "kg/m2", places=1)


def allergy(
    chart: Chart, name: str, days_ago: float, *, source: str | None = None, severity: str = ""
) -> None:
    """An allergy; the same one from two sources is two facts."""
    what, kind, criticality, reaction = ALLERGIES[name]
    source = source or chart.gp
    chart.told.add(f"allergy:{name}")
    chart.add(
        model.Allergy, source, chart.day(days_ago), what=what, kind=kind, severity=severity,
        criticality=criticality, reactions=(reaction,), author=chart.author(source),
    )  # fmt: skip


def no_known_allergies(chart: Chart, days_ago: float, *, source: str | None = None) -> None:
    """Asked, and none known: not the same as nothing recorded."""
    source = source or chart.gp
    chart.add(
        model.Allergy, source, chart.day(days_ago), what=NO_KNOWN_ALLERGY, none_known=True,
        criticality="", author=chart.author(source),
    )  # fmt: skip


def vaccinate(chart: Chart, what: Coded, day: date, *, dose: int = 1) -> None:
    """A vaccine given at the practice."""
    chart.add(
        model.Vaccination, chart.gp, chart.at(day), what=what, dose=dose,
        author=chart.staff(f"{chart.gp}-GP", "Practice nurse"),
    )  # fmt: skip


def appointment_ahead(
    chart: Chart, source: str, team: str, what: str, days: int, *, minutes: int = 20
) -> None:
    """A booked appointment in the coming days; the dead have none."""
    if not chart.alive:
        return
    chart.add(
        model.Appointment, source, chart.at(chart.coming(days)), what=Coded(what), status="booked",
        minutes=minutes, team=team, author=chart.teams[team].name,
        place=chart.teams[team].site or chart.hospital
        if source == chart.acute else chart.teams[team].name,
    )  # fmt: skip
