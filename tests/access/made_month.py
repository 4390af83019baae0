"""A made-up month of looks at a trust and its practices, as the audit would have it.

Everybody looks at whom they care for, in their shifts; some declare their involvement, and some of
those rightly. Names are shared as names are. Nothing here is drawn from the clock: the same month
each time, from a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from access.detecting import Care, Job, Known, LookMade, Person

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 28
STAFF = 120
RESIDENTS = 6000
TEAMS = 12
#: So many in a hundred looks are somebody's own word of their involvement.
DECLARED_IN_A_HUNDRED = 3
#: So many of a hundred of those have care in the organisation's systems within the weeks.
OF_WHICH_CARED_FOR = 85

FAMILIES = (
    ["Smith"] * 12 + ["Jones"] * 9 + ["Williams"] * 8 + ["Begum"] * 7 + ["Brown"] * 7
    + ["Ahmed"] * 6 + ["Patel"] * 6 + ["Okafor"] * 5 + ["Taylor"] * 5 + ["Davies"] * 5
)  # fmt: skip
SYLLABLES = ("an", "be", "cor", "du", "el", "fa", "gor", "hu", "il", "ka", "lo", "mer", "no", "pe")
GIVEN = (
    *("Ada", "Amir", "Bea", "Carl", "Dora", "Ed", "Fay", "Gus", "Hana", "Ivo", "June", "Kofi"),
    *("Lena", "Mo", "Nia", "Omar", "Pia", "Ravi", "Sue", "Tom", "Una", "Vic", "Wes", "Zoe"),
)

#: Ages, and how many in a hundred of those whom a trust cares for are of them.
AGES = (((0, 15), 10), ((16, 64), 40), ((65, 75), 18), ((76, 99), 32))

USUAL_PARTS = (3, 4, 5, 6, 10)


@dataclass(frozen=True)
class Month:
    """All looks in their order, what is known of everybody, and which looks are a snooper's."""

    looks: list[LookMade]
    known: Known
    snooped: frozenset[UUID]


def _name(draw: Random) -> tuple[str, str]:
    """Three in ten bear one of the common names, the others one of some thousands."""
    if draw.random() < 0.3:
        return draw.choice(GIVEN), draw.choice(FAMILIES)
    return draw.choice(GIVEN), "".join(draw.choices(SYLLABLES, k=3)).capitalize()


def _births(number: int) -> dict[int, date]:
    """When each resident was born; drawn apart, so that the rest of a month is as it was."""
    draw = Random(f"births {number}")
    spans = draw.choices([span for span, _ in AGES], [share for _, share in AGES], k=RESIDENTS)
    return {
        who: date(FIRST.year - draw.randint(*span), draw.randint(1, 12), draw.randint(1, 28))
        for who, span in enumerate(spans, start=1)
    }


def _identifier(draw: Random) -> UUID:
    return UUID(int=draw.getrandbits(128))


def make(number: int) -> Month:
    """A month with a snooper among the staff, who is the first of them."""
    draw = Random(number)
    staff = {who: Person.of(*_name(draw)) for who in range(1, STAFF + 1)}
    team = {who: 1 + who % TEAMS for who in staff}
    starts = {who: draw.choice((7, 7, 8, 13, 20)) for who in staff}
    staff[1], starts[1] = Person.of("Grace", "Quillfeather"), 8
    residents = {each: Person.of(*_name(draw)) for each in range(1, RESIDENTS + 1)}
    care: dict[int, tuple[Care, ...]] = {}
    by_team: dict[int, list[int]] = {each: [] for each in range(1, TEAMS + 1)}
    for each in residents:
        if draw.random() < 0.7:
            of = draw.randint(1, TEAMS)
            since = FIRST + timedelta(days=draw.uniform(-20, DAYS - 4))
            care[each] = (Care(1, of, since, since + timedelta(days=draw.uniform(3, 40))),)
            by_team[of].append(each)
    looks = list(_worked(draw, staff, team, starts, by_team, care, list(residents)))
    known = Known(
        staff=staff,
        residents=residents,
        bearers=Counter(person.name for person in residents.values()),
        families=Counter(person.family for person in residents.values()),
        households={},
        colleagues={1: frozenset(person.name for person in staff.values())},
        care=care,
        jobs={who: (Job(who, 1, team[who], None),) for who in staff},
        hours={
            who: (frozenset((starts[who] + each) % 24 for each in range(-1, 10)), 200)
            for who in staff
        },
        usual_parts={"nurse": frozenset(USUAL_PARTS)},
        births=_births(number),
    )
    return _with_snooper(draw, looks, known)


def _worked(
    draw: Random,
    staff: dict[int, Person],
    team: dict[int, int],
    starts: dict[int, int],
    by_team: dict[int, list[int]],
    care: dict[int, tuple[Care, ...]],
    everybody: list[int],
) -> Iterator[LookMade]:
    """Five shifts a week of eight hours, ten to twenty looks in each."""
    for who in staff:
        for day in range(DAYS):
            if day % 7 in {(who + 1) % 7, (who + 4) % 7}:
                continue
            for _ in range(draw.randint(10, 20)):
                at = FIRST + timedelta(days=day, hours=starts[who] + draw.uniform(0, 8))
                yield _one(draw, who, team[who], at, by_team[team[who]], care, everybody)


def _one(
    draw: Random,
    who: int,
    team: int,
    at: datetime,
    patients: list[int],
    care: dict[int, tuple[Care, ...]],
    everybody: list[int],
) -> LookMade:
    now = [each for each in draw.sample(patients, 8) if care[each][0].about(at, timedelta(0))]
    resident, kind = (now[0] if now else draw.choice(patients)), "admission"
    if draw.random() * 100 < DECLARED_IN_A_HUNDRED:
        kind = "self-declared"
        if draw.random() * 100 >= OF_WHICH_CARED_FOR:
            resident = draw.choice(everybody)
    parts = frozenset(draw.sample(USUAL_PARTS, draw.randint(0, 3)))
    return LookMade(
        _identifier(draw), who, who, 1, "nurse", resident, at, "relationship", kind, parts
    )


def _with_snooper(draw: Random, looks: list[LookMade], known: Known) -> Month:
    """The first of the staff looks, among her work, at a cousin, at a colleague and at a neighbour.

    She says each time that she is involved; of none of them is there any care.
    """
    cousin, colleague, neighbour = RESIDENTS + 1, RESIDENTS + 2, RESIDENTS + 3
    residents = {
        **known.residents,
        cousin: Person.of("Rosa", "Quillfeather"),
        colleague: known.staff[2],
        neighbour: Person.of("Ines", "Marlowe"),
    }
    households = {neighbour: frozenset({known.staff[1].name})}
    sample = next(look for look in looks if look.staff == 1)
    snooped = [
        replace(
            sample,
            look=_identifier(draw),
            resident=whom,
            care="self-declared",
            began=FIRST + timedelta(days=day, hours=hour),
        )
        for whom, day, hour in (
            (cousin, 9, 10),
            (colleague, 12, 11),
            (neighbour, 16, 23),
            (cousin, 20, 9),
            (colleague, 23, 2),
        )
    ]
    whole = replace(
        known,
        residents=residents,
        bearers=Counter(person.name for person in residents.values()),
        families=Counter(person.family for person in residents.values()),
        households=households,
    )
    ordered = sorted([*looks, *snooped], key=lambda look: (look.began, look.look))
    return Month(ordered, whole, frozenset(look.look for look in snooped))
