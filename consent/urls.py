"""Addresses of ``consent``. Ids are the opaque ones that pages show; none tells who it is."""

from django.urls import path

from consent import views

urlpatterns = [
    path("residents/<uuid:resident>/choices", views.resident_choices, name="resident-choices"),
    path("residents/<uuid:resident>/choices/record", views.begin_choice, name="record-choice"),
    path(
        "residents/<uuid:resident>/choices/<uuid:choice>/recorded",
        views.choice_recorded,
        name="choice-recorded",
    ),
    path("choices/<uuid:draft>/check", views.check_choice, name="check-choice"),
    path("choices/<uuid:draft>/<slug:slug>", views.choice_step, name="record-choice-step"),
]
