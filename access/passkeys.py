"""Passkeys: what a browser and its authenticator answer, checked as the W3C's standard says.

Web Authentication Level 2, by py_webauthn. The authenticator must have made sure who holds it (a
PIN, a finger, a face), so a passkey is two factors by itself, and it answers this portal's own
address and no page that looks like it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import webauthn
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from access.factors import Passkey
from audit import actions as audit
from audit.models import Action
from organisations.models import StaffMember

#: Where in the session stands the challenge that is to be answered.
SESSION_KEY: Final = "challenge"
MINUTES: Final = 5
MOST: Final = 10
NAME: Final = "Connect Care"


class NotAccepted(Exception):
    """An answer that shows nothing; the reason is a word for the event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Site:
    """The address that a passkey is for: its host, and the origin that a browser says."""

    host: str
    origin: str

    @classmethod
    def of(cls, request: HttpRequest) -> Site | None:
        """Of this installation; ``None`` at a bare network address, for which there are none."""
        origin = settings.ORIGIN or f"{request.scheme}://{request.get_host()}"
        host = urlsplit(origin).hostname or ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return cls(host, origin)
        return None


def of(staff: StaffMember) -> list[Passkey]:
    """Somebody's passkeys, the first that they added first."""
    return list(Passkey.objects.filter(staff=staff).order_by("added", "pk"))


def has_any(staff: StaffMember) -> bool:
    """Whether somebody has a passkey."""
    return Passkey.objects.filter(staff=staff).exists()


def ask_for_new(request: HttpRequest, site: Site, staff: StaffMember) -> str:
    """What a browser is asked in order to make one, as JSON. Its challenge is good for once."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=NAME,
        user_id=staff.public_id.bytes,
        user_name=staff.username,
        user_display_name=staff.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=bytes(each.credential)) for each in of(staff)
        ],
    )
    _note(request, options.challenge)
    return options_to_json(options)


@transaction.atomic
def add(
    request: HttpRequest, site: Site, staff: StaffMember, answer: str, *, name: str, request_id: str
) -> Passkey:
    """Keep the passkey that a browser made.

    :raises NotAccepted: if the answer is not to what was asked, or nobody's presence was verified.
    """
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=_taken(request),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise NotAccepted("passkey") from None
    if len(of(staff)) >= MOST or Passkey.objects.filter(credential=made.credential_id).exists():
        raise NotAccepted("passkey")
    kept = Passkey.objects.create(
        staff=staff,
        credential=made.credential_id,
        public_key=made.credential_public_key,
        count=made.sign_count,
        name=name,
        can_be_copied=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        is_copied=made.credential_backed_up,
    )
    _changed(staff, "passkey-added", request_id=request_id)
    return kept


def ask_for_one(request: HttpRequest, site: Site) -> str:
    """What a browser is asked in order to use one, as JSON: any that it has for this address."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    _note(request, options.challenge)
    return options_to_json(options)


@transaction.atomic
def used(request: HttpRequest, site: Site, answer: str) -> StaffMember:
    """Whose passkey answered. Its row is locked: an answer is counted once.

    :raises NotAccepted: ``passkey`` if the answer is none; ``passkey-copied`` if its count says
        that another device answers with the same key.
    """
    challenge = _taken(request)
    try:
        credential = webauthn.helpers.parse_authentication_credential_json(answer)
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise NotAccepted("passkey") from None
    kept = (
        Passkey.objects.select_for_update(of=("self",))
        .select_related("staff")
        .filter(credential=credential.raw_id, staff__is_active=True)
        .first()
    )
    handle = credential.response.user_handle
    if kept is None or handle not in (None, kept.staff.public_id.bytes):
        raise NotAccepted("passkey")
    try:
        shown = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes(kept.public_key),
            credential_current_sign_count=0,  # compared below, with a reason of its own
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise NotAccepted("passkey") from None
    can_be_copied = shown.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if (kept.count or shown.new_sign_count) and shown.new_sign_count <= kept.count:
        raise NotAccepted("passkey-copied")
    if can_be_copied != kept.can_be_copied:  # it never changes (Level 3, section 6.1.3)
        raise NotAccepted("passkey")
    kept.count = shown.new_sign_count
    kept.is_copied = shown.credential_backed_up
    kept.last_used = timezone.now()
    kept.save(update_fields=["count", "is_copied", "last_used"])
    return kept.staff


@transaction.atomic
def remove(staff: StaffMember, passkey: int, *, request_id: str) -> None:
    """Remove one of somebody's own."""
    deleted, _ = Passkey.objects.filter(staff=staff, pk=passkey).delete()
    if deleted:
        _changed(staff, "passkey-removed", request_id=request_id)


@transaction.atomic
def remove_all(staff: StaffMember, *, request_id: str) -> None:
    """Remove all of somebody's."""
    deleted, _ = Passkey.objects.filter(staff=staff).delete()
    if deleted:
        _changed(staff, "passkey-removed", request_id=request_id)


def _note(request: HttpRequest, challenge: bytes) -> None:
    at = int(timezone.now().timestamp())
    request.session[SESSION_KEY] = {"is": bytes_to_base64url(challenge), "at": at}


def _taken(request: HttpRequest) -> bytes:
    """The challenge that was asked last; it is gone by this, whatever the answer is."""
    noted = request.session.pop(SESSION_KEY, None)
    if not noted or not 0 <= timezone.now().timestamp() - noted["at"] + 1 <= MINUTES * 60:
        raise NotAccepted("passkey-late")
    return base64url_to_bytes(noted["is"])


def _changed(staff: StaffMember, how: str, *, request_id: str) -> None:
    audit.record(
        Action.FACTOR_CHANGED,
        reason=how,
        staff_id=staff.pk,
        staff_name=staff.name,
        request=request_id,
    )
