"""The health probe of a container, so that the image needs no other tool for it."""

from __future__ import annotations

import argparse
import http.client
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from launcher.errors import LauncherError


def main(arguments: list[str]) -> int:
    """Return 0 if the web on a port is ready, or a file was written lately.

    Raises LauncherError with what was found otherwise.
    """
    parser = argparse.ArgumentParser(prog="python -m launcher probe", description=__doc__)
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--port", type=int, help="ask /health/ready there")
    subject.add_argument("--fresh", type=Path, metavar="FILE", help="see when it was written")
    parser.add_argument(
        "--minutes", type=float, default=10, help="how long ago is too long ago (10)"
    )
    options = parser.parse_args(arguments)
    if options.port is not None:
        return _ready(options.port)
    return _fresh(options.fresh, options.minutes)


def _ready(port: int) -> int:
    # The site answers to its own name only.
    host = urlsplit(os.environ.get("CONNECTCARE_ORIGIN", "")).netloc or f"127.0.0.1:{port}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    try:
        connection.request("GET", "/health/ready", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        msg = f"No answer from port {port}: {error}"
        raise LauncherError(msg) from error
    finally:
        connection.close()
    if status != http.HTTPStatus.OK:
        msg = f"/health/ready answered {status}."
        raise LauncherError(msg)
    return 0


def _fresh(path: Path, minutes: float) -> int:
    # Some of Python's small databases add endings to the name they are given.
    written = [found.stat().st_mtime for found in path.parent.glob(f"{path.name}*")]
    if not written:
        msg = f"{path} is not there."
        raise LauncherError(msg)
    age = time.time() - max(written)
    if age > minutes * 60:
        msg = f"{path} was last written {age / 60:.0f} minutes ago."
        raise LauncherError(msg)
    return 0
