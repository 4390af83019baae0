"""Django's registration of ``subject_access``."""

from django.apps import AppConfig


class SubjectAccessConfig(AppConfig):
    """See the package's own words."""

    name = "subject_access"
