"""The second step of signing in: a code of an authenticator app, or a recovery code.

An app shows six digits that change every half minute (TOTP, RFC 6238); a code of the half minute
before or after is taken as well, and none twice. Ten recovery codes, each good for once, are shown
when the app is added and never again.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

import segno
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.oath import TOTP

from access.factors import Authenticator, RecoveryCode
from audit import actions as audit
from audit.models import Action
from identity.sealed import seal, unseal
from organisations.models import StaffMember
from organisations.selectors import memberships_in_force

STEP_SECONDS: Final = 30
DIGITS: Final = 6
#: Codes of how many half minutes before and after are taken: clocks differ, and people type slowly.
TOLERANCE: Final = 1
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
#: Without letters and digits that are taken for one another.
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_RECOVERY_LENGTH: Final = 12
ISSUER: Final = "Connect Care"


class By(StrEnum):
    """By what somebody signed in, as the event says it."""

    PASSWORD = "password"  # noqa: S105 - the word, not one
    APP = "password and app"
    RECOVERY = "password and recovery code"
    PROVIDER = "provider"
    PASSKEY = "passkey"

    @property
    def shown_elsewhere(self) -> bool:
        """Whether what asks again sends to a page of its own: no field of a form is asked."""
        return self in {By.PROVIDER, By.PASSKEY}


@dataclass(frozen=True, slots=True)
class Offered:
    """A key that is offered to an app, until a code of it comes back."""

    secret: bytes

    @property
    def in_words(self) -> str:
        """The key in groups of four, for who cannot scan."""
        text = b32encode(self.secret).decode()
        return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

    def picture(self, staff: StaffMember) -> str:
        """The QR code as the address of an SVG picture that is in the address itself."""
        query = urlencode({"secret": b32encode(self.secret).decode(), "issuer": ISSUER})
        label = quote(f"{ISSUER}:{staff.username}")
        return segno.make(f"otpauth://totp/{label}?{query}", error="m").svg_data_uri(
            scale=5, border=4, light="#ffffff"
        )


def required_of(staff: StaffMember) -> bool:
    """Whether somebody must have a second factor: by the roles that they hold now."""
    roles = settings.SECOND_FACTOR_ROLES
    if roles == "all":
        return True
    return any(each.role.code in roles for each in memberships_in_force(staff)) if roles else False


def has_app(staff: StaffMember) -> bool:
    """Whether somebody has an authenticator app."""
    return Authenticator.objects.filter(staff=staff).exists()


def codes_left(staff: StaffMember) -> int:
    """How many recovery codes somebody has not used."""
    return RecoveryCode.objects.filter(staff=staff, used=None).count()


def offer() -> Offered:
    """A new key."""
    return Offered(secrets.token_bytes(SECRET_BYTES))


@transaction.atomic
def add_app(
    staff: StaffMember, offered: Offered, code: str, *, request_id: str
) -> list[str] | None:
    """Add the app that has the offered key, if the code is of it.

    :return: the recovery codes, in clear for this once; ``None`` if the code is not the key's, or
        somebody has an app already.
    """
    step = _step(offered.secret, code, after=-1)
    # One at a time: who presses twice, or in two windows, adds one app.
    StaffMember.objects.select_for_update(no_key=True).get(pk=staff.pk)
    if step is None or has_app(staff):
        return None
    sealed = seal(offered.secret, purpose=_purpose(staff))
    Authenticator.objects.create(staff=staff, secret=sealed, last_step=step)
    _changed(staff, "app-added", request_id=request_id)
    return new_codes(staff, request_id=request_id)


@transaction.atomic
def remove_app(staff: StaffMember, *, request_id: str) -> None:
    """Remove somebody's app and all their recovery codes."""
    Authenticator.objects.filter(staff=staff).delete()
    RecoveryCode.objects.filter(staff=staff).delete()
    _changed(staff, "app-removed", request_id=request_id)


@transaction.atomic
def new_codes(staff: StaffMember, *, request_id: str) -> list[str]:
    """Ten new recovery codes, in clear for this once. The former ones are good for nothing."""
    RecoveryCode.objects.filter(staff=staff).delete()
    codes = [
        "".join(secrets.choice(_LETTERS) for _ in range(_RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(staff=staff, digest=_digest(staff, code)) for code in codes
    )
    _changed(staff, "codes-made", request_id=request_id)
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]


@transaction.atomic
def app_shows(staff: StaffMember, code: str) -> bool:
    """Whether a code is what somebody's app shows now. It is taken by this, and not once more."""
    app = Authenticator.objects.select_for_update().filter(staff=staff).first()
    if app is None:
        return False
    step = _step(unseal(app.secret, purpose=_purpose(staff)), code, after=app.last_step)
    if step is None:
        return False
    app.last_step = step
    app.save(update_fields=["last_step"])
    return True


@transaction.atomic
def use_recovery(staff: StaffMember, code: str) -> bool:
    """Whether a code is one of somebody's recovery codes. It is used by this, and gone."""
    typed = "".join(letter for letter in code.casefold() if letter in _LETTERS)
    unused = RecoveryCode.objects.select_for_update().filter(staff=staff, used=None)
    wanted = _digest(staff, typed)
    for each in unused.order_by("pk"):
        if hmac.compare_digest(bytes(each.digest), wanted):
            each.used = timezone.now()
            each.save(update_fields=["used"])
            return True
    return False


def _step(secret: bytes, code: str, *, after: int) -> int | None:
    """The half minute whose code this is, later than one that was taken; ``None`` if there is none.

    Spaces are not part of a code.
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    now = TOTP(secret, step=STEP_SECONDS, digits=DIGITS)
    now.time = timezone.now().timestamp()
    return now.t() if now.verify(int(digits), tolerance=TOLERANCE, min_t=after + 1) else None


def _digest(staff: StaffMember, code: str) -> bytes:
    return salted_hmac(f"access.recovery {staff.pk}", code, algorithm="sha256").digest()


def _purpose(staff: StaffMember) -> str:
    return f"authenticator of {staff.pk}"


def _changed(staff: StaffMember, how: str, *, request_id: str) -> None:
    audit.record(
        Action.FACTOR_CHANGED,
        reason=how,
        staff_id=staff.pk,
        staff_name=staff.name,
        request=request_id,
    )
