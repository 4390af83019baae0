"""Who shows what to whom; and drafting a change of an agreement or of a role.

Everyone who administers may read it; the registry's administrators draft, and Caldicott guardians
what a role reads. What widens waits for its effect and a second person (organisations/drafts.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
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
from organisations.forms import AgreementDraftForm, RoleDraftForm, RoleReadsForm
from organisations.models import Organisation, Proposal, Role, SharingAgreement
from organisations.presenters_staff import why_not_confirmed
from organisations.selectors import agreements_in_force
from organisations.staff_files import begins, ends_after
from organisations.views import ADMINISTRATORS, OF_ROLES, audit_reading
from organisations.views_proposals import proposal_page, proposals_seen

_ASKED_AT = {
    "dates": "ends",
    "why-missing": "why",
    "same": "categories",
    "trial-needs-testers": "testers",
    "tester-not-known": "testers",
}


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
    testers = _testers(form, sides[recipient])
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        agreed = Agreed(
            categories=tuple(map(int, given["categories"])),
            trial=tuple(map(int, given["trial"])),
            testers=testers,
            valid_from=begins(given["begins"]),
            valid_until=ends_after(given["ends"]),
            review_on=given["review_on"],
            purpose=given["purpose"],
            legal_basis=given["legal_basis"],
            assessment=given["assessment"],
            document=given["document"],
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
        "testers": [name for _username, name in selectors.testers_of(held)],
        "drafts": request.acting.may(Activity.MANAGE_REGISTRY),
    }
    return render(request, "organisations/agreement.jinja", context)


@needs(*OF_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: ActingRequest, code: str) -> HttpResponse:
    """What one role reads and may do; a change is drafted by whose it is to draft.

    The registry's administrators change both; who adjusts roles, what it reads.
    """
    found = Role.objects.filter(code=code).first()
    if found is None:
        raise Http404
    now = {"categories": [str(n) for n in found.categories], "activities": found.activities}
    whole = not request.acting.may(Activity.ADJUST_ROLES) or request.acting.may(
        Activity.MANAGE_REGISTRY
    )
    form = (RoleDraftForm if whole else RoleReadsForm)(_sent(request), initial=now)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        drafted = drafts.draft_role(
            request.acting,
            code,
            categories=[int(number) for number in given["categories"]],
            activities=given.get("activities", found.activities),
            valid_from=begins(given["begins"]),
            why=given["why"],
            request_id=request.request_id,
        )
        if drafted.proposal is not None:
            return _to_draft(drafted.proposal)
        form.add_error(_ASKED_AT.get(drafted.outcome), REFUSALS[drafted.outcome])
    audit_reading(request, "role", id=found.pk)
    context = {
        "form": form,
        "role": found,
        "rows": presenters.role_rows(found),
        "drafts": not whole or request.acting.may(Activity.MANAGE_REGISTRY),
        "is_readers": found.code == request.acting.role_code,
    }
    return render(request, "organisations/role.jinja", context)


def _sent(request: ActingRequest) -> Any:
    """What was sent; nothing of it counts from whoever may not draft: the database says so too."""
    return request.POST if request.method == "POST" else None


def _held(held: list[SharingAgreement]) -> dict[str, Any]:
    """What holds now, to begin from."""
    first = held[0] if held else None
    return {
        "categories": sorted({str(number) for each in held for number in each.categories}),
        "trial": sorted({str(number) for each in held for number in each.trial}),
        "testers": "\n".join(username for username, _name in selectors.testers_of(held)),
        "ends": _last_day(held),
        "purpose": first.purpose if first else "Direct care",
        "legal_basis": first.legal_basis if first else "",
        "assessment": first.assessment if first else "",
        "document": first.document if first else "",
        "review_on": first.review_on if first else None,
    }


def _last_day(held: list[SharingAgreement]) -> date | None:
    """The last day of what holds now, if it has one."""
    ends = [each.valid_until for each in held]
    last = max((each for each in ends if each is not None), default=None)
    if last is None or None in ends:
        return None
    return timezone.localdate(last - timedelta(microseconds=1))


def _testers(form: AgreementDraftForm, recipient: Organisation) -> tuple[int, ...]:
    """The memberships of the testers who are named; the form says who is not known there."""
    if not form.is_bound or not form.is_valid():
        return ()
    named = form.cleaned_data["testers"].split()
    if not form.cleaned_data["trial"]:
        return ()
    known = selectors.testers_called(named, recipient)
    strangers = [name for name in named if name not in known]
    if strangers:
        words = f"{REFUSALS['tester-not-known']}: not {', '.join(strangers)}"
        form.add_error("testers", words)
    return tuple(held for name in named for held in known.get(name, ()))


def _to_draft(drafted: UUID) -> HttpResponse:
    made = Proposal.objects.get(public_id=drafted)
    if made.applied_at is None:
        tell_of_draft(made.pk)
    response = redirect("registry-proposal", made.public_id)
    response.status_code = 303
    return response


@needs(Activity.MANAGE_REGISTRY, Activity.ADJUST_ROLES)
@require_POST
def return_to_before(request: ActingRequest, proposal: UUID) -> HttpResponse:
    """Back to what held before a change that was done: narrower, at once; wider, as a draft."""
    done = Q(applied_at__isnull=False, former__isnull=False)
    found = proposals_seen(request).filter(done, public_id=proposal).first()
    if found is None:
        raise Http404
    drafted = drafts.return_to_before(request.acting, found, request_id=request.request_id)
    if drafted.proposal is not None:
        return _to_draft(drafted.proposal)
    return proposal_page(request, found, why_not_confirmed(drafted.outcome))
