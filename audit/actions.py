"""Writing an event, in the transaction of what it records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from audit import came_from
from audit.models import Action


def record(
    action: Action,
    *,
    outcome: str = "done",
    reason: str = "",
    staff_id: int | None = None,
    staff_name: str = "",
    membership_id: int | None = None,
    role_code: str = "",
    organisation_id: int | None = None,
    organisation_name: str = "",
    resident_id: int | None = None,
    residents: Iterable[int] = (),
    look: UUID | None = None,
    request: str | UUID | None = None,
    detail: Mapping[str, Any] | None = None,
) -> UUID:
    """Append one event and answer its public id.

    ``detail`` takes ids, codes, counts and versions only: no clinical word, nothing that was
    typed. Who acted is given by ``**acting.for_audit()``. From where the ``request`` came is added.
    The event stands or falls with the transaction that is open.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select audit.record(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint[], %s::uuid,"
            " %s::uuid, %s::jsonb)",
            [
                action,
                outcome,
                reason,
                staff_id,
                staff_name,
                membership_id,
                role_code,
                organisation_id,
                organisation_name,
                resident_id,
                list(residents),
                look,
                request,
                json.dumps({**(detail or {}), **came_from.of(request)}),
            ],
        )
        (public_id,) = cursor.fetchone()
    return UUID(str(public_id))
