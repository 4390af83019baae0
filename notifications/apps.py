"""Django's registration of ``notifications``."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """See the package's own words."""

    name = "notifications"
