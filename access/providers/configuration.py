"""Which OpenID providers people may sign in by, and what each must say of how they signed in.

Read once, when the settings are, out of ``SIGN_IN_PROVIDERS``: a JSON list with one object a
provider (docs/deployment.md). It lies outside the database, so that nobody who can write there
can add a provider, or make one count for more.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from django.core.exceptions import ImproperlyConfigured
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

ClientKey = RSAKey | ECKey

#: Signatures of a key pair alone: an ID token's own secret would be a shared one.
SIGNATURES: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}
)
_EXAMPLE: Final = "Give a JSON list of providers; docs/deployment.md has an example."


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider as it is written."""

    code: str
    name: str
    issuer: str
    client_id: str
    key_file: str = ""
    key_id: str = ""
    key_algorithm: str = "RS512"
    secret_file: str = ""
    scopes: tuple[str, ...] = ()
    ask_for: str = ""
    assurance_claim: str = "acr"
    accepted: tuple[str, ...]
    second_factor: tuple[str, ...] = ()
    role: Literal["selected", "chosen-here"] = "chosen-here"
    token_algorithms: tuple[str, ...] = ("RS256",)


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One provider, with what this installation shows it to be itself.

    ``accepted`` are the assurances that let somebody in, as ``assurance_claim`` of the ID token
    says them; those of ``second_factor`` count as two factors. ``selects_role``: the role that was
    selected there is the only one that is acted as here.
    """

    code: str
    name: str
    issuer: str
    client_id: str
    key: ClientKey | None
    key_id: str
    key_algorithm: str
    secret: str
    scopes: tuple[str, ...]
    ask_for: str
    assurance_claim: str
    accepted: frozenset[str]
    second_factor: frozenset[str]
    selects_role: bool
    token_algorithms: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Provider({self.code})"


def read(text: str, *, production: bool) -> dict[str, Provider]:
    """The providers by their codes, in the order in which they are written; none of no text.

    :raises ImproperlyConfigured: saying what is wrong, and of which provider.
    """
    if not text:
        return {}
    try:
        rows = msgspec.json.decode(text, type=list[_Row])
    except msgspec.DecodeError as error:
        raise ImproperlyConfigured(f"SIGN_IN_PROVIDERS: {error}. {_EXAMPLE}") from error
    found: dict[str, Provider] = {}
    for row in rows:
        if row.code in found or any(row.issuer == each.issuer for each in found.values()):
            raise _wrong(row, "another one has its code or its issuer")
        found[row.code] = _provider(row, production=production)
    return found


def _provider(row: _Row, *, production: bool) -> Provider:
    if not row.code.isascii() or not row.code.replace("-", "").isalnum() or not row.name:
        raise _wrong(row, "it needs a name, and a code of letters, digits and hyphens")
    _check_address(row, production=production)
    if not row.accepted or not set(row.second_factor) <= set(row.accepted):
        raise _wrong(row, "accepted must name assurances, those of second_factor among them")
    if bool(row.key_file) == bool(row.secret_file):
        raise _wrong(row, "give either key_file or secret_file")
    if not row.token_algorithms or not set(row.token_algorithms) <= SIGNATURES:
        raise _wrong(row, f"token_algorithms may be {', '.join(sorted(SIGNATURES))}")
    return Provider(
        code=row.code,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        key=_key(row) if row.key_file else None,
        key_id=row.key_id,
        key_algorithm=row.key_algorithm,
        secret=_content(row, row.secret_file) if row.secret_file else "",
        scopes=("openid", *(each for each in row.scopes if each != "openid")),
        ask_for=row.ask_for,
        assurance_claim=row.assurance_claim,
        accepted=frozenset(row.accepted),
        second_factor=frozenset(row.second_factor),
        selects_role=row.role == "selected",
        token_algorithms=row.token_algorithms,
    )


def _check_address(row: _Row, *, production: bool) -> None:
    parts = urlsplit(row.issuer)
    plain = parts.scheme == "http" and not production and _is_loopback(parts.hostname or "")
    if not parts.hostname or parts.query or parts.fragment or parts.username:
        raise _wrong(row, "issuer must be an address without a query")
    if parts.scheme != "https" and not plain:
        raise _wrong(row, "issuer must begin with https://")


def _key(row: _Row) -> ClientKey:
    if not row.key_id or row.key_algorithm not in SIGNATURES:
        raise _wrong(row, "key_id and a key_algorithm are needed beside key_file")
    kind: Any = ECKey if row.key_algorithm.startswith("ES") else RSAKey
    try:
        key: ClientKey = kind.import_key(_content(row, row.key_file))
    except (JoseError, ValueError, TypeError):
        key = None  # type: ignore[assignment]  # the library's words may quote the key
    if key is None or not key.is_private:
        raise _wrong(row, "key_file must hold a private key as PEM, without a password")
    return key


def _content(row: _Row, name: str) -> str:
    try:
        return Path(name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise _wrong(row, "key_file or secret_file cannot be read") from None


def _wrong(row: _Row, what: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"SIGN_IN_PROVIDERS, {row.code or 'a provider'}: {what}.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
