"""Whether the person whom the Personal Demographics Service answered with is the one we hold.

Pure, and the only judge: the service's own matching score is neither read nor shown. Three answers:
*agreeing* is beyond doubt and may be acted on; *inexact* and *disagreeing* go to a person, with
the fields. Near is never near enough by itself: a short form of a name, an initial, one half of a
double-barrelled name, a former name, a birth date with day and month exchanged, or one of which
either side knows the year or month alone, are inexact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from identity.models import Sex
from identity.names import family_keys, fold, given_variants, transposed
from identity.pds.demographics import Address, Demographics, Name
from identity.vital import PartialDate

#: Names that a person has put behind them: agreeing with one is for a person to judge.
_FORMER = frozenset({"old", "maiden"})
#: The start of a name that is shorter says too little (Jo: John, Joan, Joseph).
_LEAST_START = 3
#: Postcodes that stand for "none" or "not known" (NHS Postcode Directory, ZZ99).
_NO_POSTCODE = "ZZ99"


class Field(StrEnum):
    """What is compared, by the words for a work list."""

    FAMILY_NAME = "family name"
    GIVEN_NAMES = "given names"
    BIRTH_DATE = "date of birth"
    SEX = "sex"
    POSTCODE = "postcode"


class Agreement(StrEnum):
    """How one field compares."""

    AGREES = "agrees"
    INEXACT = "agrees inexactly"
    DISAGREES = "disagrees"
    UNSAID = "one side does not say"


class Verdict(StrEnum):
    """How two people compare as a whole."""

    AGREEING = "agreeing"
    INEXACT = "inexact"
    DISAGREEING = "disagreeing"


class Evidence(StrEnum):
    """How we came to this person, beyond what is compared."""

    NUMBER = "number"
    """By a number that we hold for them. People move, so the postcode need not agree."""
    SEARCH = "search"
    """By a search. Only what is compared says that it is them, so the postcode must agree too."""


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """The demographics that we hold of a person; empty where we hold none.

    ``birth_part`` is what is known of the birth date where no day is.
    """

    family_name: str = ""
    given_names: str = ""
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    postcode: str = ""
    birth_part: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A verdict, and how each field compares. It holds no value of either side."""

    verdict: Verdict
    fields: tuple[tuple[Field, Agreement], ...]

    def with_(self, agreement: Agreement) -> tuple[Field, ...]:
        """The fields that compare so, in the order in which they are shown."""
        return tuple(field for field, found in self.fields if found is agreement)

    def of(self, field: Field) -> Agreement:
        """How one field compares."""
        return dict(self.fields)[field]


def compare(held: Held, said: Demographics, *, by: Evidence) -> Comparison:
    """Compare the person whom we hold with the person whom PDS answered with.

    Agreeing takes the birth date, the family name and the given names to agree, nothing else to
    disagree (but a postcode, by number), and by search the postcode to agree as well.
    """
    family, given = _names(held, said.names)
    found = {
        Field.FAMILY_NAME: family,
        Field.GIVEN_NAMES: given,
        Field.BIRTH_DATE: _birth_date(
            PartialDate.held(held.birth_date, held.birth_part), said.birth_date
        ),
        Field.SEX: _sex(held.sex, said.gender),
        Field.POSTCODE: _postcode(held.postcode, said.addresses),
    }
    return Comparison(_verdict(found, by), tuple(found.items()))


def _verdict(found: dict[Field, Agreement], by: Evidence) -> Verdict:
    needed = [found[each] for each in (Field.FAMILY_NAME, Field.GIVEN_NAMES, Field.BIRTH_DATE)]
    if Agreement.DISAGREES in needed:
        return Verdict.DISAGREEING
    if by is Evidence.SEARCH:
        needed.append(found[Field.POSTCODE])
    if any(each is not Agreement.AGREES for each in needed):
        return Verdict.INEXACT
    # The same name and birth date with another sex: a change, a slip, or a twin.
    return Verdict.INEXACT if found[Field.SEX] is Agreement.DISAGREES else Verdict.AGREEING


def _names(held: Held, names: Iterable[Name]) -> tuple[Agreement, Agreement]:
    """Family and given names against the best of PDS's names, both parts of the same one."""
    pairs = [_name(held, name) for name in names]
    return max(pairs, key=_closeness, default=(Agreement.UNSAID, Agreement.UNSAID))


