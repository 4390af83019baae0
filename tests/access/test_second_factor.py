"""The second step of signing in: an authenticator app, and codes for without it."""

from __future__ import annotations

import io
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.conf import settings as shipped
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from access import second_factor
from tests import factories
from tests.access.authenticator import shown

MINUTE = timedelta(minutes=1)
CODE = "Enter the code from your authenticator app"
TRIES = shipped.SIGN_IN_TRIES[0]
#: Appendix B of RFC 6238: the key of its table, and the last six digits at its first two times.
RFC_KEY = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def clock():
    with time_machine.travel(datetime(2026, 11, 23, 9, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@dataclass
class Nurse:
    staff: Any
    clock: Any
    run_sql: Any
    key: str = ""
    codes: tuple[str, ...] = ()

    def now(self) -> str:
        """What the app shows; half a minute later, so that no code was taken before."""
        self.clock.shift(timedelta(seconds=30))
        return shown(self.key, datetime.now(UTC))

    def adds_app(self, client: Client, **more: str) -> Any:
        address = reverse("add-app")
        self.key = page(client.get(address)).select_one(".app-key").get_text()
        answer = client.post(address, {"code": self.now(), "password": factories.PASSWORD, **more})
        self.codes = tuple(each.get_text() for each in page(answer).select(".app-codes code"))
        return answer

    def events(self) -> list[tuple[str, str]]:
        return list(
            self.run_sql("backup")
            .execute("select action, reason from audit_event order by id")
            .fetchall()
        )


@pytest.fixture
def nurse(database, as_login, run_sql, clock):
    with as_login("pipeline"):
        who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
        factories.membership(who, factories.organisation("Sample Trust"), "nurse")
    return Nurse(who, clock, run_sql)


@pytest.fixture
def with_app(nurse):
    client = Client()
    client.force_login(nurse.staff)
    nurse.adds_app(client)
    return nurse


def page(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def heading(response: Any) -> str:
    return page(response).h1.get_text(strip=True)


def password(client: Client, **more: str) -> Any:
    return client.post(
        "/sign-in", {"username": "nia", "password": factories.PASSWORD, **more}, follow=True
    )


def is_in(client: Client) -> bool:
    return client.get(reverse("my-residents")).status_code == 200


def test_the_app_of_these_tests_shows_what_the_standard_says() -> None:
    assert shown(RFC_KEY, datetime.fromtimestamp(59, UTC)) == "287082"
    assert shown(RFC_KEY, datetime.fromtimestamp(1111111109, UTC)) == "081804"


def test_where_it_is_not_required_a_password_is_enough(nurse) -> None:
    client = Client()
    password(client)
    assert is_in(client)


def test_an_app_is_added_by_a_code_of_it_and_ten_codes_are_shown_once(nurse) -> None:
    client = Client()
    client.force_login(nurse.staff)
    added = nurse.adds_app(client)
    assert heading(added) == "Keep your recovery codes"
    assert len(set(nurse.codes)) == 10
    own = page(client.get(reverse("your-sign-in")))
    assert "You have 10 recovery codes left" in own.get_text()
    assert not own.select(".app-codes")
    assert nurse.events() == [("factor-changed", "app-added"), ("factor-changed", "codes-made")]


def test_the_key_that_is_offered_is_the_same_as_a_picture_and_in_words(nurse) -> None:
    client = Client()
    client.force_login(nurse.staff)
    first, second = (page(client.get(reverse("add-app"))) for _ in range(2))
    key = first.select_one(".app-key").get_text()
    assert len(b32decode(key.replace(" ", ""))) == 20
    assert second.select_one(".app-key").get_text() == key, "until it is taken"
    assert first.select_one(".app-qr")["src"].startswith("data:image/svg+xml")
    assert first.select_one(".app-qr")["src"] == second.select_one(".app-qr")["src"]


@pytest.mark.parametrize(
    "wrong", [{"code": "000000"}, {"code": ""}, {"code": "letter"}, {"password": "wrong"}]
)
def test_a_wrong_code_or_password_adds_nothing(nurse, wrong) -> None:
    client = Client()
    client.force_login(nurse.staff)
    answer = nurse.adds_app(client, **wrong)
    assert heading(answer) == "Add an authenticator app"
    assert page(answer).select_one(".nhsuk-error-summary")
    assert nurse.codes == ()
    client = Client()
    password(client)
    assert is_in(client)


def test_with_an_app_a_password_alone_opens_nothing(with_app) -> None:
    client = Client()
    assert heading(password(client)) == CODE
    assert not is_in(client)
    assert client.get(reverse("your-sign-in")).status_code == 302
    assert client.get(reverse("add-app"))["Location"] == reverse("sign-in-code")
    client.post(reverse("sign-in-code"), {"code": with_app.now()})
    assert is_in(client)


def test_signing_in_says_by_what(with_app) -> None:
    client = Client()
    password(client)
    client.post(reverse("sign-in-code"), {"code": with_app.now()})
    detail = with_app.run_sql("backup").execute(
        "select detail->>'by' from audit_event where action = 'sign-in'"
    )
    assert detail.fetchall() == [("password and app",)]


def test_where_somebody_wanted_to_go_they_arrive(with_app) -> None:
    client = Client()
    password(client, next="/residents/find")
    answer = client.post(reverse("sign-in-code"), {"code": with_app.now()})
    assert answer["Location"] == "/residents/find"


def test_a_code_is_taken_once(with_app) -> None:
    code = with_app.now()
    for expected in (302, 200):
        client = Client()
        password(client)
        answer = client.post(reverse("sign-in-code"), {"code": code})
        assert answer.status_code == expected
    assert "each code works once" in page(answer).get_text()


def test_a_code_of_half_a_minute_ago_is_taken_and_an_older_one_is_not(with_app) -> None:
    for late, expected in ((30, 302), (90, 200)):
        code = with_app.now()
        client = Client()
        password(client)
        with_app.clock.shift(timedelta(seconds=late))
        answer = client.post(reverse("sign-in-code"), {"code": f" {code[:3]} {code[3:]} "})
        assert answer.status_code == expected


def test_wrong_codes_are_counted_with_wrong_passwords_and_lock_out(with_app) -> None:
    client = Client()
    client.post("/sign-in", {"username": "nia", "password": "wrong"})
    password(client)
    for _ in range(TRIES - 1):
        answer = client.post(reverse("sign-in-code"), {"code": "000000"})
    assert answer.status_code == 429
    assert client.get(reverse("sign-in-code"))["Location"] == "/sign-in", "from the start again"
    assert password(Client()).status_code == 429
    assert ("sign-in-failed", "wrong-code") in with_app.events()
    assert with_app.events()[-1] == ("sign-in-failed", "locked-out")


def test_half_way_lasts_some_minutes(with_app) -> None:
    client = Client()
    password(client)
    with_app.clock.shift((shipped.SECOND_STEP_MINUTES + 1) * MINUTE)
    answer = client.post(reverse("sign-in-code"), {"code": with_app.now()})
    assert answer["Location"] == "/sign-in"
    assert not is_in(client)


def test_nobody_gets_to_the_second_step_without_the_first(with_app) -> None:
    for name in ("sign-in-code", "sign-in-recovery", "add-app"):
        assert Client().get(reverse(name))["Location"] == "/sign-in"
        assert Client().post(reverse(name), {"code": with_app.now()})["Location"] == "/sign-in"


def test_half_way_ends_with_a_suspension(with_app, as_login) -> None:
    client = Client()
    password(client)
    with as_login("pipeline"):
        type(with_app.staff).objects.update(is_active=False)
    assert client.post(reverse("sign-in-code"), {"code": with_app.now()})["Location"] == "/sign-in"
    assert not is_in(client)


def test_a_recovery_code_works_once_however_it_is_written(with_app) -> None:
    first = with_app.codes[0]
    written = (first.upper().replace("-", " "), first)
    for code, expected in zip(written, (302, 200), strict=True):
        client = Client()
        password(client)
        answer = client.post(reverse("sign-in-recovery"), {"recovery": code})
        assert answer.status_code == expected
    client = Client()
    password(client)
    client.post(reverse("sign-in-recovery"), {"recovery": with_app.codes[1]})
    assert "You have 8 recovery codes left" in page(client.get(reverse("your-sign-in"))).get_text()


def test_anothers_recovery_code_is_no_code(with_app, as_login) -> None:
    with as_login("pipeline"):
        other = factories.staff("ola", "Ola Oak", password=factories.PASSWORD)
    client = Client()
    client.force_login(other)
    with_app.adds_app(client)
    client = Client()
    password(client)
    answer = client.post(reverse("sign-in-recovery"), {"recovery": with_app.codes[0]})
    assert answer.status_code == 200


def test_new_codes_are_made_by_the_apps_code_and_end_the_old_ones(with_app) -> None:
    client = Client()
    client.force_login(with_app.staff)
    assert page(client.post(reverse("new-codes"), {"code": "000000"})).select(
        ".nhsuk-error-summary"
    )
    made = client.post(reverse("new-codes"), {"code": with_app.now()})
    fresh = {each.get_text() for each in page(made).select(".app-codes code")}
    assert len(fresh) == 10
    assert not fresh & set(with_app.codes)
    client = Client()
    password(client)
    answer = client.post(reverse("sign-in-recovery"), {"recovery": with_app.codes[0]})
    assert answer.status_code == 200


def test_an_app_is_removed_by_its_code_with_its_recovery_codes(with_app) -> None:
    client = Client()
    client.force_login(with_app.staff)
    assert client.post(reverse("remove-app"), {"code": "000000"}).status_code == 200
    answer = client.post(reverse("remove-app"), {"code": with_app.now()})
    assert answer["Location"] == reverse("your-sign-in")
    client = Client()
    password(client)
    assert is_in(client)
    assert ("factor-changed", "app-removed") in with_app.events()


@pytest.mark.parametrize("roles", ["all", frozenset({"nurse", "doctor"})])
def test_where_it_is_required_nobody_gets_in_before_an_app_is_added(nurse, settings, roles) -> None:
    settings.SECOND_FACTOR_ROLES = roles
    client = Client()
    assert heading(password(client, next="/residents/find")) == "Add an authenticator app"
    assert not is_in(client)
    added = nurse.adds_app(client)
    assert page(added).select_one("main a.nhsuk-button")["href"] == "/residents/find"
    assert is_in(client)


def test_it_is_required_of_roles_and_of_nobody_else(nurse, settings) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"privacy-officer"})
    client = Client()
    password(client)
    assert is_in(client)


def test_who_must_have_an_app_changes_it_and_is_not_without(with_app, settings) -> None:
    settings.SECOND_FACTOR_ROLES = "all"
    client = Client()
    client.force_login(with_app.staff)
    answer = client.post(reverse("remove-app"), {"code": with_app.now()})
    assert answer["Location"] == reverse("add-app")
    client = Client()
    assert heading(password(client)) == "Add an authenticator app"


def test_neither_key_nor_code_lies_anywhere_in_clear(with_app, caplog) -> None:
    client = Client()
    client.force_login(with_app.staff)
    client.post(reverse("remove-app"), {"code": with_app.now()})
    with_app.adds_app(client)
    client.post(reverse("remove-app"), {"code": with_app.now()})
    other = page(client.get(reverse("add-app"))).select_one(".app-key").get_text()
    rows = with_app.run_sql("admin").execute(
        "select a::text from access_authenticator a union all"
        " select r::text from access_recoverycode r union all"
        " select e::text from audit_event e"
    )
    sessions = [each.get_decoded() for each in Session.objects.all()]
    assert any("offered" in each for each in sessions)
    kept = f"{rows.fetchall()} {sessions} {caplog.text}"
    secret = b32decode(with_app.key.replace(" ", ""))
    for clear in (with_app.key, other, secret.hex(), *with_app.codes):
        assert clear not in kept
        assert clear.replace("-", "").replace(" ", "") not in kept


def test_who_lost_everything_has_the_app_taken_off(with_app, as_login) -> None:
    with as_login("pipeline"):
        call_command("remove_app", "nia", stdout=io.StringIO())
        with pytest.raises(CommandError, match="Nobody of this user name"):
            call_command("remove_app", "nia", stdout=io.StringIO())
    client = Client()
    password(client)
    assert is_in(client)
    assert ("factor-changed", "app-removed") in with_app.events()


class TestStillThem:
    """What asks once more asks by what was signed in by."""

    @pytest.fixture
    def walk(self, world, as_login, clock, run_sql):
        with as_login("pipeline"):
            who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
            oak = factories.team(world.trust, "Oak ward")
            factories.membership(who, world.trust, "nurse", in_team=oak)
        nurse = Nurse(who, clock, run_sql)
        client = Client()
        client.force_login(who)
        nurse.adds_app(client)
        self.address = reverse("break-glass", args=[world.resident.public_id])
        return nurse

    def breaks(self, client: Client, given: str) -> Any:
        words = {"reason": "04", "words": "Found unconscious at the entrance"}
        return client.post(self.address, {**words, "password": given}, follow=True)

    def test_by_the_app_where_it_was_used(self, walk) -> None:
        client = Client()
        password(client)
        code = walk.now()
        client.post(reverse("sign-in-code"), {"code": code})
        assert page(client.get(self.address)).select_one("label[for=password]").get_text(
            strip=True
        ) == ("Code from your authenticator app")
        assert "Check your code" in page(self.breaks(client, factories.PASSWORD)).get_text()
        assert "Check your code" in page(self.breaks(client, code)).get_text(), "it was taken"
        assert "Opened in an emergency" in page(self.breaks(client, walk.now())).get_text()

    def test_by_the_password_where_a_recovery_code_was_used(self, walk) -> None:
        client = Client()
        password(client)
        client.post(reverse("sign-in-recovery"), {"recovery": walk.codes[0]})
        assert "Opened in an emergency" in page(self.breaks(client, factories.PASSWORD)).get_text()


def test_of_two_windows_that_add_an_app_at_once_one_adds_it(nurse, as_login) -> None:
    offered, ready = second_factor.offer(), Barrier(2)
    key = b32encode(offered.secret).decode()
    code, answers = shown(key, datetime.now(UTC)), []

    def add() -> None:
        with as_login("web"):
            connection.ensure_connection()
            ready.wait()
            added = second_factor.add_app(nurse.staff, offered, code, request_id=str(uuid4()))
            answers.append(added is not None)
        connections.close_all()

    threads = [Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False, True]
    assert second_factor.codes_left(nurse.staff) == 10
