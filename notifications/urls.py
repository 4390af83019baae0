"""The address of the inbox."""

from django.urls import path

from notifications import views

urlpatterns = [path("inbox", views.inbox, name="inbox")]
