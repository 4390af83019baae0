"""The made-up region as facts: who lives there and what each source knows of them.

A fact belongs to one source and one person, has the date on which it was true (``at``), and the
time at which the source wrote it (``recorded``). Nothing here knows a feed format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from region.organisations import RegionOrganisations
    from region.places import Address

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
DMD = "https://dmd.nhs.uk"


@dataclass(frozen=True, slots=True)
class Coded:
    """Words with a code where it is certain; words alone where it is not."""

    text: str
    code: str = ""
    system: str = SNOMED


@dataclass(frozen=True, slots=True)
class Household:
    """People at one address."""

    key: str
    address: Address
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A resident as they are; ``key`` is stable for a seed. A mononym has no given names."""

    key: str
    nhs_number: str
    title: str
    given: tuple[str, ...]
    family: str
    birth_date: date
    sex: str  # female | male
    household: str
    borough: str
    practice: str
    mobile: str = ""
    ethnicity: str = ""
    language: str = "en"
    interpreter: bool = False
    died_on: date | None = None
    usual_name: str = ""
    restricted: bool = False  # PDS "R": where they live is never shown

    @property
    def words(self) -> str:
        """Title, given names and family name, as a letter would have it."""
        return " ".join(part for part in (self.title, *self.given, self.family) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePerson:
    """One source's idea of a person, which may be wrong or lack the NHS number.

    ``verification`` is the NHS number status indicator (01 verified, 02 present, not traced,
    03 trace required). ``local_id`` is the source's own number.
    """

    source: str
    person: str
    local_id: str
    nhs_number: str | None
    verification: str
    birth_date: date
    version: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one source holds about one person. ``key`` is unique for the person."""

    key: str
    person: str
    source: str
    at: datetime | date
    recorded: datetime
    author: str = ""  # "Name, role"
    team: str | None = None
    entered_in_error: bool = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition(Fact):
    """A problem or diagnosis: active, inactive or resolved."""

    what: Coded
    status: str = "active"
    ended: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medication(Fact):
    """A medicine with its dose in words; ``reported`` when a trust noted what a person takes."""

    what: Coded
    dose: str
    status: str = "active"  # active | stopped | completed
    ended: date | None = None
    reason: str = ""
    repeat: bool = True
    reported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Allergy(Fact):
    """An allergy, or the statement that none is known (``none_known``)."""

    what: Coded
    kind: str = "medication"  # medication | food | environment
    criticality: str = "low"
    reactions: tuple[Coded, ...] = ()
    severity: str = ""
    none_known: bool = False
    status: str = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabResult(Fact):
    """One result with its unit and reference range (limits included; None is unbounded)."""

    what: Coded
    value: Decimal
    unit: str
    low: Decimal | None = None
    high: Decimal | None = None
    comparator: str = ""

    @property
    def interpretation(self) -> str:
        """H, L or N against the range; empty where there is none."""
        if self.low is None and self.high is None:
            return ""
        if self.low is not None and self.value < self.low:
            return "L"
        if self.high is not None and self.value > self.high:
            return "H"
        return "N"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabReport(Fact):
    """A laboratory's report of several results, by their keys."""

    what: Coded
    results: tuple[str, ...]
    conclusion: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a measurement, as systolic is of a blood pressure."""

    what: Coded
    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Fact):
    """A vital sign, score or habit: a value, parts, or words."""

    what: Coded
    kind: str = "vital-signs"  # vital-signs | survey | social-history | exam
    value: Decimal | None = None
    unit: str = ""
    parts: tuple[Part, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter(Fact):
    """A contact or a stay.

    ``setting``: inpatient, emergency, outpatient, home, telephone, primary_care, out_of_hours.
    ``status``: finished, in-progress or planned.
    """

    what: Coded
    setting: str
    status: str = "finished"
    ended: datetime | None = None
    reason: str = ""
    place: str = ""
    discharged_to: str = ""
    expected_discharge: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment(Fact):
    """An appointment: booked, fulfilled, noshow or cancelled."""

    what: Coded
    status: str
    minutes: int = 20
    place: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Referral(Fact):
    """A request to another team: active or completed. ``to_code`` is its organisation's."""

    what: Coded
    status: str
    to: str
    to_code: str = ""
    to_team: str = ""
    priority: str = "routine"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Fact):
    """Something that was done."""

    what: Coded
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaccination(Fact):
    """A vaccine given; ``dose`` counts the doses of a course, from 1."""

    what: Coded
    dose: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging(Fact):
    """An imaging examination with its report."""

    what: Coded
    conclusion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(Fact):
    """A letter or a form as plain text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlan(Fact):
    """A plan of care; ``steps`` are its activities."""

    title: str
    category: str
    summary: str
    steps: tuple[str, ...] = ()
    status: str = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Fact):
    """A decision about future care: ReSPECT, refusal of treatment in advance, attorney."""

    title: str
    summary: str
    status: str = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialCareAssessment(Fact):
    """An assessment under the Care Act 2014."""

    title: str
    summary: str
    status: str = "completed"  # completed | in-progress


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialCareService(Fact):
    """A service that a council arranges; words for ``component`` and ``category`` as in CLD."""

    component: str
    category: str
    status: str  # active | onhold | finished
    provider: str
    frequency: str
    ended: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caseload(Fact):
    """A person on the caseload of a community or mental health team: active or finished."""

    what: str
    status: str
    manager: str
    ended: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocatedWorker(Fact):
    """A worker who is named for the person."""

    name: str
    role: str
    phone: str
    team_name: str
    status: str = "active"
    ended: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedContact(Fact):
    """Next of kin, carer, attorney."""

    name: str
    relationship: str
    phone: str
    carer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment(Fact):
    """Equipment or an adaptation at home."""

    what: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Fact):
    """Something to know before meeting the person; ``category`` as FHIR's flag-category."""

    text: str
    category: str = "safety"  # safety | clinical | behavioral | contact | safeguarding
    status: str = "active"
    ended: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """One resident with everything about them; ``of_note`` where documents and tests name them."""

    person: Person
    home: Household
    known: tuple[SourcePerson, ...]
    facts: tuple[Fact, ...]
    of_note: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The whole region: people, what sources call them, and what sources hold."""

    seed: int
    today: date
    organisations: RegionOrganisations
    households: tuple[Household, ...]
    people: tuple[Person, ...]
    source_people: tuple[SourcePerson, ...]
    facts: tuple[Fact, ...]

    def person(self, key: str) -> Person:
        """The person with this key. Raises LookupError when there is none."""
        for each in self.people:
            if each.key == key:
                return each
        message = "no person of the region has this key"
        raise LookupError(message)
