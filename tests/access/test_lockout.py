"""Who fails to sign in too often waits, whoever it is, and nothing is told of anybody by it."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from bs4 import BeautifulSoup
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from access.addresses import where_from
from tests import factories

HERE, ANYWHERE, ADDRESS = settings.SIGN_IN_TRIES
WRONG = "not the password of anybody"
WAIT = "You cannot sign in for now"


@pytest.fixture
def nurse(database, as_login):
    with as_login("pipeline"):
        who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
        factories.membership(who, factories.organisation("Sample Trust"), "nurse")
    return who


def tries(username: str = "nia", password: str = WRONG, address: str = "192.0.2.1") -> Any:
    return Client(REMOTE_ADDR=address).post(
        "/sign-in", {"username": username, "password": password}
    )


def heading(response: Any) -> str:
    return BeautifulSoup(response.content, "html.parser").h1.get_text(strip=True)


def reasons(run_sql: Any) -> list[tuple[str, str, str]]:
    return list(
        run_sql("backup")
        .execute("select action, reason, detail::text from audit_event order by id")
        .fetchall()
    )


def test_after_five_failures_the_right_password_is_not_compared(nurse, run_sql) -> None:
    for _ in range(HERE - 1):
        assert heading(tries()) == "Sign in to Connect Care"
    assert heading(tries()) == WAIT, "the last one is told so"
    answer = tries(password=factories.PASSWORD)
    assert (answer.status_code, heading(answer)) == (429, WAIT)
    assert answer["Retry-After"] == str(settings.SIGN_IN_LOCK_MINUTES * 60)
    account = f'{{"from": "192.0.2.1", "account": {nurse.pk}}}'
    assert reasons(run_sql) == [
        *[("sign-in-failed", "not-recognised", account)] * (HERE - 1),
        *[("sign-in-failed", "locked-out", account)] * 2,
    ]


def test_an_unknown_name_is_locked_out_alike_and_answered_in_the_same_bytes(nurse) -> None:
    def answers(username: str) -> list[tuple[int, str]]:
        told = []
        for _ in range(HERE + 1):
            answer = tries(username)
            page = BeautifulSoup(answer.content, "html.parser")
            for varying in page.select("[name=csrfmiddlewaretoken], script, [name=username]"):
                varying.decompose()
            told.append((answer.status_code, str(page)))
        return told

    assert answers("nia") == answers("nobody-here")


def test_the_time_over_it_is_tried_again_and_trying_meanwhile_makes_it_no_longer(nurse) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        for _ in range(HERE):
            tries()
        clock.shift(timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES - 1))
        assert tries(password=factories.PASSWORD).status_code == 429
        clock.shift(timedelta(minutes=1, seconds=1))
        assert tries(password=factories.PASSWORD).status_code == 302


def test_elsewhere_the_same_person_can_still_sign_in(nurse) -> None:
    for _ in range(HERE):
        tries()
    assert tries(password=factories.PASSWORD, address="192.0.2.2").status_code == 302
    assert tries(password=factories.PASSWORD).status_code == 429, "here the count stands"


def test_many_addresses_together_try_one_name_no_more_than_a_few_times(nurse) -> None:
    for number in range(ANYWHERE):
        assert tries(address=f"192.0.2.{number + 1}").status_code in {200, 429}
    assert tries(password=factories.PASSWORD, address="192.0.2.200").status_code == 429


def test_one_address_tries_no_more_than_so_many_names(nurse, settings) -> None:
    settings.SIGN_IN_TRIES = (HERE, ANYWHERE, 3)
    for number in range(3):
        tries(f"somebody-{number}")
    assert tries(password=factories.PASSWORD).status_code == 429
    assert tries(password=factories.PASSWORD, address="192.0.2.2").status_code == 302


def test_signing_in_forgets_ones_own_failures_and_nobody_elses(nurse) -> None:
    for _ in range(HERE - 1):
        tries()
    tries("somebody-else")
    assert tries(password=factories.PASSWORD).status_code == 302
    assert tries().status_code == 200
    assert AccessAttempt.objects.count() == 2


def test_capitals_and_spaces_make_no_other_name(nurse) -> None:
    for username in ("nia", "NIA", " nia", "Nia ", "nIa"):
        answer = tries(username)
    assert heading(answer) == WAIT


def test_many_at_once_do_not_pass_uncounted(nurse, as_login) -> None:
    ready = Barrier(8)
    codes: list[int] = []

    def one() -> None:
        with as_login("web"):
            connection.ensure_connection()
            ready.wait()
            codes.append(tries().status_code)
        connections.close_all()

    threads = [Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [*[200] * (HERE - 1), *[429] * (8 - HERE + 1)]
    # Whoever is locked out is not counted, nor compared.
    assert AccessAttempt.objects.get().failures_since_start == HERE


def test_nothing_that_was_typed_is_kept_or_logged(nurse, run_sql, caplog) -> None:
    for _ in range(HERE + 1):
        tries(username="My-Passw0rd-in-the-wrong-field", password=WRONG)
    rows = run_sql("admin").execute("select t::text from axes_accessattempt t").fetchall()
    events = run_sql("backup").execute("select t::text from audit_event t").fetchall()
    assert len(rows) == 1
    for kept in (str(rows), str(events), caplog.text):
        assert "passw0rd" not in kept.casefold()
        assert WRONG not in kept
        assert "csrf" not in kept


@pytest.mark.parametrize(
    ("remote", "said"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", "127.0.0.1"),
        ("<script>", "127.0.0.1"),
    ],
)
def test_an_address_is_that_of_the_network(rf, remote, said) -> None:
    assert where_from(rf.get("/", REMOTE_ADDR=remote)) == said


def test_a_header_that_anybody_can_send_is_believed_only_of_the_proxy(rf, settings) -> None:
    request = rf.get("/", HTTP_X_FORWARDED_FOR="203.0.113.9, 192.0.2.9", REMOTE_ADDR="192.0.2.1")
    assert where_from(request) == "192.0.2.1"
    settings.PRODUCTION = True
    assert where_from(request) == "192.0.2.9"
