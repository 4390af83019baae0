"""Who could open a part of a resident's record now, and by which rule: asked of the rule itself.

An officer learns, of their own organisation, which roles of which teams could open it, by which
kind of care relationship, who could by their own declaration, by broken glass or by a lawful
disclosure to them, and what the rule says of what the organisation itself sent. Of another
organisation they learn the role and whether it is a care relationship, an emergency, or nothing
that would open it. Of another council's adult social care they learn nothing that is about the
resident: that it supports them is social care information itself. Nobody learns here whether there
is anything to see.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from access.acting import Acting
from access.decision import Decision, Reason, SectionState
from access.facts import Facts, Glass, from_answer
from access.models import RelationshipKind
from access.rules import decide, nobody_opted_out
from identity.protected import Redaction, is_protected, kind_of_organisation, of_protected
from organisations.categories import Category


@of_protected(
    keep=("kind", "own", "role", "personal", "facts"),
    empty=("team", "staff"),
    organisation=lambda post, _known: kind_of_organisation(post.kind),
)
@dataclass(frozen=True, slots=True)
class Post:
    """A role of a team that somebody works in, or one person's part in it.

    ``team`` is empty but of the officer's own organisation, ``staff`` but of one person's part
    there; ``facts`` are wanting of another council's adult social care.
    """

    organisation: str
    kind: str
    own: bool
    role: str
    team: str
    personal: bool
    staff: str
    facts: Facts | None


class Way(StrEnum):
    """How a post could open it."""

    CARE = "care"
    BROKEN_GLASS = "broken-glass"
    AFTER_DEATH = "after-death"
    DISCLOSED = "disclosed"
    COULD_BREAK_GLASS = "could-break-glass"
    NOT_TOLD = "not-told"
    NONE = "none"


class Lacking(StrEnum):
    """What a post lacks where the record opens and this part of it does not."""

    CATEGORY = "category"
    AGREEMENT = "agreement"
    DISCLOSURE = "disclosure"


@of_protected(keep=("post", "way", "own_state", "lacks"), empty=("relationship",))
@dataclass(frozen=True, slots=True)
class Answer:
    """What the rule says of one post and one category.

    ``relationship`` is the kind that opens it, in words, at the officer's own organisation;
    ``own_state`` is where what that organisation sent stands for this post; ``lacks`` is why there
    is no way.
    """

    post: Post
    way: Way
    relationship: str = ""
    own_state: SectionState | None = None
    lacks: Reason | Lacking | None = None


@dataclass(frozen=True, slots=True)
class Readers:
    """Everyone who could or could not, about one resident. ``resident`` is the resident's own id.

    ``opted_out``: the resident opted out of Connect Care, so that nobody could but by disclosure.
    """

    resident: int
    protected: bool
    opted_out: bool
    answers: tuple[Answer, ...]


def possible_readers(
    acting: Acting, resident: UUID, category: Category, *, request_id: str
) -> Readers | None:
    """Who could open a category of a resident's record now; ``None`` if not for this officer.

    One statement, whatever the number of organisations. It is audited, and glimpses the resident.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.who_could_open(%s, %s, %s, %s, %s::uuid)::text",
            [acting.staff_id, acting.membership_id, resident, category, request_id],
        )
        (text,) = cursor.fetchone()
    if text is None:
        return None
    raw = json.loads(text)
    posts = [_post(each) for each in raw["posts"]]
    facts = [post.facts for post in posts if post.facts is not None]
    protected = any(
        each.resident is not None and is_protected(each.resident.protection) for each in facts
    )
    redaction = Redaction(protected=protected)
    return Readers(
        resident=raw["resident"],
        protected=protected,
        opted_out=any(nobody_opted_out(each) is not None for each in facts),
        answers=tuple(
            redaction.of(answer(redaction.of(post), category, officer_of=acting.organisation_id))
            for post in posts
        ),
    )


def answer(post: Post, category: Category, *, officer_of: int) -> Answer:
    """What the rule says of one post: as it is, and as it would be with glass broken.

    :param officer_of: the officer's own organisation.
    """
    if post.facts is None:
        return Answer(post, Way.NOT_TOLD)
    # A watch asks why and keeps nobody out; whose records others watch is theirs to say.
    facts = replace(post.facts if post.personal else of_the_role(post.facts), watches=())
    decision = decide(facts)
    way = _WAYS.get(decision.reason, Way.CARE)
    if decision.reason is Reason.NO_RELATIONSHIP and not post.personal:
        decision, way = decide(with_glass(facts)), Way.COULD_BREAK_GLASS
    if not decision.is_open:
        return Answer(post, Way.NONE, lacks=decision.reason)
    lacking = _lacking(decision, category)
    if lacking is not None:
        return Answer(post, Way.NONE, lacks=lacking)
    return Answer(
        post,
        way,
        relationship=_kind(decision) if post.own else "",
        own_state=decision.sections[category].get(officer_of),
    )


#: What opens a record, where it is no care relationship.
_WAYS = {
    Reason.BREAK_GLASS: Way.BROKEN_GLASS,
    Reason.AFTER_DEATH: Way.AFTER_DEATH,
    Reason.LAWFUL_DISCLOSURE: Way.DISCLOSED,
}


def of_the_role(facts: Facts) -> Facts:
    """The facts without what opens for one person alone."""
    return replace(
        facts,
        relationships=tuple(each for each in facts.relationships if each.membership is None),
        glasses=(),
        disclosures=(),
    )


def with_glass(facts: Facts) -> Facts:
    """The facts as they would be if this reader had just broken glass."""
    ends = facts.at + timedelta(hours=settings.BREAK_GLASS_HOURS)
    return replace(facts, glasses=(Glass(id=0, began=facts.at, ends_at=ends),))


def _kind(decision: Decision) -> str:
    return RelationshipKind(decision.relationship.kind).label if decision.relationship else ""


def _post(raw: Mapping[str, Any]) -> Post:
    return Post(
        organisation=raw["organisation_name"],
        kind=raw["kind"],
        own=raw["own"],
        role=raw["role"],
        team=raw["team"],
        personal=raw["personal"],
        staff=raw["staff"],
        facts=None if raw["facts"] is None else from_answer(raw["facts"], raw["trials"])[0],
    )


def _lacking(decision: Decision, category: Category) -> Lacking | None:
    """What stops every source's part of a category, whoever the resident is."""
    states = set(decision.sections[category].values())
    if states <= {SectionState.NOT_FOR_ROLE}:
        return Lacking.CATEGORY
    # A disclosure that opens the record alone, and does not name this.
    if decision.is_disclosed and SectionState.SHOWN not in states:
        return Lacking.DISCLOSURE
    # The rules of the registry come first of a section's: what is left depends on the resident,
    # and is not told.
    if states <= {SectionState.NOT_FOR_ROLE, SectionState.NOT_HELD}:
        return Lacking.AGREEMENT
    return None
