"""Addresses for other systems."""

from django.urls import path

from fhir import views

urlpatterns = [
    path("fhir/R4", views.post_r4, name="fhir-r4"),
    path("fhir/R4/metadata", views.capabilities, {"format_code": "fhir-r4"}, "fhir-r4-metadata"),
    path("fhir/STU3", views.post_stu3, name="fhir-stu3"),
    path(
        "fhir/STU3/metadata",
        views.capabilities,
        {"format_code": "gp-connect"},
        "fhir-stu3-metadata",
    ),
    path("fhir/deliveries/<uuid:public_id>", views.delivery, name="fhir-delivery"),
]
