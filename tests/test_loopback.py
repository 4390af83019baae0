"""The tests' own wall: nothing is reached past this machine."""

from __future__ import annotations

import socket

import pytest


def test_a_connection_to_anywhere_else_is_refused() -> None:
    with socket.socket() as reaching, pytest.raises(AssertionError, match="loopback"):
        reaching.connect(("192.0.2.1", 80))
