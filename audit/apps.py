"""Django's registration of ``audit``."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """See the package's own words."""

    name = "audit"
