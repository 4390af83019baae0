"""Whoever failed to sign in too often waits: django-axes counts, and these are its limits.

Three counts within ``SIGN_IN_LOCK_MINUTES``, each with its limit: of one user name from one
network address; of one user name from anywhere, so that many addresses are no more than a few
tries; of one address for any user name, high enough for a hospital behind one address. A name is
counted whether or not it is somebody's, so being locked out tells nothing. A name is kept as a
keyed digest, since a password may be typed where it belongs, and of a request nothing else is
kept but its address, until the time is over.
"""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_login_failed
from django.db import connection
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac

#: Each count's columns, in the order of ``SIGN_IN_TRIES``.
COUNTED = (("username", "ip_address"), ("username",), ("ip_address",))
#: What the counts are compared with: a limit that is reached is this many hundredths of itself.
REACHED = 100


class Counting(AxesDatabaseHandler):  # type: ignore[misc]  # the library declares no types
    """The library's counting in the database, with a limit for each count."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """How near the nearest limit is, in hundredths of it."""
        shares = (
            (attempts.aggregate(count=Sum("failures_since_start"))["count"] or 0) * REACHED // limit
            for attempts, limit in zip(
                self.get_user_attempts(request, credentials), settings.SIGN_IN_TRIES, strict=True
            )
        )
        return max(shares)

    def user_login_failed(
        self,
        sender: object,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **more: Any,
    ) -> None:
        """Count a failure, out of a request that holds nothing of what was sent."""
        if request is None:
            return
        bare = HttpRequest()
        said = {name: value for name, value in vars(request).items() if name.startswith("axes_")}
        vars(bare).update(
            said, axes_user_agent="", axes_path_info="", axes_http_accept="", method="POST"
        )
        super().user_login_failed(sender, credentials, bare, **more)
        request.axes_locked_out = bare.axes_locked_out  # type: ignore[attr-defined]  # the library's

    def reset_user_attempts(
        self, request: HttpRequest, credentials: dict[str, Any] | None = None
    ) -> int:
        """Forget, after signing in, this user name's failures here: others' here stay counted."""
        name = get_client_username(request, credentials)
        address = request.axes_ip_address  # type: ignore[attr-defined]  # the library's
        deleted, _ = AccessAttempt.objects.filter(username=name, ip_address=address).delete()
        return int(deleted)


def counted_name(_request: HttpRequest | None, credentials: dict[str, Any] | None) -> str:
    """The user name as it is counted: a keyed digest, the same however it is capitalised."""
    name = str((credentials or {}).get("username") or "").strip().casefold()
    return salted_hmac("access.lockout", name, algorithm="sha256").hexdigest()


def nobody_in_particular(*_about: object) -> str:
    """What the library's log lines call somebody: nothing of them."""
    return "somebody"


def one_at_a_time(username: str) -> None:
    """Wait until nobody else is being compared with this user name, so that all are counted."""
    digest = bytes.fromhex(counted_name(None, {"username": username}))
    key = int.from_bytes(digest[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [key])


def is_locked_out(request: HttpRequest, username: str) -> bool:
    """Whether a user name may not be tried from here now; the answer is then :func:`answer`."""
    if AxesProxyHandler.is_allowed(request, {"username": username}):
        return False
    request.axes_locked_out = True  # type: ignore[attr-defined]  # read by the library's middleware
    return True


def count_failure(request: HttpRequest, username: str) -> None:
    """Count a failure of a second step with those of the password."""
    user_login_failed.send(__name__, credentials={"username": username}, request=request)


def answer(
    request: HttpRequest, _instead: HttpResponse | None, _credentials: object
) -> HttpResponse:
    """The page that says to wait, and what to do: the same whoever it is."""
    minutes = settings.SIGN_IN_LOCK_MINUTES
    page = render(request, "access/locked_out.jinja", {"minutes": minutes}, status=429)
    page["Retry-After"] = str(minutes * 60)
    return page
