"""The embedded Valkey: on a socket of its own, never on one that another server still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import redis

from launcher.children import is_alive
from launcher.valkey import Valkey

if TYPE_CHECKING:
    from pathlib import Path


def test_start_and_stop_leave_nothing(tmp_path: Path, sockets: Path) -> None:
    valkey = Valkey(sockets=sockets, log=tmp_path / "valkey.log")
    child = valkey.start()
    assert child.pid is not None
    with redis.Redis.from_url(valkey.url) as client:
        assert client.set("a", "b")
        assert client.config_get("port") == {"port": "0"}
    pid = child.pid
    valkey.stop()
    assert not is_alive(pid)
    assert list(sockets.iterdir()) == []


def test_two_servers_share_a_folder(tmp_path: Path, sockets: Path) -> None:
    first = Valkey(sockets=sockets, log=tmp_path / "first.log")
    second = Valkey(sockets=sockets, log=tmp_path / "second.log")
    assert first.url != second.url
    first.start()
    second.start()
    first.stop()
    with redis.Redis.from_url(second.url) as client:
        assert client.ping()
    second.stop()
