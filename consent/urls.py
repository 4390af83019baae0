"""Addresses of ``consent``. Ids are the opaque ones that pages show; none tells who it is."""

from django.urls import path

from consent import views, views_journey

urlpatterns = [
    path("residents/<uuid:resident>/choices", views.resident_choices, name="resident-choices"),
    path("residents/<uuid:resident>/post", views.how_to_write, name="how-to-write"),
    path("residents/<uuid:resident>/choices/record", views.begin_choice, name="record-choice"),
    path(
        "residents/<uuid:resident>/choices/<uuid:choice>/recorded",
        views.choice_recorded,
        name="choice-recorded",
    ),
    path("choices/reconciliation", views.reconciliation, name="reconciliation"),
    path("choices/unfinished", views.unfinished, name="unfinished-choices"),
    path("choices/ask-again", views.ask_again, name="ask-again"),
    path("choices/<uuid:draft>/check", views_journey.check_choice, name="check-choice"),
    path("choices/<uuid:draft>/discard", views.discard_draft, name="discard-choice"),
    path("choices/<uuid:draft>/<slug:slug>", views_journey.choice_step, name="record-choice-step"),
]
