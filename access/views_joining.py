"""Who a resident is: joining two records, taking one apart again, and numbers on their word."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from access import given_numbers, joining
from access import presenters_sides as presenters
from access.doors import needs
from access.forms_resolving import GiveNumberForm, JoinForm, TakeApartForm
from access.glimpses import Outcome, find, glimpse
from access.presenters_joining import merge_page
from access.requests import ActingRequest
from access.sides import Side, identities
from access.views_questions import WHY_NOT
from identity.forms import FindResidentForm
from identity.merges import Cause
from identity.numbers import SaidBy
from identity.presenters import person, person_for
from identity.selectors import resident as resident_seen
from identity.selectors import residents
from organisations.activities import Activity
from ui.views import not_found

#: What the two are called where either may stay, and once it is said which does.
HEADINGS = ("Record A", "Record B")
ORDERED = ("The record that stays", "The record that goes")
NOT_JOINED = {
    **WHY_NOT,
    "known-one-stays": "The record that is known to everybody must stay. Choose that one",
}
NOT_APART = {
    "undone-already": "Somebody else has taken it apart meanwhile",
    "later-first": "A later join stands on this one. Take that one apart first",
}
NOT_GIVEN = {
    "same": "This is the number that the record has already",
    "verified-already": "The record has a verified NHS number. Tell a records officer if it is "
    "wrong",
}


@needs(Activity.RESOLVE_IDENTITY)
@require_safe
def who(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Who a resident is, the history of their numbers, and what was joined."""
    sides = identities(request.acting, [resident], request_id=request.request_id)
    if sides is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    return render(
        request,
        "identity/who.jinja",
        {"page": presenters.who(sides[0]), "moved": sides[0].id != resident},
    )


@needs(Activity.RESOLVE_IDENTITY)
@require_http_methods(["GET", "HEAD", "POST"])
def find_other(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Find whom a resident may be recorded as a second time."""
    sides = identities(request.acting, [resident], request_id=request.request_id)
    if sides is None:
        return not_found(request, Http404())
    form = FindResidentForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "page": presenters.who(sides[0]), "searched": False, "results": []}
    if form.is_bound and form.is_valid():
        found = find(request.acting, form.search(), request_id=request.request_id)
        others = [seen for seen in residents(found.residents) if seen.id != sides[0].resident]
        context |= {
            "searched": True,
            "too_many": found.outcome is not Outcome.FOUND,
            "results": [person(seen) for seen in others],
        }
    return render(request, "identity/find_other.jinja", context)


@needs(Activity.RESOLVE_IDENTITY)
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: ActingRequest, resident: UUID, other: UUID) -> HttpResponse:
    """Two residents side by side; which stays and why; a check; and then they are joined."""
    sides = identities(request.acting, [resident, other], request_id=request.request_id)
    if sides is None or sides[0].id == sides[1].id:
        return not_found(request, Http404())
    form = JoinForm(request.POST or None)
    form.offer("stays", _which(sides))
    if request.method == "POST" and form.is_valid():
        if request.POST.get("checked") != "yes":
            ordered = list(_in_order(sides, form.cleaned_data["stays"]))
            return _show_join(request, "identity/check_merge.jinja", ordered, form, ORDERED)
        survivor, merged = _in_order(sides, form.cleaned_data["stays"])
        joined = joining.join(
            request.acting,
            survivor=survivor.id,
            merged=merged.id,
            cause=Cause(form.cleaned_data["cause"]),
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if joined.merge is not None:
            return redirect("identity-merge", joined.merge)
        if joined.outcome == "not-known":
            return not_found(request, Http404())
        form.add_error("stays", NOT_JOINED.get(joined.outcome, "They could not be joined"))
    return _show_join(request, "identity/join.jinja", sides, form, HEADINGS)


def _which(sides: list[Side]) -> list[tuple[str, str, str]]:
    """The two records as options, by the letter that they have in the comparison."""
    return [
        (
            str(side.id),
            presenters.named(presenters.of_side(side, heading)),
            "Known to every organisation" if side.known_to_all else "Known to its source alone",
        )
        for side, heading in zip(sides, HEADINGS, strict=True)
    ]


def _in_order(sides: list[Side], stays: str) -> tuple[Side, Side]:
    one, other = sides
    return (one, other) if str(one.id) == stays else (other, one)


def _show_join(
    request: ActingRequest,
    template: str,
    sides: list[Side],
    form: JoinForm,
    headings: tuple[str, str],
) -> HttpResponse:
    one, other = (
        presenters.of_side(side, heading) for side, heading in zip(sides, headings, strict=True)
    )
    rows = presenters.compare(one, other)
    context = {
        "form": form,
        "one": one,
        "other": other,
        "rows": rows,
        "telling": presenters.telling(rows),
        "back": sides[0].id,
    }
    return render(request, template, context)


@needs(Activity.RESOLVE_IDENTITY)
@require_safe
def merge(request: ActingRequest, merge: UUID) -> HttpResponse:
    """What was joined, when and by whom, and who saw it since."""
    seen = joining.merge_in_full(request.acting, merge, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())
    return render(request, "identity/merge.jinja", {"page": merge_page(seen)})


@needs(Activity.RESOLVE_IDENTITY)
@require_http_methods(["GET", "HEAD", "POST"])
def take_apart(request: ActingRequest, merge: UUID) -> HttpResponse:
    """What taking a joined record apart does, how it is known, and the button that does it."""
    seen = joining.merge_in_full(request.acting, merge, request_id=request.request_id)
    if seen is None:
        return not_found(request, Http404())
    if seen.undone_at is not None:
        return redirect("identity-merge", merge)
    form = TakeApartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        outcome = joining.take_apart(
            request.acting,
            merge,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if outcome == "undone":
            return redirect("identity-merge", merge)
        if outcome == "not-known":
            return not_found(request, Http404())
        form.add_error("words", NOT_APART.get(outcome, "It could not be taken apart"))
    context = {"form": form, "page": merge_page(seen)}
    return render(request, "identity/take_apart.jinja", context)


@needs(Activity.GIVE_NUMBERS)
@require_http_methods(["GET", "HEAD", "POST"])
def give_number(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Enter an NHS number that the resident, or who cares for them, gives."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.FIND_RESIDENTS,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())
    form = GiveNumberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        outcome = given_numbers.give_number(
            request.acting,
            resident,
            number=form.cleaned_data["nhs_number"],
            said_by=SaidBy(form.cleaned_data["said_by"]),
            request_id=request.request_id,
        )
        if outcome == "given":
            return redirect("number-given", resident)
        if outcome == "not-known":
            return not_found(request, Http404())
        form.add_error("nhs_number", NOT_GIVEN[outcome])
    context = {"form": form, "person": person_for(request.acting, seen)}
    return render(request, "identity/give_number.jinja", context)


@needs(Activity.GIVE_NUMBERS)
@require_safe
def number_given(request: ActingRequest, resident: UUID) -> HttpResponse:
    """That it was entered, and what happens with it."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.FIND_RESIDENTS,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())
    return render(
        request, "identity/number_given.jinja", {"person": person_for(request.acting, seen)}
    )
