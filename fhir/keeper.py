"""Who may send here: a source's system that shows a key of its feed (RFC 6750)."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse

from access.doors import Keeper
from feeds.keys import feed_for
from fhir.outcomes import Kind, refused
from organisations.models import Feed

CHALLENGE = 'Bearer realm="Connect Care"'


class FedRequest(HttpRequest):
    """A request that a feed's key let in."""

    feed: Feed
    request_id: str


def feed_key(*formats: str) -> Keeper:
    """Lets in who shows a key of a feed of one of these formats; any, if none is named."""

    def keep(request: HttpRequest) -> HttpResponse | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return refused(
                401,
                Kind.LOGIN,
                "Send the key of your feed: Authorization: Bearer <key>.",
                WWW_Authenticate=CHALLENGE,
            )
        feed = feed_for(key.strip())
        if feed is None:
            return refused(
                401,
                Kind.LOGIN,
                "This key opens no feed: it is wrong, has ended, or its organisation takes no "
                "part now. Ask Connect Care's registry administrator for a new one.",
                WWW_Authenticate=f'{CHALLENGE}, error="invalid_token"',
            )
        if formats and feed.format not in formats:
            return refused(403, Kind.FORBIDDEN, f"This key's feed sends {feed.format}, not this.")
        cast(FedRequest, request).feed = feed
        return None

    return keep
