"""Django's registration of ``feeds``."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """See the package's own words."""

    name = "feeds"
