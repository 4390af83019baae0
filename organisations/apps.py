"""Django's registration of ``organisations``."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """See the package's own words."""

    name = "organisations"
