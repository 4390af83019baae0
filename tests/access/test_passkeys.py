"""Passkeys, answered by an authenticator that these tests write by the W3C's standard."""

from __future__ import annotations

import base64
import json
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest
from bs4 import BeautifulSoup
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from webauthn.helpers import encode_cbor

from access.factors import Passkey
from tests import factories

ORIGIN = "http://testserver"
PRESENT, VERIFIED, MAY_BE_COPIED, IS_COPIED, NEW = 1, 4, 8, 16, 64


def unpadded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """A device with one key. What it says can be made wrong, one thing at a time."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential: bytes = b"only of these tests"
    count: int = 0
    flags: int = PRESENT | VERIFIED
    host: str = "testserver"
    origin: str = ORIGIN
    handle: str = ""

    def makes(self, asked: dict[str, Any], **wrong: Any) -> str:
        self.handle = asked["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        public = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        )
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + public
        data = self._data(NEW, **wrong) + attested
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", asked["challenge"], wrong),
                "attestationObject": attestation,
            }
        )

    def answers(self, asked: dict[str, Any], **wrong: Any) -> str:
        data = self._data(0, **wrong)
        client = self._client("webauthn.get", asked["challenge"], wrong)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        handle = base64.urlsafe_b64decode(wrong.get("handle", self.handle) + "==")
        return self._answer(
            {
                "clientDataJSON": client,
                "authenticatorData": data,
                "signature": signature,
                "userHandle": handle,
            }
        )

    def _data(self, more: int, **wrong: Any) -> bytes:
        host = wrong.get("host", self.host).encode()
        flags = wrong.get("flags", self.flags) | more
        count = wrong.get("count", self.count)
        return sha256(host).digest() + bytes([flags]) + struct.pack(">I", count)

    def _client(self, kind: str, challenge: str, wrong: dict[str, Any]) -> bytes:
        said = {
            "type": wrong.get("kind", kind),
            "challenge": wrong.get("challenge", challenge),
            "origin": wrong.get("origin", self.origin),
        }
        return json.dumps(said).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        return json.dumps(
            {
                "id": unpadded(self.credential),
                "rawId": unpadded(self.credential),
                "type": "public-key",
                "response": {name: unpadded(value) for name, value in response.items()},
            }
        )


@pytest.fixture
def nurse(database, as_login, settings):
    settings.ORIGIN = ""
    with as_login("pipeline"):
        who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
        factories.membership(who, factories.organisation("Sample Trust"), "nurse")
    return who


def page(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def asked(client: Client, name: str) -> dict[str, Any]:
    form = page(client.get(reverse(name))).select_one("form[data-passkey]")
    assert form is not None
    found: dict[str, Any] = json.loads(str(form["data-asked"]))
    return found


def add(client: Client, device: Authenticator, **wrong: Any) -> Any:
    answer = device.makes(asked(client, "add-passkey"), **wrong)
    sent = {"name": "Work phone", "password": factories.PASSWORD, "answer": answer}
    return client.post(reverse("add-passkey"), sent)


def use(client: Client, device: Authenticator, **wrong: Any) -> Any:
    answer = device.answers(asked(client, "sign-in-passkey"), **wrong)
    return client.post(reverse("sign-in-passkey"), {"answer": answer})


def is_in(client: Client) -> bool:
    return client.get(reverse("your-sign-in")).status_code == 200


@pytest.fixture
def device(nurse):
    client = Client()
    client.force_login(nurse)
    made = Authenticator()
    assert add(client, made)["Location"] == reverse("your-sign-in")
    return made


def events(run_sql: Any) -> list[tuple[Any, ...]]:
    rows = run_sql("backup").execute("select action, reason, detail from audit_event order by id")
    return list(rows.fetchall())


def test_a_passkey_is_named_used_and_removed(nurse, device, run_sql) -> None:
    client = Client()
    assert use(client, device)["Location"] == "/"
    own = page(client.get(reverse("your-sign-in"))).get_text(" ", strip=True)
    assert "Work phone" in own
    assert "On one device only" in own
    (kept,) = Passkey.objects.all()
    address = reverse("remove-passkey", args=[kept.pk])
    assert client.post(address, {"password": "wrong"}).status_code == 200
    assert client.post(address, {"password": factories.PASSWORD}).status_code == 302
    assert use(Client(), device).status_code == 403
    happened = events(run_sql)
    assert ("sign-in", "", {"by": "passkey"}) in happened
    changed = [reason for action, reason, _ in happened if action == "factor-changed"]
    assert changed == ["passkey-added", "passkey-removed"]


WRONG = {
    "nobody-was-verified": {"flags": PRESENT},
    "another-page": {"origin": "https://connect-care.example"},
    "another-host": {"host": "connect-care.example"},
    "another-challenge": {"challenge": unpadded(b"c" * 64)},
    "another-kind": {"kind": "payment.get"},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_is_not_an_answer_to_what_was_asked_here_is_none(nurse, device, wrong) -> None:
    client = Client()
    assert use(client, device, **wrong).status_code == 403
    assert not is_in(client)
    owner = Client()
    owner.force_login(nurse)
    assert add(owner, Authenticator(credential=b"another"), **wrong).status_code == 200
    assert Passkey.objects.count() == 1


def test_another_key_or_another_name_shows_nothing(nurse, device) -> None:
    forged = Authenticator(handle=device.handle)
    assert use(Client(), forged).status_code == 403
    assert use(Client(), device, handle=unpadded(b"s" * 16)).status_code == 403
    assert Client().post(reverse("sign-in-passkey"), {"answer": "{}"}).status_code == 403


def test_an_answer_is_good_once_and_in_its_own_browser(nurse, device) -> None:
    client, other = Client(), Client()
    answer = {"answer": device.answers(asked(client, "sign-in-passkey"))}
    asked(other, "sign-in-passkey")
    assert other.post(reverse("sign-in-passkey"), answer).status_code == 403
    assert client.post(reverse("sign-in-passkey"), answer).status_code == 302
    client.post(reverse("sign-out"))
    assert client.post(reverse("sign-in-passkey"), answer).status_code == 403


def test_a_count_that_goes_back_is_another_device_with_the_same_key(nurse, device, run_sql) -> None:
    device.count = 5
    assert use(Client(), device).status_code == 302
    assert use(Client(), device).status_code == 403
    assert events(run_sql)[-1][:2] == ("sign-in-failed", "passkey-copied")
    device.count = 6
    assert use(Client(), device).status_code == 302


def test_whether_it_is_copied_is_kept_and_whether_it_may_be_never_changes(nurse) -> None:
    owner = Client()
    owner.force_login(nurse)
    device = Authenticator(flags=PRESENT | VERIFIED | MAY_BE_COPIED)
    add(owner, device)
    device.flags |= IS_COPIED
    assert use(Client(), device).status_code == 302
    assert "keeps copies" in page(owner.get(reverse("your-sign-in"))).get_text()
    device.flags = PRESENT | VERIFIED
    assert use(Client(), device).status_code == 403


def test_with_a_passkey_a_password_alone_opens_nothing(nurse, device, as_login) -> None:
    client = Client()
    sent = {"username": "nia", "password": factories.PASSWORD, "next": "/residents/find"}
    assert client.post("/sign-in", sent)["Location"] == reverse("sign-in-passkey")
    assert not is_in(client)
    for name in ("add-app", "add-passkey"):
        assert client.get(reverse(name)).status_code == 302, "no way round what they have"
    assert use(client, device).status_code == 302
    assert is_in(client)
    with as_login("pipeline"):
        type(nurse).objects.update(is_active=False)
    assert use(Client(), device).status_code == 403


def test_anothers_passkey_does_not_end_the_half_way_of_a_password(nurse, device, as_login) -> None:
    with as_login("pipeline"):
        other = factories.staff("ola", "Ola Oak", password=factories.PASSWORD)
    owner = Client()
    owner.force_login(other)
    theirs = Authenticator(credential=b"theirs")
    add(owner, theirs)
    client = Client()
    client.post("/sign-in", {"username": "nia", "password": factories.PASSWORD})
    assert use(client, theirs).status_code == 403
    assert not is_in(client)


def test_where_a_second_factor_is_required_a_passkey_is_one(nurse, settings) -> None:
    settings.SECOND_FACTOR_ROLES = "all"
    client = Client()
    sent = {"username": "nia", "password": factories.PASSWORD}
    assert client.post("/sign-in", sent)["Location"] == reverse("add-app")
    assert add(client, Authenticator())["Location"] == "/"
    assert is_in(client)


def test_at_a_bare_network_address_the_page_says_why_there_is_none(nurse, settings) -> None:
    settings.ORIGIN = "http://127.0.0.1:8000"
    answer = page(Client().get(reverse("sign-in-passkey")))
    assert answer.select_one("form[data-passkey]") is None
    assert "Open Connect Care by its name" in answer.get_text()


def test_glass_is_broken_by_the_passkey_once_more(world, as_login, settings) -> None:
    settings.ORIGIN = ""
    with as_login("pipeline"):
        who = factories.staff("nia", "Nia Nurse", password=factories.PASSWORD)
        factories.membership(
            who, world.trust, "nurse", in_team=factories.team(world.trust, "Oak ward")
        )
    client, device = Client(), Authenticator()
    client.force_login(who)
    add(client, device)
    client = Client()
    use(client, device)
    address = reverse("break-glass", args=[world.resident.public_id])
    words = {"reason": "04", "words": "Found unconscious at the entrance"}
    assert client.post(address, words)["Location"].startswith(reverse("sign-in-passkey"))
    shown = client.post(
        reverse("sign-in-passkey"),
        {"answer": device.answers(asked(client, "sign-in-passkey")), "next": address},
    )
    assert shown["Location"] == address
    assert "Opened in an emergency" in client.post(address, words, follow=True).content.decode()
