"""What the acute trust writes: attendances, admissions with observations, clinics, letters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from region import model
from region.early_warning import VitalSigns, news2
from region.model import Coded
from region.organisations import TeamKind
from region.primary_care import PULSE, blood_pressure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from region.chart import Chart

NEWS2 = Coded("NEWS2 (National Early Warning Score 2) total score", "1104051000000101")
RESPIRATION = Coded("Respiratory rate", "86290005")
SATURATION = Coded("Peripheral oxygen saturation", "431314004")
TEMPERATURE = Coded("Body temperature", "386725007")


def ed_attendance(
    chart: Chart, days_ago: float, reason: str, *, outcome: str = "Discharged home",
    letter: str = "",
) -> datetime:  # fmt: skip
    """An attendance at the emergency department; returns its end."""
    team = chart.team(chart.acute, TeamKind.EMERGENCY_DEPARTMENT)
    start = chart.at(chart.day(days_ago), 7, 19)
    ended = start + timedelta(minutes=chart.chance.randrange(90, 240))
    doctor = chart.staff(team.code, "Emergency registrar")
    chart.add(
        model.Encounter, chart.acute, start, what=Coded("Emergency department attendance"),
        setting="emergency", ended=ended, reason=reason, place=f"{team.name}, {chart.hospital}",
        discharged_to=outcome, team=team.code, author=doctor,
    )  # fmt: skip
    if letter:
        text = f"Dear Doctor,\n\nAttended with {reason.lower()}.\n{letter}\n{outcome}.\n"
        chart.add(
            model.Document, chart.acute, ended, title="Emergency department letter", text=text,
            author=doctor,
        )  # fmt: skip
    return ended


def observations(chart: Chart, day: date, *, unwell: float, times: int = 2) -> None:
    """Sets of ward observations with their NEWS2. ``unwell`` runs from 0 (well) to 1."""
    for hour in (6, 14, 22)[:times]:
        at = chart.at(day, hour, hour + 1)
        signs = VitalSigns(
            respiratory_rate=round(chart.chance.around(16 + 7 * unwell, 1)),
            saturation=min(round(chart.chance.around(97 - 4 * unwell, 1)), 100),
            on_oxygen=unwell > 0.6,
            temperature=round(chart.chance.around(36.7 + 1.2 * unwell, 0.2), 1),
            systolic=round(chart.chance.around(128 - 14 * unwell, 8)),
            pulse=round(chart.chance.around(76 + 24 * unwell, 5)),
        )
        nurse = chart.staff(chart.acute, "Staff nurse")
        for what, value, unit, places in (
            (RESPIRATION, signs.respiratory_rate, "/min", 0),
            (SATURATION, signs.saturation, "%", 0),
            (TEMPERATURE, signs.temperature, "Cel", 1),
            (PULSE, signs.pulse, "/min", 0),
            (NEWS2, news2(signs), "{score}", 0),
        ):
            chart.measure(what, at, value, unit, source=chart.acute, places=places, author=nurse)
        blood_pressure(
            chart, at, signs.systolic, signs.systolic * 0.6, source=chart.acute, author=nurse
        )


def admission(
    chart: Chart, ward: str, days_ago: float, *, stay: int | None, reason: str,
    diagnosis: Coded | None = None, panels: Sequence[str] = ("U&E", "FBC", "CRP"),
    course: str = "", to: str = "Usual place of residence", expected: int | None = None,
    planned: bool = False,
    arrival: dict[str, float] | None = None, later: dict[str, float] | None = None,
) -> datetime:  # fmt: skip
    """An admission to ``ward`` (the end of its team's code); returns when it began.

    ``stay`` in nights; None while it lasts. ``expected`` is in how many days discharge is
    expected. ``arrival`` and ``later`` are tests that the illness moves.
    A finished stay ends with a discharge summary.
    """
    team = chart.teams[f"{chart.acute}-{ward}"]
    first = _free_day(chart, days_ago, stay)
    start = chart.at(first, 10, 20)
    nights = stay if stay is not None else (chart.until - first).days
    last = min(first + timedelta(days=nights), chart.until)
    chart.stays.append((first, last if stay is not None else chart.today))
    ended = None if stay is None else chart.at(last, 11, 16)
    consultant = chart.staff(team.code, "Consultant")
    chart.add(
        model.Encounter, chart.acute, start, setting="inpatient", reason=reason, team=team.code,
        what=Coded("Elective admission" if planned else "Emergency admission"),
        status="finished" if ended else "in-progress", ended=ended, author=consultant,
        place=f"{team.name}, {team.site}", discharged_to=to if ended else "",
        expected_discharge=chart.coming(expected) if expected is not None else None,
        recorded=ended or chart.at(last, 20, 22),
    )  # fmt: skip
    chart.reconcile_medicines(start + timedelta(hours=3), until=last if ended else None)
    if diagnosis:
        chart.condition(
            diagnosis, 0, on=start, source=chart.acute, author=consultant,
            status="resolved" if ended else "active", ended=last if ended else None,
        )  # fmt: skip
    _bloods(chart, start, last, panels, arrival, later)
    if chart.age_on(start.date()) >= 18:
        for number in range(min(nights, 6)):
            day = min(start.date() + timedelta(days=number + 1), last)
            if day < last or ended is None:
                observations(chart, day, unwell=max(0.8 - number * 0.22, 0))
    if ended:
        _discharge_summary(chart, ended, reason, diagnosis, course, to, consultant)
    return start


def _free_day(chart: Chart, days_ago: float, stay: int | None) -> date:
    """The day so long ago, or earlier where another stay is in the way."""
    first = chart.day(days_ago)
    if stay is None:
        return first
    while any(
        first <= until + timedelta(days=3) and first + timedelta(days=stay + 3) >= since
        for since, until in chart.stays
    ):
        days_ago += 25
        first = chart.day(days_ago)
        if first == chart.person.birth_date:
            break
    return first


def _bloods(
    chart: Chart, start: datetime, last: date, panels: Sequence[str],
    arrival: dict[str, float] | None, later: dict[str, float] | None,
) -> None:  # fmt: skip
    """Bloods on arrival and two days on; without more being said, an infection that settles."""
    if arrival is None:
        arrival = {"crp": chart.chance.around(95, 30)}
    if later is None:
        later = {"crp": chart.chance.around(32, 8)}
    again = start.date() + timedelta(days=2)
    for panel in panels:
        chart.labs(panel, start + timedelta(hours=1), source=chart.acute, given=arrival)
        if again < last and panel in {"U&E", "CRP", "FBC"}:
            chart.labs(panel, chart.at(again, 7, 8), source=chart.acute, given=later)


def _discharge_summary(
    chart: Chart, ended: datetime, reason: str, diagnosis: Coded | None, course: str, to: str,
    author: str,
) -> None:  # fmt: skip
    """A short discharge summary under the headings of the national standard."""
    text = (
        "DISCHARGE SUMMARY\n\n"
        f"Reason for admission: {reason}\n"
        f"Diagnosis: {diagnosis.text if diagnosis else reason}\n"
        f"Clinical summary: {course or 'Treated and recovered well.'}\n"
        f"Discharged to: {to}\n"
        "Actions for the practice: please reconcile medicines; bloods in two weeks.\n"
    )
    chart.add(
        model.Document, chart.acute, ended, title="Discharge summary", text=text, author=author
    )


def clinic(
    chart: Chart,
    suffix: str,
    days_ago: float,
    reason: str,
    letter: str = "",
    *,
    missed: bool = False,
) -> datetime:
    """An outpatient appointment, kept or missed, with its letter; returns when it was."""
    team = chart.teams[f"{chart.acute}-OP-{suffix}"]
    at = chart.at(chart.weekday(days_ago), 9, 16)
    doctor = chart.staff(team.code, "Consultant")
    chart.add(
        model.Appointment, chart.acute, at, what=Coded(team.name), place=chart.hospital,
        status="noshow" if missed else "fulfilled", note=reason, team=team.code, author=doctor,
    )  # fmt: skip
    if missed:
        return at
    chart.seen_by[at] = doctor
    chart.add(
        model.Encounter, chart.acute, at, what=Coded("Outpatient clinic attendance"),
        setting="outpatient", ended=at + timedelta(minutes=25), reason=reason, team=team.code,
        place=f"{team.name}, {chart.hospital}", author=doctor,
    )  # fmt: skip
    if letter:
        text = f"Dear Doctor,\n\nSeen in the {team.name.lower()}: {reason}.\n\n{letter}\n"
        chart.add(
            model.Document, chart.acute, at + timedelta(hours=2), title=f"{team.name} letter",
            text=text, author=doctor,
        )  # fmt: skip
    return at


def clinic_ahead(chart: Chart, suffix: str, days: int, reason: str) -> None:
    """A booked outpatient appointment."""
    if not chart.alive:
        return
    team = chart.teams[f"{chart.acute}-OP-{suffix}"]
    chart.add(
        model.Appointment, chart.acute, chart.at(chart.coming(days), 9, 16), what=Coded(team.name),
        status="booked", place=chart.hospital, note=reason, team=team.code,
        author=chart.staff(team.code, "Consultant"),
    )  # fmt: skip


def image(chart: Chart, what: Coded, at: datetime, conclusion: str) -> None:
    """An imaging examination, reported the same day."""
    chart.add(
        model.Imaging, chart.acute, at, what=what, conclusion=conclusion,
        author=chart.staff(f"{chart.acute}-IMAGING", "Consultant radiologist"),
    )  # fmt: skip


def procedure(
    chart: Chart, what: Coded, at: datetime, outcome: str = "", *, source: str | None = None,
    sensitive: bool = False,
) -> None:  # fmt: skip
    """Something that was done, by the acute trust unless another source is named."""
    source = source or chart.acute
    role = "Consultant" if source == chart.acute else "Practice nurse"
    chart.add(
        model.Procedure, source, at, what=what, outcome=outcome, sensitive=sensitive,
        author=chart.staff(source, role),
    )  # fmt: skip
