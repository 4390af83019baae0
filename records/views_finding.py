"""Finding words in what a record shows. They are sent in a form: no address holds them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters

from access.doors import needs
from access.gate import Opened
from access.reading import asking_record
from access.requests import ActingRequest
from access.showing import shows_record
from organisations.activities import Activity
from records import selectors
from records.entries import EntrySeen
from records.finding import matches, words_of
from records.forms import FindWordsForm
from records.presenters_finding import found_page
from records.whose import reader_of, resident_of

#: Digits of a page's number that are read.
MOST_DIGITS = 4


@needs(Activity.READ_RECORDS)
@sensitive_post_parameters()
@shows_record("find-in-record")
@asking_record
def find_in_record(request: ActingRequest, opened: Opened, resident: UUID) -> HttpResponse:
    """The form; after words were sent, the entries shown to the reader that hold them all."""
    form = FindWordsForm(request.POST if request.method == "POST" else None)
    found: list[EntrySeen] | None = None
    typed = ""
    words: tuple[str, ...] = ()
    if form.is_bound and form.is_valid():
        typed = str(form.cleaned_data["words"])
        words = words_of(typed)
        names = {source.id: source.name for source in opened.decision.facts.sources}
        found = selectors.matching(opened, partial(_holds, names=names, words=words))
    page = found_page(
        opened,
        resident_of(opened, resident),
        found,
        typed=typed,
        words=words,
        page=_page_number(request),
        by=reader_of(request.acting, opened),
        at=timezone.now(),
    )
    return render(request, "records/found.jinja", {"page": page, "form": form})


def _holds(entry: EntrySeen, *, names: dict[int, str], words: tuple[str, ...]) -> bool:
    return matches(entry, names[entry.source_id], words)


def _page_number(request: ActingRequest) -> int:
    asked = request.POST.get("page", "1")
    plain = asked.isascii() and asked.isdigit() and len(asked) <= MOST_DIGITS
    return int(asked) if plain else 1
