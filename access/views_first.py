"""The pages of the first sign-in: a link that was sent, and choosing a password."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from access import first_sign_in, half_way, second_factor, sessions
from access.doors import public
from access.forms_first import FirstPasswordForm
from access.requests import AnyRequest
from access.second_factor import By

#: Where in the session the word of the link is kept, so that no later address holds it.
WORD = "first-sign-in"


@public
@never_cache
@require_safe
@sensitive_variables("word")
def link(request: AnyRequest, word: str) -> HttpResponse:
    """The link: it is kept for this browser, and left."""
    request.session[WORD] = word
    return redirect("first-sign-in")


@public
@sensitive_post_parameters("password", "again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("word")
def choose(request: AnyRequest) -> HttpResponse:
    """Choose a password; then the second step, where one is needed."""
    word = request.session.get(WORD, "")
    staff = first_sign_in.whose(word) if word else None
    if staff is None:
        return render(request, "access/first_sign_in_over.jinja", {})
    form = FirstPasswordForm(request.POST or None, of=staff)
    if request.method == "POST" and form.is_valid():
        accepted = first_sign_in.accept(
            word, form.cleaned_data["password"], request_id=request.request_id
        )
        request.session.pop(WORD, None)
        if accepted is None:
            return render(request, "access/first_sign_in_over.jinja", {})
        if second_factor.required_of(accepted):
            half_way.begin(request, accepted, onward="/")
            return redirect("add-app")
        sessions.begin(request, accepted, by=By.PASSWORD, request_id=request.request_id)
        return redirect("home")
    return render(request, "access/first_sign_in.jinja", {"form": form, "username": staff.username})
