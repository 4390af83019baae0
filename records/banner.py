"""The patient banner: whose record it is, on every page of it.

Source: NHS common user interface, patient banner (PAB-0009 to PAB-0059): FAMILY, Given (Title) ·
Born dd-Mmm-yyyy (age) · Gender · NHS No.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from identity.numbers import NumberStatus
from identity.selectors import ResidentSeen
from ui.formatting import age, banner_name, clinical_date, clinical_time, nhs_number


@dataclass(frozen=True, slots=True)
class Banner:
    """Who it is. ``died`` is empty for the living; then ``born`` has the age."""

    name: str
    born: str
    died: str
    gender: str
    number: str
    protected: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the resident, and in which language. Empty words are left out."""

    address: str
    phone: str
    practice: str
    language: str


def banner_of(who: ResidentSeen, today: date) -> Banner:
    """The banner as of a day."""
    born = clinical_date(who.birth_date) if who.birth_date else "Not known"
    if not who.deceased:
        born = f"{born} ({age(who.birth_date, today)})" if who.birth_date else born
        died = ""
    elif who.deceased_on is None:
        died = "Date not known"
    else:
        died = f"{clinical_date(who.deceased_on)} (age at death {_age_at_death(who)})"
    return Banner(
        name=banner_name(who.family_name, who.given_names, who.title),
        born=born,
        died=died,
        gender=who.sex,
        number=nhs_number(who.nhs_number, verified=who.nhs_number_status == NumberStatus.VERIFIED),
        protected=who.protected,
    )


def contact_of(who: ResidentSeen) -> Contact:
    """Where the resident lives and how to speak with them."""
    language = who.language
    if who.interpreter_needed:
        language = f"{language or 'Language not recorded'}, interpreter needed"
    return Contact(
        address=", ".join(part for part in (*who.address_lines, who.postcode) if part),
        phone=who.phone,
        practice=who.practice_code,
        language=language,
    )


def _age_at_death(who: ResidentSeen) -> str:
    known = who.birth_date is not None and who.deceased_on is not None
    return age(who.birth_date, who.deceased_on) if known and who.deceased_on else "not known"


def printed_by(by: str, at: datetime) -> str:
    """What heads every sheet on paper, below whose record it is."""
    return f"Printed by {by} at {clinical_time(at)}. It may be incomplete, and it ages."
