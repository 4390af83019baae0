"""Addresses of ``access``: signing in, the start, what is restricted, alerts, who could see."""

from django.urls import path

from access import views, views_alerts, views_numbers, views_readers, views_restricted

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("role", views.choose_membership, name="choose-membership"),
    path("residents/<uuid:resident>/emergency", views_restricted.emergency, name="emergency"),
    path(
        "residents/<uuid:resident>/emergency/reason",
        views_restricted.break_glass,
        name="break-glass",
    ),
    path("residents/<uuid:resident>/involved", views_restricted.involved, name="declare-care"),
    path("residents/<uuid:resident>/agreed", views_restricted.agreed, name="declare-consent"),
    path("residents/<uuid:resident>/colleague", views_restricted.colleague, name="let-in"),
    path("residents/<uuid:resident>/who", views_readers.who_could_see, name="who-could-see"),
    path("api/verified-numbers", views_numbers.verified_numbers, name="verified-numbers"),
    path("alerts", views_alerts.alerts, name="alerts"),
    path("alerts/<uuid:alert>", views_alerts.alert, name="alert"),
]
