"""What happens next, and what its source sends of it.

The next happening depends on the state alone: how many there have been, and who is in hospital.
Whoever sends it keeps the state that follows once it has been taken, so that nothing is sent
otherwise a second time and nothing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from region import model
from region.chance import Chance
from region.chart import LONDON, decimal
from region.investigations import PANELS, TESTS
from region.model import Coded, Resident, SourcePerson
from region.names import staff_names
from region.organisations import HOSPITALS, TeamKind, teams_of
from region.panels import Panel
from region.sending import Form, Sending
from region.writers import council_csv, fhir_r4
from region.writers.fhir_values import as_json
from region.writers.hl7v2 import Messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from region.organisations import RegionOrganisations, Team

#: As many are in hospital by this day at most; before a further one comes, somebody goes home.
MOST_VISITS = 10
#: Whom it is about: of an age for the wards of older people, and not in hospital already.
_LEAST_AGE = 60
#: Numbers of visits and the like that no story of the region has.
_FIRST_NUMBER = 90_000
_FIRST_LOCAL = 10_000_000
_NOT_FOR_THEM = ("MAGNOLIA", "JUNIPER")  # maternity, children
#: The ward that the documents look at.
_WATCHED_WARD = "CEDAR"
_REASONS = (
    "Fall at home", "Chest infection", "Chest pain", "Shortness of breath", "Confusion",
    "Urinary infection", "Dehydration", "Abdominal pain", "Stroke symptoms", "Palpitations",
)  # fmt: skip
_NIGHT = (
    ("Fever and cough", "Chest clear. Fluids and paracetamol; see the practice if no better."),
    ("Catheter blocked", "Changed at home. District nurses to review in the morning."),
    ("Vomiting", "No warning signs. Small sips; call again if no urine for 12 hours."),
)
_SURGERY = ("Medication review", "Blood pressure check", "Back pain", "Diabetes review")
_CLINICS = ("CARDIOLOGY", "RESPIRATORY", "DIABETES", "ORTHOPAEDICS")


class Wire(StrEnum):
    """How a source's system sends."""

    MLLP = "mllp"
    FHIR = "fhir"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Happening:
    """What is sent, by whom and how. ``words`` tell of it and name nobody."""

    words: str
    wire: Wire
    source: str
    content: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who is in hospital by this day: which of the people, and the visit's number."""

    person: str
    number: int
    team: str
    setting: str
    begun: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """How far the day is."""

    count: int = 0
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The people of a day. ``watched`` are the sources that something comes from."""

    people: Sequence[Resident]
    organisations: RegionOrganisations
    seed: int
    practice: str
    out_of_hours: str
    council: str

    @classmethod
    def of(
        cls, residents: Sequence[Resident], organisations: RegionOrganisations, *, seed: int,
        practice: str, out_of_hours: str, council: str,
    ) -> Day:  # fmt: skip
        """A day about those of the residents whom it may be about."""
        people = [each for each in residents if _may_be_about(each)]
        return cls(people, organisations, seed, practice, out_of_hours, council)

    def next(self, state: State, now: datetime) -> tuple[Happening, State]:
        """What happens next at this time, and the state once it has been sent."""
        return _Next(self, state, now.astimezone(LONDON).replace(microsecond=0)).happens()


def _may_be_about(resident: Resident) -> bool:
    person = resident.person
    if resident.of_note or person.died_on is not None or person.restricted:
        return False
    latest = max(each.version for each in resident.known).date()
    old_enough = latest.year - person.birth_date.year > _LEAST_AGE
    in_hospital = any(
        isinstance(each, model.Encounter) and each.status == "in-progress"
        for each in resident.facts
    )
    # A source that wrote somebody down wrongly has that on its work list, where it is to stay.
    plain = all(
        each.verification == "01" and each.nhs_number == person.nhs_number
        and each.birth_date == person.birth_date
        for each in resident.known
    )  # fmt: skip
    return old_enough and not in_hospital and plain


class _Next:
    """One happening while it is made."""

    def __init__(self, day: Day, state: State, now: datetime) -> None:
        self._day = day
        self._state = state
        self._now = now
        self._chance = Chance(f"{day.seed}:day:{state.count}")
        self._teams = {each.code: each for each in teams_of(day.organisations)}
        self._acute = day.organisations.acute_trust.code
        self._number = _FIRST_NUMBER + state.count
        self._people = {each.person.key: each for each in day.people}

    def happens(self) -> tuple[Happening, State]:
        """Draw what it is, of what can be."""
        stays = [each for each in self._state.visits if each.setting == "inpatient"]
        here = len(self._state.visits)
        if not self._state.count:
            return self._admitted(ward=f"{self._acute}-{_WATCHED_WARD}")
        if here >= MOST_VISITS:
            return self._discharged(self._state.visits[0])
        options = [
            (self._admitted, 4.0 if len(stays) < MOST_VISITS // 2 else 1.5),
            (self._arrived, 2.0),
            (self._booked, 1.0),
            (self._called_at_night, 1.5),
            (self._consulted, 1.5),
            (self._visited, 1.0),
            (self._allocated, 0.7),
        ]
        if stays:
            options += [(self._moved, 1.5), (self._results, 3.0), (self._somebody_goes, 1.5)]
        return self._chance.weighted(options)()

    def _follows(self, *visits: Visit) -> State:
        return State(self._state.count + 1, visits or self._state.visits)

    def _somebody(self, borough: str = "") -> Resident:
        there = {each.person for each in self._state.visits}
        free = [
            each for each in self._day.people
            if each.person.key not in there and borough in ("", each.person.borough)
        ]  # fmt: skip
        return self._chance.pick(free)

    def _known(self, resident: Resident, source: str) -> SourcePerson:
        """The person as the source has them already, or as it writes them down now."""
        for each in resident.known:
            if each.source == source:
                return each
        place = list(self._people).index(resident.person.key)
        return SourcePerson(
            source=source, person=resident.person.key, local_id=f"{_FIRST_LOCAL + place}",
            nhs_number=resident.person.nhs_number, verification="01",
            birth_date=resident.person.birth_date, version=self._now,
        )  # fmt: skip

    # ── In hospital ─────────────────────────────────────────────────────────────────────────

    def _messages(self, person: str, source: str = "") -> Messages:
        resident = self._people[person]
        return Messages(resident, self._known(resident, source or self._acute), self._teams)

    def _team_in(self, resident: Resident, kind: TeamKind, *, but: str = "") -> Team:
        site = HOSPITALS[resident.person.borough]
        found = [
            each for each in self._teams.values()
            if each.organisation == self._acute and each.kind is kind and each.site == site
            and each.code != but and not each.code.endswith(_NOT_FOR_THEM)
        ]  # fmt: skip
        watched = [each for each in found if each.code.endswith(_WATCHED_WARD)]
        return watched[0] if watched and self._chance.happens(0.4) else self._chance.pick(found)

    def _by_mllp(self, words: str, content: bytes) -> Happening:
        return Happening(words, Wire.MLLP, self._acute, content)

    def _encounter(self, visit: Visit, *, ended: bool = False) -> model.Encounter:
        what = "Emergency admission"
        if visit.setting == "emergency":
            what = "Emergency department attendance"
        return model.Encounter(
            key=f"encounter-{visit.number}", person=visit.person, source=self._acute,
            at=visit.begun, recorded=self._now, team=visit.team, what=Coded(what),
            setting=visit.setting, reason=visit.reason,
            author=f"Dr {self._chance.pick(staff_names(visit.team))}, Consultant",
            status="finished" if ended else "in-progress", ended=self._now if ended else None,
            discharged_to="Usual place of residence" if ended else "",
        )  # fmt: skip

    def _comes(self, resident: Resident, team: str, setting: str) -> tuple[Happening, State]:
        reason = self._chance.pick(_REASONS)
        visit = Visit(resident.person.key, self._number, team, setting, self._now, reason)
        event = "A01" if setting == "inpatient" else "A04"
        content = self._messages(visit.person).visit(self._encounter(visit), event, self._now)
        words = f"ADT {event}: somebody comes to {self._teams[team].name}"
        return self._by_mllp(words, content), self._follows(*self._state.visits, visit)

    def _admitted(self, ward: str = "") -> tuple[Happening, State]:
        if ward:
            boroughs = [b for b, site in HOSPITALS.items() if site == self._teams[ward].site]
            return self._comes(self._somebody(boroughs[0]), ward, "inpatient")
        resident = self._somebody()
        return self._comes(resident, self._team_in(resident, TeamKind.WARD).code, "inpatient")

    def _arrived(self) -> tuple[Happening, State]:
        resident = self._somebody()
        team = self._team_in(resident, TeamKind.EMERGENCY_DEPARTMENT)
        return self._comes(resident, team.code, "emergency")

    def _moved(self) -> tuple[Happening, State]:
        stays = [each for each in self._state.visits if each.setting == "inpatient"]
        visit = self._chance.pick(stays)
        ward = self._team_in(self._people[visit.person], TeamKind.WARD, but=visit.team)
        moved = replace(visit, team=ward.code)
        content = self._messages(visit.person).visit(self._encounter(moved), "A02", self._now)
        visits = [moved if each is visit else each for each in self._state.visits]
        return self._by_mllp(f"ADT A02: somebody moves to {ward.name}", content), self._follows(
            *visits
        )

    def _somebody_goes(self) -> tuple[Happening, State]:
        return self._discharged(self._state.visits[0])

    def _discharged(self, visit: Visit) -> tuple[Happening, State]:
        encounter = self._encounter(visit, ended=True)
        content = self._messages(visit.person).visit(encounter, "A03", self._now)
        left = tuple(each for each in self._state.visits if each is not visit)
        words = f"ADT A03: somebody leaves {self._teams[visit.team].name}"
        return self._by_mllp(words, content), State(self._state.count + 1, left)

    def _results(self) -> tuple[Happening, State]:
        visit = self._chance.pick(self._state.visits)
        title, tests = PANELS[self._chance.pick(("FBC", "CRP", "LFT"))]
        taken = self._now - timedelta(hours=1)
        results = []
        for place, test in enumerate(tests):
            definition = TESTS[test]
            low, high = definition.range_for(self._people[visit.person].person.sex)
            value = self._chance.around(definition.mean, 2 * definition.spread)
            value = min(max(value, definition.least), definition.most)
            results.append(model.LabResult(
                key=f"labresult-{self._number}{place}", person=visit.person, source=self._acute,
                at=taken, recorded=self._now, what=definition.what, unit=definition.unit,
                value=decimal(value, definition.places),
                low=None if low is None else decimal(low, definition.places),
                high=None if high is None else decimal(high, definition.places),
                author="Clinical laboratory, Biomedical scientist",
            ))  # fmt: skip
        report = model.LabReport(
            key=f"labreport-{self._number}", person=visit.person, source=self._acute, at=taken,
            recorded=self._now, what=title, results=tuple(each.key for each in results),
        )  # fmt: skip
        content = self._messages(visit.person).results(Panel(report, tuple(results)))
        return self._by_mllp(f"ORU R01: {title.text} of an inpatient", content), self._follows()

    def _booked(self) -> tuple[Happening, State]:
        resident = self._somebody()
        team = self._teams[f"{self._acute}-OP-{self._chance.pick(_CLINICS)}"]
        begins = self._now + timedelta(days=self._chance.randrange(5, 40))
        fact = model.Appointment(
            key=f"appointment-{self._number}", person=resident.person.key, source=self._acute,
            at=begins.replace(hour=self._chance.randrange(9, 16), minute=0, second=0),
            recorded=self._now, what=Coded(team.name), status="booked", team=team.code,
            place=HOSPITALS[resident.person.borough],
            author=f"Dr {self._chance.pick(staff_names(team.code))}, Consultant",
        )  # fmt: skip
        content = self._messages(resident.person.key).appointment(fact)
        return self._by_mllp(f"SIU S12: an appointment at {team.name}", content), self._follows()

    def _visited(self) -> tuple[Happening, State]:
        """A home visit of the community trust's district nurses."""
        source = self._day.organisations.community_trust.code
        resident = self._somebody()
        team = self._teams[f"{source}-DN-{resident.person.borough[:3].upper()}"]
        fact = model.Encounter(
            key=f"encounter-{self._number}", person=resident.person.key, source=source,
            at=self._now - timedelta(minutes=30), recorded=self._now, ended=self._now,
            what=Coded("Home visit"), setting="home", status="finished", team=team.code,
            reason="Wound care", author=f"{self._chance.pick(staff_names(team.code))}, Nurse",
        )  # fmt: skip
        content = self._messages(resident.person.key, source).visit(fact, "A03", self._now)
        words = f"ADT A03: a home visit of {team.name}"
        return Happening(words, Wire.MLLP, source, content), self._follows()

    # ── Elsewhere ───────────────────────────────────────────────────────────────────────────

    def _by_fhir(self, resident: Resident, source: str, *facts: model.Fact) -> bytes:
        sending = Sending(Form.FHIR_R4, self._known(resident, source), facts)
        made = fhir_r4.resources(resident, sending, seed=self._day.seed)
        entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in made]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        return as_json(bundle).encode()

    def _called_at_night(self) -> tuple[Happening, State]:
        source = self._day.out_of_hours
        borough = next(
            each.borough for each in self._day.organisations.out_of_hours if each.code == source
        )
        resident, team = self._somebody(borough), self._teams[f"{source}-OOH"]
        reason, advice = self._chance.pick(_NIGHT)
        author = f"Dr {self._chance.pick(staff_names(team.code))}, Out-of-hours GP"
        key, begun = resident.person.key, self._now - timedelta(minutes=20)
        case = model.Encounter(
            key=f"encounter-{self._number}", person=key, source=source, at=begun,
            recorded=self._now, what=Coded("Out-of-hours telephone triage"), reason=reason,
            setting="out_of_hours", ended=self._now, team=team.code, author=author,
            place=team.name,
        )  # fmt: skip
        letter = model.Document(
            key=f"document-{self._number}", person=key, source=source, at=self._now,
            recorded=self._now, title="Out-of-hours case summary", author=author,
            text=f"Case summary for the practice.\n\nReason: {reason}.\nAdvice: {advice}\n",
        )  # fmt: skip
        content = self._by_fhir(resident, source, case, letter)
        words = "FHIR: an out-of-hours case with its summary"
        return Happening(words, Wire.FHIR, source, content), self._follows()

    def _consulted(self) -> tuple[Happening, State]:
        source = self._day.practice
        registered = [each for each in self._day.people if each.person.practice == source]
        resident, team = self._chance.pick(registered), self._teams[f"{source}-GP"]
        fact = model.Encounter(
            key=f"encounter-{self._number}", person=resident.person.key, source=source,
            at=self._now - timedelta(minutes=12), recorded=self._now, ended=self._now,
            what=Coded("GP surgery consultation"), setting="primary_care", team=team.code,
            reason=self._chance.pick(_SURGERY), place=team.name,
            author=f"Dr {self._chance.pick(staff_names(team.code))}, GP",
        )  # fmt: skip
        content = self._by_fhir(resident, source, fact)
        return Happening("FHIR: a consultation", Wire.FHIR, source, content), self._follows()

    def _allocated(self) -> tuple[Happening, State]:
        """A new case of the council, with its worker: nobody whom it knows already."""
        source = self._day.council
        borough = next(
            each.borough for each in self._day.organisations.councils if each.code == source
        )
        fresh = [
            each for each in self._day.people
            if each.person.borough == borough
            and source not in {known.source for known in each.known}
        ]  # fmt: skip
        resident, team = self._chance.pick(fresh), self._teams[f"{source}-DUTY"]
        worker = model.AllocatedWorker(
            key=f"allocatedworker-{self._number}", person=resident.person.key, source=source,
            at=self._now.date(), recorded=self._now, team=team.code, phone=team.phone,
            name=self._chance.pick(staff_names(team.code)), role="Social worker",
            team_name=team.name,
        )  # fmt: skip
        sending = Sending(Form.COUNCIL_CSV, self._known(resident, source), (worker,))
        today = self._now.date()
        content = council_csv.header(council_csv.PEOPLE)
        content += council_csv.person_row(resident, sending, today=today)
        name = f"people-{self._number}.csv"
        words = "CSV: a new case with its allocated worker"
        return Happening(words, Wire.FOLDER, source, content, name), self._follows()
