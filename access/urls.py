"""Addresses of ``access``: signing in, and the start."""

from django.urls import path

from access import views

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("role", views.choose_membership, name="choose-membership"),
]
