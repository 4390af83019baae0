"""Context launch: a host's signed request, taken once, by its own person, through the same gate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from access.federated import ProviderIdentity
from access.launch_hosts import LaunchHost
from identity.models import ResidentNhsNumber
from organisations.models import Role
from tests import factories

AUDIENCE = "http://testserver"
KEY_ID = "ward-system-1"


@dataclass
class Host:
    """A ward system with its key, whose users are the portal's."""

    key: ECKey
    row: LaunchHost
    username: str
    number: str
    one: Client
    two: Client

    def token(self, *, key: Any = None, header: dict[str, str] | None = None, **wrong: Any) -> str:
        now = int(time.time())
        patient = {"nhsNumber": self.number, "birthDate": "1941-03-03"} | wrong.pop("patient", {})
        claims = {
            "aud": AUDIENCE,
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + 120,
            "user": {"username": self.username},
            "patient": patient,
            **wrong,
        }
        said = {"alg": "ES256", "kid": KEY_ID} | (header or {})
        return jwt.encode(said, claims, key or self.key, algorithms=[said["alg"]])


def pem(key: ECKey | RSAKey) -> str:
    return key.as_pem(private=False).decode()


def launch(client: Client, token: str) -> Any:
    """As a host's page does: a form of another site, whose post carries no cookie of ours."""
    bare = Client(enforce_csrf_checks=True)
    answer = bare.post(reverse("launch"), {"token": token})
    return client.get(answer["Location"]) if answer.status_code == 303 else answer


def heading(answer: Any) -> str:
    return BeautifulSoup(answer.content, "html.parser").h1.get_text(strip=True)


@pytest.fixture
def host(world, as_login, settings):
    settings.ORIGIN = ""
    key = ECKey.generate_key("P-256", private=True)
    with as_login("pipeline"):
        one, two = factories.staff("reg-one"), factories.staff("reg-two")
        for each in (one, two):
            factories.membership(each, world.trust, _role("registry-administrator"))
        digits = ResidentNhsNumber.objects.get(resident=world.resident).number
    sent = {"organisation": str(world.trust.public_id), "name": "Ward system", "key_id": KEY_ID}
    proposing = _client(one)
    answer = proposing.post(reverse("launch-hosts"), {**sent, "public_key": pem(key)})
    assert answer.status_code == 303
    (row,) = LaunchHost.objects.all()
    return Host(key, row, world.nurse.staff.username, digits, proposing, _client(two))


def _role(code: str) -> Any:
    return Role.objects.filter(code=code).first() or factories.role(code)


def _client(staff: Any) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def in_force(host):
    answer = host.two.post(reverse("launch-host", args=[host.row.public_id]))
    assert answer.status_code == 303
    return host


@pytest.fixture
def nurse(world):
    return _client(world.nurse.staff)


