"""Addresses of ``identity``."""

from django.urls import path

from identity import views

urlpatterns = [
    path("residents/find", views.find_resident, name="find-resident"),
]
