"""A provider of another maker, started for these tests: one like NHS CIS2, one like a council's."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from jwt.algorithms import RSAAlgorithm

from access.providers import client as asked
from access.providers import clients, configuration
from launcher.ports import free_port

SCRIPT = Path(__file__).with_name("provider.mjs")
CIS2, COUNCIL = "cis2", "council"


@dataclass
class Running:
    """The two providers, and what they told this portal about sessions that ended."""

    ports: dict[str, int]
    rows: str
    told: list[str] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def issuer(self, code: str) -> str:
        return f"http://127.0.0.1:{self.ports[code]}"

    def order(self, code: str, what: str) -> None:
        httpx.get(f"{self.issuer(code)}/tests/{what}").raise_for_status()

    def configured(self) -> dict[str, configuration.Provider]:
        return configuration.read(self.rows, production=False)


class Told(BaseHTTPRequestHandler):
    """Takes logout tokens as the portal's address would."""

    running: Running

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.running.told.append(parse_qs(sent)["logout_token"][0])
        self.send_response(200)
        self.end_headers()
        self.running.arrived.set()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    modules = os.environ.get("TEST_OPENID_PROVIDER")
    if not modules:
        pytest.skip(os.environ.get("TEST_OPENID_PROVIDER_ABSENT") or "no OpenID provider")
    folder = tmp_path_factory.mktemp("providers")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / "secret").write_text("only of these tests, and long enough for a secret")
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "ours-1", "use": "sig"}
    listener = HTTPServer(("127.0.0.1", 0), Told)
    ports = {CIS2: free_port(), COUNCIL: free_port()}
    rows = [
        {
            "code": CIS2,
            "name": "NHS CIS2",
            "issuer": f"http://127.0.0.1:{ports[CIS2]}",
            "client_id": "connect-care",
            "key_file": str(folder / "key.pem"),
            "key_id": "ours-1",
            "key_algorithm": "RS512",
            "scopes": ["nationalrbacaccess"],
            "ask_for": "AAL3 AAL2",
            "accepted": ["AAL2", "AAL3"],
            "second_factor": ["AAL3"],
            "role": "selected",
        },
        {
            "code": COUNCIL,
            "name": "Sample Council",
            "issuer": f"http://127.0.0.1:{ports[COUNCIL]}",
            "client_id": "portal",
            "secret_file": str(folder / "secret"),
            "assurance_claim": "amr",
            "accepted": ["pwd", "mfa"],
            "second_factor": ["mfa"],
        },
    ]
    told = Running(ports, json.dumps(rows))
    Told.running = told
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    signs = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "RS512",
        "jwks": {"keys": [public]},
    }
    secret = {
        "token_endpoint_auth_method": "client_secret_basic",
        "client_secret": "only of these tests, and long enough for a secret",
    }
    wanted = [
        {
            "port": ports[row["code"]],
            "client": {
                "client_id": row["client_id"],
                "redirect_uris": [f"http://testserver/sign-in/by/{row['code']}/answer"],
                "response_types": ["code"],
                "backchannel_logout_uri": f"http://127.0.0.1:{listener.server_port}/",
                "backchannel_logout_session_required": True,
                **(signs if row["code"] == CIS2 else secret),
            },
        }
        for row in rows
    ]
    log = (folder / "provider.log").open("w")
    process = subprocess.Popen(
        [os.environ["TEST_NODE"], str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"modules": modules, "providers": wanted}) + "\n")
    process.stdin.flush()
    try:
        for _ in wanted:
            line = process.stdout.readline()
            assert line == "ready\n", (folder / "provider.log").read_text()
        yield told
    finally:
        process.stdin.close()
        process.kill()
        process.wait()
        process.stdout.close()
        log.close()
        listener.shutdown()
        listener.server_close()


@pytest.fixture
def providers(running: Running, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Both, configured; nothing that they published is kept from another test."""
    settings.SIGN_IN_PROVIDERS = running.configured()
    settings.ORIGIN = ""
    monkeypatch.setattr(clients, "_clients", {})
    monkeypatch.setattr(asked, "KEYS_ANEW_EVERY", 0.0)
    monkeypatch.setattr(asked, "NOT_ASKED", 0.0)
    running.told.clear()
    running.arrived.clear()
    yield running
    for kept in clients._clients.values():
        kept._http.close()


@dataclass
class Person:
    """Somebody at a browser: the portal by its test client, the provider by plain HTTP."""

    providers: Running
    portal: Client = field(default_factory=Client)
    there: httpx.Client = field(default_factory=lambda: httpx.Client(follow_redirects=False))

    def sets_out(self, code: str, query: str = "") -> httpx.Response:
        """To the provider's own page, or back if it asks nothing."""
        begun = self.portal.get(f"/sign-in/by/{code}{query}")
        assert begun.status_code == 302, begun.content
        return self._follow(self.there.get(begun["Location"]))

    def signs_in(
        self,
        code: str,
        account: str = "555000111222",
        *,
        query: str = "",
        acr: str = "AAL3",
        amr: str = "mfa",
        claims: dict[str, Any] | None = None,
        cancel: bool = False,
    ) -> str:
        """There; answers the address that they are sent back to, not yet asked for."""
        page = self.sets_out(code, query)
        assert page.is_redirect or page.status_code == 200, page.text
        if page.status_code == 200:
            sent = {"account": account, "acr": acr, "amr": amr, "claims": json.dumps(claims or {})}
            if cancel:
                sent = {"cancel": "1"}
            page = self._follow(self.there.post(str(page.url), data=sent))
            assert page.is_redirect, page.text
        return str(page.headers["Location"])

    def comes_back(self, address: str) -> Any:
        return self.portal.get(address.removeprefix("http://testserver"))

    def arrives(self, code: str, account: str = "555000111222", **how: Any) -> Any:
        """Signs in there and comes back: the portal's answer."""
        return self.comes_back(self.signs_in(code, account, **how))

    def signs_out_there(self, code: str) -> None:
        """The provider's own page of signing out, whose form is sent as it is."""
        from bs4 import BeautifulSoup

        page = self.there.get(f"{self.providers.issuer(code)}/session/end")
        form = BeautifulSoup(page.text, "html.parser").form
        assert form
        sent = {each["name"]: each.get("value", "") for each in form.select("input[name]")}
        self.there.post(str(form["action"]), data={**sent, "logout": "yes"})
        assert self.providers.arrived.wait(60), "the provider told nobody"

    def _follow(self, answer: httpx.Response) -> httpx.Response:
        """Redirects of the provider itself, until it shows a page or sends somebody back."""
        while answer.is_redirect and not answer.headers["Location"].startswith("http://testserver"):
            answer = self.there.get(answer.next_request.url)  # type: ignore[union-attr]
        return answer


@pytest.fixture
def person(providers: Running) -> Iterator[Any]:
    """``person()``: somebody at a browser of their own."""
    with contextlib.ExitStack() as stack:

        def made() -> Person:
            found = Person(providers)
            stack.callback(found.there.close)
            return found

        yield made
