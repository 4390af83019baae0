"""The walker that every page, address and log line of the tests passes finds what it must."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.test import Client

from region.people_of_note import PEOPLE_OF_NOTE
from tests.factories import made_up_nhs_number
from tests.numbers_told import Listening, numbers_in, of_note_in, words_of

NUMBER = made_up_nhs_number(7)
SHOWN = f"{NUMBER[:3]}\u00a0{NUMBER[3:6]}\u00a0{NUMBER[6:]}"


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (f"<p>NHS No. {NUMBER}</p>", [NUMBER]),
        (f"<p>NHS No. {SHOWN}</p>", []),
        (f'<input value="{NUMBER}">', []),  # what somebody typed comes back as they typed it
        (f"<p>{NUMBER}1 or {int(NUMBER) + 1}</p>", []),
        (f"<script>'{NUMBER}'</script>", []),
    ],
)
def test_a_number_on_a_page_has_its_one_form(page: str, found: list[str]) -> None:
    assert numbers_in(words_of(HttpResponse(page))) == found


@pytest.mark.usefixtures("database")
def test_an_address_with_a_number_fails_whoever_asks_for_it() -> None:
    with pytest.raises(AssertionError, match="address"):
        Client().get("/participating-organisations", {"q": NUMBER})
    with pytest.raises(AssertionError, match="address"):
        Client().get(f"/residents/{NUMBER}")


def test_an_opaque_id_is_no_number_and_hides_none() -> None:
    opaque = f"3e91f17b-2ad3-5bd1-9505-0b{NUMBER}"
    assert numbers_in(f"/record/{opaque}/item/{opaque}") == []
    assert numbers_in(f"/record/{opaque}/{NUMBER}") == [NUMBER]


def test_a_log_line_with_a_number_is_heard() -> None:
    ear = Listening()
    ear.handle(logging.makeLogRecord({"msg": "found %s", "args": (NUMBER,), "name": "x"}))
    ear.handle(logging.makeLogRecord({"msg": "found somebody", "name": "x"}))
    assert len(ear.heard) == 1
    assert NUMBER not in ear.heard[0]


def test_a_canary_is_heard_in_a_log_line_a_task_and_an_e_mail(mailoutbox: list[Any]) -> None:
    ear = Listening()  # by itself: this test's own ear would hear it as well
    ear.handle(logging.makeLogRecord({"msg": "for %s", "args": ("Zzyzxcanary",), "name": "x"}))
    ear.published("a.task", body=((7, "SE13 6LH"), {}, {}))
    ear.published("another.task", body=((7,), {}, {}))
    words = ("1 Sample Street", "Alert AL-1")
    mailoutbox.extend(EmailMessage("Connect Care", each) for each in words)
    ear.mails()
    assert ear.heard == ["x: 'for %s'", "the arguments of a.task", "an e-mail"]
    mailoutbox.clear()


def test_a_process_s_log_is_searched_for_the_made_up_region() -> None:
    note = PEOPLE_OF_NOTE[0]
    lines = [f"opened {note.nhs_number}", "opened 7", f"no {note.family.upper()}"]
    assert of_note_in("\n".join(lines)) == [lines[0], lines[2]]
