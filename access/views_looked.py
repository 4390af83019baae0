"""The officers' pages "Who looked": at one resident, or of one member of staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access import accounts, looked
from access import presenters_looked as presenters
from access.doors import needs
from access.forms_accounts import HoldLineForm
from access.forms_looked import PERIODS, USUAL_DAYS, PeriodForm, StaffNameForm
from access.glimpses import glimpse
from access.looked import MOST_IN_FILE, PAGE_LENGTH, Form, Looks, Span
from access.nudges import tell_of
from access.requests import ActingRequest
from access.views_alerts import page_number
from identity.presenters import person
from identity.selectors import ResidentSeen, residents
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from organisations.selectors import staff_ever_at
from ui.formatting import LONDON
from ui.views import not_found


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: how many days, which form, which page."""

    days: str
    form: Form
    page: int

    @classmethod
    def of(cls, request: ActingRequest) -> Asked:
        """Of a request; whatever it does not understand is what is usual."""
        days = request.GET.get("days", USUAL_DAYS)
        return cls(
            days if days in dict(PERIODS) else USUAL_DAYS,
            Form.TIMELINE if request.GET.get("show") == Form.TIMELINE else Form.TABLE,
            page_number(request.GET.get("page", "")),
        )

    def span(self) -> Span:
        """The part of the lines that a page shows."""
        offset = (self.page - 1) * PAGE_LENGTH
        return Span.of_days(int(self.days), timezone.now(), offset=offset)

    def whole(self) -> Span:
        """All that a file holds."""
        return Span.of_days(int(self.days), timezone.now(), limit=MOST_IN_FILE)


@needs(Activity.READ_AUDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def looks(request: ActingRequest) -> HttpResponse:
    """Where to begin: a member of staff by name; a resident is found as everywhere."""
    form = StaffNameForm(request.POST or None)
    found = None
    if form.is_bound and form.is_valid():
        found = staff_ever_at(request.acting.organisation_id, form.cleaned_data["name"])
        if not found:
            form.add_error("name", "Nobody of that name has worked at your organisation")
    return render(request, "access/looks.jinja", {"form": form, "found": found})


@needs(Activity.READ_AUDIT)
@require_safe
def who_looked(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Who looked at one resident, as a table or a timeline."""
    asked = Asked.of(request)
    found = looked.who_looked_at(
        request.acting, resident, asked.span(), form=asked.form, request_id=request.request_id
    )
    seen = _named(found)
    if found is None or found.resident not in seen:
        return not_found(request, Http404())  # answered, not raised: its event stays
    return _page(
        request,
        asked,
        found,
        seen,
        here=reverse("who-looked", args=[resident]),
        context={"person": person(seen[found.resident]), "resident": resident},
    )


@needs(Activity.READ_AUDIT)
@require_safe
def who_looked_file(request: ActingRequest, resident: UUID) -> HttpResponse:
    """The same as a file."""
    found = looked.who_looked_at(
        request.acting,
        resident,
        Asked.of(request).whole(),
        form=Form.FILE,
        request_id=request.request_id,
    )
    return _file(request, found)


@needs(Activity.REVIEW_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def hold_line(request: ActingRequest, resident: UUID, line: UUID) -> HttpResponse:
    """Hold one line from the account that the resident is told: why, and it is held at once."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.FIND_RESIDENTS,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    form = HoldLineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = accounts.hold_line(
            request.acting,
            resident,
            line,
            words=form.cleaned_data["words"],
            request_id=request.request_id,
        )
        if answer.outcome == "not-known":
            return not_found(request, Http404())
        if answer.outcome != "own":
            tell_of(answer.alert)
            return redirect("who-looked", resident)
        form.add_error("words", "You looked yourself. Somebody else must hold it")
    context = {"form": form, "person": person(seen), "back": reverse("who-looked", args=[resident])}
    return render(request, "access/hold_line.jinja", context)


@needs(Activity.READ_AUDIT)
@require_safe
def looks_of_staff(request: ActingRequest, staff: int) -> HttpResponse:
    """At whom one member of staff looked, as a table or a timeline."""
    asked = Asked.of(request)
    found = looked.looks_of_staff(
        request.acting, staff, asked.span(), form=asked.form, request_id=request.request_id
    )
    if found is None:
        return not_found(request, Http404())
    return _page(
        request,
        asked,
        found,
        _named(found),
        here=reverse("looks-of-staff", args=[staff]),
        context={"staff_name": found.staff_name},
    )


@needs(Activity.READ_AUDIT)
@require_safe
def looks_of_staff_file(request: ActingRequest, staff: int) -> HttpResponse:
    """The same as a file."""
    found = looked.looks_of_staff(
        request.acting,
        staff,
        Asked.of(request).whole(),
        form=Form.FILE,
        request_id=request.request_id,
    )
    return _file(request, found)


def _named(found: Looks | None) -> dict[int, ResidentSeen]:
    """Whom the gate lets this transaction see, of all whom the lines are about."""
    if found is None:
        return {}
    ids = {look.resident for look in found.lines} | {found.resident}
    return {seen.id: seen for seen in residents([each for each in ids if each is not None])}


def _page(
    request: ActingRequest,
    asked: Asked,
    found: Looks,
    seen: Mapping[int, ResidentSeen],
    *,
    here: str,
    context: dict[str, object],
) -> HttpResponse:
    form = PeriodForm({"days": asked.days})
    context |= {
        "form": form,
        "asked": asked,
        "here": here,
        "total": found.total,
        "pages": max(1, -(-found.total // PAGE_LENGTH)),
        "lines": [presenters.line(each, seen) for each in found.lines],
        "days": presenters.by_day(found, seen) if asked.form is Form.TIMELINE else (),
    }
    return render(request, "access/who_looked.jinja", context)


def _file(request: ActingRequest, found: Looks | None) -> HttpResponse:
    """A file that names nobody in its own name."""
    if found is None:
        return not_found(request, Http404())
    made = timezone.now().astimezone(LONDON)
    text = presenters.as_csv(found, _named(found), cut=MOST_IN_FILE)
    return HttpResponse(
        text.encode("utf-8-sig"),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="who-looked-{made:%Y-%m-%d-%H%M}.csv"',
        },
    )