class TestOpens:
    def test_the_record_by_the_same_gate_with_the_same_event(
        self, world, in_force, nurse, run_sql
    ) -> None:
        answer = launch(nurse, in_force.token())
        assert answer["Location"] == reverse("record", args=[world.resident.public_id])
        assert in_force.number not in answer["Location"]
        assert nurse.get(answer["Location"]).status_code == 200
        rows = run_sql("backup").execute("select action from audit_event order by id desc limit 2")
        assert {action for (action,) in rows.fetchall()} <= {"opening", "search"}

    def test_after_signing_in(self, world, in_force, as_login) -> None:
        with as_login("pipeline"):
            world.nurse.staff.set_password(factories.PASSWORD)
            world.nurse.staff.save()
        client = Client()
        first = launch(client, in_force.token())
        assert first["Location"].startswith("/sign-in?next=/launch/")
        signed = client.post(
            first["Location"], {"username": in_force.username, "password": factories.PASSWORD}
        )
        taken = client.get(signed["Location"])
        assert taken["Location"] == reverse("record", args=[world.resident.public_id])

    def test_by_whom_a_provider_knows(self, world, in_force, nurse, as_login) -> None:
        issuer = "https://cis2.example"
        with as_login("pipeline"):
            ProviderIdentity.objects.create(
                issuer=issuer, subject="555000111222", staff=world.nurse.staff
            )
        said = {"issuer": issuer, "subject": "555000111222"}
        assert launch(nurse, in_force.token(user=said)).status_code == 303
        unknown = launch(nurse, in_force.token(user={**said, "subject": "9"}))
        assert heading(unknown) == "Your account there is not known here"

    def test_as_what_somebody_is_there_if_they_are_one_thing_there(
        self, world, in_force, as_login, nurse
    ) -> None:
        with as_login("pipeline"):
            elsewhere = factories.membership(world.nurse.staff, world.practice, _role("doctor"))
        nurse.post(reverse("choose-membership"), {"membership": str(elsewhere.pk)})
        answer = launch(nurse, in_force.token())
        assert answer["Location"] == reverse("record", args=[world.resident.public_id])
        assert "Test trust" in nurse.get(reverse("my-residents")).content.decode()

    def test_another_and_the_former_closes(self, world, in_force, nurse, as_login) -> None:
        with as_login("pipeline"):
            other = ResidentNhsNumber.objects.get(resident=world.other).number
        launch(nurse, in_force.token())
        first = reverse("record", args=[world.resident.public_id])
        assert nurse.get(first).status_code == 200
        second = launch(nurse, in_force.token(patient={"nhsNumber": other}))
        assert second["Location"] == reverse("record", args=[world.other.public_id])
        look = nurse.session["look"]
        assert look["resident"] == str(world.other.public_id)
        launch(nurse, in_force.token(patient={"birthDate": "1999-09-09"}))
        assert "look" not in nurse.session, "refused, and the former is closed all the same"


WRONG = {
    "another-address": {"aud": "https://other.example"},
    "no-id": {"jti": ""},
    "good-for-too-long": {"exp": int(2e9)},
    "no-patient": {"patient": {"birthDate": "3 March"}},
    "another-key": {"key": "another"},
    "a-key-that-is-not-known": {"header": {"kid": "other"}},
    "a-shared-secret": {
        "header": {"alg": "HS256"},
        "key": "shared",
    },
}


class TestRefuses:
    @pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
    def test_what_a_known_host_did_not_sign_for_us(self, in_force, nurse, wrong) -> None:
        keys = {
            "another": ECKey.generate_key("P-256", private=True),
            "shared": OctKey.import_key("only of these tests, and long enough for a secret"),
        }
        key = keys.get(wrong.get("key", ""))
        answer = launch(nurse, in_force.token(**{**wrong, "key": key}))
        assert answer.status_code == 400
        assert "launch-token" in answer.content.decode()

    @pytest.mark.parametrize("age", [-900, 900])
    def test_a_token_of_another_time(self, in_force, nurse, age) -> None:
        now = int(time.time()) + age
        answer = launch(nurse, in_force.token(iat=now, exp=now + 60))
        assert "launch-late" in answer.content.decode()

    def test_a_token_that_was_used(self, in_force, nurse) -> None:
        token = in_force.token()
        assert launch(nurse, token).status_code == 303
        assert "launch-replayed" in launch(nurse, token).content.decode()

    def test_a_launch_that_was_taken(self, in_force, nurse) -> None:
        kept = Client().post(reverse("launch"), {"token": in_force.token()})["Location"]
        assert nurse.get(kept).status_code == 303
        assert "launch-over" in nurse.get(kept).content.decode()

    def test_somebody_else_who_is_signed_in_and_it_waits_for_its_own(
        self, world, in_force, nurse, run_sql
    ) -> None:
        worker = _client(world.social_worker.staff)
        kept = Client().post(reverse("launch"), {"token": in_force.token()})["Location"]
        answer = worker.get(kept)
        assert (answer.status_code, heading(answer)) == (403, "Somebody else is signed in here")
        assert nurse.get(kept).status_code == 303
        rows = run_sql("backup").execute("select reason from audit_event where action = 'refusal'")
        assert ("launch-somebody-else",) in rows.fetchall()

    def test_whoever_has_no_role_where_the_host_is(self, world, in_force, as_login) -> None:
        username = world.social_worker.staff.username
        answer = launch(
            _client(world.social_worker.staff), in_force.token(user={"username": username})
        )
        assert heading(answer) == "You have no role at that organisation"

    @pytest.mark.parametrize(
        "patient", [{"birthDate": "1941-03-04"}, {"nhsNumber": "9990000000"}, {"nhsNumber": "x"}]
    )
    def test_a_person_whose_number_and_birth_date_do_not_fit(
        self, in_force, nurse, patient
    ) -> None:
        answer = launch(nurse, in_force.token(patient=patient))
        assert heading(answer) == "That person was not found here"

    def test_what_the_gate_refuses_stays_closed(self, world, in_force, nurse, as_login) -> None:
        with as_login("pipeline"):
            stranger = factories.resident("Strange", "Una", birth_date=date(1950, 5, 5))
            number = ResidentNhsNumber.objects.get(resident=stranger).number
        token = in_force.token(patient={"nhsNumber": number, "birthDate": "1950-05-05"})
        answer = nurse.get(launch(nurse, token)["Location"])
        assert answer.status_code == 403, "nobody at the trust looks after her"


