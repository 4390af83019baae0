"""A choice that is being recorded, kept in the session until it is confirmed.

It lies on the server, never in an address or the browser. Nothing is recorded before somebody
confirms. Its id is the submission of the choice that it becomes, so that a form sent twice makes
one choice.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from consent.kinds import Recorder

SESSION_KEY = "choice-drafts"
#: Drafts kept at a time: more than that many calls are not answered at once.
MOST = 5

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been answered so far about one resident, by one acting membership.

    ``made`` is the public id of the choice, once it has been recorded.
    """

    id: UUID
    resident: UUID
    membership: int
    said: dict[str, str] = field(default_factory=dict)
    made: UUID | None = None


def begin(session: Session, *, resident: UUID, by: Recorder, kind: str = "") -> Draft:
    """A new draft, the oldest one gone if there are too many."""
    said = {"kind": kind} if kind else {}
    draft = Draft(uuid4(), resident, by.membership_id, said)
    keep(session, draft)
    return draft


def find(session: Session, draft: UUID, *, by: Recorder) -> Draft | None:
    """A draft of this session that this same membership began; else ``None``."""
    kept = session.get(SESSION_KEY, {}).get(str(draft))
    if kept is None or kept["membership"] != by.membership_id:
        return None
    made = UUID(kept["made"]) if kept["made"] else None
    return Draft(draft, UUID(kept["resident"]), kept["membership"], dict(kept["said"]), made)


def keep(session: Session, draft: Draft) -> None:
    """Put a draft (back) into the session, as the newest."""
    drafts = dict(session.get(SESSION_KEY, {}).items())
    drafts.pop(str(draft.id), None)
    drafts[str(draft.id)] = {
        "resident": str(draft.resident),
        "membership": draft.membership,
        "said": draft.said,
        "made": str(draft.made) if draft.made else None,
    }
    session[SESSION_KEY] = dict(list(drafts.items())[-MOST:])


def finish(session: Session, draft: Draft, made: UUID) -> None:
    """The draft has become a choice: what was typed goes, the choice's id stays for a reload."""
    keep(session, Draft(draft.id, draft.resident, draft.membership, {}, made))
