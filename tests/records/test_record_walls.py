"""Who is refused the record's pages, what they are told, and that nothing of it leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import facts
from access.gate import Opened
from access.models import CareRelationship
from access.reading import LeavesTransaction
from audit.models import Event
from organisations.categories import Category
from organisations.models import Membership
from records import presenters, views, whose
from tests import factories
from tests.records.conftest import Ward, page_of, text_of

SECRET = "Apixaban 5 mg tablets"


@pytest.fixture
def told(ward: Ward) -> Ward:
    """The ward, with an entry that must not be seen by whoever is refused."""
    ward.entry(ward.person(ward.practice), Category.MEDICATIONS, SECRET)
    return ward


def assert_nothing_shown(response: Any) -> None:
    whole = response.content.decode()
    assert SECRET not in whole
    assert "Carter" not in whole
    assert "CARTER" not in whole
    assert "record-item" not in whole


def events(ward: Ward, action: str) -> list[Event]:
    with ward.as_login("owner"):
        return list(Event.objects.filter(action=action).order_by("id"))


def test_without_relationship_the_page_says_what_would_open_it(told: Ward) -> None:
    with told.as_login("pipeline"):
        CareRelationship.objects.update(
            valid_from=timezone.now() - timedelta(days=9),
            valid_until=timezone.now() - timedelta(days=1),
        )
    response = told.open()
    assert response.status_code == 403
    assert_nothing_shown(response)
    words = text_of(response)
    assert "You cannot open this record" in words
    assert "was discharged from it in the last 28 days" in words
    assert "Cedar ward, Test trust" in words
    (event,) = events(told, "refusal")
    assert (event.reason, event.resident_id) == ("no-relationship", told.resident.pk)


def test_opted_out_is_withheld_by_choice(told: Ward) -> None:
    told.refuse("connect-care")
    response = told.open()
    assert response.status_code == 403
    assert_nothing_shown(response)
    words = text_of(response)
    assert "This record is not shared on Connect Care" in words
    assert "By choice." in words
    assert "Test council: 020 7946 0123" in words


def test_an_opt_out_closes_a_record_that_is_being_read(told: Ward) -> None:
    assert SECRET in text_of(told.open())
    told.refuse("connect-care")
    for response in (told.get(), told.get("record-section", category="medicines")):
        assert response.status_code == 403
        assert_nothing_shown(response)


def test_a_council_that_may_not_use_the_number_is_told_so(told: Ward) -> None:
    with told.as_login("pipeline"):
        team = factories.team(told.council)
        worker = factories.membership(at=told.council, as_role="social-worker", in_team=team)
        factories.relationship(told.resident, told.council, team, kind="allocated-worker")
    told.refuse("nhs-number", told.council)
    told.client = Client()
    told.client.force_login(worker.staff)
    response = told.open()
    assert response.status_code == 403
    assert_nothing_shown(response)
    assert "Your council may not look this person up here" in text_of(response)


def test_someone_not_known_is_the_same_page_as_no_such_address(told: Ward) -> None:
    with told.as_login("pipeline"):
        unknown = factories.resident("Bello", "Ada", known_to_all=False)
    answers = [told.open(unknown)]
    told.client.post(reverse("open-record"), {"resident": str(uuid4())})
    look = told.client.session["look"]
    answers.append(told.client.get(reverse("record", args=[look["resident"]])))
    answers.append(told.client.get("/no-such-address"))
    assert {answer.status_code for answer in answers} == {404}
    assert len({text_of(answer) for answer in answers}) == 1


def test_a_membership_that_ended_opens_nothing(told: Ward) -> None:
    told.open()
    with told.as_login("owner"):
        Membership.objects.filter(pk=told.nurse.pk).update(state="suspended")
    response = told.get()
    assert_nothing_shown(response)
    assert response.status_code != 200


@pytest.mark.parametrize("who", ["contact-centre-adviser", "registry-administrator"])
def test_roles_that_read_no_records_do_not_reach_it(told: Ward, who: str) -> None:
    with told.as_login("pipeline"):
        membership = factories.membership(at=told.trust, as_role=who, in_team=told.team)
    client = Client()
    client.force_login(membership.staff)
    for response in (
        client.post(reverse("open-record"), {"resident": str(told.resident.public_id)}),
        client.get(reverse("record", args=[told.resident.public_id])),
    ):
        assert response.status_code == 403
        assert_nothing_shown(response)


def test_nobody_signed_in_is_sent_to_sign_in(told: Ward) -> None:
    response = Client().get(reverse("record", args=[told.resident.public_id]))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("sign-in"))


# ── The look ────────────────────────────────────────────────────────────────────────────────


def test_without_a_look_a_button_opens_the_record(told: Ward) -> None:
    response = told.get()
    assert response.status_code == 403
    assert_nothing_shown(response)
    form = page_of(response).find("main").find("form")
    assert form["action"] == reverse("open-record")
    given = {each["name"]: each["value"] for each in form.find_all("input")}
    assert given["resident"] == str(told.resident.public_id)
    assert events(told, "opening") == []


def test_a_look_lasts_fifteen_minutes_and_no_longer(told: Ward) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert told.open().status_code == 200
        clock.shift(timedelta(minutes=settings.LOOK_MINUTES) - timedelta(seconds=1))
        assert told.get().status_code == 200
        clock.shift(timedelta(seconds=1))
        response = told.get()
    assert response.status_code == 403
    assert "Open the record again" in text_of(response)
    assert_nothing_shown(response)


def test_opening_another_record_closes_the_former(told: Ward) -> None:
    other = told.another_resident()
    assert told.open().status_code == 200
    assert "BELLO, Ada" in text_of(told.open(other))
    response = told.get()
    assert response.status_code == 403
    assert_nothing_shown(response)


def test_a_change_of_membership_ends_the_look(told: Ward) -> None:
    with told.as_login("pipeline"):
        second = factories.membership(told.nurse.staff, told.practice, "nurse")
        factories.relationship(told.resident, told.practice, kind="registered-practice")
    session = told.client.session
    session["membership"] = told.nurse.pk
    session.save()
    assert told.open().status_code == 200
    session = told.client.session
    session["membership"] = second.pk
    session.save()
    assert told.get().status_code == 403
    session = told.client.session
    session["membership"] = told.nurse.pk
    session.save()
    assert told.get().status_code == 403, "the look has ended, not only paused"


def test_signing_out_ends_the_look(told: Ward) -> None:
    told.open()
    told.client.post(reverse("sign-out"))
    told.client.force_login(told.nurse.staff)
    assert told.get().status_code == 403


def test_every_request_of_a_look_is_an_opening_of_its_own(told: Ward) -> None:
    told.open()
    told.get("record-section", category="medicines")
    openings = events(told, "opening")
    assert len(openings) == 2
    assert len({event.look for event in openings}) == 1
    assert len({event.request for event in openings}) == 2


def test_opening_needs_a_post_with_a_resident(told: Ward) -> None:
    assert told.client.get(reverse("open-record")).status_code == 405
    assert told.client.post(reverse("open-record"), {"resident": "nobody"}).status_code == 400
    assert told.client.post(reverse("open-record")).status_code == 400


def test_a_record_is_read_by_get_alone(told: Ward) -> None:
    told.open()
    address = reverse("record", args=[told.resident.public_id])
    assert told.client.post(address).status_code == 405
    assert told.client.head(address).status_code == 200


# ── The last question ───────────────────────────────────────────────────────────────────────


def test_an_opt_out_that_commits_while_the_page_is_made_throws_the_page_away(
    told: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.open()
    made: list[Any] = []
    whole = presenters.record_page

    def opt_out_then_make(*args: Any, **kwargs: Any) -> Any:
        page = whole(*args, **kwargs)
        if not made:
            told.refuse("connect-care")  # another connection, committed
        made.append(page)
        return page

    monkeypatch.setattr(presenters, "record_page", opt_out_then_make)
    response = told.get()
    assert len(made) == 1, "the page was made, with the entries that were read before"
    assert response.status_code == 303
    assert response["Location"] == reverse("record", args=[told.resident.public_id])
    assert response.content == b""
    (event,) = events(told, "refusal")
    assert event.reason == "closed-meanwhile"
    final = told.client.get(response["Location"])
    assert final.status_code == 403
    assert_nothing_shown(final)
    assert "By choice." in text_of(final)


def test_facts_that_change_before_the_opening_are_asked_again(
    told: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.open()
    asked = facts.read

    def read_then_change(**who: Any) -> facts.Facts:
        found = asked(**who)
        told.refuse("connect-care")
        return found

    monkeypatch.setattr(facts, "read", read_then_change)
    response = told.get()
    assert response.status_code == 303
    assert response.content == b""
    assert events(told, "refusal")[-1].reason == "changed-meanwhile"
    monkeypatch.undo()
    assert "By choice." in text_of(told.client.get(response["Location"]))


def test_facts_that_keep_changing_end_in_a_page_that_says_so(
    told: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.open()
    whole = presenters.record_page

    def change_then_make(*args: Any, **kwargs: Any) -> Any:
        with told.as_login("pipeline"):
            factories.relationship(told.resident, told.practice, kind="registered-practice")
        return whole(*args, **kwargs)

    monkeypatch.setattr(presenters, "record_page", change_then_make)
    statuses = [told.get().status_code for _ in range(4)]
    assert statuses == [303, 303, 409, 303]
    monkeypatch.undo()
    assert told.get().status_code == 200


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: StreamingHttpResponse(iter([b"x"])),
        lambda request: TemplateResponse(request, "access/withheld_number.jinja", {}),
    ],
    ids=["stream", "unrendered template"],
)
def test_what_would_leave_after_the_transaction_is_refused_loudly(
    told: Ward, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    told.open()
    monkeypatch.setattr(views, "render", lambda request, *_rest: answer(request))
    with pytest.raises(LeavesTransaction):
        told.get()


def test_a_page_under_another_banner_does_not_leave(
    told: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.open()
    seen = whose.identity.resident
    other = told.another_resident()

    def another(resident_id: int) -> Any:
        found = seen(resident_id)
        return (
            None
            if found is None
            else type(found)(
                **{
                    **{name: getattr(found, name) for name in found.__slots__},
                    "public_id": other.public_id,
                }
            )
        )

    monkeypatch.setattr(whose.identity, "resident", another)
    with pytest.raises(LookupError):
        told.get()


def test_a_view_that_forgets_its_own_rules_still_shows_nothing_refused(
    told: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The selectors ask for everything; the wall lets out what was granted."""
    council = told.person(told.council)
    told.entry(council, Category.SOCIAL_CARE_SERVICES, "Home support twice a day")
    told.refuse("social-care-sharing", told.council)
    every = [(each.category, group) for each in presenters.SECTIONS for group in each.groups]
    monkeypatch.setattr(presenters, "wanted_of", lambda decision: every)
    response: HttpResponse = told.open()
    assert response.status_code == 200
    assert "Home support" not in text_of(response)


def test_opened_is_what_a_view_is_given(told: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Opened] = []
    whole = presenters.record_page
    monkeypatch.setattr(
        presenters,
        "record_page",
        lambda opened, *args, **kwargs: (given.append(opened), whole(opened, *args, **kwargs))[1],
    )
    told.open()
    (opened,) = given
    assert opened.resident_id == told.resident.pk
    assert str(opened.look) == told.client.session["look"]["id"]


# ── Why, what would open it, and whom to ask ────────────────────────────────────────────────


def test_a_refused_record_says_what_would_open_it_and_whom_to_ask(told: Ward) -> None:
    with told.as_login("pipeline"):
        type(told.trust).objects.filter(pk=told.trust.pk).update(phone="020 7946 0101")
    told.refuse("connect-care")
    words = text_of(told.open()).replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "This record is not shared on Connect Care, by choice. Use your own system or ring "
        "020 7946 0101 and ask for the privacy officer." in words
    )
    assert "(rule R3.1)" in words
    assert "What would open it The person, or whoever may decide for them, opts back in." in words
    assert "Whom to ask The privacy officer of Test trust: ring 020 7946 0101" in words
