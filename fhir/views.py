"""Where a source's system posts FHIR, and asks what became of it.

What is posted is kept before it is answered, and loaded in the background like any delivery. What
can be told at once is: each item that cannot be read stands in the answer's OperationOutcome with
its place. What only the record can tell (whose it is, whether it is new) stands at the address
that the answer names.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from access.doors import kept_by, public
from feeds import actions, nudges, selectors
from feeds.formats import FORMATS
from feeds.formats.fhir_r4.stream import LARGEST_DOCUMENT
from feeds.mapped import Held, Mapped, PassedOver
from feeds.models import Batch, BatchState, Outcome
from fhir.keeper import FedRequest, feed_key
from fhir.outcomes import Issue, Kind, Severity, answer, as_fhir, refused

MEDIA_TYPES = {
    "application/fhir+json",
    "application/json",
    "application/fhir+xml",
    "application/xml",
    "application/fhir+ndjson",
    "application/ndjson",
    "application/x-ndjson",
}
#: Up to here what is posted is read while its sender waits; more is only taken in.
READ_AT_ONCE = 5 * 1_048_576
#: Of more issues than this, only how many there are is said.
MOST_ISSUES = 100
#: Seconds after which to ask again.
ASK_AGAIN = "5"

VERSIONS = {"fhir-r4": "4.0.1", "gp-connect": "3.0.1"}


@csrf_exempt  # no session and no cookie lets anybody in here, but a key that no browser sends
@kept_by(feed_key("fhir-r4"))
@require_POST
def post_r4(request: HttpRequest) -> HttpResponse:
    """Take in a bundle, a resource or NDJSON of FHIR R4."""
    return _take_in(cast(FedRequest, request))


@csrf_exempt  # likewise
@kept_by(feed_key("gp-connect"))
@require_POST
def post_stu3(request: HttpRequest) -> HttpResponse:
    """Take in a GP Connect structured record (FHIR STU3)."""
    return _take_in(cast(FedRequest, request))


def _take_in(request: FedRequest) -> HttpResponse:
    if (request.content_type or "").lower() not in MEDIA_TYPES:
        return refused(
            415, Kind.NOT_SUPPORTED, "Send application/fhir+json, fhir+xml or fhir+ndjson."
        )
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return refused(415, Kind.NOT_SUPPORTED, "Send it without Content-Encoding.")
    if not request.headers.get("Content-Length"):
        # A body in chunks would be read as an empty one (PEP 3333: a server need not give it).
        return refused(411, Kind.NOT_SUPPORTED, "Say how long it is: send Content-Length.")
    body = request.read(LARGEST_DOCUMENT + 1)
    if len(body) > LARGEST_DOCUMENT:
        return refused(
            413,
            Kind.TOO_LONG,
            "More than 64 MiB: send it in parts, or give it in as a file of NDJSON.",
        )
    issues, readable = _read_at_once(request, body)
    if not readable:
        return answer(422, issues or [_nothing_in_it()])
    batch = actions.receive(
        [actions.File("posted", io.BytesIO(body))],
        feed=request.feed,
        by=None,
        request_id=request.request_id,
    )
    nudges.tell_of(batch.pk)
    where = reverse("fhir-delivery", args=[batch.public_id])
    taken = Issue(
        Severity.INFORMATION,
        Kind.INFORMATIONAL,
        f"Taken in as {batch.public_id}. What became of each item: GET {where}",
    )
    return answer(202, [taken, *issues], Content_Location=where, Retry_After=ASK_AGAIN)


def _read_at_once(request: FedRequest, body: bytes) -> tuple[list[Issue], bool]:
    """What is wrong with what was posted, and whether there is anything in it to take in."""
    if len(body) > READ_AT_ONCE:
        return [], True
    items = FORMATS[request.feed.format].read(
        io.BytesIO(body), name="posted", source_kind=request.feed.organisation.kind
    )
    wrong: list[Issue] = []
    unread = 0
    readable = False
    for item in items:
        if isinstance(item.outcome, Held):
            unread += 1
            if unread <= MOST_ISSUES:
                wrong.append(_held(item.outcome.reason, item.resource_type, item.pointer))
        elif isinstance(item.outcome, Mapped | PassedOver) and not item.is_wrapper:
            readable = True
    if unread > MOST_ISSUES:
        wrong.append(_more(unread - MOST_ISSUES))
    return wrong, readable


def _held(reason: str, resource_type: str, where: str) -> Issue:
    named = f"{resource_type}: " if resource_type else ""
    return Issue(Severity.ERROR, Kind.INVALID, f"{named}{reason}", where)


def _more(count: int) -> Issue:
    return Issue(Severity.ERROR, Kind.INVALID, f"{count} more items like these.")


def _nothing_in_it() -> Issue:
    return Issue(Severity.ERROR, Kind.STRUCTURE, "There is no resource in it.")


@kept_by(feed_key())
@require_safe
def delivery(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What became of what was posted: counts that add up, and each item that is held."""
    feed = cast(FedRequest, request).feed
    batch = Batch.objects.filter(public_id=public_id, feed=feed).first()
    if batch is None:
        return refused(404, Kind.NOT_FOUND, "This feed has given in no such delivery.")
    if batch.state == BatchState.FAILED:
        return refused(
            503,
            Kind.PROCESSING,
            "A fault stopped the loading. Nothing is lost: Connect Care's support has it go on.",
        )
    if batch.state != BatchState.LOADED:
        waits = Issue(Severity.INFORMATION, Kind.INFORMATIONAL, "It is being loaded.")
        return answer(202, [waits], Retry_After=ASK_AGAIN)
    return answer(200, _became(batch))


def _became(batch: Batch) -> Iterator[Issue]:
    report = selectors.report(batch)
    counts = ", ".join(f"{report.total(outcome)} {outcome.label.lower()}" for outcome in Outcome)
    words = f"{report.read} items read: {counts}."
    yield Issue(Severity.INFORMATION, Kind.INFORMATIONAL, words)
    for hold in selectors.holds(batch, MOST_ISSUES):
        yield _held(hold.reason, hold.resource_type, hold.pointer)
    held = report.total(Outcome.HELD)
    if held > MOST_ISSUES:
        yield _more(held - MOST_ISSUES)


@public
@require_safe
def capabilities(_request: HttpRequest, format_code: str) -> HttpResponse:
    """What may be done at this address (FHIR's CapabilityStatement). It shows nothing of anyone."""
    return as_fhir(
        200,
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": timezone.localdate().isoformat(),
            "kind": "instance",
            "implementation": {"description": "Connect Care: deliveries of its sources"},
            "fhirVersion": VERSIONS[format_code],
            "format": ["json", "xml", "ndjson"],
            "rest": [
                {
                    "mode": "server",
                    "documentation": "Post a Bundle, a resource or NDJSON with the key of your "
                    "feed. Nothing is read from here: practitioners read records in a browser.",
                    "security": {"description": "Authorization: Bearer <the key of your feed>"},
                    "interaction": [{"code": "batch"}],
                }
            ],
        },
    )
