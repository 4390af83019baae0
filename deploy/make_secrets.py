#!/usr/bin/env python3
"""Make the secrets that docker-compose.yml reads, where they are missing. Needs only Python.

The certificate and its key are yours to put there.
"""

from __future__ import annotations

import base64
import secrets
import sys
from pathlib import Path

LOGINS = ("owner", "web", "pipeline", "sealer", "backup")


def made_up() -> str:
    """Return a password that needs no quoting in an address."""
    return secrets.token_urlsafe(32)


def texts() -> dict[str, str]:
    """Return each file's name with new content; those that belong together agree."""
    administrator, broker = made_up(), made_up()
    addresses = {
        f"database_{login}_url": f"postgresql://connectcare_{login}:{made_up()}@postgres/connectcare"
        for login in LOGINS
    }
    return addresses | {
        "postgres_password": administrator,
        "database_admin_url": f"postgresql://postgres:{administrator}@postgres/postgres",
        "redis.conf": f"requirepass {broker}\n",
        "redis_url": f"redis://:{broker}@redis:6379/0",
        "secret_key": secrets.token_urlsafe(64),
        # Empty: for a mail server that asks for no password. Write yours into it.
        "email_host_password": "",
        # Empty: nobody is traced until they are written in and PDS_BASE_URL is given.
        "pds_api_key": "",
        "pds_key": "",
        "audit_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "encryption_keys": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


TOGETHER = (("postgres_password", "database_admin_url"), ("redis.conf", "redis_url"))
"""Files that hold the same password: one without the other is not repaired but reported."""


def main(folder: Path) -> None:
    """Write the missing files into a folder that only its owner can enter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    for pair in TOGETHER:
        present = [name for name in pair if (folder / name).exists()]
        if len(present) == 1:
            sys.exit(
                f"error: of {' and '.join(pair)} only {present[0]} is there. Restore the other."
            )
    for name, text in texts().items():
        path = folder / name
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            path.chmod(0o444)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "secrets")
