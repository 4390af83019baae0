"""Addresses of ``keeping``."""

from django.urls import path

from keeping import views

urlpatterns = [
    path("retention", views.retention, name="retention"),
    path("retention/holds", views.retention_holds, name="retention-holds"),
    path("retention/holds/begin", views.begin_retention_hold, name="begin-retention-hold"),
    path("retention/holds/<uuid:hold>/end", views.end_retention_hold, name="end-retention-hold"),
    path("retention/schedule", views.retention_schedule, name="retention-schedule"),
]
