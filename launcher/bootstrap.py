"""Make the Python environment from the lock, then go on in it.

Run as a script by whatever Python 3.11 is at hand, so it uses the standard library only. A second
run costs the reading of one small file; several runs at once wait for each other.
"""

from __future__ import annotations

import ast
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements-dev.lock"
STAMP = VENV / ".installed-from"
UV_LOCK = ROOT / "launcher" / "requirements-uv.lock"

OLDEST_UV = (0, 8)
"""A machine may have an older uv on PATH; what is used here is in all from this one on."""

HELP_WITHOUT_SETUP = ("demo", "provision", "check")

PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
"""A machine behind a mirror says so to pip; uv does not read pip's configuration."""


class BootstrapError(Exception):
    """The environment cannot be made; the message says what to do."""


def say(message: str) -> None:
    """Write one line of progress to standard error, so that a command's own output stays clean."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def run(command: list[str | Path], *, env: dict[str, str] | None = None) -> bool:
    """Run a command of this file's own in the checkout; its output goes to standard error.

    Returns whether it succeeded.
    """
    words = [str(word) for word in command]
    # Every command is put together in this file, from constants and found executables.
    done = subprocess.run(words, cwd=ROOT, env=env, stdout=sys.stderr, check=False)  # noqa: S603
    return done.returncode == 0


def output_of(command: list[str | Path]) -> str:
    """Return what a command of this file's own prints, or nothing if it fails."""
    words = [str(word) for word in command]
    try:
        # As in run(): nothing from outside is in the words.
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def fingerprint() -> str:
    """Return what the environment is made from: the lock's digest, and the Python."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return f"{digest} {sys.version_info.major}.{sys.version_info.minor}\n"


def is_current() -> bool:
    """Tell whether the environment was made from this very lock, and its Python still exists."""
    try:
        digest = STAMP.read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        return False
    # Which Python made it does not matter here: two interpreters may call one checkout in turn.
    return digest == fingerprint().split()[0] and PYTHON.exists()


def pip_settings(listing: str) -> dict[str, str]:
    """Read ``pip config list``: option → value, the environment above [install] above [global].

    >>> pip_settings("global.index-url='https://mirror.example/simple'")
    {'index-url': 'https://mirror.example/simple'}
    """
    ranks = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"(global|install|:env:)\.([a-z-]+)=(.*)", line.strip())
        if match is None:
            continue
        section, option, quoted = match.groups()
        try:
            value = str(ast.literal_eval(quoted))
        except (SyntaxError, ValueError):
            continue
        if option not in found or ranks[section] >= found[option][0]:
            found[option] = (ranks[section], " ".join(value.split()))
    return {option: value for option, (_, value) in found.items()}


def uv_environment(environ: dict[str, str], pip: dict[str, str]) -> dict[str, str]:
    """Return the environment for uv: where it has no index of its own, it takes pip's."""
    result = dict(environ)
    chosen = {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_NO_INDEX"}
    if chosen & environ.keys() or "UV_CONFIG_FILE" in environ:
        return result
    for option, variable in PIP_TO_UV.items():
        if option in pip and variable not in environ:
            value = pip[option]
            result[variable] = value.replace(" ", ",") if variable == "UV_FIND_LINKS" else value
    # pip takes a package from whichever index has it. The lock's hashes pin every byte, so a
    # namesake in another index cannot come in by this.
    result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return result


def has_own_uv_configuration(environ: dict[str, str]) -> bool:
    """Tell whether the machine or the user has configured uv in a file of its own."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return any(path.exists() for path in (home / "uv" / "uv.toml", Path("/etc/uv/uv.toml")))


def version_of(uv: str | Path) -> tuple[int, ...]:
    """Return the version of a uv executable as numbers, or nothing if it does not run."""
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", output_of([uv, "--version"]))
    return tuple(int(part) for part in match.groups()) if match else ()


def find_uv() -> Path:
    """Return a uv: the one on PATH, the one got before, or one got now without touching the system.

    Raises BootstrapError where neither way of getting it works.
    """
    on_path = shutil.which("uv")
    if on_path and version_of(on_path) >= OLDEST_UV:
        return Path(on_path)
    home = TOOLS / "uv"
    executable = home / "bin" / "uv"
    if version_of(executable) >= OLDEST_UV:
        return executable
    say("Getting uv, which installs the libraries …")
    shutil.rmtree(home, ignore_errors=True)
    install: list[str | Path] = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        UV_LOCK,
    ]
    if run([sys.executable, "-m", "venv", home]) and run([home / "bin" / "python", *install]):
        return executable
    shutil.rmtree(home, ignore_errors=True)
    # Works beside a system Python that refuses installations (PEP 668): nothing of it is changed.
    if run([sys.executable, *install, "--target", home]) and version_of(executable):
        return executable
    raise BootstrapError(
        "uv could not be installed. Either install uv yourself and put it on PATH, or install "
        "Python's own venv and pip (on Debian and Ubuntu: the package python3-venv). If the "
        "download failed, tell pip where your package index is (pip config set global.index-url …)."
    )


def make_environment() -> None:
    """Make .venv exactly as the lock says.

    Raises BootstrapError if the libraries cannot be installed.
    """
    uv = find_uv()
    env = dict(os.environ)
    env.pop("VIRTUAL_ENV", None)
    if not has_own_uv_configuration(env):
        env = uv_environment(
            env, pip_settings(output_of([sys.executable, "-m", "pip", "config", "list"]))
        )
    STAMP.unlink(missing_ok=True)
    if not output_of([PYTHON, "--version"]):
        say("Making the Python environment …")
        shutil.rmtree(VENV, ignore_errors=True)
        if not run([uv, "venv", "--quiet", "--python", sys.executable, VENV], env=env):
            msg = f"{VENV} could not be made; the lines above say why."
            raise BootstrapError(msg)
    say("Installing the libraries that requirements-dev.lock names …")
    sync: list[str | Path] = [
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--python",
        PYTHON,
        LOCK,
    ]
    if not run(sync, env=env):
        raise BootstrapError(
            "The libraries could not be installed; the lines above say why. Behind a mirror, give "
            "its address as UV_DEFAULT_INDEX, or configure pip (pip config set global.index-url …)."
        )
    STAMP.write_text(fingerprint(), encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Bring the environment up to date and become ``python -m launcher`` with these arguments."""
    interpreter = str(PYTHON)
    wants_help = bool({"-h", "--help"} & set(arguments[1:]))
    if wants_help and arguments[0] in HELP_WITHOUT_SETUP:
        interpreter = sys.executable
    elif not is_current():
        TOOLS.mkdir(exist_ok=True)
        with (TOOLS / "bootstrap.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not is_current():
                make_environment()
    env = dict(os.environ)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), env.get("PYTHONPATH")]))
    sys.stdout.flush()
    # -P: the caller's folder, which may hold anything, is not searched for modules.
    os.execve(interpreter, [interpreter, "-P", "-m", "launcher", *arguments], env)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except BootstrapError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
