"""``python -m launcher``: one command each for the scripts in bin/."""

from __future__ import annotations

import argparse
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

COMMANDS = {
    "demo": "launcher.demo",
    "test": "launcher.testing",
    "manage": "launcher.manage",
    "provision": "launcher.provisioning",
    "check": "launcher.checks",
    "probe": "launcher.probe",
}


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """The launcher was told to stop (by a signal); everything it started is to be stopped."""


def _stop(number: int, _frame: FrameType | None) -> None:
    # A second signal while things are being stopped must not leave them half stopped.
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)
    raise Stopped(number)


def main() -> int:
    """Run the command named first and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m launcher", add_help=False)
    parser.add_argument("command", choices=COMMANDS)
    options, arguments = parser.parse_known_args(sys.argv[1:2])
    arguments = sys.argv[2:]
    for name in SIGNALS:
        signal.signal(name, _stop)
    module = import_module(COMMANDS[options.command])  # each brings only what it needs
    from launcher.errors import LauncherError

    try:
        return int(module.main(arguments))
    except LauncherError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    except Stopped as stopped:
        return 128 + int(stopped.args[0])


if __name__ == "__main__":
    sys.exit(main())
