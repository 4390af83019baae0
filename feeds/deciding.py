"""What a person decides about a delivery: its mapping, whether to load it, what to try again."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from access.acting import Acting
from audit import actions as audit
from audit.models import Action
from feeds.formats import FORMATS
from feeds.models import Batch, BatchState, FeedMapping, Hold
from organisations.models import Feed


class MappingRefused(Exception):
    """A mapping file that cannot be used. The message says what to do."""


def why_no_mapping(feed: Feed, text: str) -> str:
    """Why a mapping file cannot be used for a feed; empty where it can."""
    mapped = FORMATS[feed.format].mapped
    if mapped is None:
        return "Only a council's CSV can have a mapping file."
    try:
        mapped(text)
    except ValueError as error:
        return str(error)
    return ""


def mapping_of(feed: Feed) -> FeedMapping | None:
    """The mapping file that holds for a feed, if it has one."""
    return FeedMapping.objects.filter(feed=feed).first()


@transaction.atomic
def keep_mapping(
    feed: Feed, text: str, *, by: Acting | None, request_id: str | None = None
) -> FeedMapping:
    """Let a mapping file hold for a feed from now on. The former one stays with its batches.

    :raises MappingRefused: if it cannot be used.
    """
    if why_not := why_no_mapping(feed, text):
        raise MappingRefused(why_not)
    held = mapping_of(feed)
    if held is not None and held.text == text:
        return held
    made = FeedMapping.objects.create(feed=feed, text=text, given_in_by=by.staff_id if by else None)
    audit.record(
        Action.REGISTRY_CHANGED,
        reason="feed-mapping",
        request=request_id,
        detail={"feed": feed.pk, "mapping": made.pk},
        **(by.for_audit() if by else {"organisation_id": feed.organisation_id}),
    )
    return made


@transaction.atomic
def decide(batch: Batch, *, load: bool, by: Acting, request_id: str) -> bool:
    """Load a batch that waits for a person, or refuse it; whether it was such a one."""
    changed = Batch.objects.filter(pk=batch.pk, state=BatchState.WAITING).update(
        state=BatchState.RECEIVED if load else BatchState.REFUSED,
        decided=timezone.now(),
        decided_by=by.staff_id,
    )
    if changed:
        _note(batch, "go-on" if load else "refused", by, request_id)
    return bool(changed)


@transaction.atomic
def try_again(batch: Batch, *, hold: int | None, by: Acting, request_id: str) -> int:
    """Have one item that is held, or all of a batch, tried again; how many they are.

    By the mapping file that holds now.
    """
    if not Batch.objects.filter(pk=batch.pk, state=BatchState.LOADED).exists():
        return 0
    asked = _open(batch, hold).update(asked_again=timezone.now())
    if asked:
        Batch.objects.filter(pk=batch.pk).update(
            state=BatchState.RECEIVED, mapping=mapping_of(batch.feed)
        )
        _note(batch, "held-tried-again", by, request_id)
    return asked


@transaction.atomic
def settle(batch: Batch, *, hold: int, by: Acting, request_id: str) -> int:
    """Note that an item that is held was put right at its source, and comes from there."""
    settled = _open(batch, hold).update(resolved=timezone.now())
    if settled:
        _note(batch, "held-settled", by, request_id)
    return settled


def _open(batch: Batch, hold: int | None) -> QuerySet[Hold]:
    holds = Hold.objects.filter(batch=batch, resolved=None)
    return holds if hold is None else holds.filter(pk=hold)


def _note(batch: Batch, reason: str, by: Acting, request_id: str) -> None:
    audit.record(
        Action.IMPORT_RECEIVED,
        reason=reason,
        request=request_id,
        detail={"batch": str(batch.public_id)},
        **by.for_audit(),
    )
