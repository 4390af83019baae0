"""Keys with which a source's system gives in deliveries over the wire.

A key belongs to one feed and opens nothing else: with it one gives in, and asks what became of
what was given in. Only its digest is kept. 256 random bits cannot be guessed, so that one round of
SHA-256 is enough, and looking it up tells nothing by its time.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from audit import actions as audit
from audit.models import Action
from feeds.models import FeedKey
from organisations.models import Feed, Organisation

#: So that a key that was published by mistake is known for what it is.
PREFIX = "ccfeed_"


def digest_of(key: str) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).digest()


@transaction.atomic
def make_key(feed: Feed, *, label: str, until: datetime | None) -> str:
    """A new key of a feed, which is shown once. ``label`` says where it will be kept."""
    key = PREFIX + secrets.token_urlsafe(32)
    FeedKey.objects.create(feed=feed, label=label, digest=digest_of(key), valid_until=until)
    _note(feed, "feed-key-made", label)
    return key


@transaction.atomic
def end_keys(feed: Feed, *, label: str, at: datetime) -> int:
    """End a feed's keys of this label at once; how many there were."""
    ended = FeedKey.objects.current(at).filter(feed=feed, label=label).update(valid_until=at)
    if ended:
        _note(feed, "feed-key-ended", label)
    return ended


def feed_for(key: str) -> Feed | None:
    """The feed that a key opens now; ``None`` for any other words, or if the feed is not in force.

    A key ends with its feed, and with the organisation that it belongs to.
    """
    found: FeedKey | None = (
        FeedKey.objects.current()
        .filter(
            digest=digest_of(key),
            feed__in=Feed.objects.current(),
            feed__organisation__in=Organisation.objects.current(),
        )
        .select_related("feed__organisation")
        .first()
    )
    return found.feed if found else None


def _note(feed: Feed, reason: str, label: str) -> None:
    audit.record(
        Action.REGISTRY_CHANGED,
        reason=reason,
        organisation_id=feed.organisation_id,
        organisation_name=feed.organisation.name,
        detail={"format": feed.format, "label": label},
    )
