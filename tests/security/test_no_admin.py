"""What Django brings along opens nothing: its admin is off, and nobody is its superuser."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from launcher import ROOT
from organisations.models import StaffMember
from tests import factories


def views(resolver: URLResolver) -> list[URLPattern]:
    found = []
    for each in resolver.url_patterns:
        found += views(each) if isinstance(each, URLResolver) else [each]
    return found


def test_the_admin_is_not_installed_and_no_address_leads_to_it() -> None:
    assert not apps.is_installed("django.contrib.admin")
    patterns = views(get_resolver())
    assert len(patterns) > 100
    modules = {getattr(pattern.callback, "__module__", "") for pattern in patterns}
    assert not {module for module in modules if "admin" in module.split(".")}


def test_nobody_can_be_djangos_superuser(database, as_login, run_sql) -> None:
    """A superuser passes each check of permissions; a constraint and a missing way keep it out."""
    with as_login("pipeline"):
        nurse = factories.membership().staff
    assert not hasattr(StaffMember.objects, "create_superuser"), "createsuperuser has no way"
    for login in ("pipeline", "admin"):
        with pytest.raises(psycopg.errors.CheckViolation, match="no_superuser"):
            run_sql(login).execute(
                "update organisations_staffmember set is_superuser = true where id = %s", [nurse.pk]
            )


def test_object_permissions_say_who_administers_and_nothing_else() -> None:
    """They are asked for in one place, given in another, and by nothing else."""
    ask_or_give = re.compile(r"from guardian|import guardian|\bhas_perms?\(|permission_required")
    houses = [Path(each.path) for each in apps.get_app_configs() if Path(each.path).parent == ROOT]
    assert len(houses) > 10
    asking = {
        path.relative_to(ROOT).as_posix()
        for house in houses
        for path in house.rglob("*.py")
        if ask_or_give.search(path.read_text(encoding="utf-8"))
    }
    assert asking == {"organisations/delegation.py", "organisations/actions.py"}
