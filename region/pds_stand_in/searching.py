"""The searches of the contract: what is asked, what is refused, who is found and how well.

Who is found follows the specification. How well (the score) is the stand-in's own: 1 for an exact
match, less for each wildcard, each field that only sounds alike, and what lies in the past.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from region.pds_stand_in.answers import Answer, problem
from region.pds_stand_in.people import Held, Register

_KNOWN = frozenset({
    "family", "given", "gender", "birthdate", "death-date", "address-postalcode",
    "address-postcode", "general-practitioner", "email", "phone", "_fuzzy-match", "_exact-match",
    "_history", "_max-results",
})  # fmt: skip
_DATE = re.compile(r"(eq|ge|le)?(\d{4}-\d{2}-\d{2})", re.ASCII)
_LEAST_BEFORE_WILDCARD = 2
_LEAST_SCORE = 0.6
Parameters = list[tuple[str, str]]


class Refused(Exception):
    """A search that the service does not take; ``answer`` says so in its words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


def search(register: Register, parameters: Parameters) -> list[tuple[Held, float]]:
    """Everyone found, best first, with their scores.

    :raises Refused: if the contract refuses the search.
    """
    asked = _Asked.read(parameters)
    hits = [(person, asked.score(person)) for person in register.people.values()]
    found = [(person, round(score, 4)) for person, score in hits if score >= _LEAST_SCORE]
    return sorted(found, key=lambda hit: (-hit[1], hit[0].number))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    family: str
    given: tuple[str, ...]
    gender: str
    born: tuple[tuple[str, date], ...]
    died: tuple[tuple[str, date], ...]
    postcode: str
    practice: str
    email: str
    phone: str
    fuzzy: bool
    exact: bool
    history: bool

    @classmethod
    def read(cls, parameters: Parameters) -> _Asked:
        values: dict[str, list[str]] = {}
        for name, value in parameters:
            if name not in _KNOWN:
                said = f"Additional properties are not allowed ('{name}' was unexpected)"
                raise Refused(problem(400, "ADDITIONAL_PROPERTIES", "value", said))
            values.setdefault(name, []).append(value)

        def first(name: str) -> str:
            return values.get(name, [""])[0]

        if not values:
            raise Refused(problem(400, "UNSUPPORTED_SERVICE", "processing"))
        if "_max-results" in values and first("_max-results") != "1":
            # Application-restricted access gets one match or none.
            said = "Invalid value - '_max-results' must be 1"
            raise Refused(problem(403, "INVALID_VALUE", "token", said, gateway=True))
        if "address-postalcode" in values and "address-postcode" in values:
            raise _not_enough("both names of the postcode")
        asked = cls(
            family=first("family"), given=tuple(values.get("given", ())), gender=first("gender"),
            born=_dates(values, "birthdate"), died=_dates(values, "death-date"),
            postcode=first("address-postalcode") or first("address-postcode"),
            practice=first("general-practitioner"), email=first("email"), phone=first("phone"),
            fuzzy=_flag(first("_fuzzy-match")), exact=_flag(first("_exact-match")),
            history=_flag(first("_history")),
        )  # fmt: skip
        asked._check()
        return asked

    def _check(self) -> None:
        if self.fuzzy:
            enough = (
                (self.given and self.family and self.born)
                or (self.family and self.born and self.gender and self.postcode)
                or (self.given and self.born and self.gender and self.postcode)
            )
            if not enough:
                raise _not_enough("a fuzzy search")
        elif not self.born:
            missing = "birth_date/birth_date_range_start/birth_date_range_end"
            raise Refused(problem(400, "MISSING_VALUE", "required", f"Missing value - '{missing}'"))
        elif not self.family:
            raise _not_enough("the birth date alone")
        for text in (self.family, self.postcode, *self.given):
            if "*" in text and (self.fuzzy or "*" in text[:_LEAST_BEFORE_WILDCARD]):
                raise _not_enough("a wildcard there")

    def score(self, person: Held) -> float:
        """How well a person matches; nought where not at all."""
        if person.label != "U" and (self.postcode or self.practice):
            return 0.0  # never found by where they live or who looks after them
        if not all(_fits(limit, person.birth_date) for limit in self.born):
            return 0.0
        parts = self._fuzzy(person) if self.fuzzy else self._plain(person)
        score = 1.0
        for part in (*parts, self._telecom(person)):
            score *= part
        return score if score == 1.0 or not self.exact else 0.0

    def _plain(self, person: Held) -> Iterable[float]:
        yield self._family(person)
        yield self._given(person)
        yield 1.0 if self.gender in ("", person.gender) else 0.0
        yield self._postcode(person, history=self.history)
        yield 1.0 if self.practice in ("", person.practice) else 0.0
        yield 1.0 if all(person.died_on and _fits(d, person.died_on) for d in self.died) else 0.0

    def _family(self, person: Held) -> float:
        now = _match(self.family, person.family)
        if now or not self.history:
            return now
        return 0.9 * max((_match(self.family, each) for each in person.former_families), default=0)

    def _given(self, person: Held) -> float:
        if not self.given:
            return 1.0
        known = (*person.given, person.nickname) if person.nickname else person.given
        score = 1.0
        for place, wanted in enumerate(self.given):
            # A wildcard matches the start of the first given name only.
            options = person.given[:1] if "*" in wanted else known[place:] or known
            score *= max((_match(wanted, each) for each in options), default=0.0)
        return score

    def _postcode(self, person: Held, *, history: bool) -> float:
        if not self.postcode:
            return 1.0
        wanted = self.postcode.replace(" ", "")
        homes = [each.postcode for each in person.addresses if each.use == "home"]
        now = max((_match(wanted, each.replace(" ", "")) for each in homes), default=0.0)
        if now or not history:
            return now
        former = [each.postcode.replace(" ", "") for each in person.former_addresses]
        return 0.9 * max((_match(wanted, each) for each in former), default=0.0)

    def _fuzzy(self, person: Held) -> Iterable[float]:
        """Names that sound alike, exchanged, or former; the rest lowers the score only."""
        families = {_sound(each) for each in (person.family, *person.former_families)}
        givens = {_sound(each) for each in person.given} | {_sound(person.nickname)}
        ours = {_sound(each) for each in self.given}
        straight = (not self.family or _sound(self.family) in families) and (
            not ours or bool(ours & givens)
        )
        exchanged = bool(ours) and _sound(self.family) in givens and bool(ours & families)
        yield 1.0 if straight else 0.85 if exchanged else 0.0
        same = not self.family or _match(self.family, person.family) == 1.0
        yield 1.0 if same else 0.9
        same = not self.given or _match(self.given[0], " ".join(person.given[:1])) == 1.0
        yield 1.0 if same else 0.95
        yield 1.0 if self.gender in ("", person.gender) else 0.9
        yield 1.0 if self._postcode(person, history=True) else 0.9
        yield 1.0 if self.practice in ("", person.practice) else 0.95

    def _telecom(self, person: Held) -> float:
        numbers = {value.replace(" ", "") for _, value in person.phones}
        by_phone = not self.phone or self.phone.replace(" ", "") in numbers
        by_email = not self.email or self.email == person.email
        if self.fuzzy:
            return 1.0 if by_phone and by_email else 0.95
        return 1.0 if by_phone and by_email else 0.0


