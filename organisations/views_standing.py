"""Who belongs to a group, and who takes part: pages of the registry's administrators."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access.doors import needs
from access.nudges import tell_of_draft
from access.requests import ActingRequest
from organisations import standing
from organisations.activities import Activity
from organisations.drafts import DONE, Drafted
from organisations.forms import EndMemberForm, MemberForm, StandingForm
from organisations.models import Organisation, OrganisationKind, Proposal
from organisations.periods import State
from organisations.staff_files import begins, ends_after
from organisations.standing import ENDED, REFUSALS, Standing
from organisations.views import audit_reading
from ui.forms import NhsForm

METHODS = ["GET", "HEAD", "POST"]
_ASKED_AT = {
    "not-known": "code",
    "there-already": "code",
    "dates": "ends",
    "why-missing": "why",
    "same": "standing",
    "own-organisation": "standing",
}


def _found(public_id: UUID, *, groups: bool | None = None) -> Organisation:
    found: Organisation | None = Organisation.objects.filter(public_id=public_id).first()
    is_group = found is not None and found.kind == OrganisationKind.GROUP
    if found is None or (groups is not None and groups != is_group):
        raise Http404
    return found


def _back(of: Organisation) -> HttpResponse:
    response = redirect("registry-organisation", of.public_id)
    response.status_code = 303
    return response


def _page(
    request: ActingRequest, of: Organisation, form: NhsForm, heading: str, words: str
) -> HttpResponse:
    audit_reading(request, "organisation", id=of.pk)
    context = {"form": form, "organisation": of, "heading": heading, "words": words}
    return render(request, "organisations/keep.jinja", context)


def _settled(drafted: Drafted, form: NhsForm, of: Organisation) -> HttpResponse | None:
    """On to what was proposed or done; ``None`` with the refusal in the form."""
    if drafted.proposal is not None:
        tell_of_draft(Proposal.objects.get(public_id=drafted.proposal).pk)
        response = redirect("registry-proposal", drafted.proposal)
        response.status_code = 303
        return response
    if drafted.outcome == DONE:
        return _back(of)
    question = _ASKED_AT.get(drafted.outcome)
    form.add_error(question if question in form.fields else None, REFUSALS[drafted.outcome])
    return None


@needs(Activity.MANAGE_REGISTRY)
@require_http_methods(METHODS)
def add_member(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """An organisation joins a group: a proposal, with what it would change."""
    group = _found(public_id, groups=True)
    form = MemberForm(request.POST or None)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        member = Organisation.objects.filter(ods_code=given["code"].strip().upper()).first()
        drafted = (
            Drafted("not-known")
            if member is None
            else standing.propose_member(
                request.acting,
                group,
                member,
                valid_from=begins(given["begins"]),
                valid_until=ends_after(given["ends"]),
                why=given["why"],
                request_id=request.request_id,
            )
        )
        settled = _settled(drafted, form, group)
        if settled is not None:
            return settled
    words = "The agreements of the group then hold for it, both ways. A second person confirms it."
    return _page(request, group, form, "Add a member", words)


@needs(Activity.MANAGE_REGISTRY)
@require_http_methods(METHODS)
def end_member(request: ActingRequest, public_id: UUID, row: int) -> HttpResponse:
    """An organisation leaves a group, now or after a day: one person, and it holds."""
    group = _found(public_id, groups=True)
    held = group.group_members.select_related("member").filter(pk=row, state=State.ACTIVE).first()
    if held is None:
        raise Http404
    form = EndMemberForm(request.POST or None)
    if form.is_bound and form.is_valid():
        answer = standing.end_member(
            request.acting,
            held,
            valid_until=ends_after(form.cleaned_data["ends"]),
            why=form.cleaned_data["why"],
            request_id=request.request_id,
        )
        if answer == ENDED:
            return _back(group)
        question = _ASKED_AT.get(answer)
        form.add_error(question if question in form.fields else None, REFUSALS[answer])
    words = "The agreements of the group then hold for it no more."
    return _page(request, group, form, f"{held.member.name} leaves the group", words)


@needs(Activity.MANAGE_REGISTRY)
@require_http_methods(METHODS)
def stand(request: ActingRequest, public_id: UUID) -> HttpResponse:
    """An organisation is suspended, leaves or comes back."""
    of = _found(public_id)
    form = StandingForm(request.POST or None)
    if form.is_bound and form.is_valid():
        drafted = standing.set_standing(
            request.acting,
            of.public_id,
            Standing(form.cleaned_data["standing"]),
            valid_until=ends_after(form.cleaned_data["ends"]),
            why=form.cleaned_data["why"],
            request_id=request.request_id,
        )
        settled = _settled(drafted, form, of)
        if settled is not None:
            return settled
    words = (
        "What it sent stays under its agreements: end those, if it is to be shown to nobody any "
        "more."
    )
    return _page(request, of, form, "Suspend, end or take up again", words)
