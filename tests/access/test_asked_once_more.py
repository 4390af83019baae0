"""The gate's last question about pages that open no record: lists, notices, referrals, glass.

Each page is made whole, and then a choice commits on another connection: the page never leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client
from django.urls import get_resolver, path, reverse

from access import gate, views_mine, views_restricted, views_watch
from access.doors import needs
from access.middleware import NotRegistered
from access.models import CareRelationship
from access.reading import LeavesTransaction
from access.showing import SHOWING, shows_record
from audit.models import Event
from discharge import views_referrals
from notifications import views as views_inbox
from organisations.activities import Activity
from organisations.models import Membership
from tests import factories
from tests.access.watches import put_under_watch
from tests.discharge.conftest import Sides, sides, ward
from tests.records.conftest import text_of

__all__ = ["sides", "ward"]

Meanwhile = Callable[[], None]
Page = Callable[[Sides], tuple[Client, str]]


def _outsider(at: Sides) -> Client:
    """A nurse of another ward, who has no care relationship."""
    with at.as_login("pipeline"):
        elsewhere = factories.team(at.ward.trust, "Elder ward")
        nurse = factories.membership(at=at.ward.trust, as_role="nurse", in_team=elsewhere)
    client = Client()
    client.force_login(nurse.staff)
    return client


def _of_resident(name: str) -> Page:
    return lambda at: (at.ward.client, reverse(name, args=[at.resident]))


def _as_outsider(name: str) -> Page:
    return lambda at: (_outsider(at), reverse(name, args=[at.resident]))


def _watched(name: str) -> Page:
    def page(at: Sides) -> tuple[Client, str]:
        put_under_watch(at.ward.resident, at.as_login)
        return at.ward.client, reverse(name, args=[at.resident])

    return page


def _of_referral(name: str, *, by_ward: bool) -> Page:
    def page(at: Sides) -> tuple[Client, str]:
        referral = at.sent()
        return at.ward.client if by_ward else at.worker_client, reverse(name, args=[referral])

    return page


def _inbox(at: Sides) -> tuple[Client, str]:
    at.sent()
    return at.worker_client, reverse("inbox")


#: Every page that asks the gate and opens no record: who asks for it where, and what renders it.
PAGES: dict[str, tuple[Any, Page]] = {
    "my-residents": (views_mine, lambda at: (at.ward.client, reverse("my-residents"))),
    "inbox": (views_inbox, _inbox),
    "send-referral": (views_referrals, _of_resident("send-referral")),
    "referral": (views_referrals, _of_referral("referral", by_ward=False)),
    "update-referral": (views_referrals, _of_referral("update-referral", by_ward=True)),
    "withdraw-referral": (views_referrals, _of_referral("withdraw-referral", by_ward=True)),
    "acknowledge-referral": (views_referrals, _of_referral("acknowledge-referral", by_ward=False)),
    "decline-referral": (views_referrals, _of_referral("decline-referral", by_ward=False)),
    "let-in": (views_restricted, _of_resident("let-in")),
    "emergency": (views_restricted, _as_outsider("emergency")),
    "break-glass": (views_restricted, _as_outsider("break-glass")),
    "declare-care": (views_restricted, _as_outsider("declare-care")),
    "declare-consent": (views_restricted, _as_outsider("declare-consent")),
    "say-why": (views_watch, _watched("say-why")),
}


def rendering(
    monkeypatch: pytest.MonkeyPatch, views: Any, meanwhile: Meanwhile, *, times: int = 1
) -> list[HttpResponse]:
    """What a module's views render, after each of which something commits: so often, no more."""
    made: list[HttpResponse] = []
    render = views.render

    def render_then(*args: Any, **kwargs: Any) -> HttpResponse:
        page = render(*args, **kwargs)
        made.append(page)
        if len(made) <= times:
            meanwhile()
        return page

    monkeypatch.setattr(views, "render", render_then)
    return made


def events(at: Sides, reason: str) -> list[Event]:
    with at.as_login("owner"):
        return list(Event.objects.filter(reason=reason).order_by("id"))


