"""The patient banner: whose record it is, on every page of it.

Source: NHS common user interface, patient banner (PAB-0009 to PAB-0059): FAMILY, Given (Title) ·
Born dd-Mmm-yyyy (age) · Gender · NHS No.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from identity.numbers import NumberStatus
from identity.selectors import ResidentSeen
from identity.vital import born as born_on
from identity.vital_words import age_on, death_date, death_known, partial_date
from ui.formatting import age, banner_name, clinical_time, nhs_number


@dataclass(frozen=True, slots=True)
class Banner:
    """Who it is. ``died`` is empty for the living; then ``born`` has the age.

    Of a death it says how it is known: an informal notice may yet prove wrong.
    """

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
    born = partial_date(of) if (of := born_on(who)) else "Not known"
    died = ""
    if who.deceased:
        died = _died(who)
    elif who.birth_date:
        born = f"{born} ({age(who.birth_date, today)})"
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
        practice=_practice(who),
        language=language,
    )


def printed_by(by: str, at: datetime) -> str:
    """What heads every sheet on paper, below whose record it is."""
    return f"Printed by {by} at {clinical_time(at)}. It may be incomplete, and it ages."


def _died(who: ResidentSeen) -> str:
    """``03-Mar-2026 (age at death 84y), confirmed by the registrar``."""
    date_of = death_date(who)
    if date_of:
        date_of += f" (age at death {age_on(who, who.deceased_on) or 'not known'})"
    return ", ".join(filter(None, (date_of or "Date not known", death_known(who))))


def _practice(who: ResidentSeen) -> str:
    """The practice by its name, where the registry knows it, with the code that it is known by."""
    return f"{who.practice_name} ({who.practice_code})" if who.practice_name else who.practice_code
