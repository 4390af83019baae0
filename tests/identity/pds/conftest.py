"""A Valkey of the tests' own, which they may empty and restart, and a stand-in that answers."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from identity.pds.circuit import Circuit
from identity.pds.client import PdsClient
from identity.pds.configuration import Configuration
from identity.pds.configuration import Service as Kind
from identity.pds.rate import RateLimit
from launcher.valkey import Valkey
from region.make_region import people_and_homes
from region.pds_stand_in.people import Register, register_of
from region.pds_stand_in.service import Quota, Service
from region.pds_stand_in.serving import Pace, StandIn
from region.pds_stand_in.tokens import TokenService
from region.people_of_note import PEOPLE_OF_NOTE
from tests.identity.pds.town import town

__all__ = ["town"]


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server of this module's own: emptying it takes nothing from other tests."""
    # A socket's path must be short, which a folder of pytest's is not.
    sockets = Path(tempfile.mkdtemp(prefix="connect-care-test-"))
    server = Valkey(sockets=sockets, log=tmp_path_factory.mktemp("valkey") / "valkey.log")
    server.start()
    yield server
    server.stop()
    shutil.rmtree(sockets)


@pytest.fixture
def server(valkey: Valkey) -> Iterator[redis.Redis]:
    """A connection to it; emptied before the test."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
        yield client


KEY_ID = "test-1"
API_KEY = "the-application"


@pytest.fixture(scope="session")
def key_pair() -> tuple[str, str]:
    """A private key and its public one, as PEM. (Smaller than NHS England's, and quick to make.)"""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


class Asked:
    """What the stand-in was asked, from its own log."""

    def __init__(self, log: Path) -> None:
        self.log = log

    def lines(self, *kinds: str) -> list[dict[str, Any]]:
        """The requests of these kinds, or all, in the order in which they arrived."""
        if not self.log.exists():
            return []
        found = map(json.loads, self.log.read_text().splitlines())
        wanted = [line for line in found if not kinds or line["kind"] in kinds]
        return sorted(wanted, key=lambda line: line["at"])

    def questions(self) -> list[dict[str, Any]]:
        """All but those for a token."""
        return self.lines("retrieval", "search")


@dataclass
class World:
    """A stand-in that serves, the server of the rate, and clients that ask."""

    stand_in: StandIn
    server: redis.Redis
    configuration: Configuration
    asked: Asked
    slept: list[float]
    clients: list[PdsClient]

    def client(self, **differing: Any) -> PdsClient:
        """One more client; it may send at once, and does not really wait between tries."""
        given: dict[str, Any] = {
            "test_ranges": True,
            "rate": RateLimit(self.server, name="test", limit=1000, window=1, lease=30),
            "circuit": Circuit(self.server, name="test"),
            "sleep": self.slept.append,
        }
        made = PdsClient(self.configuration, self.server, **(given | differing))
        self.clients.append(made)
        return made

    def fault(self, **wish: Any) -> None:
        """Order faults, as tests of other parts do over the socket."""
        self.stand_in.faults.order(wish)


def may_begin(server: redis.Redis) -> None:
    """Let permits be given out from now on, as if a window had passed since the start."""
    run = server.info("server")["run_id"]
    server.zadd("test:permits", {f"run:{run}": -1, "last": -1})


@pytest.fixture(scope="session")
def people() -> Register:
    """The demo region's people of note."""
    return register_of(people_and_homes(2016, len(PEOPLE_OF_NOTE), date(2026, 11, 22)))


@pytest.fixture
def world(
    server: redis.Redis, key_pair: tuple[str, str], people: Register, tmp_path: Path
) -> Iterator[World]:
    """The people, behind real sockets."""
    private, public = key_pair
    may_begin(server)
    tokens = TokenService(API_KEY, {KEY_ID: public})
    service = Service(people, tokens, Quota())
    log = tmp_path / "asked.log"
    pace = Pace(slow=0.3, stalled=0.3)
    with StandIn(service, log=log, pace=pace) as stand_in:
        configuration = Configuration(
            service=Kind.STAND_IN, base_url=stand_in.base_url, api_key=API_KEY,
            key_id=KEY_ID, private_key=private,
        )  # fmt: skip
        made = World(stand_in, server, configuration, Asked(log), [], [])
        yield made
        for client in made.clients:
            client.close()
