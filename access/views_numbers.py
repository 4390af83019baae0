"""The address where a source's own system fetches the verified NHS numbers of its people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from access import verified_numbers as given
from access.doors import needs
from access.requests import ActingRequest
from organisations.activities import Activity
from ui.formatting import LONDON


def moment(text: str) -> datetime | None:
    """A day (from its beginning in London) or a moment, in ISO 8601; ``None`` for anything else."""
    try:
        if found := parse_datetime(text):
            return found if timezone.is_aware(found) else found.replace(tzinfo=LONDON)
        day = parse_date(text)
    except ValueError:
        return None
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=LONDON)


@needs(Activity.READ_VERIFIED_NUMBERS)
@api_view(["GET"])
@permission_classes([IsAuthenticated])
def verified_numbers(request: Request) -> Response:
    """A page of them; ``since`` for changes only, ``after`` for the page that follows.

    The number is in the answer's body, and in no address.
    """
    # The framework's request passes on what the middleware gave to Django's.
    by = cast(ActingRequest, request)
    asked = request.query_params
    since = moment(asked["since"]) if "since" in asked else None
    after = asked.get("after")
    if "since" in asked and since is None:
        return _wrong("Give since as a date or a time in ISO 8601, such as 2026-11-22.")
    if after is not None and not (after.isascii() and after.isdigit() and len(after) <= 18):
        return _wrong("Give after as the last answer's next said it.")
    page = given.for_member(
        by.acting,
        since=since,
        after=int(after) if after else None,
        request_id=by.request_id,
    )
    if page is None:
        return Response({"error": "Your role does not include this."}, status=403)
    return Response(
        {
            "source": page.source,
            "numbers": [
                {
                    "identifier": one.identifier,
                    "nhsNumber": one.number,
                    "status": one.status,
                    "changed": one.changed.astimezone(UTC).isoformat(),
                }
                for one in page.numbers
            ],
            "next": page.after,
            "asOf": page.as_of.astimezone(UTC).isoformat(),
        }
    )


def _wrong(words: str) -> Response:
    return Response({"error": words}, status=400)
