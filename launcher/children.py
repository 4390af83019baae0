"""Processes that the launcher owns: started on a leash, watched, and stopped in good order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import ROOT
from launcher.errors import LauncherError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEASH = Path(__file__).with_name("leash.py")
LAST_LINES = 25


def say(message: str) -> None:
    """Write one line of progress to standard error; standard output is for results."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def call(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    interactive: bool = False,
) -> int:
    """Run a command to its end in the foreground and return its exit code.

    Told to stop, we stop the command first. An interactive one deals with Ctrl-C itself: a shell
    goes on, pytest reports what it has.
    """
    words = leashed(command, end_signal=signal.SIGTERM)
    # The words are the launcher's own and the caller's options; no shell reads them.
    process = subprocess.Popen(  # noqa: S603
        words, env=_complete(env), cwd=cwd, start_new_session=not interactive
    )
    before = signal.getsignal(signal.SIGINT)
    if interactive:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def capture(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Run a command and return its standard output.

    Raises LauncherError with its last lines of error output if it fails.
    """
    words = [str(word) for word in command]
    # As in call(): no shell reads the words.
    done = subprocess.run(  # noqa: S603
        words, env=_complete(env), cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-LAST_LINES:])
        msg = f"{Path(words[0]).name} failed with exit code {done.returncode}:\n{tail}"
        raise LauncherError(msg)
    return done.stdout


def leashed(
    command: Sequence[str | Path],
    *,
    entrance: Sequence[str] = (),
    end_signal: signal.Signals | None = None,
) -> list[str]:
    """Return the command with the leash before it.

    ``entrance`` is how it leaves root (:func:`launcher.postgres.entrance`); with ``end_signal``
    it gets that signal when this process ends, where the system can do so.
    """
    bond = (
        []
        if end_signal is None
        else ["--parent", str(os.getpid()), "--signal", str(int(end_signal))]
    )
    return [sys.executable, "-I", "-S", str(LEASH), *bond, *entrance, "--", *map(str, command)]


@dataclass(kw_only=True)
class Child:
    """One long-running process, its log, and how it likes to be stopped."""

    name: str
    command: Sequence[str | Path]
    log: Path
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 15.0
    """Seconds between the polite signal and the end of its whole process group."""
    entrance: Sequence[str] = ()
    may_end: bool = False
    """Whether it has some work to do and then ends by itself."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C leaves the order to us."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        words = leashed(self.command, entrance=self.entrance, end_signal=self.stop_signal)
        with self.log.open("ab") as log:
            # The words are the launcher's own; no shell reads them.
            self.process = subprocess.Popen(  # noqa: S603
                words,
                env=_complete(self.env),
                cwd=self.cwd or ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int | None:
        """Its process id, once started."""
        return self.process.pid if self.process else None

    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def has_done_its_work(self) -> bool:
        """Tell whether it was to end by itself, and did so without a fault."""
        return self.may_end and self.process is not None and self.process.poll() == 0

    def stop(self) -> None:
        """Stop it and everything in its process group; return when it is gone."""
        if self.process is None:
            return
        group = self.process.pid
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=self.grace)
        # Whatever is left of the group: the stubborn process, or a worker without its master.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def last_words(self) -> str:
        """Return the last lines of its log, for a message about its end."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return "\n".join(lines[-LAST_LINES:]) or "(the log is empty)"

    def died(self) -> LauncherError:
        """Return the error that tells of its unexpected end, with its last log lines."""
        code = self.process.poll() if self.process else None
        return LauncherError(
            f"{self.name} ended unexpectedly (exit code {code}). Its last lines, from {self.log}:\n"
            f"{self.last_words()}"
        )


def is_alive(pid: int) -> bool:
    """Tell whether a process with this id exists (a zombie counts as gone)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    if stat.exists():
        with contextlib.suppress(OSError):
            return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return True


def command_of(pid: int) -> str:
    """Return the command line of a process, or nothing if it is gone or not ours to see."""
    proc = Path(f"/proc/{pid}/cmdline")
    if proc.exists():
        with contextlib.suppress(OSError):
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return ""
    with contextlib.suppress(LauncherError, OSError):
        return capture(["ps", "-p", str(pid), "-o", "command="]).strip()
    return ""


def end_orphan(pid: int, number: signal.Signals, *, patience: float = 30.0) -> None:
    """Stop a process that an earlier launcher left behind; return when it is gone.

    Raises LauncherError if it does not go.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    deadline = time.monotonic() + patience
    while is_alive(pid):
        if time.monotonic() > deadline:
            msg = f"Process {pid} of an earlier run does not stop. End it, then try again."
            raise LauncherError(msg)
        time.sleep(0.05)


def _complete(env: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if env is None else dict(env)
