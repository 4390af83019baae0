"""Nothing that the launcher starts outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from launcher import ROOT
from launcher.children import Child, LauncherError, call, capture, command_of, end_orphan, is_alive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_stop_ends_a_stubborn_process_and_its_children(tmp_path: Path) -> None:
    script = 'trap "" TERM; sleep 600 & echo $! > "$0"; echo up; while :; do sleep 1; done'
    grandchild = tmp_path / "pid"
    child = Child(
        name="stubborn", command=["sh", "-c", script, grandchild], log=tmp_path / "log", grace=0.2
    )
    child.start()
    assert wait_for(lambda: "up" in child.last_words())
    pids = [child.pid, int(grandchild.read_text())]
    assert all(pid is not None and is_alive(pid) for pid in pids)
    child.stop()
    assert wait_for(lambda: not any(pid is not None and is_alive(pid) for pid in pids))


def test_stop_is_polite_first(tmp_path: Path) -> None:
    script = 'trap "echo goodbye; exit 0" INT; echo up; while :; do sleep 0.05; done'
    child = Child(
        name="polite",
        command=["sh", "-c", script],
        log=tmp_path / "log",
        stop_signal=signal.SIGINT,
    )
    child.start()
    assert wait_for(lambda: "up" in child.last_words())
    child.stop()
    assert child.last_words().splitlines() == ["up", "goodbye"]


def test_the_end_of_a_child_is_told_with_its_last_lines(tmp_path: Path) -> None:
    child = Child(name="web", command=["sh", "-c", "echo no room; exit 3"], log=tmp_path / "log")
    child.start()
    assert wait_for(lambda: not child.is_running())
    message = str(child.died())
    assert "web ended unexpectedly (exit code 3)" in message
    assert "no room" in message
    child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_child_ends_when_the_launcher_is_killed(tmp_path: Path) -> None:
    starter = (
        "import sys, time; from pathlib import Path; from launcher.children import Child\n"
        "child = Child(name='c', command=['sleep', '600'], log=Path(sys.argv[1]))\n"
        "child.start(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starter, tmp_path / "log"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert wait_for(lambda: command_of(pid) == "sleep 600")
        parent.kill()
    assert wait_for(lambda: not is_alive(pid))


def test_call_passes_the_exit_code_on() -> None:
    assert call([sys.executable, "-c", "raise SystemExit(7)"]) == 7


def test_capture_tells_what_failed() -> None:
    with pytest.raises(LauncherError, match="exit code 2:\nsorry"):
        capture(["sh", "-c", "echo sorry; exit 2"])


def test_end_orphan_returns_when_it_is_gone() -> None:
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as orphan:
        # Its parent is us, so it stays a zombie until waited for, which counts as gone.
        end_orphan(orphan.pid, signal.SIGTERM)
        assert not is_alive(orphan.pid)


def test_is_alive_of_this_process() -> None:
    assert is_alive(os.getpid())


@pytest.mark.parametrize(
    ("script", "may_end", "done"),
    [("exit 0", True, True), ("exit 3", True, False), ("exit 0", False, False)],
)
def test_who_may_end_has_done_its_work_without_a_fault(
    tmp_path: Path, script: str, may_end: bool, done: bool
) -> None:
    child = Child(name="once", command=["sh", "-c", script], log=tmp_path / "log", may_end=may_end)
    assert not child.has_done_its_work(), "it has not begun"
    child.start()
    assert wait_for(lambda: not child.is_running())
    assert child.has_done_its_work() is done
    child.stop()
