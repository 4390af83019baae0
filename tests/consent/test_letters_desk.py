"""The desk that prints and posts letters: its own alone, asked anew at the moment of each step."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from consent.models import Letter, PostNote
from consent.post import SETTLED_BY, HeldBecause, ToldHow
from consent.vocabulary import Kind
from organisations.models import Membership
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import World, acting, record
from tests.consent.letter_desk import Desk, words_of


@pytest.fixture
def desk(world: World, as_login: AsLogin) -> Desk:
    return Desk(world, as_login)


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.staff)
    return client


def page(client: Client, name: str, *ids: Any) -> BeautifulSoup:
    response = client.get(reverse(name, args=ids))
    assert response.status_code == 200, response.status_code
    return BeautifulSoup(response.content, "html.parser")


def words(soup: BeautifulSoup) -> str:
    return " ".join(soup.main.get_text(" ").split())


def state(desk: Desk, choice: Any) -> str:
    with desk.as_login("pipeline"):
        return Letter.objects.get(choice=choice).state


def printed(client: Client, **data: str) -> dict[str, str]:
    """What a download holds: the words of each file by its name."""
    response = client.post(reverse("print-letters"), data)
    assert response["Content-Type"] == "application/zip"
    assert response["Cache-Control"] == "no-store"
    with ZipFile(BytesIO(response.content)) as zipped:
        return {name: words_of(zipped.read(name)) for name in zipped.namelist()}


def post(client: Client, *letters: Letter) -> BeautifulSoup:
    response = client.post(
        reverse("letters-posted"), {"letters": [str(each.public_id) for each in letters]}
    )
    return BeautifulSoup(response.content, "html.parser")


def test_a_letter_is_printed_posted_and_gone_from_the_desk(desk: Desk, run_sql: Any) -> None:
    desk.live_at()
    choice = desk.choose()
    letter = desk.made(choice)
    client = signed_in(desk.world.adviser)
    assert choice.reference in words(page(client, "letters"))

    files = printed(client)
    assert list(files) == [f"{choice.reference}.pdf"]
    assert "7 Canary Row" in files[f"{choice.reference}.pdf"]
    # It is not printed twice by itself, but again where somebody asks for it.
    again = client.post(reverse("print-letters"))
    assert (again.status_code, again["Location"]) == (302, "/letters?nothing")
    assert printed(client, again="yes") == files

    assert "1 marked as posted" in words(post(client, letter))
    assert state(desk, choice) == "sent"
    assert choice.reference not in words(page(client, "letters"))
    assert "0 marked as posted" in words(post(client, letter))
    story = words(page(client, "resident-choices", desk.world.resident.public_id))
    assert "Letter Sent on" in story
    events = run_sql("admin").execute(
        "select action, residents, staff_id from audit_event where action like 'letter%'"
        " and cardinality(residents) > 0 order by id"
    )
    whose, who = [desk.world.resident.pk], desk.world.adviser.staff_id
    assert events.fetchall() == [
        ("letters-opened", whose, who),
        ("letters-opened", whose, who),
        ("letters-sent", whose, who),
    ]


def test_an_unprinted_letter_is_not_marked_as_posted(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    post(signed_in(desk.world.adviser), desk.made(choice))
    assert state(desk, choice) != "sent"


def test_another_desk_neither_sees_nor_prints_nor_posts_it(desk: Desk) -> None:
    desk.live_at()
    choice = desk.about_council(Kind.SOCIAL_CARE_SHARING)
    letter = desk.made(choice)
    printed(signed_in(desk.world.adviser))
    for other in (desk.world.other_adviser, desk.world.trust_adviser):
        client = signed_in(other)
        assert choice.reference not in words(page(client, "letters"))
        for name in ("letter", "letter-pdf", "letter-large-print", "settle-letter"):
            assert client.get(reverse(name, args=[letter.public_id])).status_code == 404
        post(client, letter)
    assert state(desk, choice) == "ready"


def test_a_letter_of_the_public_form_is_the_trusts_and_no_councils(desk: Desk) -> None:
    desk.live_at()
    choice = desk.ask_on_the_public_form()
    letter = desk.made(choice)
    assert choice.reference in words(page(signed_in(desk.world.trust_adviser), "letters"))
    for other in (desk.world.adviser, desk.world.other_adviser):
        client = signed_in(other)
        assert choice.reference not in words(page(client, "letters"))
        assert client.get(reverse("letter", args=[letter.public_id])).status_code == 404


def test_who_may_not_send_letters_is_let_in_nowhere(desk: Desk) -> None:
    client = signed_in(desk.world.nurse)
    assert client.get(reverse("letters")).status_code == 403


@pytest.mark.parametrize("change", ["address", "protected", "unsafe", "died"])
def test_what_changes_after_printing_is_taken_out_of_the_pile(desk: Desk, change: str) -> None:
    desk.live_at()
    choice = desk.choose()
    letter = desk.made(choice)
    client = signed_in(desk.world.adviser)
    printed(client)
    if change == "address":
        desk.live_at("1 Elsewhere")
    elif change == "unsafe":
        desk.note("do-not-send", "others-read")
    else:
        desk.change(**({"protection": "R"} if change == "protected" else {"deceased": True}))
    told = words(post(client, letter))
    assert "0 marked as posted" in told
    assert "Do not post these" in told
    assert choice.reference in told
    assert state(desk, choice) == "to-make"


@pytest.mark.parametrize("change", ["protected", "unsafe"])
def test_what_changes_before_printing_is_not_printed(desk: Desk, change: str) -> None:
    desk.live_at()
    choice = desk.choose()
    letter = desk.made(choice)
    if change == "unsafe":
        desk.note("do-not-send", "asked")
    else:
        desk.change(protection="R")
    client = signed_in(desk.world.adviser)
    assert client.get(reverse("letter-pdf", args=[letter.public_id])).status_code == 404
    assert client.post(reverse("print-letters"))["Location"] == "/letters?nothing"


def test_each_letter_of_a_pile_is_of_one_person(desk: Desk) -> None:
    desk.live_at()
    with desk.as_login("pipeline"):
        other = factories.resident("Zzyzxcanary", "Quillian", postcode="SE1 9ZZ")
    desk.live_at("99 Otherbird Walk", postcode="SE1 9ZZ", whose=other)
    first = desk.choose()
    second = record(
        acting(desk.world.adviser),
        replace(desk.world, resident=other),
        explanation=first.explanation,
    )
    for choice in (first, second):
        desk.made(choice)
    files = printed(signed_in(desk.world.adviser))
    ruth, quillian = files[f"{first.reference}.pdf"], files[f"{second.reference}.pdf"]
    assert "Carter" in ruth
    assert "Zzyzxcanary" in quillian
    assert not any(word in ruth for word in ("Zzyzxcanary", "Otherbird", second.reference))
    assert not any(word in quillian for word in ("Carter", "Canary Row", first.reference))


def test_large_print_goes_to_whom_it_is_noted_for(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    desk.note("large-print")
    desk.made(choice)
    client = signed_in(desk.world.adviser)
    assert "large print" in words(page(client, "letters"))
    (said,) = printed(client).values()
    assert "page 1 of 3" in said


# ── Held ────────────────────────────────────────────────────────────────────────────────────


def test_a_held_letter_says_whose_it_is_and_what_to_do_and_is_dealt_with(desk: Desk) -> None:
    desk.live_at()
    choice = desk.choose()
    desk.change(protection="R")
    letter = desk.made(choice)
    client = signed_in(desk.world.adviser)
    told = words(page(client, "letters"))
    assert "Their address is protected" in told
    assert "CARTER" in told.upper()
    assert "Ask your privacy officer" in told
    address = reverse("settle-letter", args=[letter.public_id])
    form = page(client, "settle-letter", letter.public_id)
    offered = {each["value"] for each in form.select("input[name=how]")}
    assert offered == {"in-person", "phone"}
    assert "There is a problem" in client.post(address).content.decode()
    # What is not offered is not taken either.
    assert "There is a problem" in client.post(address, {"how": "own-system"}).content.decode()
    assert client.post(address, {"how": "phone"}).status_code == 302
    assert state(desk, choice) == "told"
    assert "Told on the phone" in words(
        page(client, "resident-choices", desk.world.resident.public_id)
    )


def test_the_database_refuses_to_settle_a_letter_in_a_way_that_is_not_allowed(
    desk: Desk, run_sql: Any
) -> None:
    desk.live_at()
    choice = desk.choose()
    desk.change(deceased=True)
    letter = desk.made(choice)
    by = desk.world.adviser
    web = run_sql("web")
    with pytest.raises(psycopg.errors.CheckViolation):
        web.execute(
            "select access.settle_letter(%s, %s, %s, 'own-system', gen_random_uuid())",
            [by.staff_id, by.pk, letter.public_id],
        )


def test_every_reason_has_a_way_to_deal_with_it() -> None:
    assert set(SETTLED_BY) == set(HeldBecause)
    assert all(set(ways) <= set(ToldHow) and ways for ways in SETTLED_BY.values())


def test_an_adviser_notes_that_letters_are_not_safe(desk: Desk, run_sql: Any) -> None:
    desk.live_at()
    choice = desk.choose()
    desk.made(choice)
    client = signed_in(desk.world.adviser)
    resident = desk.world.resident.public_id
    address = reverse("how-to-write", args=[resident])
    refused = client.post(address, {"post": "do-not-send"})
    assert "Choose why no letters should be sent" in refused.content.decode()
    client.post(address, {"post": "do-not-send", "because": "others-read"})
    assert state(desk, choice) == "to-make"
    assert "Held: letters are not safe" in words(page(client, "resident-choices", resident))
    assert desk.made(choice).held_because == HeldBecause.POST_UNSAFE
    client.post(address, {"post": "large-print", "because": "others-read"})
    assert desk.made(choice).in_large_print
    with desk.as_login("pipeline"):
        notes = PostNote.objects.order_by("pk").values_list("post", "because")
        assert list(notes) == [("do-not-send", "others-read"), ("large-print", "")]
    events = run_sql("admin").execute(
        "select reason, resident_id from audit_event where action = 'post-noted' order by id"
    )
    assert events.fetchall() == [
        ("do-not-send", desk.world.resident.pk),
        ("large-print", desk.world.resident.pk),
    ]


def test_without_a_glimpse_of_the_choices_nothing_is_told_and_nothing_noted(
    desk: Desk, run_sql: Any
) -> None:
    desk.choose()
    web, by = run_sql("web"), desk.world.adviser
    resident = desk.world.resident.pk
    asked = web.execute("select access.letters_of_resident(%s)", [resident]).fetchall()
    assert asked == [(None,)]
    noted = web.execute(
        "select access.note_post(%s, %s, %s, 'do-not-send', 'asked', gen_random_uuid())",
        [by.staff_id, by.pk, resident],
    ).fetchall()
    assert noted == [(False,)]


def test_what_was_sent_is_not_opened_once_the_address_is_protected(
    desk: Desk, as_login: AsLogin, world: World
) -> None:
    desk.live_at()
    choice = desk.choose()
    letter = desk.made(choice)
    client = signed_in(world.adviser)
    printed(client)
    post(client, letter)
    assert client.get(reverse("letter", args=[letter.public_id])).status_code == 200
    desk.change(protection="R")
    assert client.get(reverse("letter", args=[letter.public_id])).status_code == 404
    assert state(desk, choice) == "sent"
