"""Django's registration of ``fhir``."""

from django.apps import AppConfig


class FhirConfig(AppConfig):
    """See the package's own words."""

    name = "fhir"
