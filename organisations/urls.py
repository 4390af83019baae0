"""Addresses of ``organisations``: the public list, and the registry's pages."""

from django.urls import path

from organisations import views

urlpatterns = [
    path(
        "participating-organisations",
        views.participating,
        name="participating-organisations",
    ),
]
