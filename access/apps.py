"""Django's registration of ``access``."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """See the package's own words."""

    name = "access"
