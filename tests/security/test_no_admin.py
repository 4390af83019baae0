"""Django's admin is off: no page of it shows a resident, because there is no page of it."""

from __future__ import annotations

from django.apps import apps
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver


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
