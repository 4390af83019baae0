"""Addresses of views that forgot to say who may open them: for tests, beside the portal's own."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views import View
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from access.doors import public
from connectcare.urls import urlpatterns as portal

#: What none of these may show to anybody.
SECRET = "Zzyzx Canary"


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(SECRET)


class Bare(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(SECRET)

    post = get


def download(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"found": SECRET}, headers={"Content-Disposition": "attachment"})


@api_view(["GET", "POST"])
def bare_api(request: Request) -> Response:
    return Response({"found": SECRET})


@public
@transaction.non_atomic_requests
@api_view(["GET", "POST"])
def api_without_permission(request: Request) -> Response:
    """The door lets everybody in; the framework was told of nobody. It needs no database."""
    return Response({"found": SECRET})


def _past_signing_in(view: Any) -> Any:
    """As views of frameworks do that leave signing in to themselves."""
    view.login_required = False
    return view


UNDECLARED = {
    "bare": bare,
    "bare-class": Bare.as_view(),
    "download": download,
    "bare-api": bare_api,
}

urlpatterns = [
    *(path(f"undeclared/{name}", _past_signing_in(view)) for name, view in UNDECLARED.items()),
    path("undeclared/api-without-permission", api_without_permission),
    *portal,
]
