"""Nothing that a reader is answered tells what is withheld: byte for byte, at every address.

Each case makes two worlds that differ only in what the reader may not see. Every address that
takes a resident, every section, group and page of it, each withheld entry by its own address, and
the search, are asked in both; the answers are the same bytes. An address that is new is asked by
itself, and fails here until this file knows what its parts are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, product
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from access.models import CareRelationship
from access.showing import SHOWING
from identity.models import SourcePerson
from organisations.categories import Category
from organisations.models import Organisation, SharingAgreement, Team
from records.sections import SECTIONS
from tests import factories
from tests.records.conftest import COUNCIL_SENDS, Ward

#: Ids of entries that one of the two worlds has.
WITHHELD = tuple(uuid4() for _ in range(3))
WORDS = "Home support twice a day"

_OF_THE_MOMENT = re.compile(
    rb'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|nonce-[A-Za-z0-9_\-=+/]+'
)


# ── Every question that can be asked of a record ────────────────────────────────────────────


def patterns_about_residents() -> Iterator[URLPattern]:
    """Every address of the portal with a resident in it."""

    def walk(resolver: URLResolver) -> Iterator[URLPattern]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern)
            elif "resident" in pattern.pattern.converters:
                yield pattern

    return walk(get_resolver())


#: The other parts of an address → every value that is asked for.
PARTS: dict[str, tuple[object, ...]] = {
    "category": (*(section.slug for section in SECTIONS), "no-such-section"),
    "item": WITHHELD,
    "choice": (uuid4(),),
    "other": (uuid4(),),
    "line": (uuid4(),),
}

#: Pages of a referral, of which these worlds have none: tests/discharge asks them.
OF_A_REFERRAL = {
    "referral",
    "update-referral",
    "withdraw-referral",
    "acknowledge-referral",
    "decline-referral",
}
#: What is asked of a section beyond its first page, of one that a council fills and of another.
QUERIES = ("?show=current", "?show=past", "?page=2", "?page=999999", "?show=past&page=2")
ASKED_IN_FULL = ("/social-care-services", "/results")
#: What is asked of the timeline beyond all years.
TIMES = (
    "?over=5-years",
    "?over=year",
    "?over=month",
    "?over=year&at=2020",
    "?part=social-care-services",
    "?source=test-council",
    "?source=test-clinic&over=month",
    "?page=2",
)
#: What officers are asked about in "Who could see this?".
PARTS_OF_RECORD = ("social-care-services", "diagnoses", "people-involved", "safeguarding")


def addresses(resident: UUID) -> Iterator[str]:
    """Each address that a pattern makes of this resident."""
    for pattern in patterns_about_residents():
        others = [name for name in pattern.pattern.converters if name != "resident"]
        for values in product(*(PARTS[name] for name in others)):
            address = reverse(
                pattern.name,
                kwargs={"resident": resident, **dict(zip(others, values, strict=True))},
            )
            yield address
            if address.endswith(ASKED_IN_FULL):
                yield from (address + query for query in QUERIES)
            if pattern.name == "timeline":
                yield from (address + query for query in TIMES)
            if pattern.name == "who-could-see":
                yield from (f"{address}?category={part}" for part in PARTS_OF_RECORD)


def test_every_door_of_a_record_is_asked() -> None:
    asked = {pattern.name for pattern in patterns_about_residents()} | {"my-residents", "inbox"}
    assert set(SHOWING) - OF_A_REFERRAL <= asked, "ask these in `everything_answered` too"


@dataclass(frozen=True)
class Answer:
    """What of an answer reaches a reader, without what is drawn anew for each."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _answer(response: HttpResponse) -> Answer:
    headers = sorted(
        (name, _OF_THE_MOMENT.sub(b"", value.encode()).decode())
        for name, value in response.headers.items()
    )
    return Answer(response.status_code, tuple(headers), _OF_THE_MOMENT.sub(b"", response.content))


