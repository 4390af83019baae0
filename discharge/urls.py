"""Addresses of ``discharge``. They name residents and referrals by opaque ids."""

from django.urls import path

from discharge import views, views_referrals

urlpatterns = [
    path(
        "discharge-planning/<uuid:resident>",
        views.discharge_planning,
        name="discharge-planning",
    ),
    path(
        "discharge-planning/<uuid:resident>/refer",
        views_referrals.send_referral,
        name="send-referral",
    ),
    path("referrals/<uuid:referral>", views_referrals.referral, name="referral"),
    path(
        "referrals/<uuid:referral>/update",
        views_referrals.update_referral,
        name="update-referral",
    ),
    path(
        "referrals/<uuid:referral>/withdraw",
        views_referrals.withdraw_referral,
        name="withdraw-referral",
    ),
    path(
        "referrals/<uuid:referral>/acknowledge",
        views_referrals.acknowledge_referral,
        name="acknowledge-referral",
    ),
    path(
        "referrals/<uuid:referral>/decline",
        views_referrals.decline_referral,
        name="decline-referral",
    ),
]
