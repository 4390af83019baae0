"""What the caller's environment gives: addresses and secrets, each also as NAME_FILE."""

from __future__ import annotations

import os
from pathlib import Path

from launcher.errors import LauncherError
from launcher.provision import LOGINS, variable

NAMES = (
    "DATABASE_ADMIN_URL",
    *(variable(login) for login in LOGINS),
    "REDIS_URL",
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "ALLOWED_HOSTS",
    "CONNECTCARE_ORIGIN",
    "CONNECTCARE_LOGIN",
    "AUDIT_JOURNAL",
    "AUDIT_KEY",
    "AUDIT_VERIFIER",
    "CONNECTCARE_PROFILE",
    "PDS_BASE_URL",
    "PDS_API_KEY",
    "PDS_KEY_ID",
    "PDS_KEY",
    "PDS_REQUESTS_PER_MINUTE",
    "EMAIL_HOST",
    "EMAIL_PORT",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "EMAIL_TLS",
    "EMAIL_FROM",
    "SIGN_IN_PROVIDERS",
)
"""Every variable of :mod:`launcher.environment`, and the administrator's address."""


def value_of(name: str) -> str | None:
    """Return a variable of the environment, or what the file in NAME_FILE holds.

    Raises LauncherError if the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name) or None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        msg = f"{name}_FILE cannot be read: {error}"
        raise LauncherError(msg) from error


def given_logins() -> dict[str, str]:
    """Return the addresses of database logins that the environment names."""
    found = {variable(login): value_of(variable(login)) for login in LOGINS}
    return {name: address for name, address in found.items() if address}


def others() -> dict[str, str]:
    """Return the environment without the variables of the settings, in either form.

    What a shell holds for an installation must not reach a demo or a test beside it.
    """
    ours = {*NAMES, *(f"{name}_FILE" for name in NAMES)}
    return {name: value for name, value in os.environ.items() if name not in ours}