def _not_enough(what: str) -> Refused:
    said = f"Invalid search data provided - {what} did not meet the minimum requirements"
    return Refused(problem(400, "INVALID_SEARCH_DATA", "value", said))


def _flag(text: str) -> bool:
    return text.lower() == "true"


def _dates(values: dict[str, list[str]], name: str) -> tuple[tuple[str, date], ...]:
    found = []
    for text in values.get(name, ()):
        parts = _DATE.fullmatch(text)
        try:
            day = date.fromisoformat(parts[2] if parts else "")
        except ValueError:
            said = f"Invalid value - '{text}' in field '{name}'"
            raise Refused(problem(400, "INVALID_VALUE", "value", said)) from None
        found.append(((parts and parts[1]) or "eq", day))
    return tuple(found)


def _fits(limit: tuple[str, date], day: date) -> bool:
    how, bound = limit
    return day == bound if how == "eq" else day >= bound if how == "ge" else day <= bound


def _match(wanted: str, held: str) -> float:
    """1 if they are the same, less if a wildcard makes them so, 0 otherwise."""
    ours, theirs = _plain(wanted), _plain(held)
    if "*" not in ours:
        return 1.0 if ours == theirs else 0.0
    pattern = "".join(".*" if letter == "*" else re.escape(letter) for letter in ours)
    return 0.93 if re.fullmatch(pattern, theirs) else 0.0


def _plain(text: str) -> str:
    """Capitals without accents. Hyphens and apostrophes count, as they do at the service."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_SOUNDS = {
    **dict.fromkeys("bfpv", "1"), **dict.fromkeys("cgjkqsxz", "2"), **dict.fromkeys("dt", "3"),
    "l": "4", **dict.fromkeys("mn", "5"), "r": "6",
}  # fmt: skip


def _sound(name: str) -> str:
    """The Soundex of a name: four characters, or empty for none (Russell 1918)."""
    letters = [letter for letter in _plain(name) if letter.isalpha()]
    if not letters:
        return ""
    code, before = letters[0], _SOUNDS.get(letters[0], "")
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter, "")
        if sound and sound != before:
            code += sound
        if letter not in "hw":
            before = sound
    return f"{code}000"[:4]