class TestHosts:
    def test_a_key_lets_nothing_in_before_a_second_person_confirmed_it(self, host, nurse) -> None:
        assert "launch-token" in launch(nurse, host.token()).content.decode()
        address = reverse("launch-host", args=[host.row.public_id])
        assert "another administrator" in host.one.post(address).content.decode()
        assert "launch-token" in launch(nurse, host.token()).content.decode()
        assert host.two.post(address).status_code == 303
        assert launch(nurse, host.token()).status_code == 303

    def test_one_ends_it_at_once_with_what_was_launched(self, in_force, nurse) -> None:
        kept = Client().post(reverse("launch"), {"token": in_force.token()})["Location"]
        address = reverse("launch-host", args=[in_force.row.public_id])
        assert in_force.one.post(address, {"do": "end"}).status_code == 303
        assert "launch-over" in nurse.get(kept).content.decode()
        assert "launch-token" in launch(nurse, in_force.token()).content.decode()
        assert "settled already" in in_force.two.post(address).content.decode()

    @pytest.mark.filterwarnings("ignore:Key size should be")
    def test_a_private_or_short_key_is_not_taken(self, world, host) -> None:
        short = RSAKey.generate_key(1024, private=True)
        for key, words in (
            (host.key.as_pem(private=True).decode(), "This is a private key"),
            (pem(short), "2048 bits or more"),
            ("no key", "Give a public RSA or elliptic-curve key as PEM"),
        ):
            sent = {
                "organisation": str(world.trust.public_id),
                "name": "Other",
                "key_id": "other",
                "public_key": key,
            }
            assert words in host.one.post(reverse("launch-hosts"), sent).content.decode()

    def test_the_web_itself_confirms_none_and_reads_no_launch(self, host, run_sql) -> None:
        web = run_sql("web")
        for statement in (
            "update access_launchhost set confirmed_at = now()",
            "select * from access_launch",
        ):
            with pytest.raises(Exception, match="permission denied"):
                web.execute(statement)
            web.rollback()

    def test_whom_a_launch_is_about_is_in_clear_nowhere(self, in_force, nurse, run_sql) -> None:
        Client().post(reverse("launch"), {"token": in_force.token()})
        rows = run_sql("admin").execute(
            "select l::text from access_launch l union all select e::text from audit_event e"
        )
        assert in_force.number not in str(rows.fetchall())
