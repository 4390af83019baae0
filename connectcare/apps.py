"""The project as an application: only for its commands."""

from django.apps import AppConfig


class ConnectCareConfig(AppConfig):
    """Holds the demo's commands."""

    name = "connectcare"
    label = "connectcare"
