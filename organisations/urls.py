"""Addresses of ``organisations``: the public list, and the registry's pages."""

from django.urls import path

from organisations import views

urlpatterns = [
    path(
        "participating-organisations",
        views.participating,
        name="participating-organisations",
    ),
    path("registry/organisations", views.organisations, name="registry-organisations"),
    path(
        "registry/organisations/<uuid:public_id>",
        views.organisation,
        name="registry-organisation",
    ),
    path("registry/staff", views.staff, name="registry-staff"),
    path("registry/roles", views.roles, name="registry-roles"),
]
