"""Sessions in the database, as Django keeps them, read by a statement that is planned once."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from audit.came_from import SETTING, for_database
from statements import prepared


class SessionStore(db.SessionStore):
    """Django's own, but for the read at each request."""

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and no key, where there is none or its time is over.

        The connection is told from where the request came by the same statement.
        """
        with prepared() as cursor:
            cursor.execute(
                "select session_data, set_config(%s::text, %s::text, false) from django_session"
                " where session_key = %s::text and expire_date > %s::timestamptz",
                [SETTING, for_database(), self.session_key, timezone.now()],
            )
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        kept: dict[str, Any] = self.decode(row[0])
        return kept
