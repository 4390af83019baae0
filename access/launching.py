"""Context launch: a host system's signed request to open the record of one of its patients.

The host posts a token (JWS, signed by its registered key) as a form, so that no address names
anybody. It says who is at the host's screen and about whom; that person signs in here as always,
and the record opens, or not, by the same gate as any other.

Claims: ``aud`` this portal's address, ``iat`` and ``exp`` at most five minutes apart, ``jti`` never
used before, ``user`` (``{"username": …}`` or ``{"issuer": …, "subject": …}``) and ``patient``
(``{"nhsNumber": …, "birthDate": "YYYY-MM-DD"}``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from django.conf import settings
from django.db import connection
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from access.federated import ProviderIdentity
from access.launch_hosts import LaunchHost
from identity.nhs_number import InvalidNhsNumber, NhsNumber
from identity.sealed import seal, unseal
from organisations.models import StaffMember

HostKey = RSAKey | ECKey

#: The longest that a token may be good for, and by how much clocks may differ, in seconds.
LIFE: Final = 300
CLOCKS_DIFFER: Final = 60
#: For so long somebody may take to sign in.
TO_BE_TAKEN: Final = timedelta(minutes=10)
LEAST_KEY_BITS: Final = 2048
ALGORITHMS: Final = {
    RSAKey: ("PS256", "RS256", "PS384", "RS384", "PS512", "RS512"),
    ECKey: ("ES256", "ES384", "ES512"),
}

#: Why nothing was done about a host, in words. ``not-allowed`` is a page of its own.
REFUSALS: Final = {
    "organisation-not-in-force": "Select an organisation that is in force",
    "key-known": "This key id is taken. Each key has an id of its own",
    "own": "You proposed this: another administrator of the registry must confirm it",
    "over": "This was settled already, or was proposed too long ago",
}


class NotLaunched(Exception):
    """A launch that opens nothing; the reason is a word for the page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False)
class About:
    """Whom a launch is about, and where the host is that sent it."""

    organisation: int
    nhs_number: NhsNumber
    birth_date: date


class _User(msgspec.Struct, frozen=True):
    username: str = ""
    issuer: str = ""
    subject: str = ""


class _Patient(msgspec.Struct, frozen=True, rename="camel"):
    nhs_number: str
    birth_date: date


class _Said(msgspec.Struct, frozen=True):
    aud: str
    jti: str
    iat: int
    exp: int
    user: _User
    patient: _Patient


def read_key(pem: str) -> HostKey:
    """A host's public key.

    :raises ValueError: if it is none, is too short, or is private: that is to stay where it is.
    """
    for kind in (RSAKey, ECKey):
        try:
            key: Any = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private:
            raise ValueError("This is a private key. Give the public key alone, and make a new one")
        if isinstance(key, RSAKey) and key.public_key.key_size < LEAST_KEY_BITS:
            raise ValueError(f"An RSA key must have {LEAST_KEY_BITS} bits or more")
        return key  # type: ignore[no-any-return]  # one of the two kinds
    raise ValueError("Give a public RSA or elliptic-curve key as PEM")


def keep(token: str, *, audience: str, now: float) -> UUID:
    """Keep what a host sent, if it is right, until the person at its screen takes it.

    :param audience: this portal's address.
    :param now: seconds since 1970.
    :raises NotLaunched: ``token``, ``late``, ``replayed``; ``user`` if nobody here is meant.
    """
    key_id, said = _read(token)
    if said.aud != audience or not 0 < said.exp - said.iat <= LIFE or not said.jti:
        raise NotLaunched("token")
    if not said.iat - CLOCKS_DIFFER <= now <= said.exp + CLOCKS_DIFFER:
        raise NotLaunched("late")
    staff = _meant(said.user)
    if staff is None:
        raise NotLaunched("user")
    launch = uuid4()
    sealed = seal(msgspec.json.encode(said.patient), purpose=_purpose(launch))
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.keep_launch(%s, %s, %s, %s::uuid, %s)",
            [key_id, said.jti[:255], staff.pk, launch, sealed],
        )
        (kept,) = cursor.fetchone()
    if not kept:
        raise NotLaunched("replayed")
    return launch


def take(launch: UUID, staff: StaffMember) -> About:
    """What is to be opened, for whom it was launched. It is good for this once.

    :raises NotLaunched: ``over``, ``somebody-else``; ``resident`` if its number is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select outcome, organisation, sealed"
            " from access.take_launch(%s::uuid, %s, make_interval(secs => %s))",
            [launch, staff.pk, TO_BE_TAKEN.total_seconds()],
        )
        outcome, organisation, sealed = cursor.fetchone()
    if outcome != "taken":
        raise NotLaunched(outcome)
    patient = msgspec.json.decode(unseal(sealed, purpose=_purpose(launch)), type=_Patient)
    try:
        number = NhsNumber.parse(patient.nhs_number, test_ranges=settings.NHS_NUMBER_TEST_RANGES)
    except InvalidNhsNumber:
        raise NotLaunched("resident") from None
    return About(organisation, number, patient.birth_date)


def propose_host(
    acting: Any, organisation: UUID, *, name: str, key_id: str, public_key: str, request_id: str
) -> str:
    """Propose a host's key: ``proposed``, or why not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.propose_host(%s, %s, %s::uuid, %s::uuid, %s, %s, %s)",
            [
                acting.staff_id,
                acting.membership_id,
                request_id,
                organisation,
                name,
                key_id,
                public_key,
            ],
        )
        (outcome,) = cursor.fetchone()
    return str(outcome)


def settle_host(acting: Any, host: UUID, *, ends: bool, request_id: str) -> str:
    """Confirm a host as the second person, or end it: ``confirmed``, ``ended``, or why not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.settle_host(%s, %s, %s::uuid, %s::uuid, %s)",
            [acting.staff_id, acting.membership_id, request_id, host, ends],
        )
        (outcome,) = cursor.fetchone()
    return str(outcome)


def _read(token: str) -> tuple[str, _Said]:
    """The id of the key that signed a token, and what it says."""

    def key_of(signed: Any) -> HostKey:
        host = LaunchHost.objects.filter(
            key_id=str(signed.headers().get("kid") or ""),
            confirmed_at__isnull=False,
            ended_at__isnull=True,
        ).first()
        if host is None:
            raise NotLaunched("token")
        found.append(host.key_id)
        key = read_key(host.public_key)
        if signed.headers().get("alg") not in ALGORITHMS[type(key)]:
            raise NotLaunched("token")
        return key

    found: list[str] = []
    every = [each for names in ALGORITHMS.values() for each in names]
    try:
        read = jwt.decode(token, key_of, algorithms=every)
        said = msgspec.convert(read.claims, _Said)
    except (JoseError, msgspec.MsgspecError, ValueError, TypeError):
        raise NotLaunched("token") from None
    return found[0], said


def _meant(user: _User) -> StaffMember | None:
    """Whom a host means: by the user name here, or by whom a provider of theirs knows."""
    if user.username:
        return StaffMember.objects.filter(username=user.username, is_active=True).first()
    linked = ProviderIdentity.objects.select_related("staff").filter(
        issuer=user.issuer, subject=user.subject, staff__is_active=True
    )
    found = linked.first()
    return found.staff if found else None


def _purpose(launch: UUID) -> str:
    return f"launch {launch}"
