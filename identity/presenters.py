"""What pages show of who a resident is: the identifiers, each in its one form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from access.acting import Acting
from access.glimpses import Outcome, Search
from identity.models import NumberStatus, Sex
from identity.names import fold, given_keys, transposed
from identity.selectors import ResidentSeen
from identity.vital_words import born_with_age, death_date, death_known
from organisations.activities import Activity
from ui import formatting


@dataclass(frozen=True, slots=True)
class PersonShown:
    """A resident's identifiers in words.

    ``postcode`` is empty where no place may be shown; with it ``born`` and ``nhs_number`` where
    whoever is shown the person has to ask for them (:func:`person_for`).
    ``sex``, ``nhs_number`` and ``died`` are empty where the name and birth date alone are shown.
    """

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
        born=born_with_age(seen, today or timezone.localdate()),
        sex=seen.sex,
        nhs_number=_number(seen),
        postcode=seen.postcode,
        died=_died(seen),
        protected=seen.protected,
    )


def person_for(acting: Acting, seen: ResidentSeen) -> PersonShown:
    """The identifiers that a member of staff may be shown before they open anything.

    Who records choices and reads no record checks on the telephone who somebody is, by what is
    typed: what the page already says would be no check.
    """
    shown = person(seen)
    asks = acting.may(Activity.RECORD_CHOICES) and not acting.may(Activity.READ_RECORDS)
    return replace(shown, born="", nhs_number="", postcode="") if asks else shown


@dataclass(frozen=True, slots=True)
class Result:
    """One resident found, what of the search does not fit them, and what may be done next."""

    person: PersonShown
    differs: tuple[str, ...]
    may_open: bool
    may_record_choices: bool
    may_explain_access: bool
    may_give_number: bool
    may_resolve: bool
    may_disclose: bool
    may_read_audit: bool
    may_tell_who_looked: bool


def result(seen: ResidentSeen, search: Search, acting: Acting) -> Result:
    """A search's result. A number alone is no match: what else was typed is compared with it."""
    return Result(
        person=person_for(acting, seen),
        differs=_differences(seen, search),
        may_open=acting.may(Activity.READ_RECORDS),
        may_record_choices=acting.may(Activity.RECORD_CHOICES),
        may_explain_access=acting.may(Activity.EXPLAIN_ACCESS),
        may_give_number=acting.may(Activity.GIVE_NUMBERS)
        and seen.nhs_number_status != NumberStatus.VERIFIED,
        may_resolve=acting.may(Activity.RESOLVE_IDENTITY),
        may_disclose=acting.may(Activity.DISCLOSE_LAWFULLY),
        may_read_audit=acting.may(Activity.READ_AUDIT),
        may_tell_who_looked=acting.may(Activity.TELL_WHO_LOOKED),
    )


def count_found(count: int) -> str:
    """``No resident found``, ``1 resident found``, ``3 residents found``."""
    if count == 0:
        return "No resident found"
    return f"{count} resident{'' if count == 1 else 's'} found"


#: What is said of a search that was one too many: how often is too often, and how long to wait.
TOO_OFTEN = {
    Outcome.TOO_OFTEN_IN_A_MINUTE: ("in one minute", "Wait a minute, then search again."),
    Outcome.TOO_OFTEN_IN_AN_HOUR: (
        "in one hour",
        "You can search again when an hour has passed since the earliest of them.",
    ),
}


def too_often(outcome: Outcome) -> dict[str, str | int]:
    """The words of the page for somebody who has searched as often as one person may."""
    within, wait = TOO_OFTEN[outcome]
    most = (
        settings.SEARCHES_PER_MINUTE
        if outcome is Outcome.TOO_OFTEN_IN_A_MINUTE
        else settings.SEARCHES_PER_HOUR
    )
    return {"most": most, "within": within, "wait": wait}


def _number(seen: ResidentSeen) -> str:
    if not seen.nhs_number:
        return "Not shown"
    return formatting.nhs_number(
        seen.nhs_number, verified=seen.nhs_number_status == NumberStatus.VERIFIED
    )


def _died(seen: ResidentSeen) -> str:
    if not seen.deceased:
        return ""
    return ", ".join(filter(None, (death_date(seen) or "date not known", death_known(seen))))


def _differences(seen: ResidentSeen, search: Search) -> tuple[str, ...]:
    """What of the search is not exactly so, in words. Of what may not be shown nothing is said."""
    found = []
    if search.nhs_number and seen.nhs_number != search.nhs_number.digits:
        found.append("The NHS number you entered is an old one of this resident.")
    if search.family_name and fold(search.family_name) != fold(seen.family_name):
        found.append("The family name is not the one you entered.")
    if search.given_name:
        found += _given_differs(fold(search.given_name), seen.given_names)
    if search.birth_date and search.birth_date != seen.birth_date:
        swapped = seen.birth_date and search.birth_date == transposed(seen.birth_date)
        found.append(
            "The day and month of birth are the other way round."
            if swapped
            else "The date of birth is not the one you entered."
        )
    if search.sex and seen.sex not in {Sex(search.sex).label, Sex.UNKNOWN.label}:
        found.append("The gender is not the one you entered.")
    if search.postcode and seen.postcode and not _lies_in(seen.postcode, search.postcode):
        found.append("The postcode is not the one you entered.")
    return tuple(found)


def _given_differs(typed: str, names: str) -> list[str]:
    if fold(names).startswith(typed):
        return []
    if any(name.startswith(typed) for name in given_keys(names)):
        return ["The given name you entered is not their first one."]
    return ["The given name is not the one you entered."]


def _lies_in(held: str, typed: str) -> bool:
    code, wanted = ("".join(text.split()).upper() for text in (held, typed))
    return wanted in {code, code[:-3]}