def test_every_page_that_asks_the_gate_and_opens_no_record_is_below() -> None:
    assert get_resolver().url_patterns, "which loads the views, which register themselves"
    opening = {
        "record",
        "record-section",
        "record-item",
        "timeline",
        "find-in-record",
        "print-record",
        "report-entry",
        "results-over-time",
        "discharge-planning",
    }
    assert set(SHOWING) - opening == set(PAGES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_an_opt_out_that_commits_after_the_page_was_made_throws_it_away(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    views, page_of = PAGES[name]
    client, address = page_of(sides)
    made = rendering(monkeypatch, views, lambda: sides.ward.refuse("connect-care"))
    answer = client.get(address)
    assert len(made) == 1
    assert "CARTER" in made[0].content.decode(), "the page was made, and named them"
    assert answer.status_code == 303
    assert answer["Location"] == address
    assert answer.content == b""
    (event,) = events(sides, "closed-meanwhile")
    assert event.residents == [sides.ward.resident.pk]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_membership_that_is_suspended_after_the_page_was_made_gets_nothing(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def suspend() -> None:
        with sides.as_login("owner"):
            Membership.objects.update(state="suspended")

    views, page_of = PAGES[name]
    client, address = page_of(sides)
    rendering(monkeypatch, views, suspend)
    answer = client.get(address)
    assert (answer.status_code, answer.content) == (303, b"")


def test_a_relationship_that_ends_meanwhile_takes_them_off_the_list(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end() -> None:
        with sides.as_login("pipeline"):
            CareRelationship.objects.all().delete()

    rendering(monkeypatch, views_mine, end)
    address = reverse("my-residents")
    answer = sides.ward.client.get(address, follow=True)
    assert answer.redirect_chain == [(address, 303)]
    assert "CARTER" not in text_of(answer)


def test_a_resident_who_is_protected_meanwhile_is_not_shown_as_they_were(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    def protect() -> None:
        with sides.as_login("pipeline"):
            type(sides.ward.resident).objects.update(protection="S")

    rendering(monkeypatch, views_mine, protect)
    answer = sides.ward.client.get(reverse("my-residents"))
    assert (answer.status_code, answer.content) == (303, b"")


def test_what_takes_nothing_away_lets_the_page_leave(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day's lists change all the time; they are asked for again only where less is shown."""

    def more() -> None:
        with sides.as_login("pipeline"):
            factories.relationship(sides.ward.resident, sides.ward.trust, kind="caseload")

    rendering(monkeypatch, views_mine, more)
    answer = sides.ward.client.get(reverse("my-residents"))
    assert answer.status_code == 200
    assert events(sides, "closed-meanwhile") == []


def test_what_keeps_changing_ends_in_a_page_that_says_so(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    protections = iter("SUSU")

    def change() -> None:
        with sides.as_login("pipeline"):
            type(sides.ward.resident).objects.update(protection=next(protections))

    rendering(monkeypatch, views_mine, change, times=4)
    address = reverse("my-residents")
    found = [sides.ward.client.get(address) for _ in range(4)]
    assert [each.status_code for each in found] == [303, 303, 409, 303]
    assert "This is changing just now" in text_of(found[2])
    assert "CARTER" not in text_of(found[2])
    monkeypatch.undo()
    assert sides.ward.client.get(address).status_code == 200


def test_a_form_that_comes_back_is_not_shown_either(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent once more as a GET it would lose what was sent without a word: it is said."""
    referral = sides.sent()
    made = rendering(monkeypatch, views_referrals, lambda: sides.ward.refuse("connect-care"))
    address = reverse("decline-referral", args=[referral])
    answer = sides.worker_client.post(address, {"after": "1", "submission": str(uuid4())})
    assert "CARTER" in made[0].content.decode()
    assert answer.status_code == 409
    assert "CARTER" not in text_of(answer)


# ── Views that forget ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def forgetful(settings: LazySettings) -> Callable[[Any], str]:
    """``forgetful(view)``: the address of a view of a test's own, among the others."""
    from connectcare.urls import urlpatterns as there

    def at(view: Any) -> str:
        class Urls:
            urlpatterns = [path("forgetful/<uuid:resident>", view, name="forgetful"), *there]

        settings.ROOT_URLCONF = Urls
        return "/forgetful/"

    return at


def test_a_view_that_asks_the_gate_and_is_in_no_registry_shows_nothing(
    sides: Sides, forgetful: Callable[[Any], str]
) -> None:
    @needs(Activity.READ_RECORDS)
    def view(request: Any, resident: Any) -> HttpResponse:
        return HttpResponse(str(gate.consider(request.acting, resident).is_open))

    address = forgetful(view) + str(sides.resident)
    with pytest.raises(NotRegistered, match="@shows_record"):
        sides.ward.client.get(address)
    sides.ward.client.raise_request_exception = False
    answer = sides.ward.client.get(address)
    assert answer.status_code == 500
    assert "True" not in text_of(answer)


def test_a_stream_does_not_leave_after_the_last_question(
    sides: Sides, forgetful: Callable[[Any], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.showing.SHOWING", dict(SHOWING))

    @needs(Activity.READ_RECORDS)
    @shows_record("forgetful")
    def view(request: Any, resident: Any) -> StreamingHttpResponse:
        gate.consider(request.acting, resident)
        return StreamingHttpResponse(iter([b"x"]))

    with pytest.raises(LeavesTransaction):
        sides.ward.client.get(forgetful(view) + str(sides.resident))
