"""One request for a page of a record is one event, whatever the page is made of."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from audit.models import Event
from organisations.categories import Category
from tests.records.conftest import Ward, ward

__all__ = ["ward"]


def test_a_page_of_a_record_is_one_event(ward: Ward) -> None:
    entry = ward.entry(ward.person(ward.trust), Category.DIAGNOSES, "Asthma")
    stranger = ward.another_resident(cared_for=False)
    asked = {
        "first": ward.open(),
        "again": ward.get(),
        "section": ward.get("record-section", category="problems"),
        "item": ward.get("record-item", item=entry),
        "timeline": ward.get("timeline"),
        "refused": ward.open(stranger),
    }
    assert [each.status_code for each in asked.values()] == [*[200] * 5, 403]
    with ward.as_login("owner"):
        written = Counter(Event.objects.values_list("request", flat=True))
    events = {
        page: written[UUID(response.wsgi_request.request_id)] for page, response in asked.items()
    }
    assert events == dict.fromkeys(asked, 1)
