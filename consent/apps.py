"""Django's registration of ``consent``."""

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """See the package's own words."""

    name = "consent"
