"""Telling a resident who looked: the check of who asks, the account, and their questions."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access import account_pdf, accounts
from access import presenters_accounts as presenters
from access.accounts import ANSWERED_WITHIN, Account
from access.doors import needs
from access.forms_accounts import AccountForm, QuestionForm
from access.glimpses import glimpse
from access.identity_check import Compared
from access.nudges import tell_of
from access.requests import ActingRequest
from consent.letter_pdf import CannotBeSet
from identity.presenters import PersonShown, person
from identity.selectors import resident as resident_seen
from organisations.activities import Activity
from organisations.working_days import working_day_after
from ui.views import not_found

#: What is said where the details differ: the same words, whichever of them it is.
DIFFERS = (
    "These details do not all match what we hold, or we do not hold enough of them. Check them "
    "with the person. If they still do not match, tell them nothing"
)
TOO_OFTEN = (
    "The details did not match too many times. Do not try again today: ask the person to write, "
    "or to come with something that shows who they are"
)


@needs(Activity.TELL_WHO_LOOKED)
@require_http_methods(["GET", "HEAD", "POST"])
def begin_account(request: ActingRequest, resident: UUID) -> HttpResponse:
    """Who asks, and how far back; then the account, and never without the check."""
    found = glimpse(
        request.acting,
        resident,
        activity=Activity.FIND_RESIDENTS,
        request_id=request.request_id,
    )
    seen = resident_seen(found) if found is not None else None
    if seen is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    form = AccountForm(request.POST or None)
    if form.is_bound and form.is_valid():
        compared, made = accounts.begin(
            form.claimed(),
            resident,
            days=int(form.cleaned_data["days"]),
            by=request.acting,
            request_id=request.request_id,
        )
        if made is not None:
            _hold(request, made)
            return redirect("account", made)
        form.add_error(None, TOO_OFTEN if compared is Compared.TOO_OFTEN else DIFFERS)
    return render(request, "access/account_begin.jinja", {"person": person(seen), "form": form})


def _hold(request: ActingRequest, made: UUID) -> None:
    """Give what may not be told yet to its officers, before anything is told."""
    account = accounts.read(request.acting, made, how="begun", request_id=request.request_id)
    if account is not None:
        for case in accounts.hold(account, by=request.acting, request_id=request.request_id):
            tell_of(case)


@needs(Activity.TELL_WHO_LOOKED)
@require_safe
def account(request: ActingRequest, account: UUID) -> HttpResponse:
    """The account, to read out or to print."""
    read = _read(request, account, "page")
    if read is None:
        return not_found(request, Http404())
    found, who = read
    context = {"person": who, "title": presenters.TITLE, "page": presenters.account_page(found)}
    return render(request, "access/account.jinja", context)


@needs(Activity.TELL_WHO_LOOKED)
@require_safe
def account_as_pdf(request: ActingRequest, account: UUID) -> HttpResponse:
    """The account as a tagged PDF, in standard print."""
    return _pdf(request, account, large_print=False)


@needs(Activity.TELL_WHO_LOOKED)
@require_safe
def account_large_print(request: ActingRequest, account: UUID) -> HttpResponse:
    """The account as a tagged PDF, in large print."""
    return _pdf(request, account, large_print=True)


@needs(Activity.TELL_WHO_LOOKED)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_about_look(request: ActingRequest, account: UUID, line: UUID) -> HttpResponse:
    """What the resident asks of one line: a case for the officers of whose staff looked."""
    read = _read(request, account, "question")
    if read is None:
        return not_found(request, Http404())
    found, who = read
    page = presenters.account_page(found)
    told = {each.id: each for _, lines in page.days for each in lines}
    if line not in told:
        return not_found(request, Http404())
    form = QuestionForm(request.POST or None)
    if form.is_bound and form.is_valid():
        raised = accounts.question(
            account,
            line,
            form.cleaned_data["words"],
            due=working_day_after(timezone.localdate(), ANSWERED_WITHIN),
            by=request.acting,
            request_id=request.request_id,
        )
        if raised is not None:
            tell_of(raised[0])
            return redirect("account", account)
        return not_found(request, Http404())
    context = {"person": who, "form": form, "line": told[line], "account": account}
    return render(request, "access/account_ask.jinja", context)


def _read(request: ActingRequest, account: UUID, how: str) -> tuple[Account, PersonShown] | None:
    found = accounts.read(request.acting, account, how=how, request_id=request.request_id)
    seen = resident_seen(found.resident) if found is not None else None
    return None if found is None or seen is None else (found, person(seen))


def _pdf(request: ActingRequest, account: UUID, *, large_print: bool) -> HttpResponse:
    how = "large-print" if large_print else "pdf"
    read = _read(request, account, how)
    if read is None:
        return not_found(request, Http404())
    found, who = read
    content = presenters.for_paper(
        presenters.account_page(found),
        sender=request.acting.organisation_name,
        whose=who.name,
    )
    try:
        pdf = account_pdf.as_pdf(content, large_print=large_print)
    except CannotBeSet:
        # The name alone can have such a character; the reference says whose it is.
        pdf = account_pdf.as_pdf(
            {**content, "opening": content["opening"][1:]}, large_print=large_print
        )
    name = f"{found.reference}{'-large-print' if large_print else ''}.pdf"
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
