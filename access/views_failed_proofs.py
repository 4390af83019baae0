"""The officers' pages of proofs that failed."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access import failed_proofs
from access.doors import needs
from access.failed_proof_rows import ProofOutcome
from access.forms import ProofForm
from access.requests import ActingRequest
from organisations.activities import Activity
from ui.views import not_allowed, not_found


@needs(Activity.REVIEW_ALERTS)
@require_safe
def failed_proofs_listed(request: ActingRequest) -> HttpResponse:
    """Proofs that failed: those that wait, and the last that were closed."""
    found = failed_proofs.read_all(request.acting, request_id=request.request_id)
    if found is None:
        return not_allowed(request, PermissionError())
    at = timezone.now()
    context = {
        "open": [(each, each.is_late(at)) for each in found if each.closed is None],
        "closed": [each for each in found if each.closed is not None],
    }
    return render(request, "access/failed_proofs.jinja", context)


@needs(Activity.REVIEW_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def failed_proof(request: ActingRequest, proof: UUID) -> HttpResponse:
    """One of them, with what officers noted."""
    form = ProofForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = failed_proofs.note(
            request.acting,
            proof,
            outcome=ProofOutcome(form.cleaned_data["outcome"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer in {"noted", "closed"}:
            return redirect("failed-proof", proof)
        if answer == "not-proven":
            form.add_error("outcome", "It was not yet found to hold again. Close it after that")
    found = failed_proofs.read_all(request.acting, proof=proof, request_id=request.request_id)
    if not found:
        return not_found(request, Http404())  # answered, not raised: its event stays
    (one,) = found
    context = {"form": form, "proof": one, "late": one.is_late(timezone.now())}
    return render(request, "access/failed_proof.jinja", context)
