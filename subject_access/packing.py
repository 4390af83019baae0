"""Gathering, and making the pack: the worker's part. The row is the job (docs/adr/0007).

Each step looks at the row first and does what it asks for, so that a nudge that is lost or comes
twice costs nothing; a lock of the session keeps two workers from making one pack, and is gone with
the worker that died.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import connection, transaction
from django.utils import timezone

from access.account_words import sentence
from access.accounts import told_to_resident
from access.looked import LookSeen
from audit import actions as audit
from audit.models import Action
from identity.sealed import seal
from subject_access import bundle, held, paper
from subject_access.held import HeldEntry
from subject_access.models import Part, Request, State
from subject_access.parts import Decision, PartKey, set_aside

log = logging.getLogger(__name__)

PURPOSE = "subject access pack"
#: A pack that nobody fetched is gone after so long.
KEPT_FOR = timedelta(days=14)
#: More looks than these are not told in one pack; the latest are.
MOST_LOOKS = 50_000
_LOCK = 0x5A


def to_do() -> list[int]:
    """Requests that wait for the worker, the oldest first."""
    waiting = Request.objects.filter(state__in=[State.GATHERING, State.MAKING])
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def prepare(request_id: int) -> State | None:
    """Do what one request waits for; where it stands then. ``None`` if another worker is at it."""
    with _alone(request_id) as alone:
        if not alone:
            return None
        request = Request.objects.select_related("organisation").get(pk=request_id)
        if request.state == State.GATHERING:
            _gather(request)
        if request.state == State.MAKING:
            _make(request)
        return State(request.state)


def expire(now: datetime | None = None) -> int:
    """Have no more of what nobody fetched in time; how many packs."""
    at = now or timezone.now()
    late = Request.objects.filter(state=State.READY, expires__lte=at).order_by("pk")
    return sum(_expire(request.pk, at) for request in late)


@transaction.atomic
def _expire(request_id: int, at: datetime) -> bool:
    request = Request.objects.select_for_update().get(pk=request_id)
    if request.state != State.READY:
        return False
    request.state, request.pack, request.ended = State.EXPIRED, None, at
    request.save(update_fields=["state", "pack", "ended"])
    _record(request, "expired")
    return True


@contextmanager
def _alone(request_id: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK, request_id])
        (alone,) = cursor.fetchone()
    try:
        yield bool(alone)
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s, %s)", [_LOCK, request_id])


@transaction.atomic
def _gather(request: Request) -> None:
    """Count what is held, and set aside what somebody has to look at first."""
    counted = held.counted(held.same_person(request.resident_id))
    Part.objects.filter(request=request).delete()
    parts = [
        Part(
            request=request,
            source_id=key.source,
            category=key.category,
            sensitive=key.sensitive,
            certain=key.certain,
            entries=entries,
            aside=set_aside(key),
        )
        for key, entries in counted.items()
    ]
    Part.objects.bulk_create(parts)
    request.total = sum(counted.values())
    request.state = State.REVIEW if any(part.aside for part in parts) else State.MAKING
    request.save(update_fields=["total", "state"])
    _record(request, "gathered")


def _make(request: Request) -> None:
    """Make the pack of what may be handed out, and keep it sealed until it is fetched."""
    people = held.same_person(request.resident_id)
    person = held.person(people)
    parts = list(Part.objects.filter(request=request).select_related("source"))
    given = {_key(part) for part in parts if part.aside == "" or part.decision == Decision.INCLUDE}
    sources = {part.source_id: part.source.name for part in parts if _key(part) in given}
    resources: list[bundle.Resource] = [bundle.patient(person)]
    by_source: list[tuple[str, list[HeldEntry]]] = []
    done = 0
    for source, name in sorted(sources.items(), key=lambda item: (item[1], item[0])):
        taken: list[HeldEntry] = []
        for some in held.entries(people, source):
            taken += [entry for entry in some if _of(entry, source) in given]
            done += len(some)
            # Seen at once by whoever waits: no transaction is open here.
            Request.objects.filter(pk=request.pk).update(done=min(done, request.total))
        by_source.append((name, taken))
        for entry in taken:
            resources += bundle.of_entry(entry, person, name)
    choices, looks = held.choices(people), _looks(request)
    resources += [bundle.of_choice(each, person) for each in choices]
    resources += [bundle.of_look(sentence(look), look.first) for look in looks]
    at = timezone.now()
    content = paper.content(
        request.reference,
        sender=request.organisation.name,
        person=person,
        by_source=by_source,
        choices=choices,
        looks=[sentence(look) for look in looks],
        at=at,
    )
    _keep(request, _zipped(request.reference, content, bundle.bundle(resources, at=at)), at)


def _looks(request: Request) -> Sequence[LookSeen]:
    with connection.cursor() as cursor:
        cursor.execute("select access.looks_for_pack(%s, %s)::text", [request.pk, MOST_LOOKS])
        (raw,) = cursor.fetchone()
    return told_to_resident(raw)


def _zipped(reference: str, content: paper.Content, machine_readable: bytes) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as packed:
        packed.writestr(f"{reference}.pdf", paper.as_pdf(content, large_print=False))
        packed.writestr(f"{reference}-large-print.pdf", paper.as_pdf(content, large_print=True))
        packed.writestr(f"{reference}.fhir.json", machine_readable)
    return out.getvalue()


@transaction.atomic
def _keep(request: Request, pack: bytes, at: datetime) -> None:
    request.pack = seal(pack, purpose=PURPOSE)
    request.state, request.made, request.expires = State.READY, at, at + KEPT_FOR
    request.done = request.total
    request.save(update_fields=["pack", "state", "made", "expires", "done"])
    _record(request, "made")


def _record(request: Request, reason: str) -> None:
    audit.record(
        Action.SUBJECT_ACCESS,
        reason=reason,
        organisation_id=request.organisation_id,
        resident_id=request.resident_id,
        detail={"reference": request.reference, "entries": request.total},
    )


def _key(part: Part) -> PartKey:
    return PartKey(part.source_id, part.category, part.sensitive, part.certain)


def _of(entry: HeldEntry, source: int) -> PartKey:
    return PartKey(source, entry.category, entry.sensitive, entry.certain)
