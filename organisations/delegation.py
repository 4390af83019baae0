"""Which organisations' staff an administrator may see and manage: asked here and nowhere else.

An administrator of the registry: every organisation's. An administrator of organisations: of those
that they were given, one by one (the object permission ``organisations.administer``), while a role
there that says so is in force. The permission comes with such a role, which may begin later or end
by its date.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from guardian.shortcuts import get_objects_for_user

from organisations.activities import Activity
from organisations.models import Membership, Organisation, Role, StaffMember


def organisations_administered(
    staff: StaffMember, activities: Collection[str]
) -> QuerySet[Organisation]:
    """The organisations whose staff this staff member may see, acting in a role with activities.

    Without either activity: none, whatever object permissions they hold.
    """
    if Activity.MANAGE_REGISTRY in activities:
        return Organisation.objects.all()
    if Activity.MANAGE_ORGANISATION not in activities:
        return Organisation.objects.none()
    permitted: QuerySet[Organisation] = get_objects_for_user(
        staff,
        "organisations.administer",
        klass=Organisation.objects.all(),
        with_superuser=False,
        accept_global_perms=False,
    )
    roles = Role.objects.current().filter(activities__contains=[Activity.MANAGE_ORGANISATION])
    held = Membership.objects.current().filter(staff=staff, role__in=roles)
    return permitted.filter(pk__in=held.values("organisation"))
