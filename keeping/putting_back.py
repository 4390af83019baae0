"""A database that was put back is told what was chosen since.

Nothing opens in it, and nothing is written, before every choice of the journal is in it again
(``keeping/sql/0001_home.sql``). The journal must be whole: a link that is missing in the middle
breaks the chain, and that its end was cut off is told by the audit's checkpoints and by what the
backup itself holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from audit.chain import ChainBroken, End
from audit.journal import Journal
from audit.notes import NotGenuine, Verifier
from consent.journal import chain_of, opened
from identity.sealed import CannotBeOpened

Connection = psycopg.Connection[tuple[Any, ...]]
Said = dict[str, Any]


class CannotReplay(Exception):
    """The journal does not say all that was chosen, or the database cannot take it.

    The message says what is missing and what to do; it names nobody.
    """


@dataclass
class Replayed:
    """What was done: in numbers."""

    journalled: int = 0
    """Choices of the journal."""
    added: int = 0
    """Choices that the database lacked."""
    copied: int = 0
    """Choices also noted of a record that had been joined to the resident's and no longer is."""
    put_in: dict[str, int] = field(default_factory=dict)
    """Rows of residents and recorders whom the backup did not know, by table."""


def choices_said(journal: Journal, verifier: Verifier) -> list[Said]:
    """Every choice of the journal, in the order in which they were made.

    :raises CannotReplay: if the journal is missing, not whole, or cut off at its end.
    """
    logs = journal.logs()
    if not logs:
        raise CannotReplay(
            f"There is no journal in {journal.path}. Put back its copy: without it nobody knows "
            "what was chosen since the backup."
        )
    chain = chain_of(journal)
    try:
        last = logs[-1].last(verifier)
        counted = End.parse(last.choices) if last and last.choices else End()
        links = list(chain.links(verifier))
        said = [opened(link.sealed) for link in links]
    except (ChainBroken, NotGenuine) as error:
        raise CannotReplay(f"The journal is not whole. {error}") from error
    except CannotBeOpened as error:
        raise CannotReplay(
            "The journal's choices cannot be read. Give the key that sealed them, beside the "
            "others, in ENCRYPTION_KEYS."
        ) from error
    ends = [End(), *(link.end for link in links)]
    if counted.count >= len(ends) or ends[counted.count] != counted:
        raise CannotReplay(
            f"The journal was cut off: its last checkpoint counts {counted.count:,} choices, and "
            f"{chain.path} holds {len(links):,} that fit. Put back the journal's copy."
        )
    return sorted({each["choice"]["public_id"]: each for each in said}.values(), key=_by_id)


def _by_id(said: Said) -> int:
    return int(said["id"])


def replay(connection: Connection, said: list[Said], *, journal_is_lost: bool = False) -> Replayed:
    """Put into the database what was chosen since, in the open transaction, and let it open again.

    The connection is an administrator's. What the database refuses of a choice is not passed over:
    it stops everything, and names the choice by its reference. ``journal_is_lost`` is somebody's
    decision that there is nothing to replay.

    :raises CannotReplay: if the journal lacks what the database has, or a choice cannot be put in.
    """
    if not journal_is_lost:
        _refuse_shorter(connection, said)
    done = Replayed(journalled=len(said))
    _past_every_id(connection, said)
    for each in _missing(connection, said):
        reference = each["choice"]["reference"]
        try:
            with connection.transaction():
                _put_in(connection, each, done)
        except psycopg.Error as error:
            why = error.diag.constraint_name or error.sqlstate
            raise CannotReplay(
                f"The choice {reference} cannot be put in ({why}). Nothing was changed."
            ) from error
        done.added += 1
    _renumber(connection)
    connection.execute(  # what was copied waits to be written down like any other
        "delete from consent_choicetojournal j using consent_choice c"
        " where c.id = j.choice_id and c.public_id = any (%s)",
        [[UUID(each["choice"]["public_id"]) for each in said]],
    )
    connection.execute("update keeping.home set place = keeping.place(), since = now()")
    connection.execute(
        sql.SQL("alter database {} reset default_transaction_read_only").format(
            sql.Identifier(connection.info.dbname)
        )
    )
    return done


def _refuse_shorter(connection: Connection, said: list[Said]) -> None:
    """What the backup has the journal has too, but for what had not been written down yet."""
    rows = connection.execute(
        "select reference, public_id from consent_choice c where not exists"
        " (select from consent_choicetojournal j where j.choice_id = c.id)"
    ).fetchall()
    known = {UUID(each["choice"]["public_id"]) for each in said}
    lacking = sorted(reference for reference, public_id in rows if public_id not in known)
    if lacking:
        raise CannotReplay(
            f"The journal lacks {len(lacking):,} choices that the backup has, the first of them "
            f"{lacking[0]}: it is older than the backup, or of another installation. Put back the "
            "newest copy of the journal."
        )


def _missing(connection: Connection, said: list[Said]) -> Iterator[Said]:
    known = {row[0] for row in connection.execute("select public_id from consent_choice")}
    for each in said:
        if UUID(each["choice"]["public_id"]) not in known:
            yield each


