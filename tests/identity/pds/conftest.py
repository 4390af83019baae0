"""A Valkey of the tests' own, which they may empty and restart."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from launcher.valkey import Valkey


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
