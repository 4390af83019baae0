"""A record under watch: an officer begins and ends it, and a reader says why they open it.

While a watch is in force the rule (R4.4) opens the record to who has said why in this sitting, and
to nobody else, through whatever door. It narrows, so one officer may begin it, with a reason and
until a date; it ends by itself. Each time that a reader says why, the officers of the reader's own
organisation are told: they can ask who it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from access.acting import Acting
from access.identity_calls import answer, ask
from access.references import new_reference
from access.restricted import Answer
from identity.protected import KEPT_BACK, Redaction, is_protected, of_protected


@of_protected(
    keep=("id", "resident", "began", "ends_at", "by", "opened"),
    words=lambda watch, _known: KEPT_BACK if watch.words else "",
)
@dataclass(frozen=True, slots=True)
class WatchSeen:
    """A watch of the officer's organisation. ``resident`` is the resident's own id, glimpsed.

    ``opened`` is how often its own staff have said why since it began.
    """

    id: UUID
    resident: int
    words: str
    began: datetime
    ends_at: datetime
    by: str
    opened: int


@dataclass(frozen=True, slots=True)
class Watches:
    """Watches in force, those that end first first; ``resident`` where one was asked about."""

    resident: int | None
    watches: tuple[WatchSeen, ...]


def read(acting: Acting, *, resident: UUID | None = None, request_id: str) -> Watches | None:
    """The records that one's organisation has under watch now, or whether one of them is.

    ``None`` if not for the role, or where the resident may not be known of. It is audited.
    """
    raw = ask(
        "select access.read_watches(%s, %s, %s, %s::uuid)::text", acting, resident, request_id
    )
    if raw is None:
        return None
    return Watches(
        raw["resident"],
        tuple(
            Redaction(protected=is_protected(each["protection"])).of(
                WatchSeen(
                    id=UUID(each["id"]),
                    resident=each["resident"],
                    words=each["words"],
                    began=datetime.fromisoformat(each["began"]),
                    ends_at=datetime.fromisoformat(each["ends_at"]),
                    by=each["by"],
                    opened=each["opened"],
                )
            )
            for each in raw["watches"]
        ),
    )


def begin(acting: Acting, resident: UUID, *, words: str, ends_at: datetime, request_id: str) -> str:
    """Put a record under watch: ``begun``, ``already`` (by one's organisation) or ``not-known``."""
    return answer(
        "select access.begin_watch(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        resident,
        words,
        ends_at,
        request_id,
    )


def end(acting: Acting, watch: UUID, *, words: str, request_id: str) -> str:
    """End a watch of one's own organisation before its time: ``ended`` or ``not-known``."""
    return answer(
        "select access.end_watch(%s, %s, %s, %s, %s::uuid)", acting, watch, words, request_id
    )


def say_why(acting: Acting, resident: UUID, *, words: str, request_id: str) -> Answer:
    """Say why one opens a record under watch, for this sitting; the alert is to be told of.

    ``not-needed`` where it is not under watch, or was said already. It opens nothing by itself:
    the rule is asked as always.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.say_why(%s, %s, %s, %s, %s, %s, %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                acting.sitting,
                resident,
                words,
                new_reference(),
                request_id,
            ],
        )
        return Answer(*cursor.fetchone())
