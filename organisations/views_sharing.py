"""Who shows what to whom; and drafting a change of an agreement or of a role.

Everyone who administers may read it; the registry's administrators draft. What widens waits for
its effect and a second person (organisations/drafts.py).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.doors import needs
from access.nudges import tell_of_draft
from access.requests import ActingRequest
from organisations import drafts
from organisations import presenters_sharing as presenters
from organisations import selectors_staff as selectors
from organisations.activities import Activity
from organisations.drafts import REFUSALS, Agreed
from organisations.forms import AgreementDraftForm, RoleDraftForm
from organisations.models import Proposal, Role, SharingAgreement
from organisations.selectors import agreements_in_force
from organisations.staff_files import begins, ends_after
from organisations.views import ADMINISTRATORS, audit_reading

_ASKED_AT = {"dates": "ends", "why-missing": "why", "same": "categories"}


@needs(*ADMINISTRATORS)
@require_safe
def sharing(request: ActingRequest) -> HttpResponse:
    """The agreements in force, each source beside each recipient."""
    agreements = agreements_in_force()
    bodies = selectors.sides(agreements)
    matrix = presenters.sharing_matrix(bodies, agreements, timezone.localdate())
    audit_reading(request, "sharing", count=len(agreements))
    return render(request, "organisations/sharing.jinja", {"matrix": matrix})


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: ActingRequest, source: UUID, recipient: UUID) -> HttpResponse:
    """What one organisation shows another now; the registry's administrators draft a change."""
    sides = {each.public_id: each for each in selectors.bodies([source, recipient])}
    if len(sides) != 2:
        raise Http404
    held = selectors.agreements_between(sides[source], sides[recipient])
    form = AgreementDraftForm(_sent(request), initial=_held(held))
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        agreed = Agreed(
            categories=tuple(map(int, given["categories"])),
            valid_from=begins(given["begins"]),
            valid_until=ends_after(given["ends"]),
            review_on=given["review_on"],
            purpose=given["purpose"],
            legal_basis=given["legal_basis"],
        )
        drafted = drafts.draft_agreement(
            request.acting,
            source,
            recipient,
            agreed,
            why=given["why"],
            request_id=request.request_id,
        )
        if drafted.proposal is not None:
            return _to_draft(drafted.proposal)
        form.add_error(_ASKED_AT.get(drafted.outcome), REFUSALS[drafted.outcome])
    audit_reading(request, "agreement", source=sides[source].pk, recipient=sides[recipient].pk)
    context = {
        "form": form,
        "source": sides[source],
        "recipient": sides[recipient],
        "lines": presenters.agreement_lines(held, timezone.now()),
        "drafts": request.acting.may(Activity.MANAGE_REGISTRY),
    }
    return render(request, "organisations/agreement.jinja", context)


@needs(*ADMINISTRATORS)
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: ActingRequest, code: str) -> HttpResponse:
    """What one role reads and may do; the registry's administrators draft a change."""
    found = Role.objects.filter(code=code).first()
    if found is None:
        raise Http404
    now = {"categories": [str(n) for n in found.categories], "activities": found.activities}
    form = RoleDraftForm(_sent(request), initial=now)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        drafted = drafts.draft_role(
            request.acting,
            code,
            categories=[int(number) for number in given["categories"]],
            activities=given["activities"],
            valid_from=begins(given["begins"]),
            why=given["why"],
            request_id=request.request_id,
        )
        if drafted.proposal is not None:
            return _to_draft(drafted.proposal)
        form.add_error(_ASKED_AT.get(drafted.outcome), REFUSALS[drafted.outcome])
    audit_reading(request, "role", id=found.pk)
    context = {"form": form, "role": found, "drafts": request.acting.may(Activity.MANAGE_REGISTRY)}
    return render(request, "organisations/role.jinja", context)


def _sent(request: ActingRequest) -> Any:
    """What was sent; nothing of it counts from whoever may not draft: the database says so too."""
    return request.POST if request.method == "POST" else None


def _held(held: list[SharingAgreement]) -> dict[str, Any]:
    """What holds now, to begin from."""
    first = held[0] if held else None
    return {
        "categories": sorted({str(number) for each in held for number in each.categories}),
        "purpose": first.purpose if first else "Direct care",
        "legal_basis": first.legal_basis if first else "",
        "review_on": first.review_on if first else None,
    }


def _to_draft(drafted: UUID) -> HttpResponse:
    made = Proposal.objects.get(public_id=drafted)
    if made.applied_at is None:
        tell_of_draft(made.pk)
    response = redirect("registry-proposal", made.public_id)
    response.status_code = 303
    return response


@needs(Activity.MANAGE_REGISTRY)
@require_POST
def return_to_before(request: ActingRequest, proposal: UUID) -> HttpResponse:
    """Back to what held before a change that was done: narrower, at once; wider, as a draft."""
    found = Proposal.objects.filter(
        public_id=proposal, applied_at__isnull=False, former__isnull=False
    ).first()
    if found is None:
        raise Http404
    drafted = drafts.return_to_before(request.acting, found, request_id=request.request_id)
    if drafted.proposal is not None:
        return _to_draft(drafted.proposal)
    response = redirect("registry-proposal", proposal)
    response.status_code = 303
    return response
