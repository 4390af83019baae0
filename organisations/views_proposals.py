"""What takes two people: what waits for the second one, and what became of the rest."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access.doors import needs, refuse
from access.requests import ActingRequest
from organisations import presenters_staff as presenters
from organisations import selectors_staff as selectors
from organisations import staffing
from organisations.activities import Activity
from organisations.models import Proposal, ProposalKind
from organisations.views import OF_ROLES, audit_reading, page_number
from organisations.views_staff import administered, whole_registry


@needs(*OF_ROLES)
@require_safe
def proposals(request: ActingRequest) -> HttpResponse:
    """What waits for a second person, and what became of the rest."""
    now = timezone.now()
    page = selectors.proposals_waiting_first(
        proposals_seen(request), page_number(request.GET.get("page")), at=now
    )
    lines = presenters.proposal_lines(page, reader=request.user.pk, at=now)
    audit_reading(request, "proposals", count=len(lines))
    return render(request, "organisations/proposals.jinja", {"page": page, "lines": lines})


@needs(*OF_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal(request: ActingRequest, proposal: UUID) -> HttpResponse:
    """One proposal: a second person confirms it; anyone whose it is to settle withdraws it."""
    found = proposals_seen(request).filter(public_id=proposal).first()
    if found is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        do = staffing.withdraw if request.POST.get("do") == "withdraw" else staffing.confirm
        answer = do(request.acting, proposal, request_id=request.request_id)
        if answer == "not-allowed":
            return refuse(request, "activity-not-in-role")
        if answer in {"confirmed", "withdrawn"}:
            response = redirect("registry-proposal", proposal)
            response.status_code = 303
            return response
        problem = presenters.why_not_confirmed(answer)
    return proposal_page(request, found, problem)


def proposal_page(request: ActingRequest, found: Proposal, problem: str = "") -> HttpResponse:
    """The page of a proposal, with what stands against what was just asked of it."""
    (line,) = presenters.proposal_lines([found], reader=request.user.pk, at=timezone.now())
    audit_reading(request, "proposal", id=found.pk)
    context = {
        "line": line,
        "problem": problem,
        "needs_registry": found.kind == ProposalKind.ROLE
        and not whole_registry(request)
        and not selectors.administers_registry(found.proposed_by_id),
    }
    return render(request, "organisations/proposal.jinja", context)


def proposals_seen(request: ActingRequest) -> QuerySet[Proposal]:
    """The proposals that whoever asks may see."""
    return selectors.proposals_of(
        administered(request),
        whole_registry=whole_registry(request),
        adjusts_roles=request.acting.may(Activity.ADJUST_ROLES),
    )
