"""The pages that anybody may read. Nothing here knows of a resident."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access import described
from access.doors import public
from organisations.selectors import participating_organisations
from public import presenters


@public
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What Connect Care is, and for whom."""
    return render(request, "public/about.jinja")


@public
@require_safe
def what_is_shared(request: HttpRequest) -> HttpResponse:
    """What a record may hold, and which roles may read each part, from the registry."""
    return render(request, "public/what_is_shared.jinja", {"parts": presenters.parts_of_a_record()})


@public
@require_safe
def your_choices(request: HttpRequest) -> HttpResponse:
    """The three choices and their effect, in the words that are read back to whoever chooses."""
    return render(request, "public/your_choices.jinja", {"choices": presenters.choices()})


@public
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy notice, with the controllers of the day."""
    controllers = presenters.controllers(participating_organisations())
    return render(request, "public/privacy.jinja", {"controllers": controllers})


@public
@require_safe
def policies(request: HttpRequest) -> HttpResponse:
    """The policies open to inspection: agreements and roles in force, and the rule."""
    return render(
        request,
        "public/policies.jinja",
        {"agreements": presenters.agreements(), "roles": presenters.roles()},
    )


@public
@require_safe
def access_rules(request: HttpRequest) -> HttpResponse:
    """The rule itself, out of the code that enforces it."""
    return render(
        request,
        "public/access_rules.jinja",
        {
            "of_records": described.of_records(),
            "of_sections": described.of_sections(),
            "of_grants": described.of_grants(),
        },
    )


@public
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """How usable the portal is for whom, and whom to tell where it is not."""
    return render(request, "public/accessibility.jinja")
