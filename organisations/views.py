"""The public list of participating organisations, and the registry's pages.

An administrator sees organisations, staff and roles, and nothing of a resident: nothing here
imports what could show one.
"""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods

from access.doors import needs, public
from access.requests import ActingRequest
from audit import actions as audit
from audit.models import Action
from organisations import presenters, recertifying, selectors, selectors_staff
from organisations.activities import Activity
from organisations.delegation import organisations_administered
from organisations.forms import OrganisationFilterForm, StaffSearchForm

ADMINISTRATORS = (Activity.MANAGE_REGISTRY, Activity.MANAGE_ORGANISATION)
#: Who sees roles, and what is proposed of them.
OF_ROLES = (*ADMINISTRATORS, Activity.ADJUST_ROLES)


@public
@require_GET
def participating(request: HttpRequest) -> HttpResponse:
    """The organisations that take part, from the registry, so that the list is always true."""
    context = {"organisations": selectors.participating_organisations()}
    return render(request, "organisations/participating.jinja", context)


@needs(*ADMINISTRATORS)
@require_GET
def organisations(request: ActingRequest) -> HttpResponse:
    """Organisations with kind, code, state, and whether they take part."""
    form = OrganisationFilterForm(request.GET)
    name = form.cleaned_data["name"] if form.is_valid() else ""
    page = selectors.organisations_by_name(name, page_number(request.GET.get("page")))
    lines = presenters.organisation_lines(page)
    audit_reading(request, "organisations", count=len(lines))
    context = {"form": form, "name": name, "page": page, "lines": lines}
    return render(request, "organisations/organisations.jinja", context)


@needs(*ADMINISTRATORS)
@require_GET
def organisation(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """One organisation: contacts, sites, teams, groups, agreements on both sides, feeds."""
    found = selectors.organisation_with_all(public_id)
    if found is None:
        raise Http404
    audit_reading(request, "organisation", id=found.pk)
    mine = organisations_administered(request.user, request.acting.activities)
    is_readers = mine.filter(pk=found.pk).exists()
    context = {"shown": presenters.organisation_page(found, is_readers=is_readers)}
    return render(request, "organisations/organisation.jinja", context)


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def staff(request: ActingRequest) -> HttpResponse:
    """Staff of the organisations that the reader administers, with their memberships.

    Of one of them, where an address or the form names one that is theirs.
    """
    mine = organisations_administered(request.user, request.acting.activities)
    places = {str(each.public_id): each for each in selectors_staff.employers(mine)}
    wanted = request.GET.get("organisation", "")
    at = wanted if wanted in places else ""
    form = StaffSearchForm(request.POST or None, initial={"organisation": at})
    every = [("", "All organisations")]
    form.offer("organisation", every + [(key, each.name) for key, each in places.items()])
    if len(places) < 2:
        del form.fields["organisation"]
    name = ""
    if form.is_bound and form.is_valid():
        name, at = form.cleaned_data["name"], form.cleaned_data.get("organisation", "")
    of = mine.filter(public_id=at) if at else mine
    page = selectors.staff_by_name(name, page_number(request.POST.get("page")), of=of)
    lines = presenters.staff_lines(page)
    to_confirm = len(recertifying.due(mine, reader=request.user.pk))
    audit_reading(request, "staff", count=len(lines))
    context = {
        "form": form,
        "name": name,
        "place": at,
        "page": page,
        "lines": lines,
        "to_confirm": to_confirm,
    }
    return render(request, "organisations/staff.jinja", context)


@needs(*OF_ROLES)
@require_GET
def roles(request: ActingRequest) -> HttpResponse:
    """Every role: what it reads, and what it may do."""
    matrix = presenters.role_matrix(selectors.all_roles())
    audit_reading(request, "roles", count=len(matrix.roles))
    return render(request, "organisations/roles.jinja", {"matrix": matrix})


def page_number(text: str | None) -> int:
    """A page number as somebody may have typed it; the first unless it is one."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 7 else 1


def audit_reading(request: ActingRequest, what: str, **detail: int) -> None:
    """The event of having read a page of the registry."""
    audit.record(
        Action.REGISTRY_READ,
        reason=what,
        request=request.request_id,
        detail=detail,
        **request.acting.for_audit(),
    )
