"""What the settings read from the environment, and where the demo gets it from.

=====================  ==========================================================================
CONNECTCARE_LOGIN      which database login this process connects as: web (when absent), pipeline,
                       owner, sealer, backup
DATABASE_<LOGIN>_URL   that login's address, ``postgresql://user:password@host/database``
REDIS_URL              the broker, ``redis://…`` or ``unix:///path?db=0``
SECRET_KEY             Django's
ENCRYPTION_KEYS        keys for deliveries at rest, newest first: urlsafe base64 of 32 bytes each
ALLOWED_HOSTS          host names, by commas
CONNECTCARE_ORIGIN     the site's address as a browser sees it, ``https://host``
CONNECTCARE_PROFILE    production (when absent), demo or test
PDS_BASE_URL           the Personal Demographics Service that is asked; the demo has a stand-in
PDS_API_KEY, PDS_KEY_ID, PDS_KEY  as whom, the id of the key, and the private key
PDS_REQUESTS_PER_MINUTE  the agreed rate, 300 when absent
AUDIT_JOURNAL          the folder of the audit's sealed journal; the sealer's, like the next two
AUDIT_KEY              the key that seals it: 32 bytes in URL-safe base64
AUDIT_VERIFIER         the key that checks seals, where AUDIT_KEY is not given
EMAIL_HOST             the mail server of notices; without one, a demo prints them in a log, and no
                       production worker serves the urgent queue
EMAIL_PORT             its port, 25 when absent
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD  how to sign in there, if it asks
EMAIL_TLS              starttls, tls, or none (when absent)
EMAIL_FROM             the address that notices come from
=====================  ==========================================================================

Each may be given as NAME_FILE instead, the path of a file that holds the value.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.private import read_env, write_env
from launcher.servers import Servers, servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.data import Data

DEFAULT_PORT = 8000


@dataclass(frozen=True)
class Up:
    """The demo's servers, running and provisioned."""

    servers: Servers
    environment: dict[str, str]


@contextlib.contextmanager
def demo_environment(data: Data, *, port: int = DEFAULT_PORT) -> Iterator[Up]:
    """Start the demo's servers, provision them, and give the whole environment of the settings.

    The caller holds the folder. The servers stop in the end.
    """
    sockets = data.sockets()
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, sockets, ignore_errors=True)
        found = stack.enter_context(
            servers(
                cluster=data.path / "postgres",
                sockets=sockets,
                password_file=data.path / "postgres.password",
                logs=data.path / "logs",
            )
        )
        logins = found.provision(read_env(data.credentials))
        write_env(data.credentials, logins)
        yield Up(
            servers=found,
            environment={
                "CONNECTCARE_PROFILE": "demo",
                "CONNECTCARE_ORIGIN": f"http://127.0.0.1:{port}",
                "ALLOWED_HOSTS": "127.0.0.1,localhost",
                "REDIS_URL": found.redis_url,
                "TMPDIR": str(data.temporary()),
                **data.secrets(),
                **data.sealing(),
                **logins,
            },
        )
