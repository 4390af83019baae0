"""Each registered door asked for what a choice withholds: the real view, through the real gate.

What a door needs in its address is known by the names of its parts; one with a part that is not
known here cannot be asked, and a probe that could not ask everywhere proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import product
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from access import looks
from access.acting import Acting
from access.doors import door_of
from access.showing import NAMES_PEOPLE_ALONE, SHOWING, where_of
from organisations.categories import Category
from organisations.models import StaffMember
from records.finding import FEWEST_LETTERS, words_of
from records.probing.question import Sample
from records.sections import SECTION_OF


class CannotBeAsked(LookupError):
    """A registered door that no address leads to, or whose address has an unknown part."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask; ``is_an_entry`` where whatever it answers with is one of the entries.

    ``opens`` where answering at all says that the record opened, as no list does.
    ``words`` are sent in a form, which no address holds; without any it is a GET.
    """

    path: str
    is_an_entry: bool
    opens: bool = True
    words: str = ""


#: Doors that show what holds words which they are sent.
_ASKED_WITH_WORDS = frozenset({"find-in-record"})
#: What is looked for where there is no entry to look for.
_ANY_WORDS = "care"


def addresses(
    door: str, resident: UUID, samples: Sequence[Sample], referrals: Sequence[UUID] = ()
) -> list[Address]:
    """The addresses at which a door would show these entries; at least one.

    :param referrals: those that are about the resident.
    :raises CannotBeAsked: if it is not known how to ask this door.
    """
    pattern = _pattern_of(SHOWING[door])
    values: dict[str, list[str]] = {
        "resident": [str(resident)],
        "category": sorted({_slug(sample) for sample in samples}) or [_any_section()],
        "item": [str(sample.public_id) for sample in samples] or [str(uuid4())],
        "referral": [str(referral) for referral in referrals] or [str(uuid4())],
    }
    parts = list(pattern.pattern.converters)
    unknown = [part for part in parts if part not in values]
    if unknown or not pattern.name:
        raise CannotBeAsked(f"{door}: records/probing/doors.py does not know {unknown or 'it'}.")
    opens = "resident" in parts and door not in NAMES_PEOPLE_ALONE
    found = []
    for chosen in product(*(values[part] for part in parts)):
        given = dict(zip(parts, chosen, strict=True))
        address = reverse(pattern.name, kwargs=given)
        groups = _groups(samples, given["category"]) if "category" in given else [""]
        found += [
            Address(f"{address}?show={group}" if group else address, "item" in given, opens)
            for group in groups
        ]
    if door in _ASKED_WITH_WORDS:
        # Without a sample whose name has letters to look for, any words: it is asked all the same.
        words = sorted({_looked_for(sample.display) for sample in samples} - {""}) or [_ANY_WORDS]
        return [replace(one, words=each) for one in found for each in words]
    return found


def _looked_for(display: str) -> str:
    """The first word of an entry's name that can be looked for."""
    return next((word for word in words_of(display) if len(word) >= FEWEST_LETTERS), "")


def shown_at(
    address: Address, acting: Acting, staff: StaffMember, resident: UUID, samples: Sequence[Sample]
) -> tuple[int, int]:
    """The status of one page, and how many of these entries it names. Nothing else is kept of it.

    Call it in a transaction of its own that is undone: an opening is a transaction's.
    """
    request = _request(address, acting, staff, resident)
    response = _answer(request)
    text = response.content.decode()
    return response.status_code, sum(sample.is_named_in(text) for sample in samples)


def _answer(request: WSGIRequest) -> HttpResponse:
    found = resolve(request.path_info)
    door = door_of(found.func)
    refused = door.check(request) if door is not None else HttpResponse(status=403)
    answer = refused or found.func(request, *found.args, **found.kwargs)
    if not isinstance(answer, HttpResponse):
        raise CannotBeAsked("A door answered with something that is no whole page.")
    return answer


def _request(address: Address, acting: Acting, staff: StaffMember, resident: UUID) -> WSGIRequest:
    """A request as the middleware hands it on, with a session that is kept nowhere."""
    path, _, query = address.path.partition("?")
    sent = urlencode({"words": address.words}).encode() if address.words else b""
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "POST" if sent else "GET",
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if sent else "",
            "CONTENT_LENGTH": str(len(sent)),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(sent),
        }
    )
    request.session = SessionStore()
    request.user = staff
    request.acting = acting  # type: ignore[attr-defined]  # as ActingMembership sets it
    request.request_id = str(uuid4())  # type: ignore[attr-defined]  # as RequestId sets it
    looks.begin(request, acting, resident)
    return request


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern)
        else:
            yield pattern


def _pattern_of(where: str) -> URLPattern:
    for pattern in _patterns(get_resolver()):
        if where_of(pattern.callback) == where:
            return pattern
    raise CannotBeAsked(f"{where}: no address leads to it.")


def _slug(sample: Sample) -> str:
    return SECTION_OF[Category(sample.category)].slug


def _any_section() -> str:
    return next(iter(SECTION_OF.values())).slug


def _groups(samples: Sequence[Sample], slug: str) -> list[str]:
    """The groups of a section in which these entries would stand."""
    groups = {
        group.slug
        for sample in samples
        if _slug(sample) == slug
        for group in SECTION_OF[Category(sample.category)].groups
        if sample.status in group.statuses
    }
    return sorted(groups) or [""]
