"""Ways in which the database's owner can tamper with events, and what is to be said of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from audit.encoding import COLUMNS
from audit.verifying import Kind

Owner = psycopg.Connection[Any]

CHANGED = frozenset({Kind.CHANGED})
MOVED = frozenset({Kind.CHANGED, Kind.REORDERED})
GONE = frozenset({Kind.MISSING, Kind.TRUNCATED})
ADDED = frozenset({Kind.INSERTED, Kind.BACK_DATED})


@dataclass(frozen=True)
class Expected:
    """The first bad event, and as what it may be named."""

    event: str
    kinds: frozenset[Kind]


@dataclass(frozen=True)
class Sealed:
    """One event as it was sealed."""

    id: int
    public_id: str
    transaction: int


Log = Sequence[Sealed]
Tampering = Callable[[Owner, Log, Random], Expected]

#: What a column is changed to, always something else.
CHANGES = {
    "at": [
        "at - interval '1 microsecond'",
        "at - interval '1 year'",
        "at + interval '1 hour'",
        "'infinity'",
    ],
    "action": ["case action when 'search' then 'opening' else 'search' end"],
    "outcome": ["outcome || 'x'", "' ' || outcome"],
    "reason": ["reason || 'x'", "reason || E'\\t'"],
    "staff_id": ["coalesce(staff_id, 0) + 1"],
    "staff_name": ["staff_name || ' '", "staff_name || E'\\n'", "'\\N' || staff_name"],
    "membership_id": ["coalesce(membership_id, 0) + 1"],
    "role_code": ["role_code || 'x'"],
    "organisation_id": ["coalesce(organisation_id, 0) + 1"],
    "organisation_name": ["organisation_name || 'x'"],
    "resident_id": ["coalesce(resident_id, 0) + 1", "case when resident_id is null then 0 end"],
    "residents": ["residents || 5", "'[0:0]={' || (cardinality(residents) + 9) || '}'"],
    "look": ["uuidv7()"],
    "request": ["uuidv7()"],
    "detail": ["detail || '{\"x\": 1}'", "jsonb_build_array(detail)"],
    "public_id": ["uuidv7()"],
    "id": ["(select max(id) from audit_event) + 1000", "-id"],
}


def change(owner: Owner, log: Log, random: Random) -> Expected:
    """Change one column of one event."""
    column = random.choice(sorted(CHANGES))
    event = random.choice(log)
    expression = random.choice(CHANGES[column])
    cast = {"at": "timestamptz", "residents": "bigint[]"}.get(column)
    _set(owner, event, f"{column} = ({expression}){f'::{cast}' if cast else ''}")
    return Expected(event.public_id, MOVED if column == "id" else CHANGED)


def change_many(owner: Owner, log: Log, random: Random) -> Expected:
    """Change some events; the first in the order of the log is named."""
    places = sorted(random.sample(range(len(log)), random.randint(2, 9)))
    for place in places:
        _set(owner, log[place], "reason = reason || 'x'")
    return Expected(log[places[0]].public_id, CHANGED)


def change_transaction(owner: Owner, log: Log, random: Random) -> Expected:
    """Give an event the number of another transaction: earlier, later, or yet to come."""
    event = random.choice(log)
    other = random.choice([each.transaction for each in log] + [log[-1].transaction + 10**6, 1])
    if other == event.transaction:
        other += 10**7
    _set(owner, event, f"transaction = '{other}'")
    return Expected(event.public_id, MOVED)


def delete(owner: Owner, log: Log, random: Random) -> Expected:
    """Delete one event."""
    event = random.choice(log)
    owner.execute("delete from audit_event where id = %s", [event.id])
    return Expected(event.public_id, GONE if event is log[-1] else frozenset({Kind.MISSING}))


def delete_many(owner: Owner, log: Log, random: Random) -> Expected:
    """Delete some events."""
    places = sorted(random.sample(range(len(log) - 1), random.randint(2, 20)))
    owner.execute(
        "delete from audit_event where id = any(%s)", [[log[place].id for place in places]]
    )
    return Expected(log[places[0]].public_id, frozenset({Kind.MISSING}))


def truncate(owner: Owner, log: Log, random: Random) -> Expected:
    """Take the end off, or everything."""
    place = random.choice([0, random.randrange(len(log))])
    owner.execute("delete from audit_event where id = any(%s)", [[e.id for e in log[place:]]])
    return Expected(log[place].public_id, frozenset({Kind.TRUNCATED}))


def replace(owner: Owner, log: Log, random: Random) -> Expected:
    """Delete an event and put a new one in its place."""
    event = random.choice(log)
    owner.execute("create temp table copied on commit drop as select * from audit_event limit 0")
    owner.execute("insert into copied select * from audit_event where id = %s", [event.id])
    owner.execute("delete from audit_event where id = %s", [event.id])
    owner.execute("update copied set public_id = uuidv7(), reason = 'another'")
    owner.execute("insert into audit_event select * from copied")
    return Expected(event.public_id, frozenset({Kind.MISSING}))


def insert(owner: Owner, log: Log, random: Random) -> Expected:
    """Add an event among those that were sealed, of now or of then."""
    event = random.choice(log)
    now = random.random() < 0.5
    new = _copy(owner, event, at="clock_timestamp() + interval '1 minute'" if now else "at")
    return Expected(new, frozenset({Kind.INSERTED} if now else {Kind.BACK_DATED}))


def insert_of_same_name(owner: Owner, log: Log, random: Random) -> Expected:
    """Add an event under the public id of one that was sealed."""
    event, other = random.choice(log), random.choice(log)
    _copy(owner, event, public_id=f"'{other.public_id}'::uuid")
    # Before the real one, it looks like the real one in another place.
    return Expected(other.public_id, ADDED | {Kind.REORDERED})


def back_date(owner: Owner, log: Log, random: Random) -> Expected:
    """Add an event that is yet to be sealed, and says that it is of long ago."""
    event = random.choice(log)
    new = _copy(owner, event, at="at - interval '1 day'", transaction="pg_current_xact_id()")
    return Expected(new, frozenset({Kind.BACK_DATED}))


def from_the_future(owner: Owner, log: Log, random: Random) -> Expected:
    """Add an event of a transaction that has not been."""
    new = _copy(owner, random.choice(log), transaction="'90000000000'::xid8")
    return Expected(new, frozenset({Kind.INSERTED}))


def swap_contents(owner: Owner, log: Log, random: Random) -> Expected:
    """Let two events exchange everything but who they are."""
    kept = {"id", "public_id", "transaction"}
    return _swap(owner, log, random, [name for name in COLUMNS if name not in kept], CHANGED)


def swap_transactions(owner: Owner, log: Log, random: Random) -> Expected:
    """Let two events exchange their places in the order."""
    return _swap(owner, log, random, ["transaction"], MOVED)


def swap_names(owner: Owner, log: Log, random: Random) -> Expected:
    """Let two events exchange their public ids."""
    return _swap(owner, log, random, ["public_id"], MOVED)


def swap_ids(owner: Owner, log: Log, random: Random) -> Expected:
    """Let two events exchange their ids."""
    return _swap(owner, log, random, ["id"], MOVED)


TAMPERINGS: tuple[Tampering, ...] = (
    change,
    change,
    change,
    change_many,
    change_transaction,
    delete,
    delete_many,
    truncate,
    replace,
    insert,
    insert_of_same_name,
    back_date,
    from_the_future,
    swap_contents,
    swap_transactions,
    swap_names,
    swap_ids,
)


def _set(owner: Owner, event: Sealed, assignment: str) -> None:
    done = owner.execute(f"update audit_event set {assignment} where id = %s", [event.id])
    assert done.rowcount == 1


def _copy(owner: Owner, event: Sealed, **columns: str) -> str:
    """Add a copy of an event with other columns; its public id."""
    given = {
        "id": "(select max(id) from audit_event) + 1",
        "public_id": "uuidv7()",
        **columns,
    }
    names = ", ".join(COLUMNS)
    values = ", ".join(given.get(name, name) for name in COLUMNS)
    rows = owner.execute(
        f"insert into audit_event ({names}) select {values} from audit_event where id = %s"
        " returning public_id::text",
        [event.id],
    ).fetchall()
    return str(UUID(rows[0][0]))


def _swap(
    owner: Owner, log: Log, random: Random, columns: list[str], kinds: frozenset[Kind]
) -> Expected:
    one, other = sorted(random.sample(range(len(log)), 2))
    while log[one].transaction == log[other].transaction:  # to exchange those would change nothing
        one, other = sorted(random.sample(range(len(log)), 2))
    first, second = log[one], log[other]
    sets = ", ".join(f"{name} = other.{name}" for name in columns)
    owner.execute(
        f"update audit_event event set {sets} from audit_event other"
        " where (event.id, other.id) in ((%(a)s, %(b)s), (%(b)s, %(a)s))",
        {"a": first.id, "b": second.id},
    )
    return Expected(first.public_id, kinds)
