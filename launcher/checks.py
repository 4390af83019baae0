"""``bin/check``: what can be told without running the product."""

from __future__ import annotations

import argparse
import base64
import secrets
import sys
import time
from pathlib import Path

from launcher import MANAGE, ROOT

DESCRIPTION = """\
Runs the static checks, all of them even where one fails: lint and format (ruff), types (mypy), the
layers of the house (import-linter), missing migrations, the production settings (check --deploy)
and the templates (djlint). What they need is installed first. The exit code is that of the first
check that failed.
"""

UNREACHABLE = "127.0.0.1:1"
"""An address where nothing listens: no check needs a server."""


def main(arguments: list[str]) -> int:
    """Run the checks named, or all; return the exit code of the first that failed."""
    parser = argparse.ArgumentParser(
        prog="bin/check",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    checks = commands()
    parser.add_argument("name", nargs="*", help=f"only these: {', '.join(checks)}")
    chosen = parser.parse_args(arguments).name or list(checks)
    unknown = [name for name in chosen if name not in checks]
    if unknown:
        parser.error(f"no such check: {', '.join(unknown)}; there are: {', '.join(checks)}")
    from launcher import frontend
    from launcher.children import call, say
    from launcher.given import others

    # A fresh clone has none of the pages' own files, and the deployment check warns of each.
    frontend.install()
    environment = others() | production_environment()
    first_failure = 0
    for name in chosen:
        began = time.monotonic()
        code = call(checks[name], env=environment, cwd=ROOT, interactive=True)
        outcome = "ok" if code == 0 else f"FAILED (exit code {code})"
        say(f"{name}: {outcome}, {time.monotonic() - began:.1f} s")
        first_failure = first_failure or code
    return first_failure


def commands() -> dict[str, list[str]]:
    """Return each check's name with its command."""

    def tool(name: str) -> str:
        return str(Path(sys.executable).with_name(name))

    return {
        "lint": [tool("ruff"), "check", "."],
        "format": [tool("ruff"), "format", "--check", "."],
        "types": [tool("mypy")],
        "layers": [tool("lint-imports")],
        "migrations": [sys.executable, MANAGE, "makemigrations", "--check", "--dry-run"],
        "deployment": [sys.executable, MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
        "templates": [tool("djlint"), "templates", "--check", "--lint"],
    }


def production_environment() -> dict[str, str]:
    """Return what the production settings need, with values that are good for nothing else."""
    addresses = {
        f"DATABASE_{login}_URL": f"postgresql://nobody@{UNREACHABLE}/none"
        for login in ("OWNER", "WEB", "PIPELINE", "SEALER", "BACKUP")
    }
    return {
        **addresses,
        "CONNECTCARE_PROFILE": "production",
        "CONNECTCARE_ORIGIN": "https://connect-care.example",
        "ALLOWED_HOSTS": "connect-care.example",
        "REDIS_URL": f"redis://{UNREACHABLE}/0",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        # Django looks at the applied migrations if it can, and warns that it cannot.
        "PYTHONWARNINGS": "ignore::RuntimeWarning",
    }
