"""Django's registration of ``identity``."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """See the package's own words."""

    name = "identity"
