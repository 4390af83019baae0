"""Reads the environment, and fails loudly: the variable's name, and what to do.

Every variable may also be given as a file, ``NAME_FILE=/run/secrets/name``, as container
platforms hand out secrets.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import EnvError, FileAwareEnv

#: Django's engine for PostgreSQL with what makes pages quicker.
ENGINE = "statements"


class Profile(StrEnum):
    """What this installation is for. Anything but production says so on its pages."""

    PRODUCTION = "production"
    DEMO = "demo"
    TEST = "test"


class Login(StrEnum):
    """The database logins. A process has one of them, and no login is a member of another."""

    OWNER = "owner"
    WEB = "web"
    PIPELINE = "pipeline"
    SEALER = "sealer"
    BACKUP = "backup"


#: The database roles that provisioning makes, login by login.
ROLE_NAMES = {login: f"connectcare_{login}" for login in Login}
GATE_ROLE = "connectcare_gate"


class Environment:
    """The variables that Connect Care reads, each with its check.

    :raises ImproperlyConfigured: naming the variable and what it should hold.
    """

    def __init__(self) -> None:
        self._env = FileAwareEnv()

    def text(self, name: str, default: str | None = None, *, hint: str = "") -> str:
        """The value of a variable; without a default it is required."""
        try:
            if default is None:
                value: str = self._env.str(name)
            else:
                value = self._env.str(name, default)
        except (EnvError, ValueError, OSError) as error:
            raise ImproperlyConfigured(_say(name, hint)) from error
        if default is None and not value.strip():
            raise ImproperlyConfigured(_say(name, hint))
        return value.strip()

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list."""
        return [word.strip() for word in self.text(name, default).split(",") if word.strip()]

    def number(self, name: str, default: int) -> int:
        """A whole number, not negative."""
        value = self.text(name, "") or str(default)
        if not (value.isascii() and value.isdecimal()):
            raise ImproperlyConfigured(f"{name} must be a whole number.")
        return int(value)

    def weights(self, name: str) -> dict[str, int]:
        """Whole numbers by their names, such as ``same-surname=1,no-care=2``."""
        found = {}
        for word in self.words(name):
            key, _, value = word.partition("=")
            if not (value.isascii() and value.isdecimal()):
                raise ImproperlyConfigured(f"{name} must be such as same-surname=1,no-care=2.")
            found[key.strip()] = int(value)
        return found

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """One of a few words; the first where nothing is said."""
        value = self.text(name, "") or allowed[0]
        if value not in allowed:
            raise ImproperlyConfigured(f"{name} must be one of: {', '.join(allowed)}.")
        return value

    def profile(self) -> Profile:
        """``CONNECTCARE_PROFILE``; production unless said otherwise."""
        value = self.text("CONNECTCARE_PROFILE", Profile.PRODUCTION)
        if value not in set(Profile):
            allowed = ", ".join(Profile)
            raise ImproperlyConfigured(f"CONNECTCARE_PROFILE must be one of: {allowed}.")
        return Profile(value)

    def login(self) -> Login:
        """``CONNECTCARE_LOGIN``; the web's, which may do least, unless said otherwise."""
        value = self.text("CONNECTCARE_LOGIN", Login.WEB)
        if value not in set(Login):
            raise ImproperlyConfigured(f"CONNECTCARE_LOGIN must be one of: {', '.join(Login)}.")
        return Login(value)

    def database(self, login: Login) -> dict[str, Any]:
        """Django's settings for the address of one login, ``DATABASE_<LOGIN>_URL``."""
        name = f"DATABASE_{login.upper()}_URL"
        address = self.text(
            name,
            hint="Give the address as postgresql://login:password@host:5432/database; "
            "bin/demo and bin/test set it by themselves.",
        )
        try:
            settings = dj_database_url.parse(address, engine=ENGINE)
        except (ValueError, KeyError) as error:
            raise ImproperlyConfigured(_say(name, "It is not a database address.")) from error
        return dict(settings)

    def broker(self) -> str:
        """Celery's form of ``REDIS_URL`` (``redis://…``, ``rediss://…`` or ``unix:///path``)."""
        address = self.text("REDIS_URL", hint="Give the address of a Redis server, redis://….")
        parts = urlsplit(address)
        scheme = parts.scheme
        if scheme == "unix":
            number = parse_qs(parts.query).get("db", ["0"])[0]
            return f"redis+socket://{parts.path}?virtual_host={number}"
        if scheme in {"redis", "rediss", "redis+socket"}:
            return address
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")

    def redis(self) -> str:
        """``REDIS_URL`` as redis-py reads it; see :meth:`broker`."""
        parts = urlsplit(self.broker())
        if parts.scheme != "redis+socket":
            return parts.geturl()
        number = parse_qs(parts.query).get("virtual_host", ["0"])[0]
        return f"unix://{parts.path}?db={number}"

    def keys(self, name: str) -> list[bytes]:
        """Keys of 32 bytes in URL-safe base64, comma-separated; the first encrypts."""
        hint = "Give one or more keys of 32 bytes in URL-safe base64, newest first."
        keys = []
        for word in self.text(name, hint=hint).split(","):
            try:
                key = base64.urlsafe_b64decode(word.strip())
            except (binascii.Error, ValueError) as error:
                raise ImproperlyConfigured(_say(name, hint)) from error
            if len(key) != 32:  # AES-256
                raise ImproperlyConfigured(_say(name, hint))
            keys.append(key)
        return keys


def _say(name: str, hint: str) -> str:
    return f"Set {name} (or {name}_FILE). {hint}".strip()
