"""An event says from where its request came, and never from where another one did."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.test import Client
from django.urls import reverse

from audit import actions as audit
from audit.models import Action, Event
from tests import factories


def test_whoever_writes_the_event_it_says_from_where(database: Any, as_login: Any) -> None:
    with as_login("pipeline"):
        officer = factories.membership(as_role="privacy-officer")
    inside = Client(REMOTE_ADDR="192.0.2.7")
    inside.force_login(officer.staff)
    assert inside.get(reverse("retention")).status_code == 200  # a function of the database writes
    elsewhere = Client(REMOTE_ADDR="2001:db8:1:2:3:4:5:6")
    elsewhere.post(reverse("sign-in"), {"username": "nobody", "password": "wrong"})  # Python does
    # On the same connection, which still knows the first request.
    for request in (uuid4(), None):
        audit.record(Action.SEARCH, request=request)
    with as_login("owner"):
        said = [(each.action, each.detail.get("from")) for each in Event.objects.order_by("id")]
    assert said == [
        ("retention-read", "192.0.2.7"),
        ("sign-in-failed", "2001:db8:1:2::"),
        ("search", None),
        ("search", None),
    ]