def everything_answered(ward: Ward, clients: dict[str, Client]) -> dict[tuple[str, str], Answer]:
    """What each of these readers is answered, by reader and address."""
    resident = ward.resident.public_id
    number = factories_number(ward)
    found: dict[tuple[str, str], Answer] = {}
    for who, client in clients.items():
        opened = client.post(reverse("open-record"), {"resident": str(resident)})
        found[who, "open"] = _answer(opened)
        for address in addresses(resident):
            # Of officers' answers those to this page differ from everybody's.
            if not who.startswith("officer") or "/who" in address:
                found[who, address] = _answer(client.get(address))
        for search in (
            {"nhs_number": number},
            {
                "family_name": "Carter",
                "birth_date-day": "3",
                "birth_date-month": "3",
                "birth_date-year": "1941",
            },
        ):
            asked = client.post(reverse("find-resident"), search)
            found[who, f"search {sorted(search)}"] = _answer(asked)
        for words in ("twice support", "asthma", "test council", "2"):
            asked = client.post(
                reverse("find-in-record", kwargs={"resident": resident}), {"words": words}
            )
            found[who, f"find {words}"] = _answer(asked)
        found[who, "home"] = _answer(client.get("/"))
        found[who, "my residents"] = _answer(client.get(reverse("my-residents")))
        registered = reverse("my-residents") + "?list=registered"
        found[who, "registered"] = _answer(client.get(registered))
        found[who, "inbox"] = _answer(client.get(reverse("inbox")))
    return found


def factories_number(ward: Ward) -> str:
    with ward.as_login("pipeline"):
        return str(ward.resident.nhs_numbers.get().number)


# ── Pairs of worlds ─────────────────────────────────────────────────────────────────────────


def withheld_entries(
    ward: Ward, person: SourcePerson, categories: Any, *, each: int = 3, **fields: Any
) -> None:
    """Entries that must not be told, of every status; both worlds are asked for the first ones."""
    ids = chain(WITHHELD, iter(uuid4, None))
    statuses = ("current", "past", "entered-in-error", "planned")
    with ward.as_login("pipeline"):
        for nth, category in enumerate(list(categories) * each):
            factories.entry(
                person,
                category,
                WORDS,
                from_feed=ward.feeds[person.source_id],
                public_id=next(ids),
                status=statuses[nth % len(statuses)],
                **fields,
            )


def nothing(ward: Ward) -> None:
    """The world as it is."""


def refuses_sharing(ward: Ward) -> None:
    ward.refuse("social-care-sharing", ward.council)


def objects_to_number(ward: Ward) -> None:
    ward.refuse("nhs-number", ward.council)


def opts_out(ward: Ward) -> None:
    ward.refuse("connect-care")


def council_knows(ward: Ward) -> None:
    withheld_entries(ward, ward.person(ward.council), COUNCIL_SENDS)
    with ward.as_login("pipeline"):
        team = Team.objects.get(organisation=ward.council, code="NORTH")
        factories.relationship(ward.resident, ward.council, team, kind="allocated-worker")


def refuses_what_council_knows(ward: Ward) -> None:
    council_knows(ward)
    refuses_sharing(ward)


def objects_to_what_council_knows(ward: Ward) -> None:
    council_knows(ward)
    objects_to_number(ward)


def council_doubts(ward: Ward) -> None:
    withheld_entries(ward, ward.person(ward.council, link="in-doubt"), COUNCIL_SENDS)


def practice_knows(ward: Ward) -> None:
    person = ward.person(ward.practice)
    ward.entry(person, Category.DIAGNOSES, "Asthma")
    ward.entry(person, Category.ALLERGIES, "Penicillin")


def practice_has_sensitive(ward: Ward) -> None:
    withheld_entries(ward, person_of(ward, ward.practice), Category, sensitive=True)


def safeguarding(ward: Ward) -> None:
    withheld_entries(ward, person_of(ward, ward.practice), [Category.SAFEGUARDING])


