"""Django's registration of ``ui``."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """See the package's own words."""

    name = "ui"
