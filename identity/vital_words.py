"""Births and deaths in the words of pages: one way for banners, results and comparisons."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from identity.vital import DeathNotice, Lived, PartialDate, born, died_on
from ui.formatting import age, clinical_date


class Seen(Lived, Protocol):
    """Whoever has lived, with what is known of a death."""

    @property
    def deceased(self) -> bool: ...
    @property
    def death_notice(self) -> str: ...


#: How a death is known, behind its date. Practitioners act on either, and registrars on neither.
_NOTICES = {
    DeathNotice.INFORMAL: "informal notice, not confirmed by the registrar",
    DeathNotice.FORMAL: "confirmed by the registrar",
}


def partial_date(held: PartialDate | None) -> str:
    """``02-Mar-1941``, ``Mar-1941`` or ``1941``; ``Not recorded`` for none."""
    return clinical_date(held.first(), held.precision) if held else clinical_date(None)


def age_on(of: Lived, day: date | None) -> str:
    """The age on a day; empty where either is not known to the day."""
    return age(of.birth_date, day) if of.birth_date is not None and day is not None else ""


def born_with_age(of: Seen, today: date) -> str:
    """``02-Mar-1941 (84y)``; of somebody who has died the age at death."""
    years = age_on(of, of.deceased_on if of.deceased else today)
    shown = partial_date(born(of))
    return f"{shown} ({years}{' at death' if of.deceased else ''})" if years else shown


def death_known(of: Seen) -> str:
    """How a death is known: ``confirmed by the registrar``; empty for the living."""
    if not of.deceased or of.death_notice not in DeathNotice.values:
        return ""
    return _NOTICES.get(DeathNotice(of.death_notice), "")


def death_date(of: Seen) -> str:
    """``03-Mar-2026``, ``Mar-2026``; empty where nothing is known of it, and for the living."""
    held = died_on(of)
    return partial_date(held) if of.deceased and held else ""
