"""Which Personal Demographics Service this installation asks, as whom, and how often.

Read once, when the settings are. Whatever is wrong is said then, with the variable's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.exceptions import ImproperlyConfigured

_PATH = "/personal-demographics/FHIR/R4"
#: NHS England's token service takes RSA keys of this size.
_LEAST_KEY_BITS = 4096
#: Five a second, counted over a minute: what an application gets where nothing else is agreed.
DEFAULT_RATE = 300


class Service(StrEnum):
    """The services there are. A word of these may stand in ``PDS_BASE_URL``, but for the last."""

    LIVE = "live"
    INTEGRATION = "integration"
    SANDBOX = "sandbox"
    STAND_IN = "stand-in"

    @property
    def warning(self) -> str:
        """What a page with its answers says above them; empty for the live service."""
        return {
            Service.LIVE: "",
            Service.INTEGRATION: "Answers come from PDS's integration environment: test patients.",
            Service.SANDBOX: "Answers come from PDS's sandbox: always the same examples.",
            Service.STAND_IN: "Answers come from a stand-in for PDS: nobody here is real.",
        }[self]


_HOSTS = {
    Service.LIVE: "api.service.nhs.uk",
    Service.INTEGRATION: "int.api.service.nhs.uk",
    Service.SANDBOX: "sandbox.api.service.nhs.uk",
}


#: By whom the service is asked; what to give where it is missing.
_ACCESS = {
    "PDS_API_KEY": "It is the API key of the application registered with the service.",
    "PDS_KEY_ID": "It is the id (kid) of the key that is registered for the application.",
    "PDS_KEY": "Give the file of its private RSA key in PDS_KEY_FILE.",
}


class _Reader(Protocol):
    def __call__(self, name: str, default: str | None = None, *, hint: str = "") -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Configuration:
    """What the client needs. Make one with :func:`read`.

    ``per_minute`` is the agreed number of requests in any rolling minute, of the whole
    installation. Without a key no token is asked for (sandbox).
    """

    service: Service
    base_url: str
    api_key: str = ""
    key_id: str = ""
    private_key: str = ""
    per_minute: int = DEFAULT_RATE

    @property
    def token_url(self) -> str:
        """Where access is asked for: the same host."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}/oauth2/token"

    @property
    def here(self) -> bool:
        """Whether it is a service on this very machine."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")


def read(text: _Reader, *, production: bool) -> Configuration | None:
    """Read the variables ``PDS_…``; ``None`` where no service is named: nobody is traced.

    :param text: reads a variable (:meth:`connectcare.environment.Environment.text`).
    :param production: real people. They are asked of the live service and of no other, and made-up
        people never of the live one.
    :raises ImproperlyConfigured: naming the variable and what to do.
    """
    named = text("PDS_BASE_URL", "")
    rate = _rate(text("PDS_REQUESTS_PER_MINUTE", str(DEFAULT_RATE)))
    access = {name: text(name, "") for name in _ACCESS}
    if not named:
        return None
    service, base_url = _service(named)
    if production != (service is Service.LIVE):
        raise ImproperlyConfigured(
            "PDS_BASE_URL must be the live service in production, since people there are real, and "
            f"any other elsewhere; it is: {service}."
        )
    if service is Service.SANDBOX:
        return Configuration(service=service, base_url=base_url, per_minute=rate)
    for name, value in access.items():
        if not value:
            raise ImproperlyConfigured(f"Set {name} (or {name}_FILE). {_ACCESS[name]}")
    _check_key(access["PDS_KEY"])
    return Configuration(
        service=service,
        base_url=base_url,
        per_minute=rate,
        api_key=access["PDS_API_KEY"],
        key_id=access["PDS_KEY_ID"],
        private_key=access["PDS_KEY"],
    )


def _service(named: str) -> tuple[Service, str]:
    for service, host in _HOSTS.items():
        if named.rstrip("/") in (service, f"https://{host}", f"https://{host}{_PATH}"):
            return service, f"https://{host}{_PATH}"
    parts = urlsplit(named)
    if not parts.hostname or parts.hostname in _HOSTS.values() or parts.query or parts.fragment:
        raise ImproperlyConfigured(
            f"PDS_BASE_URL must be one of: {', '.join(_HOSTS)}; or the https address of a "
            "stand-in, up to /FHIR/R4."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname)):
        raise ImproperlyConfigured("PDS_BASE_URL must begin with https:// off this machine.")
    if parts.username or parts.password:
        raise ImproperlyConfigured("PDS_BASE_URL must not hold a name or password.")
    return Service.STAND_IN, named.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _rate(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise ImproperlyConfigured(
            "PDS_REQUESTS_PER_MINUTE must be the agreed number of requests a minute, 1 or more."
        )
    return int(text)


def _check_key(pem: str) -> None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's words may quote the key.
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_KEY_BITS:
        raise ImproperlyConfigured(
            "PDS_KEY_FILE must name a file with a private RSA key of at least "
            f"{_LEAST_KEY_BITS} bits, as PEM, without a password."
        )
