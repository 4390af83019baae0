"""Django's registration of ``keeping``."""

from django.apps import AppConfig


class KeepingConfig(AppConfig):
    """See the package's own words."""

    name = "keeping"
