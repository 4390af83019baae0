"""What administrators keep of their own organisations: telephones, contacts, sites and teams.

Of an organisation that is not theirs these pages are not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access.doors import needs
from access.requests import ActingRequest
from organisations import keeping
from organisations.activities import Activity
from organisations.forms import ContactForm, SiteForm, TeamForm, TelephonesForm
from organisations.models import Contact, Organisation, Site, Team
from organisations.periods import State
from organisations.views import ADMINISTRATORS, audit_reading
from organisations.views_staff import administered
from ui.forms import NhsForm

#: Which question a refusal belongs to, where it is not about the whole.
_ASKED_AT = {
    "why-missing": "why",
    "name-missing": "name",
    "code-missing": "code",
    "there-already": "name",
    "not-reached": "phone",
    "site-not-known": "site",
    "in-use": "over",
    "whole-site-not-yours": "whole_site",
}


def _theirs(request: ActingRequest, public_id: UUID) -> Organisation:
    found = administered(request).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: ActingRequest,
    of: Organisation,
    form: NhsForm,
    heading: str,
    keep: Callable[[dict[str, Any]], str],
) -> HttpResponse:
    """The form; what is sent of it is kept, or the page says why not."""
    if form.is_bound and form.is_valid():
        answer = keep({**form.cleaned_data, "request_id": request.request_id})
        if answer == keeping.KEPT:
            response = redirect("registry-organisation", of.public_id)
            response.status_code = 303
            return response
        question = _ASKED_AT.get(answer)
        form.add_error(question if question in form.fields else None, keeping.REFUSALS[answer])
    audit_reading(request, "organisation", id=of.pk)
    context = {"form": form, "organisation": of, "heading": heading, "words": ""}
    return render(request, "organisations/keep.jinja", context)


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def telephones(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """Where the organisation is rung."""
    of = _theirs(request, public_id)
    now = {"phone": of.phone, "duty": of.duty_phone, "out_of_hours": of.out_of_hours_phone}
    form = TelephonesForm(request.POST or None, initial=now)
    return _page(
        request,
        of,
        form,
        "Telephone numbers",
        lambda given: keeping.keep_telephones(request.acting, of, **given),
    )


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: ActingRequest, public_id: UUID, row: int | None = None) -> HttpResponse:
    """A contact: whom to ask about what."""
    of = _theirs(request, public_id)
    held = _held(of.contacts.all(), row)
    form = ContactForm(
        request.POST or None, initial=_as_now(held, "kind", "name", "phone", "email")
    )
    if held:
        form.fields["phone"].help_text = "Leave this and the email empty to remove the contact."
    return _page(
        request,
        of,
        form,
        "Change a contact" if held else "Add a contact",
        lambda given: keeping.keep_contact(request.acting, of, held, **given),
    )


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def site(request: ActingRequest, public_id: UUID, row: int | None = None) -> HttpResponse:
    """A site: a place where the organisation works."""
    of = _theirs(request, public_id)
    held: Site | None = _held(of.sites.all(), row)
    form = SiteForm(request.POST or None, initial=_as_now(held, "name", "postcode"))
    _once(form, held)
    return _page(
        request,
        of,
        form,
        held.name if held else "Add a site",
        lambda given: keeping.keep_site(
            request.acting, of, held, **{"code": "", "over": False, **given}
        ),
    )


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: ActingRequest, public_id: UUID, row: int | None = None) -> HttpResponse:
    """A team of the organisation."""
    of = _theirs(request, public_id)
    held: Team | None = _held(of.teams.all(), row)
    now = _as_now(held, "name", "phone")
    if held:
        now |= {"site": str(held.site_id or ""), "whole_site": held.serves_whole_site}
    form = TeamForm(request.POST or None, initial=now)
    sites = of.sites.filter(state=State.ACTIVE).order_by("name", "pk")
    form.offer("site", [("", "None"), *((str(each.pk), each.name) for each in sites)])
    _once(form, held)
    widens = request.acting.may(Activity.MANAGE_REGISTRY)
    if not widens and not (held and held.serves_whole_site):
        del form.fields["whole_site"]
    return _page(
        request,
        of,
        form,
        held.name if held else "Add a team",
        lambda given: keeping.keep_team(
            request.acting,
            of,
            held,
            **{
                "code": "",
                "over": False,
                "whole_site": False,
                **given,
                "site": int(given["site"]) if given["site"] else None,
            },
        ),
    )


def _held(rows: Any, row: int | None) -> Any:
    """The row of theirs that is asked for; ``None`` where a new one is."""
    if row is None:
        return None
    found = rows.filter(pk=row).first()
    if found is None:
        raise Http404
    return found


def _as_now(held: Contact | Site | Team | None, *names: str) -> dict[str, Any]:
    if held is None:
        return {}
    over = getattr(held, "state", State.ACTIVE) == State.ENDED
    return {name: getattr(held, name) for name in names} | ({"over": True} if over else {})


def _once(form: NhsForm, held: Site | Team | None) -> None:
    """A code is asked for once; what is new is not over."""
    del form.fields["code" if held else "over"]