def no_agreement(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        SharingAgreement.objects.filter(source=ward.practice).update(state="ended")


def practice_has_entries(ward: Ward) -> None:
    withheld_entries(ward, person_of(ward, ward.practice), Category)


def clinic_that_does_not_take_part(ward: Ward) -> None:
    """A source with no agreement knows the resident: not even that is shared."""
    with ward.as_login("pipeline"):
        clinic = factories.organisation("Test clinic", kind="nhs_trust", participates=False)
        ward.feeds[clinic.pk] = factories.feed(clinic, categories=Category)
    withheld_entries(ward, ward.person(clinic), Category)


def no_relationship(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        CareRelationship.objects.update(valid_until=timezone.now())


def person_of(ward: Ward, source: Organisation) -> SourcePerson:
    with ward.as_login("pipeline"):
        return SourcePerson.objects.select_related("source").get(
            resident=ward.resident, source=source
        )


Change = Callable[[Ward], None]

#: What both worlds have, and what only the second one has.
PAIRS: tuple[tuple[tuple[Change, ...], Change], ...] = (
    ((refuses_sharing,), council_knows),
    ((nothing,), refuses_what_council_knows),
    ((objects_to_number,), council_knows),
    ((nothing,), objects_to_what_council_knows),
    ((nothing,), refuses_sharing),
    ((nothing,), objects_to_number),
    ((nothing,), council_doubts),
    ((council_doubts,), refuses_sharing),
    ((practice_knows,), practice_has_sensitive),
    ((lambda ward: ward.person(ward.practice),), practice_has_sensitive),
    ((practice_knows, refuses_sharing, council_knows), practice_has_sensitive),
    ((practice_knows,), safeguarding),
    ((practice_knows, no_agreement), practice_has_entries),
    ((nothing,), clinic_that_does_not_take_part),
    ((opts_out,), practice_knows),
    ((opts_out,), refuses_what_council_knows),
    ((no_relationship,), practice_knows),
    ((no_relationship,), refuses_what_council_knows),
    ((no_relationship,), objects_to_what_council_knows),
)


def _name(pair: tuple[tuple[Change, ...], Change]) -> str:
    before, more = pair
    return f"{' and '.join(each.__name__ for each in before)}, then {more.__name__}"


@pytest.fixture
def readers(ward: Ward) -> dict[str, Client]:
    """The nurse, a social worker of another council who supports the resident, and officers."""
    with ward.as_login("pipeline"):
        # Which teams a council has is no secret: both worlds have the same.
        factories.team(ward.council, "North locality", code="NORTH")
        other = factories.organisation("Test borough", kind="adult_social_care")
        factories.feed(other, categories=COUNCIL_SENDS)
        for source in (ward.trust, ward.practice, ward.council):
            factories.agreement(source, other, Category)
        team = factories.team(other, "Hospital team")
        worker = factories.membership(at=other, as_role="social-worker", in_team=team)
        factories.relationship(ward.resident, other, team, kind="allocated-worker")
        factories.membership(at=ward.council, as_role="social-worker")
        factories.membership(at=ward.practice, as_role="doctor")
        officer = factories.membership(at=ward.trust, as_role="privacy-officer")
        others = factories.membership(at=other, as_role="privacy-officer")
    clients = {"nurse": ward.client}
    for who, member in (
        ("social worker", worker),
        ("officer", officer),
        ("officer of another council", others),
    ):
        clients[who] = Client()
        clients[who].force_login(member.staff)
    return clients


@pytest.mark.parametrize("pair", PAIRS, ids=_name)
def test_two_worlds_that_differ_in_what_is_withheld_are_answered_in_the_same_bytes(
    ward: Ward, readers: dict[str, Client], pair: tuple[tuple[Change, ...], Change]
) -> None:
    before, more = pair
    for change in before:
        change(ward)
    with time_machine.travel(timezone.now(), tick=False):
        first = everything_answered(ward, readers)
        more(ward)
        second = everything_answered(ward, readers)
    assert first.keys() == second.keys()
    told = [
        f"{who} at {address}: {_difference(first[who, address], second[who, address])}"
        for who, address in first
        if first[who, address] != second[who, address]
    ]
    assert told == []
    for who, address in second:
        if "?category=" in address and who.startswith("officer"):
            assert b"Not said here" in second[who, address].body or opted_out(second), address
        if address.startswith("search"):
            assert b"1 resident found" in second[who, address].body, address
    assert not any(WORDS.encode() in answer.body for answer in second.values())


def opted_out(answers: dict[tuple[str, str], Answer]) -> bool:
    return any(b"opted out of Connect Care" in answer.body for answer in answers.values())


def _difference(first: Answer, second: Answer) -> str:
    if (first.status, first.headers) != (second.status, second.headers):
        return f"{first.status} {first.headers} / {second.status} {second.headers}"
    lines = zip(first.body.splitlines(), second.body.splitlines(), strict=False)
    return next((f"{a!r} / {b!r}" for a, b in lines if a != b), "one is longer")


def test_what_may_be_seen_is_noticed(ward: Ward, readers: dict[str, Client]) -> None:
    """The comparison can fail: what nobody withholds makes a difference."""
    with time_machine.travel(timezone.now(), tick=False):
        first = everything_answered(ward, readers)
        council_knows(ward)
        second = everything_answered(ward, readers)
    different = {address for (who, address) in first if first[who, address] != second[who, address]}
    assert len(different) >= 6
