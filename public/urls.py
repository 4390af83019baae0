"""Addresses that anybody may open. None holds anything about anyone."""

from django.urls import path

from public import views, views_form

urlpatterns = [
    path("about", views.about, name="about"),
    path("what-is-shared", views.what_is_shared, name="what-is-shared"),
    path("your-choices", views.your_choices, name="your-choices"),
    path("opt-out", views_form.opt_out, name="opt-out"),
    path("privacy", views.privacy, name="privacy-notice"),
    path("policies", views.policies, name="policies"),
    path("policies/access-rules", views.access_rules, name="access-rules"),
    path("accessibility", views.accessibility, name="accessibility-statement"),
]
