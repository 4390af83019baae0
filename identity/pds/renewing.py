"""What we hold of a person, renewed by what the Personal Demographics Service says.

Pure. Only what was said changes anything: a field that is absent leaves what is held, since PDS
leaves out what it may not tell (the place of a protected person, the name of a very restricted
one) and what it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from identity.models import Protection, SaidBy, Sex
from identity.pds.comparing import Held
from identity.pds.demographics import Death, Demographics
from identity.vital import DeathNotice, PartialDate, died_on


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Particulars:
    """The demographics of a resident and their place, named as the registry's tables have them."""

    title: str = ""
    family_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    birth_date_part: str = ""
    sex: Sex = Sex.UNKNOWN
    deceased: bool = False
    deceased_on: date | None = None
    deceased_on_part: str = ""
    death_notice: str = ""
    death_said_by: str = ""
    language: str = ""
    interpreter_needed: bool = False
    protection: Protection = Protection.UNRESTRICTED
    address_lines: tuple[str, ...] = ()
    postcode: str = ""
    phone: str = ""
    practice_code: str = ""

    def held(self) -> Held:
        """That of them which is compared."""
        return Held(
            self.family_name,
            self.given_names,
            self.birth_date,
            self.sex,
            self.postcode,
            self.birth_date_part,
        )


def renewed(held: Particulars, said: Demographics, *, day: date) -> Particulars:
    """What to hold from now on. The caller has made sure that it is the same person.

    A protected person's place stays as it is, whatever else the answer holds: the label that comes
    with it hides the place from everyone, and it may have to be restored.

    :param day: the day on which names, addresses and registrations must be in force.
    """
    now = replace(
        held,
        protection=said.protection,
        sex=said.gender if said.gender not in (None, Sex.UNKNOWN) else held.sex,
        language=said.language or held.language,
        interpreter_needed=(
            held.interpreter_needed if said.interpreter_needed is None else said.interpreter_needed
        ),
    )
    if said.birth_date is not None:
        now = _born(now, said.birth_date)
    now = _named(now, said, day)
    if said.death is not None:
        now = _after(now, said.death)
    return now if said.protection != Protection.UNRESTRICTED else _placed(now, said, day)


def _named(held: Particulars, said: Demographics, day: date) -> Particulars:
    name = said.name(day)
    if name is None:
        return held
    return replace(
        held,
        title=" ".join(name.prefix) or held.title,
        family_name=name.family or held.family_name,
        given_names=" ".join(name.given) or held.given_names,
    )


def _born(held: Particulars, said: PartialDate) -> Particulars:
    """A whole date is taken; a part of one only where we hold no day, which would say more."""
    if said.exact() is not None:
        return replace(held, birth_date=said.exact(), birth_date_part="")
    return held if held.birth_date else replace(held, birth_date_part=said.part())


def _after(held: Particulars, death: Death) -> Particulars:
    """What is held of a death after this notice. One without a kind is informal.

    An informal notice never takes the place of a formal one, nor its date. A notice without a day
    leaves the day that is held, unless it cannot have been then.
    """
    if death.withdrawn:
        return replace(
            held,
            deceased=False,
            deceased_on=None,
            deceased_on_part="",
            death_notice=DeathNotice.WITHDRAWN,
            death_said_by="",
        )
    notice = death.notice or DeathNotice.INFORMAL
    if held.death_notice == DeathNotice.FORMAL and notice != DeathNotice.FORMAL:
        return held
    now = replace(held, deceased=True, death_notice=notice, death_said_by=SaidBy.TRACE)
    known = died_on(held)
    if death.on is None or (death.on.exact() is None and known and death.on.can_be(known)):
        return now
    return replace(now, deceased_on=death.on.exact(), deceased_on_part=death.on.part())


def _placed(held: Particulars, said: Demographics, day: date) -> Particulars:
    home = said.home(day)
    if home is not None and home.lines:
        # Together or not at all: the lines of one address with the postcode of another are none.
        held = replace(held, address_lines=home.lines, postcode=home.postcode)
    return replace(
        held,
        phone=said.phone(day) or held.phone,
        practice_code=said.practice(day) or held.practice_code,
    )
