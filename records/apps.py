"""Django's registration of ``records``."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """See the package's own words."""

    name = "records"
