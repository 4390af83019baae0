"""The officers' pages of lawful disclosures: the list, one of them, and proposing one."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID, uuid4

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from access import disclosures as lawful
from access import presenters_disclosures as presenters
from access.disclosures import confirm_by
from access.doors import needs
from access.forms_disclosures import DisclosureForm, EndForm, RecipientsForm, SureForm
from access.glimpses import glimpse
from access.grounds import Ground
from access.nudges import tell_of_disclosure
from access.requests import ActingRequest
from access.sessions import signed_in_by
from access.views_alerts import page_number
from access.views_providers import ask_again
from access.views_restricted import confirmed, job
from identity.presenters import PersonShown, person
from identity.selectors import resident as resident_seen
from identity.selectors import residents
from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import Membership
from organisations.selectors import colleagues, colleagues_chosen
from ui.views import not_allowed, not_found

#: Why a second officer's confirmation was not taken, where their page still asked for it.
NOT_CONFIRMED = {
    "own": "You proposed this. Somebody else must confirm it",
    "named": "It is disclosed to you. Somebody else must confirm it",
    "over": "This disclosure is over. Propose another one if it is needed",
}


@needs(Activity.DISCLOSE_LAWFULLY)
@require_safe
def disclosures(request: ActingRequest) -> HttpResponse:
    """The disclosures of one's own organisation: those that wait or hold, or the others."""
    over = request.GET.get("show") == "over"
    page = page_number(request.GET.get("page", ""))
    answer = lawful.read_disclosures(
        request.acting, over=over, page=page, request_id=request.request_id
    )
    if answer is None:
        return not_allowed(request, PermissionError())
    shown, total = answer
    people = {seen.id: seen for seen in residents(one.resident for one in shown)}
    context = {
        "over": over,
        "total": total,
        "page": page,
        "pages": max(1, -(-total // lawful.PAGE_LENGTH)),
        "lines": [presenters.line(one, people, at=timezone.now()) for one in shown],
    }
    return render(request, "access/disclosures.jinja", context)


@needs(Activity.DISCLOSE_LAWFULLY)
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def disclosure(request: ActingRequest, disclosure: UUID) -> HttpResponse:
    """One disclosure with all that was said; a second officer confirms it, any officer ends it."""
    first = ask_again(request)
    if first is not None:
        return first
    ending = request.POST.get("do") == "end"
    sure = SureForm(request.POST if request.method == "POST" and not ending else None)
    sure.ask_by(signed_in_by(request))
    end = EndForm(request.POST if ending else None)
    if end.is_bound and end.is_valid():
        lawful.end(
            request.acting,
            disclosure,
            words=end.cleaned_data["words"],
            request_id=request.request_id,
        )
        return redirect("disclosure", disclosure)
    if sure.is_bound and sure.is_valid() and confirmed(request, sure):
        answer = lawful.confirm(request.acting, disclosure, request_id=request.request_id)
        if answer in NOT_CONFIRMED:
            sure.refuse(NOT_CONFIRMED[answer])
        else:
            return redirect("disclosure", disclosure)
    seen = lawful.read_disclosure(request.acting, disclosure, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    people = {one.id: one for one in residents([seen.resident])}
    page = presenters.in_full(seen, people, officer=request.acting, at=timezone.now())
    context = {"page": page, "sure": sure, "end": end, "form": end if ending else sure}
    return render(request, "access/disclosure.jinja", context)


@needs(Activity.DISCLOSE_LAWFULLY)
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def propose_disclosure(request: ActingRequest, resident: UUID) -> HttpResponse:
    """To whom; what, why and until when; then everything once more, and the password.

    What was given goes from page to page in the forms themselves: nothing of it is kept before it
    is proposed.
    """
    first = ask_again(request)
    if first is not None:
        return first
    found = glimpse(
        request.acting, resident, activity=Activity.FIND_RESIDENTS, request_id=request.request_id
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    about = person(seen)
    step = request.POST.get("step", "")
    who = RecipientsForm(request.POST if step else None)
    people = _people(request, who)
    who.offer_people((key, f"{member.staff.name}, {job(member)}") for key, member in people.items())
    if not step or not who.is_valid() or request.POST.get("go") == "who":
        return _ask_whom(request, about, who)
    if step == "who" and ("search" in request.POST or not who.require_recipients()):
        return _ask_whom(request, about, who)
    what = DisclosureForm(request.POST if step in {"what", "check"} else None)
    recipients = [people[key] for key in who.cleaned_data["recipients"]]
    if not recipients:
        return _ask_whom(request, about, who)
    if not what.is_bound or not what.is_valid() or request.POST.get("go") == "what":
        return _ask_what(request, about, what, recipients)
    sure = SureForm(request.POST if step == "check" else None)
    sure.ask_by(signed_in_by(request))
    if sure.is_bound and sure.is_valid() and confirmed(request, sure):
        outcome, made, public_id = lawful.propose(
            request.acting,
            resident,
            ground=Ground(what.cleaned_data["ground"]),
            words=what.cleaned_data["words"],
            categories=[int(number) for number in what.cleaned_data["categories"]],
            recipients=[member.pk for member in recipients],
            until=what.cleaned_data["until"],
            on_call=bool(what.cleaned_data.get("on_call")),
            submission=_submission(request),
            request_id=request.request_id,
        )
        if made is not None and public_id is not None:
            tell_of_disclosure(made)
            return redirect("disclosure", public_id)
        sure.refuse(f"This could not be proposed ({outcome}). Check who it is for")
    context = {
        "person": about,
        "form": sure,
        "what": what,
        "recipients": recipients,
        "jobs": [f"{member.staff.name}, {job(member)}" for member in recipients],
        "ground": Ground(what.cleaned_data["ground"]).label,
        "categories": [Category(int(number)).label for number in what.cleaned_data["categories"]],
        "confirm_by": confirm_by(timezone.now()) if what.cleaned_data.get("on_call") else None,
        "submission": _submission(request),
    }
    return render(request, "access/disclosure_check.jinja", context)


def _people(request: ActingRequest, who: RecipientsForm) -> dict[str, Membership]:
    """Whom the page offers: those ticked already, and those of the name that was searched for."""
    if not who.is_bound:
        return {}
    acting = request.acting
    ticked = {int(key) for key in request.POST.getlist("recipients") if key.isdecimal()}
    chosen = colleagues_chosen(
        ticked,
        organisation_id=acting.organisation_id,
        activity=Activity.READ_RECORDS,
        besides=acting.staff_id,
    )
    name = request.POST.get("name", "").strip()
    found = (
        colleagues(
            name,
            organisation_id=acting.organisation_id,
            activity=Activity.READ_RECORDS,
            besides=acting.staff_id,
        )
        if name
        else []
    )
    return {str(member.pk): member for member in (*chosen, *found)}


def _ask_whom(request: ActingRequest, about: PersonShown, who: RecipientsForm) -> HttpResponse:
    searched = "search" in request.POST
    offered = bool(who.fields["recipients"].choices)  # type: ignore[attr-defined]  # it has them
    if searched and who.is_bound and not offered:
        typed = request.POST.get("name", "").strip()
        who.add_error(
            "name",
            "No colleague of that name reads records at your organisation"
            if typed
            else "Enter a part of your colleague’s name",
        )
    context = {"person": about, "form": who, "offered": offered}
    return render(request, "access/disclosure_who.jinja", context)


def _ask_what(
    request: ActingRequest,
    about: PersonShown,
    what: DisclosureForm,
    recipients: Collection[Membership],
) -> HttpResponse:
    context = {"person": about, "form": what, "recipients": recipients}
    return render(request, "access/disclosure_what.jinja", context)


def _submission(request: ActingRequest) -> UUID:
    """The form's own id, from its first page to the last."""
    try:
        return UUID(request.POST.get("submission", ""))
    except ValueError:
        return uuid4()
