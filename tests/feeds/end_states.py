"""What deliveries left in the database, so that two runs can be compared row for row."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.utils import timezone

from access.models import CareRelationship
from consent.models import Choice
from feeds.models import Batch, Chunk, Course, Delivery, HeldContent, Hold, StoppedCase, Tally
from identity.models import SourcePerson
from identity.sealed import unseal
from records.models import Entry

EndState = dict[str, list[Any]]

#: Given by the database, or by the clock: two clean runs differ in them.
_BY_CHANCE = frozenset(
    {"id", "pk", "resident_id", "public_id", "received", "grant_key", "source_id", "feed_id"}
    | {"source_person_id", "batch_id"}
)


def end_state(*, replays: bool = True) -> EndState:
    """Everything that deliveries left, in an order of its own. As the pipeline's login.

    :param replays: with the batches themselves, what was counted and what is held of them.
    """
    whose = dict(SourcePerson.objects.values_list("resident_id", "source__ods_code"))
    state: EndState = {
        "entries": [_entry(one) for one in Entry.objects.select_related("source_person")],
        "persons": [
            (
                one.source.ods_code,
                one.identifier,
                sorted(one.local_identifiers),
                one.link,
                one.nhs_number_sent,
                one.version,
                json.dumps(one.said, sort_keys=True),
                one.replaced_by is not None,
            )
            for one in SourcePerson.objects.select_related("source", "replaced_by")
        ],
        "relationships": [
            (whose.get(one.resident_id), one.kind, one.valid_from, one.valid_until)
            for one in CareRelationship.objects.all()
            # One that ended when it was found out bears the clock's time, or never was.
            if one.valid_until is None or one.valid_until > timezone.now()
        ],
        "courses": [(one.identifier, _course(one)) for one in Course.objects.all()],
        "stopped": list(StoppedCase.objects.values_list("identifier", flat=True)),
        "choices": list(Choice.objects.values_list("kind", "answer", "asked_on")),
    }
    if replays:
        order = _order_of_batches()
        state |= {
            "batches": list(Batch.objects.values_list("state", "wrappers", "fault")),
            "tallies": [
                (order[one.batch_id], one.outcome, one.resource_type, one.reason, one.count)
                for one in Tally.objects.filter(count__gt=0)
            ],
            "holds": [
                (order[one.batch_id], one.pointer, one.resource_type, one.reason)
                for one in Hold.objects.all()
            ],
            "held": [unseal(one.raw, purpose="hold") for one in HeldContent.objects.all()],
            "kept": [_kept(one) for one in Delivery.objects.all()],
        }
    return {name: sorted(rows, key=repr) for name, rows in state.items()}


def _order_of_batches() -> dict[int, tuple[str, int]]:
    """Each batch's feed, and its place among those of the feed: feeds send side by side."""
    places: dict[int, tuple[str, int]] = {}
    sent = Counter[str]()
    for pk, form in Batch.objects.order_by("pk").values_list("pk", "feed__format"):
        places[pk] = (form, sent[form])
        sent[form] += 1
    return places


def _entry(entry: Entry) -> tuple[Any, ...]:
    kept = {
        field.attname: getattr(entry, field.attname)
        for field in Entry._meta.concrete_fields
        if field.attname not in _BY_CHANCE
    }
    kept["resource"] = json.dumps(entry.resource, sort_keys=True)
    kept["fingerprint"] = bytes(entry.fingerprint)
    return (("person", entry.source_person.identifier), *sorted(kept.items()))


def _course(course: Course) -> str:
    return json.dumps(json.loads(unseal(course.state, purpose="course")), sort_keys=True)


def _kept(delivery: Delivery) -> bytes:
    chunks = Chunk.objects.filter(delivery=delivery).order_by("position")
    return b"".join(unseal(one.content, purpose="delivery") for one in chunks)
