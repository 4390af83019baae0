"""The inbox."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from access.doors import needs
from access.requests import ActingRequest
from access.showing import shows_record
from identity.selectors import residents
from notifications import inbox as inboxes
from notifications import presenters
from organisations.activities import Activity


@needs(Activity.READ_RECORDS)
@shows_record("inbox")
@require_http_methods(["GET", "HEAD", "POST"])
def inbox(request: ActingRequest) -> HttpResponse:
    """What a team has to know of: referrals that wait for it, and what befell its residents."""
    acting = request.acting
    if request.method == "POST":
        inboxes.mark_seen(acting, _named(request))
        kind = presenters.kind_asked(request.POST.get("kind", ""))
        return redirect(f"{reverse('inbox')}?kind={kind}" if kind else "inbox")
    found = inboxes.read(acting, request_id=request.request_id)
    whose = {each.resident for each in found.referrals}
    whose |= {each.resident for each in found.notices}
    page = presenters.page(
        found,
        {seen.id: seen for seen in residents(whose)},
        kind=presenters.kind_asked(request.GET.get("kind", "")),
        at=timezone.now(),
    )
    return render(request, "notifications/inbox.jinja", {"page": page})


def _named(request: ActingRequest) -> list[UUID]:
    """The notices that a form names; what is no id is nothing."""
    found = []
    for given in request.POST.getlist("notice")[: inboxes.MOST_LISTED]:
        try:
            found.append(UUID(given))
        except ValueError:
            continue
    return found
