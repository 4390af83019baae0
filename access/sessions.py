"""Signing in and out, and choosing what to act as: each with its event."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth import login, logout
from django.db import transaction
from django.http import HttpRequest

from access import half_way, own_roles, sittings
from access.acting import Acting
from access.middleware import SESSION_KEY
from access.providers import sessions as of_providers
from access.requests import AnyRequest, SignedInRequest
from access.second_factor import By
from audit import actions as audit
from audit.models import Action
from organisations.models import Membership, StaffMember

#: When the session began, and when somebody was last there, in seconds since 1970.
BEGAN, ACTIVE = "began", "active"
#: By what it was begun.
BY = "by"
#: Left behind by who was signed in through a provider: the next one is asked there who they are.
ASK_AGAIN = "ask-again"


@transaction.atomic
def begin(
    request: AnyRequest,
    staff: StaffMember,
    *,
    by: By,
    request_id: str,
    said: Mapping[str, str] | None = None,
) -> None:
    """Sign a staff member in: a new session key, and nothing chosen yet.

    :param by: by what it was shown that it is them; what asks again asks by the same.
    :param said: what the event says besides: by which provider, and how surely.
    """
    half_way.end(request)
    for key in (SESSION_KEY, BEGAN, ACTIVE, ASK_AGAIN, own_roles.SESSION_KEY):
        request.session.pop(key, None)
    login(request, staff, backend="organisations.signing_in.StaffBackend")
    request.session[BY] = by
    sittings.begin(request)
    audit.record(
        Action.SIGN_IN,
        staff_id=staff.pk,
        staff_name=staff.name,
        request=request_id,
        detail={"by": by, **(said or {})},
    )


def signed_in_by(request: HttpRequest) -> By:
    """By what the session was begun."""
    return By(request.session.get(BY, By.PASSWORD))


def refused_passkey(reason: str, *, request_id: str) -> None:
    """A passkey was shown and not taken. Whose it was said to be is not kept."""
    audit.record(Action.SIGN_IN_FAILED, outcome="refused", reason=reason, request=request_id)


def refused_by_provider(
    reason: str, *, provider: str, staff: StaffMember | None, request_id: str
) -> None:
    """Somebody came back from a provider and could not be let in; nothing that it said is kept."""
    account = {} if staff is None else {"account": staff.pk}
    audit.record(
        Action.SIGN_IN_FAILED,
        outcome="refused",
        reason=f"provider-{reason}",
        request=request_id,
        detail={"provider": provider, **account},
    )


def failed(
    username: str, *, locked_out: bool, request_id: str, reason: str = "not-recognised"
) -> None:
    """Somebody could not sign in, or may not try for now.

    What was typed is not kept: it may be a password. Whose account it was is, if it is anybody's.
    """
    account = StaffMember.objects.filter(username=username).values_list("pk", flat=True).first()
    audit.record(
        Action.SIGN_IN_FAILED,
        outcome="refused",
        reason="locked-out" if locked_out else reason,
        request=request_id,
        detail={} if account is None else {"account": account},
    )


class SessionOver(Exception):
    """The session was ended from elsewhere while it was asked for something."""


@transaction.atomic
def choose(request: SignedInRequest, membership: Membership, *, request_id: str) -> Acting:
    """Act as one of one's own memberships from now on: a new sitting.

    :raises SessionOver: if the provider that had signed them in ended the session meanwhile.
    """
    if signed_in_by(request) is not By.PROVIDER:
        request.session.cycle_key()
    elif not of_providers.new_key(request):
        logout(request)
        raise SessionOver
    sittings.end(request, staff_id=request.user.pk, request_id=request_id)
    acting = Acting.of(membership, sitting=sittings.begin(request))
    request.session[SESSION_KEY] = membership.pk
    audit.record(Action.MEMBERSHIP_CHOSEN, request=request_id, **acting.for_audit())
    return acting


@transaction.atomic
def end(request: AnyRequest, *, acting: Acting | None, request_id: str, why: str = "") -> None:
    """Sign out, and forget everything that the session held.

    :param why: what the event says where nobody asked to sign out: ``idle``, ``longest``; or
        ``changed-user`` where the next one is to sign in.
    """
    who = (
        acting.for_audit()
        if acting
        else {"staff_id": request.user.pk, "staff_name": getattr(request.user, "name", "")}
    )
    if request.user.pk is not None:
        sittings.end(request, staff_id=request.user.pk, request_id=request_id)
    audit.record(Action.SIGN_OUT, reason=why, request=request_id, **who)
    by_provider = signed_in_by(request) is By.PROVIDER and of_providers.forget(request)
    logout(request)
    if by_provider:
        request.session[ASK_AGAIN] = True
