"""``bin/manage``: manage.py with the demo's servers, whether the demo is up or not."""

from __future__ import annotations

import os
import sys
import time

from launcher import MANAGE
from launcher.children import call
from launcher.data import Data
from launcher.environment import demo_environment
from launcher.errors import LauncherError
from launcher.given import given_logins, others, value_of
from launcher.private import read_env

START_PATIENCE = 120.0
"""Seconds to wait for a demo that is just starting."""


def main(arguments: list[str]) -> int:
    """Run manage.py with these arguments in the caller's folder; return its exit code.

    With addresses of database logins in the environment it uses those. Else it joins a running
    demo, or starts the demo's servers for as long as the command takes.
    """
    command = [sys.executable, MANAGE, *arguments]
    if given_logins() and not value_of("DATABASE_ADMIN_URL"):
        return call(command, env=os.environ, interactive=True)
    data = Data.default()
    data.prepared.unlink(missing_ok=True)  # whatever the command does, the demo looks again
    holder = data.holder()
    if holder is not None and holder.command == "bin/demo":
        return call(command, env=_beside(_running_demo(data)), interactive=True)
    with data.held("bin/manage", wait=True), demo_environment(data) as up:
        return call(command, env=_beside(up.environment), interactive=True)


def _running_demo(data: Data) -> dict[str, str]:
    deadline = time.monotonic() + START_PATIENCE
    while not data.running.exists():
        if data.holder() is None or time.monotonic() > deadline:
            raise LauncherError("The demo did not start. See what bin/demo says, then try again.")
        time.sleep(0.2)
    return read_env(data.running)


def _beside(environment: dict[str, str]) -> dict[str, str]:
    """The demo's environment beside the caller's own, who may choose the login of a command."""
    login = value_of("CONNECTCARE_LOGIN")
    chosen = {"CONNECTCARE_LOGIN": login} if login else {}
    return {**others(), **environment, **chosen}
