"""Django's registration of ``discharge``."""

from django.apps import AppConfig


class DischargeConfig(AppConfig):
    """See the package's own words."""

    name = "discharge"
