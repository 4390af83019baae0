"""The desk's pages about letters: what waits, printing, posting, and what is held."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import letters as post
from access import presenters_letters as presenters
from access.doors import needs
from access.forms_letters import SettleForm
from access.letters import MOST_PRINTED, OpenedLetter, Waiting
from access.requests import ActingRequest
from consent.post import LetterState
from organisations.activities import Activity
from ui.formatting import LONDON
from ui.views import not_allowed, not_found


@needs(Activity.SEND_LETTERS)
@require_safe
def letters(request: ActingRequest) -> HttpResponse:
    """What waits at one's own desk: to print, to post, and what is held with what to do."""
    waiting = post.waiting(request.acting, request_id=request.request_id)
    if waiting is None:
        return not_allowed(request, PermissionError())
    return render(
        request,
        "access/letters.jinja",
        {
            "desk": presenters.desk(waiting),
            "most": MOST_PRINTED,
            "nothing": "nothing" in request.GET,
        },
    )


@needs(Activity.SEND_LETTERS)
@require_POST
def print_letters(request: ActingRequest) -> HttpResponse:
    """The letters to print, as one file: those not printed yet, or (``again``) those that were.

    Each goes in the print that its resident asked for, and is asked at this moment whether it may
    go to the address that it was made for.
    """
    again = "again" in request.POST
    waiting = post.waiting(request.acting, request_id=request.request_id) or []
    wanted = [
        each.id
        for each in waiting
        if each.state == LetterState.READY and (each.printed is not None) == again
    ]
    opened = post.opened(
        request.acting, wanted[:MOST_PRINTED], to_print=True, request_id=request.request_id
    )
    if not opened:
        return redirect(f"{reverse('letters')}?nothing")
    day = timezone.now().astimezone(LONDON).date().isoformat()
    return _file(_together(opened), f"letters-{day}.zip", "application/zip")


@needs(Activity.SEND_LETTERS)
@require_POST
def letters_posted(request: ActingRequest) -> HttpResponse:
    """Somebody says that they posted these; what may not go any more is told back."""
    posted = post.posted(
        request.acting, _ids(request.POST.getlist("letters")), request_id=request.request_id
    )
    if posted is None:
        return not_allowed(request, PermissionError())
    return render(request, "access/letters_posted.jinja", {"posted": posted})


@needs(Activity.SEND_LETTERS)
@require_safe
def letter(request: ActingRequest, letter: UUID) -> HttpResponse:
    """One letter as a page, as it was made."""
    opened = _one(request, letter, to_print=False)
    if opened is None:
        return not_found(request, Http404())  # answered, not raised: its event stays
    return render(request, "access/letter.jinja", {"letter": opened, "content": opened.content})


@needs(Activity.SEND_LETTERS)
@require_safe
def letter_pdf(request: ActingRequest, letter: UUID) -> HttpResponse:
    """One letter as a tagged PDF, in standard print."""
    opened = _one(request, letter, to_print=True)
    if opened is None:
        return not_found(request, Http404())
    return _file(opened.pdf, f"{opened.reference}.pdf", "application/pdf")


@needs(Activity.SEND_LETTERS)
@require_safe
def letter_large_print(request: ActingRequest, letter: UUID) -> HttpResponse:
    """One letter as a tagged PDF, in large print."""
    opened = _one(request, letter, to_print=True)
    if opened is None:
        return not_found(request, Http404())
    return _file(opened.large_pdf, f"{opened.reference}-large-print.pdf", "application/pdf")


@needs(Activity.SEND_LETTERS)
@require_http_methods(["GET", "HEAD", "POST"])
def settle_letter(request: ActingRequest, letter: UUID) -> HttpResponse:
    """How a letter that is held was dealt with: one question."""
    held = _held(request, letter)
    if held is None or held.why is None:
        return not_found(request, Http404())
    form = SettleForm(request.POST if request.method == "POST" else None, why=held.why)
    if form.is_bound and form.is_valid():
        post.settle(request.acting, letter, how=form.told, request_id=request.request_id)
        return redirect("letters")
    (line,) = presenters.desk([held]).held
    return render(request, "access/letter_settle.jinja", {"line": line, "form": form})


def _one(request: ActingRequest, letter: UUID, *, to_print: bool) -> OpenedLetter | None:
    opened = post.opened(request.acting, [letter], to_print=to_print, request_id=request.request_id)
    return opened[0] if opened else None


def _held(request: ActingRequest, letter: UUID) -> Waiting | None:
    waiting = post.waiting(request.acting, request_id=request.request_id) or []
    return next((each for each in waiting if each.id == letter), None)


def _together(opened: Iterable[OpenedLetter]) -> bytes:
    """One zip of PDFs, named by reference: no name tells whose it is."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED) as zipped:
        for each in opened:
            zipped.writestr(ZipInfo(f"{each.reference}.pdf"), each.to_post)
    return file.getvalue()


def _file(body: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(body, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _ids(given: Iterable[str]) -> list[UUID]:
    found = []
    for text in given:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
