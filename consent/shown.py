"""What of a choice is shown of a protected resident (rule R7): who said what, and no names.

The journey that records a choice names the reader's own council, whose choice it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from consent.models import Choice, Ruling
from identity.protected import (
    KEPT_BACK,
    Known,
    Redaction,
    kind_of_organisation,
    kind_of_worker,
    of_protected,
)
from organisations.models import Feed, Organisation, StaffMember


def _council(choice: Choice, _known: Known) -> Organisation | None:
    if choice.council is None:
        return None
    return Organisation(
        pk=choice.council_id,
        kind=choice.council.kind,
        name=kind_of_organisation(choice.council.kind),
    )


def _recorder(choice: Choice, _known: Known) -> StaffMember | None:
    if choice.recorded_by is None or choice.recorded_as is None:
        return None
    return StaffMember(pk=choice.recorded_by_id, name=kind_of_worker(choice.recorded_as.role.name))


of_protected(
    keep=(
        "id",
        "reference",
        "public_id",
        "resident",
        "kind",
        "answer",
        "not_asked_reason",
        "withdraws",
        "withdrawn_because",
        "effective_from",
        "decided_by",
        "review_on",
        "relayer",
        "channel",
        "identity_checked",
        "provisional",
        "explanation",
        "recorded_at",
        "recorded_as",
        "asked_on",
        "submission",
    ),
    council=_council,
    recorded_by=_recorder,
    recorded_by_feed=lambda choice, _known: (
        Feed(pk=choice.recorded_by_feed_id) if choice.recorded_by_feed_id else None
    ),
    decider_name=lambda choice, _known: "Name not shown" if choice.decider_name else "",
    relayed_by=lambda choice, _known: "somebody" if choice.relayed_by else "",
    authority_seen=lambda choice, _known: KEPT_BACK if choice.authority_seen else "",
    assessment=lambda choice, _known: KEPT_BACK if choice.assessment else "",
)(Choice)

of_protected(
    keep=(
        "id",
        "choice",
        "kind",
        "resident",
        "notice",
        "resident_told_on",
        "resident_told_by",
        "effective_from",
        "recorded_at",
        "recorded_by",
        "recorded_as",
    ),
    empty=("decider_name", "decider_role"),
    reason=lambda _ruling, _known: KEPT_BACK,
)(Ruling)


def shown(choices: Iterable[Choice], *, protected: bool) -> list[Choice]:
    """Choices as a page may tell them. They are copies where the resident is protected: not to
    be decided by, and not to be saved.
    """
    redaction = Redaction(protected=protected)
    told = []
    for choice in choices:
        copied = redaction.of(choice)
        if protected and hasattr(choice, "ruling"):
            copied.ruling = redaction.of(choice.ruling)
        told.append(copied)
    return told
