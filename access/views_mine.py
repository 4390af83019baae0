"""My residents: the first page of whoever reads records."""

from __future__ import annotations

from string import ascii_lowercase
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.doors import needs, refuse
from access.mine import my_residents, registered
from access.presenters_mine import my_residents_page, registered_page
from access.requests import ActingRequest
from access.showing import shows_record
from identity.forms import FindResidentForm
from identity.selectors import residents
from organisations.activities import Activity

#: Digits of a page's number that are read: nobody has a hundred thousand pages.
MOST_DIGITS = 4


@needs(Activity.READ_RECORDS)
@shows_record("my-residents", entries=False)
@require_safe
def mine(request: ActingRequest) -> HttpResponse:
    """Whom the acting membership cares for now, and the search for anybody else."""
    if request.GET.get("list") == "registered":
        return _registered(request)
    number = _page_number(request)
    found = my_residents(
        request.acting, at=timezone.now(), page=number, request_id=request.request_id
    )
    if found is None:  # the role has lost the activity meanwhile
        return refuse(request, "activity-not-in-role")
    page = my_residents_page(
        found,
        residents(each.resident for each in found.residents),
        page=number,
        organisation_kind=request.acting.organisation_kind,
        today=timezone.localdate(),
    )
    form = FindResidentForm() if request.acting.may(Activity.FIND_RESIDENTS) else None
    return render(request, "access/my_residents.jinja", {"page": page, "find": form})


def _registered(request: ActingRequest) -> HttpResponse:
    """Who is registered with the acting membership's practice, by name."""
    letter, after = _letter(request), _after(request)
    found = registered(request.acting, letter=letter, after=after, request_id=request.request_id)
    if found is None:  # the role has lost the activity meanwhile
        return refuse(request, "activity-not-in-role")
    page = registered_page(
        found,
        residents(each.resident for each in found.residents),
        letter=letter,
        is_first=after is None,
        today=timezone.localdate(),
    )
    context = {"page": page, "find": None, "letters": ascii_lowercase}
    return render(request, "access/registered.jinja", context)


def _letter(request: ActingRequest) -> str:
    """The letter that names are to begin with; none for whatever is no letter."""
    asked = request.GET.get("letter", "")
    return asked if len(asked) == 1 and asked in ascii_lowercase else ""


def _after(request: ActingRequest) -> UUID | None:
    """Whom the page comes after; nobody for whatever is no id."""
    try:
        return UUID(request.GET.get("after", ""))
    except ValueError:
        return None


def _page_number(request: ActingRequest) -> int:
    """The page asked for; the first for whatever is no number."""
    asked = request.GET.get("page", "1")
    plain = asked.isascii() and asked.isdigit() and len(asked) <= MOST_DIGITS
    return max(int(asked), 1) if plain else 1
