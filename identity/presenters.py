"""What pages show of who a resident is: the identifiers, each in its one form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils import timezone

from access.acting import Acting
from access.glimpses import Search
from identity.names import fold
from identity.selectors import ResidentSeen
from organisations.activities import Activity
from ui import formatting


@dataclass(frozen=True, slots=True)
class PersonShown:
    """A resident's identifiers in words. ``postcode`` is empty where no place may be shown."""

    public_id: UUID
    name: str
    born: str
    sex: str
    nhs_number: str
    postcode: str
    died: str
    protected: bool


def person(seen: ResidentSeen, *, today: date | None = None) -> PersonShown:
    """The identifiers of a resident, as the patient banner has them.

    A number that row security keeps back and one that nobody knows look the same: a search does
    not tell who has opted out.
    """
    return PersonShown(
        public_id=seen.public_id,
        name=formatting.banner_name(seen.family_name, seen.given_names, seen.title),
        born=_born(seen, today or timezone.localdate()),
        sex=seen.sex,
        nhs_number=formatting.nhs_number(seen.nhs_number) if seen.nhs_number else "Not shown",
        postcode=seen.postcode,
        died=_died(seen),
        protected=seen.protected,
    )


@dataclass(frozen=True, slots=True)
class Result:
    """One resident found, what of the search does not fit them, and what may be done next."""

    person: PersonShown
    differs: tuple[str, ...]
    may_open: bool
    may_record_choices: bool


def result(seen: ResidentSeen, search: Search, acting: Acting) -> Result:
    """A search's result. A number alone is no match: what else was typed is compared with it."""
    return Result(
        person=person(seen),
        differs=_differences(seen, search),
        may_open=acting.may(Activity.READ_RECORDS),
        may_record_choices=acting.may(Activity.RECORD_CHOICES),
    )


def count_found(count: int) -> str:
    """``No resident found``, ``1 resident found``, ``3 residents found``."""
    if count == 0:
        return "No resident found"
    return f"{count} resident{'' if count == 1 else 's'} found"


def _born(seen: ResidentSeen, today: date) -> str:
    if seen.birth_date is None or (seen.deceased and seen.deceased_on is None):
        return formatting.clinical_date(seen.birth_date)
    at_death = " at death" if seen.deceased else ""
    years = formatting.age(seen.birth_date, seen.deceased_on or today)
    return f"{formatting.clinical_date(seen.birth_date)} ({years}{at_death})"


def _died(seen: ResidentSeen) -> str:
    if not seen.deceased:
        return ""
    return formatting.clinical_date(seen.deceased_on) if seen.deceased_on else "date not known"


def _differences(seen: ResidentSeen, search: Search) -> tuple[str, ...]:
    differs = []
    if search.family_name and fold(search.family_name) != fold(seen.family_name):
        differs.append("The family name is not the one you entered.")
    if search.given_name and not fold(seen.given_names).startswith(fold(search.given_name)):
        differs.append("The given name is not the one you entered.")
    if search.birth_date and search.birth_date != seen.birth_date:
        differs.append("The date of birth is not the one you entered.")
    return tuple(differs)
