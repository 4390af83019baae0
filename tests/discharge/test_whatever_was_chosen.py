"""No choice of a resident's blocks a referral, and a referral opens nothing that they closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import chain
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import gate
from access.acting import Acting
from access.decision import Decision, Reason
from access.gate import consider
from access.models import CareRelationship
from access.rules import decide
from discharge import referrals
from discharge.models import Referral
from identity.merging import merge
from identity.models import Cause, Resident
from identity.selectors import resident
from organisations.categories import Category
from records.sections import SECTIONS
from tests import factories
from tests.discharge.conftest import NEEDS, Sides
from tests.records.conftest import page_of, text_of

Connect = Callable[[str], psycopg.Connection]
Choice = Callable[[Sides], None]
NAME, BORN = "CARTER, Ruth (Mrs)", "03-Mar-1941"
ENTRY = "Qzword of an entry"

_OF_THE_MOMENT = re.compile(
    rb'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"'
    rb'|name="submission"\s+value="[^"]*"|content="\d+; url|data-[a-z-]+="[^"]*"'
)


def opts_out(sides: Sides) -> None:
    sides.ward.refuse("connect-care")


def objects(sides: Sides) -> None:
    sides.ward.refuse("nhs-number", sides.ward.council)


def both(sides: Sides) -> None:
    opts_out(sides)
    objects(sides)


EITHER = pytest.mark.parametrize(
    "choice", [opts_out, objects, both], ids=lambda choice: choice.__name__
)


def number_of(sides: Sides) -> str:
    with sides.as_login("pipeline"):
        return str(sides.ward.resident.nhs_numbers.get().number)


def says_no_more_than_the_ward(page: HttpResponse, sides: Sides, number: str) -> None:
    """What a page of a referral says of somebody whose record is closed to its reader."""
    assert page.status_code == 200
    body, words = page.content.decode(), text_of(page)
    assert NAME in words
    identifiers = page_of(page).select_one(".app-person__identifiers")
    assert identifiers is not None
    assert identifiers.get_text(" ").split() == ["Born", BORN]
    assert number not in body.replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    for told in (ENTRY, "Sample Street", "SE13", "Female", "female", str(sides.resident)):
        assert told not in body, told
    addresses = [
        link.get("href") or link.get("action") for link in page_of(page).select("a, form[action]")
    ]
    assert not any(
        "/records/" in each or "discharge-planning" in each for each in addresses if each
    )


def entries_of_everybody(sides: Sides) -> None:
    """Each source holds something that nobody may be shown now."""
    ward = sides.ward
    for source in (ward.trust, ward.practice):
        ward.entry(ward.person(source), Category.DIAGNOSES, ENTRY)
    with sides.as_login("pipeline"):
        for source in (ward.trust, ward.practice):
            factories.agreement(source, ward.council, Category)


# ── Sent before ─────────────────────────────────────────────────────────────────────────────


@EITHER
def test_what_was_sent_stays_with_both_sides(sides: Sides, choice: Choice) -> None:
    made, number = sides.sent(), number_of(sides)
    entries_of_everybody(sides)
    choice(sides)
    readers = {sides.worker_client: "Acknowledge it when your team has it"}
    if choice is not objects:
        readers[sides.ward.client] = "Until somebody does, do not rely on it: ring."
    for client, next_step in readers.items():
        page = sides.page(client, made)
        says_no_more_than_the_ward(page, sides, number)
        words = text_of(page)
        assert NEEDS in words
        assert next_step in words
        assert "By the person’s choice, this referral opens no record." in words
        inbox = client.get(reverse("inbox"))
        assert NAME in text_of(inbox)
        assert number not in inbox.content.decode()
        assert str(sides.resident) not in inbox.content.decode()


@EITHER
def test_each_side_goes_on_with_it(sides: Sides, choice: Choice) -> None:
    made, number = sides.sent(), number_of(sides)
    choice(sides)
    ward, worker = sides.ward.client, sides.worker_client
    for name in ("acknowledge", "decline"):
        asked = worker.get(reverse(f"{name}-referral", args=[made]))
        says_no_more_than_the_ward(asked, sides, number)
    assert sides.takes(worker, "acknowledge", made).status_code == 302
    for client in (ward, worker):
        assert ": acknowledged" in text_of(sides.page(client, made))
    more = {"needs": f"{NEEDS}, and meals", "phone": "020 7946 0501", "told": "agrees"}
    assert sides.takes(ward, "update", made, **more).status_code == 302
    assert "and meals" in text_of(sides.page(worker, made))
    assert sides.takes(ward, "withdraw", made, because="stays").status_code == 302
    assert "They are not leaving hospital for now" in text_of(sides.page(ward, made))
    assert sides.page(worker, made).status_code == 404, "its right ended with the referral"


@EITHER
def test_declined_the_ward_reads_why(sides: Sides, choice: Choice) -> None:
    made = sides.sent()
    choice(sides)
    declined = sides.takes(sides.worker_client, "decline", made, because="not-our-area")
    assert declined.status_code == 302
    words = text_of(sides.page(sides.ward.client, made))
    assert "They live in another council’s area" in words
    assert sides.page(sides.worker_client, made).status_code == 404
    assert sides.sends().status_code == 302, "another one may be sent"


def test_opting_back_in_shows_what_may_be_shown(sides: Sides) -> None:
    made = sides.sent()
    before = text_of(sides.page(sides.worker_client, made))
    opts_out(sides)
    with sides.as_login("pipeline"):
        factories.choice(sides.ward.resident, "connect-care", "consents", by=sides.ward.adviser)
    assert text_of(sides.page(sides.worker_client, made)) == before
    assert opens(sides.worker_client, sides)


# ── Sent after ──────────────────────────────────────────────────────────────────────────────


def test_the_page_of_an_opt_out_offers_a_referral_to_who_may_refer(sides: Sides) -> None:
    opts_out(sides)
    refer = reverse("send-referral", args=[sides.resident])
    page = sides.ward.open()
    assert page.status_code == 403
    link = page_of(page).select_one(f'a[href="{refer}"]')
    assert link is not None
    assert link.get_text() == "Refer to a council’s team"
    with sides.as_login("pipeline"):
        CareRelationship.objects.update(valid_until=timezone.now())
    page = sides.ward.open()
    assert "This record is not shared on Connect Care, by choice." in text_of(page)
    assert refer not in page.content.decode()


def test_the_page_of_an_opt_out_offers_it_to_nobody_but_a_trust(sides: Sides) -> None:
    with sides.as_login("pipeline"):
        factories.relationship(sides.ward.resident, sides.ward.council, sides.team)
    opts_out(sides)
    opened = sides.worker_client.post(reverse("open-record"), {"resident": str(sides.resident)})
    page = sides.worker_client.get(opened["Location"])
    assert "This record is not shared on Connect Care, by choice." in text_of(page)
    assert "Refer to a council’s team" not in text_of(page)
    refer = reverse("send-referral", args=[sides.resident])
    assert sides.worker_client.get(refer).status_code == 404
    assert sides.worker_client.post(refer, sides.fields()).status_code == 404


def test_a_ward_refers_somebody_who_opted_out(sides: Sides) -> None:
    opts_out(sides)
    entries_of_everybody(sides)
    number = number_of(sides)
    refer = reverse("send-referral", args=[sides.resident])
    form, check = sides.ward.client.get(refer), sides.sends(step="")
    assert "by their choice, their record stays closed to it" in text_of(form)
    assert "Check and send" in text_of(check)
    for page in (form, check):
        identifiers = page_of(page).select_one(".app-person__identifiers")
        assert identifiers is not None
        assert identifiers.get_text(" ").split() == ["Born", BORN]
        assert number not in page.content.decode()
        # The way back is to the page that they came from, which says that it is closed.
        assert reverse("discharge-planning", args=[sides.resident]) not in _links(page)
        assert reverse("record", args=[sides.resident]) in _links(page)
    made = sides.sent()
    for client in (sides.ward.client, sides.worker_client):
        page = sides.page(client, made)
        says_no_more_than_the_ward(page, sides, number)
        assert NEEDS in text_of(page)
        assert NAME in text_of(client.get(reverse("inbox")))
    assert not opens(sides.worker_client, sides)
    assert not opens(sides.ward.client, sides)


def _links(page: HttpResponse) -> list[str]:
    return [str(link["href"]) for link in page_of(page).select("a[href]")]


def test_an_objection_to_the_number_is_told_to_no_ward(sides: Sides) -> None:
    """Its pages are the same bytes, before it sends and after, whatever a council may not use."""
    refer, inbox = reverse("send-referral", args=[sides.resident]), reverse("inbox")

    def asked(*more: str) -> list[bytes]:
        sides.ward.open()
        planning = reverse("discharge-planning", args=[sides.resident])
        return [
            _OF_THE_MOMENT.sub(b"", sides.ward.client.get(address).content)
            for address in (refer, inbox, planning, *more)
        ]

    def followed(made: UUID) -> list[str]:
        return [
            reverse("referral", args=[made]),
            *(reverse(f"{name}-referral", args=[made]) for name in ("update", "withdraw")),
        ]

    first = asked()
    made = sides.sent()
    second = asked(*followed(made))
    objects(sides)
    sides.ward.refuse("social-care-sharing", sides.ward.council)
    assert asked(*followed(made)) == second
    sides.takes(sides.ward.client, "withdraw", made, because="in-error")
    withdrawn = asked()
    assert withdrawn[0] == first[0]
    again = sides.sent()
    assert again != made
    assert NEEDS in text_of(sides.page(sides.worker_client, again))


# ── What it does not open ───────────────────────────────────────────────────────────────────


def opens(client: Client, sides: Sides) -> bool:
    opened = client.post(reverse("open-record"), {"resident": str(sides.resident)})
    return bool(client.get(opened["Location"]).status_code == 200)


@EITHER
@pytest.mark.parametrize("first", ["the choice", "the referral"])
def test_the_teams_care_relationship_opens_nothing(
    sides: Sides, choice: Choice, first: str
) -> None:
    entries_of_everybody(sides)
    if first == "the choice":
        choice(sides)
    made = sides.sent()
    if first == "the referral":
        assert opens(sides.worker_client, sides), "but for the choice it would"
        choice(sides)
    with sides.as_login("pipeline"):
        held = CareRelationship.objects.get(from_feeds=False)
    assert held.kind == "discharge-referral"
    assert held.valid_until is not None
    assert held.valid_until > timezone.now()
    assert sides.page(sides.worker_client, made).status_code == 200

    assert consider(Acting.of(sides.worker), sides.resident).reason in (
        Reason.OPTED_OUT,
        Reason.COUNCIL_MAY_NOT_USE_NUMBER,
    )
    assert not opens(sides.worker_client, sides)
    for address in every_door(sides.resident):
        page = sides.worker_client.get(address)
        assert page.status_code in (403, 404, 405), address
        assert ENTRY not in page.content.decode()


@EITHER
def test_the_database_shows_no_entry_by_it_whatever_was_decided(
    sides: Sides, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision that forgot the choice, with the referral's care relationship to stand on."""
    entries_of_everybody(sides)
    sides.sent()
    acting = Acting.of(sides.worker)

    def entries_with(decision: Decision) -> int:
        with (
            monkeypatch.context() as patched,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            patched.setattr(gate, "_decided", lambda *_: decision)
            gate.open_record(acting, sides.resident, look=uuid4(), request_id=str(uuid4()))
            cursor.execute("select count(*) from records_entry")
            return int(cursor.fetchone()[0])

    assert entries_with(consider(acting, sides.resident)) > 0
    choice(sides)
    forgetful = decide(replace(consider(acting, sides.resident).facts, refusals=frozenset()))
    assert forgetful.is_open
    assert forgetful.relationship is not None
    assert forgetful.relationship.kind == "discharge-referral"
    assert entries_with(forgetful) == 0


def every_door(resident: UUID) -> list[str]:
    """Each page of a record that needs nothing but the resident, and each section."""
    sections = (
        reverse("record-section", kwargs={"resident": resident, "category": section.slug})
        for section in SECTIONS
    )
    pages = (
        reverse(name, kwargs={"resident": resident})
        for name in ("record", "timeline", "discharge-planning", "print-record", "find-in-record")
    )
    return list(chain(pages, sections))


@EITHER
def test_who_is_not_involved_any_more_reads_nothing(sides: Sides, choice: Choice) -> None:
    made = sides.sent()
    choice(sides)
    with sides.as_login("pipeline"):
        CareRelationship.objects.update(valid_until=timezone.now())
    clients = [sides.worker_client] + ([] if choice is objects else [sides.ward.client])
    for client in clients:
        assert sides.page(client, made).status_code == 404
        assert NAME not in text_of(client.get(reverse("inbox")))
    assert sides.sends().status_code == 404


def test_the_database_asks_who_is_involved_itself(sides: Sides, run_sql: Connect) -> None:
    """A page that forgets to: someone of the trust who has nothing to do with them gets nothing."""
    made = sides.sent()
    opts_out(sides)
    with sides.as_login("pipeline"):
        ward = factories.team(sides.ward.trust, "Another ward")
        other = factories.membership(at=sides.ward.trust, as_role="nurse", in_team=ward)
    involved, elsewhere = Acting.of(sides.ward.nurse), Acting.of(other)
    decision = consider(involved, sides.resident)

    def reads(acting: Acting) -> Any:
        return referrals.read_one(acting, made, decision, sides.resident, request_id=str(uuid4()))

    def withdraws(acting: Acting) -> str:
        return referrals.follow(
            acting,
            decision,
            made,
            step=referrals.Step.WITHDRAWN,
            after=1,
            because="stays",
            submission=uuid4(),
            request_id=str(uuid4()),
        )

    assert reads(involved)
    assert reads(elsewhere) is None
    assert withdraws(elsewhere) == "not-known"
    assert withdraws(involved) == "done"
    web = run_sql("web")
    for asked in ("may_follow_referral(1, 1, 1, 1)", "is_withheld_from(1, 1)"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"select access.{asked}")
        web.rollback()


@EITHER
def test_the_database_keeps_the_number_back_itself(sides: Sides, choice: Choice) -> None:
    """A page that shows all that it can: the number is not glimpsed with the referral."""
    made = sides.sent()
    acting = Acting.of(sides.worker)

    def number_seen() -> str | None:
        decision = consider(acting, sides.resident)
        with transaction.atomic():
            assert referrals.read_one(
                acting, made, decision, sides.resident, request_id=str(uuid4())
            )
            seen = resident(sides.ward.resident.pk)
        assert seen is not None
        assert (seen.address_lines, seen.postcode, seen.phone) == ((), "", "")
        return seen.nhs_number

    assert number_seen() == number_of(sides)
    choice(sides)
    assert number_seen() is None


@pytest.mark.parametrize("choice", [opts_out, objects], ids=lambda choice: choice.__name__)
def test_a_choice_that_commits_while_it_is_read_takes_all_but_the_referral(
    sides: Sides, monkeypatch: pytest.MonkeyPatch, choice: Choice
) -> None:
    made, number = sides.sent(), number_of(sides)
    considers, left = gate.consider, [choice]

    def decides_then_they_choose(acting: Acting, resident: UUID) -> Decision:
        decision = considers(acting, resident)
        if left:
            assert decision.is_open
            left.pop()(sides)
        return decision

    monkeypatch.setattr(gate, "consider", decides_then_they_choose)
    thrown_away = sides.page(sides.worker_client, made)
    assert left == []
    # What was decided first no longer holds when the page is whole: it is asked for once more.
    assert (thrown_away.status_code, thrown_away.content) == (303, b"")
    page = sides.page(sides.worker_client, made)
    says_no_more_than_the_ward(page, sides, number)
    assert NEEDS in text_of(page)


def test_a_choice_that_commits_while_it_is_read_ends_what_was_decided(sides: Sides) -> None:
    """What was decided with the record open shows nothing more: it is decided anew."""
    made = sides.sent()
    acting = Acting.of(sides.worker)
    decision = consider(acting, sides.resident)
    assert decision.is_open
    opts_out(sides)
    assert not referrals.read_one(acting, made, decision, sides.resident, request_id=str(uuid4()))
    answer = referrals.follow(
        acting,
        decision,
        made,
        step=referrals.Step.ACKNOWLEDGED,
        after=1,
        submission=uuid4(),
        request_id=str(uuid4()),
    )
    assert answer == "changed"


# ── Others, as ever ─────────────────────────────────────────────────────────────────────────


def test_who_is_protected_is_not_referred_here(sides: Sides) -> None:
    made = sides.sent()
    opts_out(sides)
    with sides.as_login("pipeline"):
        Resident.objects.filter(pk=sides.ward.resident.pk).update(protection="R")
    answer = sides.sends()
    assert answer.status_code == 200
    assert "nothing may say where they are" in text_of(answer)
    for client in (sides.ward.client, sides.worker_client):
        words = text_of(sides.page(client, made)).split("Referral on leaving hospital")[1]
        for told in (NEEDS, "Cedar ward", "Test trust", "Hospital social work", "0500", "0600"):
            assert told not in words


def test_of_who_died_long_ago_nothing_is_read(sides: Sides) -> None:
    made = sides.sent()
    opts_out(sides)

    def died(on: date) -> None:
        with sides.as_login("pipeline"):
            Resident.objects.filter(pk=sides.ward.resident.pk).update(deceased=True, deceased_on=on)

    today = timezone.localdate()
    died(today)
    page = sides.page(sides.worker_client, made)
    assert NEEDS in text_of(page)
    assert "Died" not in text_of(page), "the ward says so by withdrawing it"
    died(today - timedelta(days=60))
    for client in (sides.ward.client, sides.worker_client):
        assert sides.page(client, made).status_code == 404
    assert sides.sends().status_code == 404


def test_a_merge_takes_the_referral_along(sides: Sides) -> None:
    made, number = sides.sent(), number_of(sides)
    opts_out(sides)
    with sides.as_login("pipeline"):
        other = factories.resident("Carter", "Ruth", title="Mrs", nhs_number=None)
        factories.source_person(other, sides.ward.trust)
        factories.relationship(other, sides.ward.trust, sides.ward.team, kind="admission")
        merge(
            survivor=other.pk,
            merged=sides.ward.resident.pk,
            cause=Cause.DUPLICATE,
            words="Both are the same person",
            by=sides.ward.nurse.pk,
        )
        assert Referral.objects.get().resident_id == other.pk
    page = sides.page(sides.worker_client, made)
    says_no_more_than_the_ward(page, sides, number)
    assert NEEDS in text_of(page)


def test_who_was_merged_away_is_not_referred(sides: Sides) -> None:
    opts_out(sides)
    with sides.as_login("pipeline"):
        other = factories.resident("Carter", "Ruth", nhs_number=None)
        merge(
            survivor=other.pk,
            merged=sides.ward.resident.pk,
            cause=Cause.DUPLICATE,
            words="Both are the same person",
            by=sides.ward.nurse.pk,
        )
    assert sides.sends().status_code == 404
