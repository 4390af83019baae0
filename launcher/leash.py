"""Start one command on a leash: it ends with the launcher, and not as root where it refuses root.

Run as a script, with Python's own library only, between the launcher and each server it owns::

    leash.py [--parent PID --signal NUMBER] [--namespace | --account NAME] -- COMMAND …

It becomes the command, so the process id that the launcher knows is the command's. Done here and
not between fork and exec in the launcher, where Python code is not safe beside threads.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import pwd
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NAMESPACE_UID = 1000
"""The user id that the command sees itself as; to everything outside it stays the caller."""


def enter_namespace() -> None:
    """Go on as an ordinary user in a user namespace of our own.

    Files keep the owner they have and no mode is changed: outside the namespace nothing differs.
    Raises OSError where the kernel or a container does not allow it.
    """
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{NAMESPACE_UID} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{NAMESPACE_UID} {gid} 1", encoding="ascii")


def become(account: str) -> None:
    """Go on as another account of the system."""
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def end_with(parent: int, number: int) -> None:
    """Ask Linux for this signal when the parent ends, however it ends."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we could ask
        sys.exit(1)


def main(arguments: list[str]) -> None:
    """Put on the leash and become the command."""
    split = arguments.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--parent", type=int)
    parser.add_argument("--signal", type=int)
    parser.add_argument("--namespace", action="store_true")
    parser.add_argument("--account")
    options = parser.parse_args(arguments[:split])
    command = arguments[split + 1 :]
    if options.namespace:
        enter_namespace()
    if options.account:
        become(options.account)
    if options.parent:
        end_with(options.parent, options.signal)  # last: a change of user would undo it
    os.execvp(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