def _past_every_id(connection: Connection, said: list[Said]) -> None:
    """What is copied gets a number above every choice of the journal."""
    if said:
        connection.execute(
            "select setval('consent_choice_id_seq', greatest("
            "(select last_value from consent_choice_id_seq), %s))",
            [max(_by_id(each) for each in said)],
        )


def _put_in(connection: Connection, said: Said, done: Replayed) -> None:
    _put_in_recorder(connection, said, done)
    targets: list[int] = []
    for person in said["persons"]:
        resident = person["resident"]
        _insert(connection, "identity_resident", resident, done)
        for row in person["numbers"]:
            _insert(connection, "identity_residentnhsnumber", row, done)
        for row in person["sources"]:
            _insert(connection, "identity_sourceperson", row, done)
        targets.append(_survivor(connection, resident["id"]))
    council = _id_of(
        connection, "select id from organisations_organisation where ods_code = %s", said["council"]
    )
    choice = said["choice"] | {"council_id": council}
    first = _survivor(connection, choice["resident_id"])
    _insert(
        connection,
        "consent_choice",
        choice
        | {
            "id": said["id"],
            "resident_id": first,
            "withdraws_id": _taken_back(connection, said["withdraws"]),
        },
        done,
        must=True,
    )
    for other in sorted({*targets} - {first}):
        _copy(connection, said, choice, other, done)


def _copy(connection: Connection, said: Said, choice: Said, resident: int, done: Replayed) -> None:
    """What was chosen of a joined record holds of each part that the backup has as its own."""
    public_id = _of_copy(choice["public_id"], resident)
    if said["withdraws"]:
        taken = _taken_back(connection, str(_of_copy(said["withdraws"], resident)))
        if taken is None:
            return  # it takes back what this record never said
    else:
        taken = None
    row = {key: value for key, value in choice.items() if key != "id"} | {
        "public_id": str(public_id),
        "submission": str(uuid5(public_id, "submission")),
        "reference": f"{choice['reference'][:12]}-{public_id.hex[:7]}",
        "resident_id": resident,
        "withdraws_id": taken,
    }
    _insert(connection, "consent_choice", row, done, must=True)
    done.copied += 1


def _of_copy(public_id: str, resident: int) -> UUID:
    return uuid5(UUID(public_id), f"replayed of {resident}")


def _taken_back(connection: Connection, public_id: str | None) -> int | None:
    return _id_of(connection, "select id from consent_choice where public_id = %s", public_id)


def _survivor(connection: Connection, resident: int) -> int:
    found = _id_of(connection, "select identity.survivor_of(%s)", resident)
    return resident if found is None else found


def _id_of(connection: Connection, query: str, value: str | int | None) -> int | None:
    if value is None:
        return None
    found = connection.execute(query.encode(), [value]).fetchone()
    return found[0] if found else None


def _put_in_recorder(connection: Connection, said: Said, done: Replayed) -> None:
    """Who recorded it, where the backup does not know them: by name, and with no rights."""
    staff, membership = said["staff"], said["membership"]
    if staff is None:
        return
    _insert(
        connection,
        "organisations_staffmember",
        staff
        | {"password": "!", "is_active": False, "is_superuser": False, "email": ""}
        | {"date_joined": said["choice"]["recorded_at"]},
        done,
    )
    ended = membership["valid_until"]
    recorded = said["choice"]["recorded_at"]
    # Ended when it was recorded: a right that the backup does not know is given anew by people.
    _insert(
        connection,
        "organisations_membership",
        membership | {"valid_until": min(ended, recorded) if ended else recorded},
        done,
    )


def _insert(
    connection: Connection, table: str, row: Said, done: Replayed, *, must: bool = False
) -> None:
    """Add a row as it was written down; one that is there (by any key) stays as it is."""
    columns = [
        name
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
            " and not attisdropped and attgenerated = '' and attname = any (%s)",
            [table, list(row)],
        )
    ]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    added = connection.execute(
        sql.SQL(
            "insert into {table} ({names}) overriding system value"
            " select {names} from jsonb_populate_record(null::{table}, %s){otherwise}"
        ).format(
            table=sql.Identifier(table),
            names=names,
            otherwise=sql.SQL("" if must else " on conflict do nothing"),
        ),
        [Jsonb(row)],
    ).rowcount
    if added and not must:
        done.put_in[table] = done.put_in.get(table, 0) + 1


_SEQUENCES = (
    "consent_choice",
    "identity_resident",
    "identity_residentnhsnumber",
    "identity_sourceperson",
    "organisations_staffmember",
    "organisations_membership",
)


def _renumber(connection: Connection) -> None:
    """New rows get numbers above those that were put in."""
    for table in _SEQUENCES:
        connection.execute(
            sql.SQL(
                "select setval(pg_get_serial_sequence({name}, 'id'), greatest("
                "(select coalesce(max(id), 1) from {table}),"
                " (select last_value from {sequence})))"
            ).format(
                name=sql.Literal(table),
                table=sql.Identifier(table),
                sequence=sql.Identifier(f"{table}_id_seq"),
            )
        )
