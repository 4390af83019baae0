"""A throw-away PostgreSQL of a test's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.postgres import Postgres

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Cluster:
    """A cluster and where its parts lie."""

    postgres: Postgres
    home: Path
    sockets: Path

    @property
    def admin_url(self) -> str:
        return self.postgres.admin_url


def make_cluster(home: Path, sockets: Path, *, throw_away: bool = True) -> Cluster:
    postgres = Postgres(
        folder=home / "postgres",
        sockets=sockets,
        password_file=home / "postgres.password",
        log=home / "postgres.log",
        throw_away=throw_away,
    )
    return Cluster(postgres=postgres, home=home, sockets=sockets)
