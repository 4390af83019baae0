"""Sessions that were begun by one at a provider, and end with it (Back-Channel Logout 1.0).

The row names the session's key, which changes when somebody chooses what to act as: both lock the
row, so that a session that was ended in that moment does not go on under its new key.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from access import sittings
from access.federated import LogoutSeen, ProviderSession
from access.providers.answers import LOGOUT_LIFE, Ended, NotAccepted, SaidToBe
from audit import actions as audit
from audit.models import Action
from organisations.models import StaffMember

#: For how long a logout token's id is kept: longer than one is good.
TOKENS_KEPT = timedelta(days=1)


def begun(request: HttpRequest, staff: StaffMember, said: SaidToBe) -> None:
    """Note by which session there this one was begun.

    :raises NotAccepted: ``ended`` if that one was ended meanwhile.
    """
    lately = timezone.now() - timedelta(seconds=LOGOUT_LIFE)
    if (
        said.session
        and LogoutSeen.objects.filter(
            issuer=said.issuer, session=said.session, at__gt=lately
        ).exists()
    ):
        raise NotAccepted("ended")
    oldest = timezone.now() - timedelta(hours=settings.SESSION_HOURS)
    ProviderSession.objects.filter(staff=staff, began__lt=oldest).delete()
    ProviderSession.objects.create(
        session_key=request.session.session_key or "",
        staff=staff,
        issuer=said.issuer,
        subject=said.subject,
        session=said.session,
    )


def of(request: HttpRequest) -> ProviderSession | None:
    """By which session there this one was begun; ``None`` if by none, or it has ended."""
    key = request.session.session_key
    return ProviderSession.objects.filter(session_key=key).first() if key else None


def new_key(request: HttpRequest) -> bool:
    """Give a session a new key, if it still goes on. Call it in a transaction."""
    row = ProviderSession.objects.select_for_update().filter(
        session_key=request.session.session_key
    )
    held = row.first()
    if held is None:
        return False
    request.session.cycle_key()
    held.session_key = request.session.session_key or ""
    held.save(update_fields=["session_key"])
    return True


def forget(request: HttpRequest) -> bool:
    """Somebody signs out here. Answers whether a provider had signed them in."""
    key = request.session.session_key
    deleted, _ = ProviderSession.objects.filter(session_key=key).delete() if key else (0, {})
    return bool(deleted)


@transaction.atomic
def end(what: Ended, *, request_id: str) -> int:
    """End every session that was begun by one there, at once: the next request is nobody's.

    :return: how many were ended.
    :raises NotAccepted: ``replayed`` if this token was taken before.
    """
    LogoutSeen.objects.filter(at__lt=timezone.now() - TOKENS_KEPT).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into access_logoutseen (issuer, token, session) values (%s, %s, %s)"
            " on conflict do nothing",
            [what.issuer, what.token, what.session],
        )
        if cursor.rowcount == 0:
            raise NotAccepted("replayed")
    rows = ProviderSession.objects.select_for_update().filter(issuer=what.issuer)
    rows = rows.filter(session=what.session) if what.session else rows
    rows = rows.filter(subject=what.subject) if what.subject else rows
    found = list(rows.order_by("pk"))
    for row in found:
        _end(row, request_id=request_id)
    return len(found)


@transaction.atomic
def end_of(staff: StaffMember, *, issuer: str, request_id: str) -> None:
    """End whatever somebody began by a provider: they sign in by it no more."""
    rows = ProviderSession.objects.select_for_update().filter(staff=staff, issuer=issuer)
    for row in rows.order_by("pk"):
        _end(row, request_id=request_id, reason="provider-unlinked")


def _end(row: ProviderSession, *, request_id: str, reason: str = "provider-ended") -> None:
    store = import_module(settings.SESSION_ENGINE).SessionStore(row.session_key)
    sitting = store.get(sittings.SESSION_KEY)
    store.delete()
    if sitting:
        sittings.end_of(row.staff_id, UUID(sitting), request_id=request_id)
    audit.record(
        Action.SIGN_OUT,
        reason=reason,
        staff_id=row.staff_id,
        staff_name=StaffMember.objects.get(pk=row.staff_id).name,
        request=request_id,
    )
    row.delete()
