"""Addresses of ``subject_access``."""

from django.urls import path

from subject_access import views

urlpatterns = [
    path("subject-access", views.subject_accesses, name="subject-accesses"),
    path(
        "residents/<uuid:resident>/subject-access",
        views.begin_subject_access,
        name="begin-subject-access",
    ),
    path("subject-access/<uuid:subject_access>", views.subject_access, name="subject-access"),
    path(
        "subject-access/<uuid:subject_access>/parts/<int:part>",
        views.decide_part,
        name="decide-subject-access",
    ),
    path(
        "subject-access/<uuid:subject_access>/extend",
        views.extend_subject_access,
        name="extend-subject-access",
    ),
    path(
        "subject-access/<uuid:subject_access>/pack",
        views.fetch_subject_access,
        name="fetch-subject-access",
    ),
]
