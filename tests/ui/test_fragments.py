"""A part of a page is the page's own; anything else that answers is shown as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.records.conftest import *  # noqa: F403 - its fixtures: a ward and its resident
from tests.records.conftest import Ward
from ui.fragments import FragmentsLeadToPages

ASKED = {"HX-Request": "true"}


def answered(response: HttpResponse, **headers: str) -> HttpResponse:
    def view(request: HttpRequest) -> HttpResponse:
        return response

    request = RequestFactory().get("/record/x?page=2", headers=headers)
    return FragmentsLeadToPages(view)(request)


def test_a_page_is_answered_as_it_is() -> None:
    for headers in ({}, ASKED):
        answer = answered(HttpResponse("page"), **headers)
        assert answer.content == b"page"
        assert "HX-Redirect" not in answer
        assert answer["Vary"] == "HX-Request"


def test_a_redirect_leads_the_browser_and_not_the_part() -> None:
    assert answered(HttpResponseRedirect("/sign-in?next=/x")).status_code == 302
    sent = answered(HttpResponseRedirect("/sign-in?next=/x"), **ASKED)
    assert (sent.status_code, sent.content) == (200, b"")
    assert sent["HX-Redirect"] == "/sign-in?next=/x"


def test_a_refusal_is_asked_for_again_as_a_page_and_none_of_it_leaves() -> None:
    for status in (403, 404, 409, 500):
        sent = answered(HttpResponse("why not", status=status), **ASKED)
        assert sent["HX-Redirect"] == "/record/x?page=2"
        assert sent.content == b""
        assert answered(HttpResponse("why not", status=status)).content == b"why not"


def test_cookies_are_kept_on_the_way() -> None:
    response = HttpResponseRedirect("/sign-in")
    response.delete_cookie("session")
    assert answered(response, **ASKED).cookies["session"]["max-age"] == 0


def test_a_session_that_is_over_leads_a_part_to_sign_in(ward: Ward) -> None:
    ward.open()
    address = reverse("timeline", kwargs={"resident": ward.resident.public_id})
    assert ward.client.get(address, headers=ASKED).status_code == 200
    ward.client.post(reverse("sign-out"))
    answer = ward.client.get(address, headers=ASKED)
    assert answer["HX-Redirect"] == f"/sign-in?next={address}"
    assert answer.content == b""


def test_a_look_that_is_over_leads_a_part_to_the_page_that_says_so(ward: Ward) -> None:
    address = reverse("timeline", kwargs={"resident": ward.resident.public_id})
    answer = ward.client.get(address, headers=ASKED)
    assert answer["HX-Redirect"] == address
    assert answer.content == b""


def test_a_part_has_the_same_answer_as_its_page(ward: Ward) -> None:
    """No other view, no other gate: the bytes are the page's, but for nonces and tokens."""
    ward.open()
    address = reverse("timeline", kwargs={"resident": ward.resident.public_id})
    page, part = (ward.client.get(address, headers=each) for each in ({}, ASKED))
    assert len(page.content) == len(part.content)


def configured(client: Client, address: str) -> dict[str, Any]:
    content = client.get(address).content.decode()
    _, _, after = content.partition('name="htmx-config"')
    return dict(json.loads(after.partition("content='")[2].partition("'")[0]))


def test_the_script_keeps_nothing_and_evaluates_nothing(ward: Ward) -> None:
    ward.open()
    address = reverse("timeline", kwargs={"resident": ward.resident.public_id})
    assert configured(ward.client, address) == {
        "historyCacheSize": 0,
        "refreshOnHistoryMiss": True,
        "allowEval": False,
        "includeIndicatorStyles": False,
        "selfRequestsOnly": True,
    }


def test_the_script_is_pinned_and_comes_from_here() -> None:
    package = json.loads((Path(settings.BASE_DIR) / "package.json").read_text(encoding="utf-8"))
    assert package["dependencies"]["htmx.org"][:1].isdigit()
