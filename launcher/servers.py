"""The two servers that Connect Care needs: given by address, or embedded for the while."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.given import given_logins, value_of
from launcher.postgres import Postgres
from launcher.provision import LOGINS, as_environment, passwords_in, provision
from launcher.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from launcher.children import Child

DATABASE = "connectcare"


@dataclass(frozen=True)
class Servers:
    """Where the servers are, and those of them that are our own children."""

    admin_url: str | None
    """An administrator's address; None where the logins' addresses were given instead."""
    redis_url: str
    children: tuple[Child, ...]

    def provision(self, known: Mapping[str, str], database: str = DATABASE) -> dict[str, str]:
        """Return the environment with the logins' addresses, making database and logins if need be.

        ``known`` is an environment with addresses made earlier, whose passwords are kept.
        """
        given = given_logins()
        if self.admin_url is None:
            return given
        passwords = passwords_in(known) | passwords_in(given)
        return as_environment(provision(self.admin_url, database, passwords=passwords)) | given


@contextlib.contextmanager
def servers(
    *, cluster: Path, sockets: Path, password_file: Path, logs: Path, throw_away: bool = False
) -> Iterator[Servers]:
    """Give the servers named by DATABASE_ADMIN_URL (or all logins' addresses) and REDIS_URL.

    What is not named is started from the wheels, and stopped in the end in reverse order.
    """
    with contextlib.ExitStack() as stack:
        children = []
        admin_url = value_of("DATABASE_ADMIN_URL")
        if not admin_url and len(given_logins()) < len(LOGINS):
            postgres = Postgres(
                folder=cluster,
                sockets=sockets,
                password_file=password_file,
                log=logs / "postgres.log",
                throw_away=throw_away,
            )
            stack.callback(postgres.stop)
            children.append(postgres.start())
            admin_url = postgres.admin_url
        redis_url = value_of("REDIS_URL")
        if not redis_url:
            valkey = Valkey(sockets=sockets, log=logs / "valkey.log")
            stack.callback(valkey.stop)
            children.append(valkey.start())
            redis_url = valkey.url
        yield Servers(admin_url=admin_url or None, redis_url=redis_url, children=tuple(children))
