"""Addresses of ``organisations``: the public list, and the registry's pages."""

from django.urls import path

from organisations import (
    views,
    views_inviting,
    views_places,
    views_proposals,
    views_recertifying,
    views_refresh,
    views_sharing,
    views_staff,
    views_standing,
)

urlpatterns = [
    path(
        "participating-organisations",
        views.participating,
        name="participating-organisations",
    ),
    path("registry/organisations", views.organisations, name="registry-organisations"),
    path(
        "registry/organisations/<uuid:public_id>",
        views.organisation,
        name="registry-organisation",
    ),
    path(
        "registry/organisations/<uuid:public_id>/telephones",
        views_places.telephones,
        name="registry-telephones",
    ),
    path(
        "registry/organisations/<uuid:public_id>/contact",
        views_places.contact,
        name="registry-add-contact",
    ),
    path(
        "registry/organisations/<uuid:public_id>/contact/<int:row>",
        views_places.contact,
        name="registry-contact",
    ),
    path(
        "registry/organisations/<uuid:public_id>/site",
        views_places.site,
        name="registry-add-site",
    ),
    path(
        "registry/organisations/<uuid:public_id>/site/<int:row>",
        views_places.site,
        name="registry-site",
    ),
    path(
        "registry/organisations/<uuid:public_id>/team",
        views_places.team,
        name="registry-add-team",
    ),
    path(
        "registry/organisations/<uuid:public_id>/team/<int:row>",
        views_places.team,
        name="registry-team",
    ),
    path(
        "registry/organisations/<uuid:public_id>/standing",
        views_standing.stand,
        name="registry-standing",
    ),
    path(
        "registry/organisations/<uuid:public_id>/member",
        views_standing.add_member,
        name="registry-add-member",
    ),
    path(
        "registry/organisations/<uuid:public_id>/member/<int:row>",
        views_standing.end_member,
        name="registry-end-member",
    ),
    path("registry/staff", views.staff, name="registry-staff"),
    path("registry/staff/join", views_staff.join, name="registry-join"),
    path("registry/staff/upload", views_staff.upload, name="registry-upload"),
    path("registry/staff/<uuid:person>", views_staff.person, name="registry-person"),
    path("registry/staff/<uuid:person>/role", views_staff.give_role, name="registry-give-role"),
    path("registry/staff/<uuid:person>/invite", views_inviting.invite, name="registry-invite"),
    path("registry/staff/<uuid:person>/end", views_staff.end_roles, name="registry-end-roles"),
    path("registry/proposals", views_proposals.proposals, name="registry-proposals"),
    path("registry/proposals/<uuid:proposal>", views_proposals.proposal, name="registry-proposal"),
    path(
        "registry/proposals/<uuid:proposal>/return",
        views_sharing.return_to_before,
        name="registry-return",
    ),
    path(
        "registry/staff/<uuid:person>/sign-in",
        views_recertifying.let_in_again,
        name="registry-let-in-again",
    ),
    path("registry/recertify", views_recertifying.recertify, name="registry-recertify"),
    path("registry/refresh", views_refresh.refresh, name="registry-refresh"),
    path("registry/sharing", views_sharing.sharing, name="registry-sharing"),
    path(
        "registry/sharing/<uuid:source>/<uuid:recipient>",
        views_sharing.agreement,
        name="registry-agreement",
    ),
    path("registry/roles/<slug:code>", views_sharing.role, name="registry-role"),
    path("registry/history", views_staff.history, name="registry-history"),
    path("registry/roles", views.roles, name="registry-roles"),
]
