"""What may be asked of the Personal Demographics Service by search.

Application-restricted access gets one match or none (``_max-results`` must be 1 and is left to the
service), and a search needs the family name with the birth date. A wildcard may not stand among
the first two characters, and a given name's matches the start of the first one only.

Protected people are never found by a search that has a postcode or a practice in it: a search that
found nobody is asked again by :meth:`Search.without_postcode`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Self

from identity.pds.comparing import normal_postcode

_LEAST_BEFORE_WILDCARD = 2
#: The specification's advice for searches without a user: three letters of the given name, two
#: characters of the postcode, with former names and addresses.
_GIVEN_LETTERS, _POSTCODE_CHARACTERS = 3, 2


class NotASearch(ValueError):
    """Too little, or something that the service would refuse. The message quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Search:
    """One search. ``*`` in a name or postcode is a wildcard.

    :raises NotASearch: if the service would refuse it.
    """

    family: str
    birth_date: date
    given: str = ""
    postcode: str = ""
    history: bool = False
    exact: bool = False

    def __post_init__(self) -> None:
        if not self.family.strip():
            raise NotASearch("A search needs the family name and the birth date.")
        for text in (self.family, self.given, self.postcode):
            if "*" in text[:_LEAST_BEFORE_WILDCARD]:
                raise NotASearch("A wildcard needs two characters before it.")
            if self.exact and "*" in text:
                raise NotASearch("An exact search has no wildcards.")

    @classmethod
    def for_exact(cls, *, family: str, given: str, birth_date: date, postcode: str) -> Self:
        """The first search: everything as we hold it, the first given name alone."""
        return cls(
            family=_plain(family), given=_first(given), birth_date=birth_date,
            postcode=_spaced(postcode), exact=True,
        )  # fmt: skip

    @classmethod
    def with_wildcards(cls, *, family: str, given: str, birth_date: date, postcode: str) -> Self:
        """As the specification advises: ``given`` and postcode by their starts, and history."""
        return cls(
            family=_plain(family), given=_start(_first(given), _GIVEN_LETTERS),
            birth_date=birth_date, history=True,
            postcode=_start(_spaced(postcode), _POSTCODE_CHARACTERS),
        )  # fmt: skip

    def without_postcode(self) -> Self:
        """The same by name and birth date alone, which finds protected people too."""
        return replace(self, postcode="")

    def parameters(self) -> list[tuple[str, str]]:
        """The query, in the service's words: personal data, which goes to PDS and nowhere else."""
        said = [
            ("family", self.family),
            ("given", self.given),
            ("birthdate", f"eq{self.birth_date.isoformat()}"),
            ("address-postalcode", self.postcode),
            ("_history", "true" if self.history else ""),
            ("_exact-match", "true" if self.exact else ""),
        ]
        return [(name, value) for name, value in said if value]


def _plain(text: str) -> str:
    """Names as we hold them may contain an asterisk; here it would be a wildcard."""
    return " ".join(text.replace("*", " ").split())


def _first(given: str) -> str:
    words = _plain(given).split()
    return words[0] if words else ""


def _start(text: str, length: int) -> str:
    return f"{text[:length]}*" if len(text) > length else text


def _spaced(postcode: str) -> str:
    """A postcode as PDS writes it, ``SE13 6LH``; empty for one that stands for none."""
    plain = normal_postcode(_plain(postcode))
    return f"{plain[:-3]} {plain[-3:]}" if len(plain) > 4 else ""