_ORDER = (Agreement.DISAGREES, Agreement.UNSAID, Agreement.INEXACT, Agreement.AGREES)


def _closeness(pair: tuple[Agreement, Agreement]) -> tuple[int, int]:
    ranks = sorted(_ORDER.index(each) for each in pair)
    return ranks[0], ranks[1]


def _name(held: Held, name: Name) -> tuple[Agreement, Agreement]:
    family = _family(held.family_name, name.family)
    given = _given(held.given_names, " ".join(name.given))
    if Agreement.DISAGREES in (family, given) and _exchanged(held, name):
        return Agreement.INEXACT, Agreement.INEXACT
    if name.use in _FORMER:
        return _at_most_inexact(family), _at_most_inexact(given)
    return family, given


def _exchanged(held: Held, name: Name) -> bool:
    """Whether one side has the family name where the other has the given names."""
    ours, theirs = fold(held.family_name), fold(" ".join(name.given))
    return bool(ours) and ours == theirs and fold(held.given_names) == fold(name.family)


def _at_most_inexact(agreement: Agreement) -> Agreement:
    return Agreement.INEXACT if agreement is Agreement.AGREES else agreement


def _family(ours: str, theirs: str) -> Agreement:
    if not fold(ours) or not fold(theirs):
        return Agreement.UNSAID
    if fold(ours) == fold(theirs):
        return Agreement.AGREES
    # One half of a double-barrelled name, without its particle, Mac for Mc.
    shared = family_keys(ours) & family_keys(theirs)
    return Agreement.INEXACT if shared else Agreement.DISAGREES


def _given(ours: str, theirs: str) -> Agreement:
    if fold(ours) == fold(theirs):
        return Agreement.AGREES  # both without one, too: some people have a single name
    if not fold(ours) or not fold(theirs):
        return Agreement.UNSAID
    first, second = _words(ours), _words(theirs)
    if first[0] != second[0]:
        return Agreement.INEXACT if _near(first[0], second[0]) else Agreement.DISAGREES
    # Mei Ling is not Mei Xian; May is M.
    further = zip(first[1:], second[1:], strict=False)
    same = all(one == other or _initial(one, other) for one, other in further)
    return Agreement.AGREES if same else Agreement.INEXACT


def _words(names: str) -> list[str]:
    return [word for word in map(fold, re.split(r"[\s.]+", names)) if word]


def _near(one: str, other: str) -> bool:
    """A short form, an initial or the start of the other: never proof, a twin's may be the same."""
    shorter, longer = sorted((one, other), key=len)
    starts = len(shorter) >= _LEAST_START and longer.startswith(shorter)
    return starts or _initial(one, other) or other in given_variants(one)


def _initial(one: str, other: str) -> bool:
    return 1 in (len(one), len(other)) and one[0] == other[0]


def _birth_date(ours: PartialDate | None, theirs: PartialDate | None) -> Agreement:
    if ours is None or theirs is None:
        return Agreement.UNSAID
    held, exact = ours.exact(), theirs.exact()
    if held is None or exact is None:
        return Agreement.INEXACT if theirs.can_be(ours) else Agreement.DISAGREES
    if exact == held:
        return Agreement.AGREES
    return Agreement.INEXACT if exact == transposed(held) else Agreement.DISAGREES


def _sex(ours: Sex, theirs: Sex | None) -> Agreement:
    if theirs is None or Sex.UNKNOWN in (ours, theirs):
        return Agreement.UNSAID
    return Agreement.AGREES if ours == theirs else Agreement.DISAGREES


def _postcode(ours: str, addresses: Iterable[Address]) -> Agreement:
    held = normal_postcode(ours)
    theirs = {normal_postcode(address.postcode) for address in addresses} - {""}
    if not held or not theirs:
        return Agreement.UNSAID
    return Agreement.AGREES if held in theirs else Agreement.DISAGREES


def normal_postcode(postcode: str) -> str:
    """A postcode for comparing: capitals without spaces; empty for one that stands for none."""
    plain = re.sub(r"\s+", "", postcode).upper()
    return "" if plain.startswith(_NO_POSTCODE) else plain
