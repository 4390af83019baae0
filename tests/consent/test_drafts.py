"""Drafts: kept in the session, for the membership that began them, and not for ever."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from consent import drafts


@dataclass
class Adviser:
    """As much of an acting membership as a draft asks."""

    membership_id: int = 7


def test_a_draft_is_found_again_by_the_membership_that_began_it() -> None:
    session: dict[str, Any] = {}
    begun = drafts.begin(session, resident=uuid4(), by=Adviser(), kind="connect-care")
    assert drafts.find(session, begun.id, by=Adviser()) == begun
    assert drafts.find(session, begun.id, by=Adviser(membership_id=8)) is None
    assert drafts.find(session, uuid4(), by=Adviser()) is None


def test_a_session_of_json_holds_drafts() -> None:
    session: dict[str, Any] = {}
    begun = drafts.begin(session, resident=uuid4(), by=Adviser())
    drafts.keep(session, replace(begun, said={"answer": "refuses"}))
    reread = json.loads(json.dumps(session))
    found = drafts.find(reread, begun.id, by=Adviser())
    assert found is not None
    assert found.said == {"answer": "refuses"}
    assert found.resident == begun.resident


def test_a_draft_that_became_a_choice_keeps_nothing_that_was_typed() -> None:
    session: dict[str, Any] = {}
    begun = drafts.begin(session, resident=uuid4(), by=Adviser())
    drafts.keep(session, replace(begun, said={"relayed_by": "Jo Made-up"}))
    made = uuid4()
    drafts.finish(session, begun, made)
    found = drafts.find(session, begun.id, by=Adviser())
    assert found is not None
    assert found.made == made
    assert "Jo Made-up" not in json.dumps(session)


def test_the_oldest_drafts_go() -> None:
    session: dict[str, Any] = {}
    begun = [drafts.begin(session, resident=uuid4(), by=Adviser()) for _ in range(drafts.MOST + 1)]
    kept = [drafts.find(session, draft.id, by=Adviser()) is not None for draft in begun]
    assert kept == [False, *[True] * drafts.MOST]
