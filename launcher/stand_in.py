"""The demo's stand-in for the Personal Demographics Service, and how a worker is let in there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from launcher.children import Child, say
from launcher.given import others
from launcher.ports import free_port
from launcher.private import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.data import Data
    from launcher.sources import MadeUpRegion

_HOST = "127.0.0.1"
_PATH = "/personal-demographics/FHIR/R4"
_API_KEY, _KEY_ID = "connect-care-demo", "demo-1"
#: As NHS England's token service wants them.
_KEY_BITS = 4096


def pds_environment(data: Data) -> dict[str, str]:
    """The variables by which a worker asks a stand-in that will listen on a free port.

    The key is made once, and kept in the demo's folder.
    """
    key = data.path / "pds-key.pem"
    if not key.exists() or not _public_key(data).exists():
        _make_key(data)
    return {
        "PDS_BASE_URL": f"http://{_HOST}:{free_port()}{_PATH}",
        "PDS_API_KEY": _API_KEY,
        "PDS_KEY_ID": _KEY_ID,
        "PDS_KEY_FILE": str(key),
    }


def stand_in(data: Data, environment: dict[str, str], region: MadeUpRegion) -> Child:
    """The process, not started, at the address that :func:`pds_environment` gave."""
    address = environment["PDS_BASE_URL"].removesuffix(_PATH)
    log = data.log("pds-stand-in")
    requests = data.path / "logs" / "pds-stand-in.requests.log"
    requests.unlink(missing_ok=True)
    words = [
        *("--port", address.rpartition(":")[2], "--api-key", _API_KEY, "--key-id", _KEY_ID),
        *("--public-key", str(_public_key(data)), "--log", str(requests)),
        *("--residents", str(region.residents), "--today", region.today.isoformat()),
    ]
    # It holds no address of a database and no key: those it was given are for others.
    own = {name: value for name, value in others().items() if not name.startswith("DATABASE_")}
    command = [sys.executable, "-m", "region.pds_stand_in", *words]
    return Child(name="pds-stand-in", command=command, log=log, env=own)


def _public_key(data: Data) -> Path:
    return data.path / "pds-key.public.pem"


def _make_key(data: Data) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    say("Making the key for the stand-in of PDS …")
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(_public_key(data), public.decode())
    write_private(data.path / "pds-key.pem", private.decode())
