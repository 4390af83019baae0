"""Who is signed in, with what they may act as: one statement at each request.

Nothing is kept from one request to the next, so that whoever is suspended, or whose role ends, has
nothing at their next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import DEFAULT_DB_ALIAS, models
from django.utils import timezone

from organisations.models import Membership, Organisation, Role, StaffMember, Team
from organisations.selectors import in_force, memberships_in_force
from statements import prepared

#: What is read, in this order, each with the name that the statement has for it.
_READ: tuple[tuple[str, type[models.Model]], ...] = (
    ("staff", StaffMember),
    ("membership", Membership),
    ("organisation", Organisation),
    ("role", Role),
    ("team", Team),
)


_COLUMNS = {
    of: [field.column for field in of._meta.concrete_fields]  # noqa: SLF001 - documented name
    for _, of in _READ
}
#: In SQL, since it is read at every request: Django would take longer to write it than PostgreSQL
#: to answer. Memberships come in the order of their model.
_STATEMENT = f"""
    select {", ".join(f"{name}.{column}" for name, of in _READ for column in _COLUMNS[of])}
    from organisations_staffmember staff
    left join (
        organisations_membership membership
        join organisations_organisation organisation
            on organisation.id = membership.organisation_id
        join organisations_role role on role.id = membership.role_id
        left join organisations_team team on team.id = membership.team_id
    ) on membership.staff_id = staff.id
    where staff.id = %s::bigint
    order by organisation.name, role.name
"""  # noqa: S608 - made of the names of columns


class StaffBackend(ModelBackend):
    """Django's, but for who is asked for at each request."""

    def get_user(self, user_id: int) -> StaffMember | None:
        """The staff member of a session with their memberships; ``None`` if there is none.

        Whoever is not active is nobody, as with Django's own.
        """
        with prepared() as cursor:
            cursor.execute(_STATEMENT, [user_id])
            rows = cursor.fetchall()
        if not rows:
            return None
        staff = _made(StaffMember, rows[0][: len(_COLUMNS[StaffMember])])
        staff.held = [held for row in rows if (held := _held(staff, row)) is not None]
        return staff if self.user_can_authenticate(staff) else None


def _held(staff: StaffMember, row: Sequence[Any]) -> Membership | None:
    """The membership of a row with all that hangs on it; ``None`` where there is none."""
    parts = {}
    begin = 0
    for of, columns in _COLUMNS.items():
        values = row[begin : begin + len(columns)]
        parts[of] = None if values[0] is None else _made(of, values)
        begin += len(columns)
    membership = parts[Membership]
    if membership is not None:
        membership.staff = staff
        membership.organisation, membership.role = parts[Organisation], parts[Role]
        membership.team = parts[Team]
    return membership


def _made(of: Any, values: Sequence[Any]) -> Any:
    return of.from_db(DEFAULT_DB_ALIAS, (), values)


def held_in_force(staff: StaffMember) -> list[Membership]:
    """What who is signed in may act as, as read with them at the beginning of this request."""
    held = getattr(staff, "held", None)  # not where somebody has only just signed in
    return memberships_in_force(staff) if held is None else in_force(held, timezone.now())
