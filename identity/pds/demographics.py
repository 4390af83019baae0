"""What the Personal Demographics Service says of one person, as values.

Whatever it did not say is ``None`` or an empty tuple, which never means that there is none: a
protected person's address is absent from the answer, and so is a very restricted one's name. No
value here shows itself in a ``repr``, which could reach a log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from identity.models import Protection, Sex
from identity.nhs_number import NhsNumber
from identity.vital import DeathNotice, PartialDate

#: Codes that stand where a practice's would, and are no organisation: no registered practice, not
#: applicable, not known (NHS Data Dictionary, ODS default codes).
NOT_A_PRACTICE = frozenset({"V81997", "V81998", "V81999"})


@dataclass(frozen=True, slots=True, repr=False)
class Period:
    """From–to, both days included; an open end is ``None``."""

    start: date | None = None
    end: date | None = None

    def includes(self, day: date) -> bool:
        """Whether the day lies in it."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """One of a person's names. ``use``: usual, temp, nickname, old, maiden."""

    use: str = ""
    family: str = ""
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    period: Period = Period()


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """One of a person's addresses. ``use``: home, temp, billing (for letters)."""

    use: str = ""
    lines: tuple[str, ...] = ()
    postcode: str = ""
    text: str = ""
    period: Period = Period()


@dataclass(frozen=True, slots=True, repr=False)
class Telecom:
    """A way to reach someone. ``system``: phone, email, fax, other."""

    system: str = ""
    use: str = ""
    value: str = ""
    period: Period = Period()


@dataclass(frozen=True, slots=True, repr=False)
class Death:
    """A death, or that a notice of one was withdrawn; ``notice`` is ``None`` where unsaid."""

    notice: DeathNotice | None
    on: PartialDate | None

    @property
    def withdrawn(self) -> bool:
        """Whether this says that the person has not died after all."""
        return self.notice is DeathNotice.WITHDRAWN


@dataclass(frozen=True, slots=True, repr=False)
class Registration:
    """The general practice that a person is or was registered with, by its ODS code."""

    practice_code: str
    period: Period = Period()


@dataclass(frozen=True, slots=True, repr=False)
class ContactPreference:
    """How a person wishes to be written to or rung; the codes are UKCore-PreferredContactMethod
    (1 letter, 2 visit, 3 telephone, 4 e-mail, 5 minicom, 6 textphone, 8 no telephone contact) and
    UKCore-PreferredWrittenCommunicationFormat (11 large print, 12 Braille, 13 audio).
    """

    method: str = ""
    written_format: str = ""
    times: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Demographics:
    """One person as PDS answered, on retrieval or as the hit of a search.

    ``version`` is the record's own, from ``meta.versionId``. ``left`` is the reason for removal
    from the practice's list (DEA, EMB, SCT, NIT, TRA, ORR). A search leaves out what the service
    does not answer there: addresses but the home's, language, contact preferences.
    """

    number: NhsNumber
    protection: Protection
    version: str = ""
    names: tuple[Name, ...] = ()
    gender: Sex | None = None
    birth_date: PartialDate | None = None
    multiple_birth: bool | None = None
    death: Death | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    emergency_contacts: tuple[Telecom, ...] = ()
    registration: Registration | None = None
    left: str = ""
    language: str | None = None
    interpreter_needed: bool | None = None
    contact_preference: ContactPreference = field(default_factory=ContactPreference)

    def name(self, day: date) -> Name | None:
        """The name that the person uses on a day: the usual one in force, else the latest usual."""
        usual = [name for name in self.names if name.use == "usual"]
        in_force = [name for name in usual if name.period.includes(day)]
        return max(in_force or usual, key=_start, default=None)

    def home(self, day: date) -> Address | None:
        """Where the person lives on a day; ``None`` where PDS does not say, or no longer does."""
        return self._address("home", day)

    def for_letters(self, day: date) -> Address | None:
        """Where letters go: the address for letters, else the temporary one, else home."""
        found = (self._address(use, day) for use in ("billing", "temp", "home"))
        return next((address for address in found if address), None)

    def practice(self, day: date) -> str | None:
        """The code of the practice on a day; ``None`` where the registration is past or unsaid."""
        held = self.registration
        if held is None or not held.period.includes(day) or held.practice_code in NOT_A_PRACTICE:
            return None
        return held.practice_code

    def phone(self, day: date) -> str | None:
        """A telephone number in force on a day: mobile first, then home."""
        numbers = [
            each for each in self.telecoms if each.system == "phone" and each.period.includes(day)
        ]
        numbers.sort(key=lambda each: ("mobile", "home").index(each.use) if each.use in
                     ("mobile", "home") else 2)  # fmt: skip
        return numbers[0].value if numbers else None

    def _address(self, use: str, day: date) -> Address | None:
        valid = [each for each in self.addresses if each.use == use and each.period.includes(day)]
        return max(valid, key=_start, default=None)


def _start(held: Name | Address) -> date:
    return held.period.start or date.min
