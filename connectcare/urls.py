"""Every address of the portal. Each part of the house names its own, in full."""

from django.urls import include, path

handler400 = "ui.views.bad_request"
handler403 = "ui.views.not_allowed"
handler404 = "ui.views.not_found"
handler500 = "ui.views.fault"

urlpatterns = [
    # The most asked first: each pattern before an address's own is tried at each request.
    path("", include("records.urls")),
    path("", include("organisations.urls")),
    path("", include("access.urls")),
    path("", include("identity.urls")),
    path("", include("consent.urls")),
    path("", include("discharge.urls")),
    path("", include("notifications.urls")),
    path("", include("subject_access.urls")),
    path("", include("keeping.urls")),
    path("", include("feeds.urls")),
    path("", include("fhir.urls")),
    path("", include("public.urls")),
    path("", include("connectcare.health")),
]
