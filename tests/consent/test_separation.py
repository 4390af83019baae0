"""An objection to a council's use of the NHS number: what that council's staff see afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
from django.db import connection, transaction

from access.acting import Acting
from access.glimpses import Search, find, glimpse
from consent.models import Kind
from consent.selectors import may_trace
from identity.models import Resident, ResidentNhsNumber, ResidentPlace
from identity.nhs_number import NhsNumber
from organisations.activities import Activity
from tests import factories
from tests.conftest import AsLogin
from tests.consent.conftest import REQUEST, World, acting, record

Connect = Callable[[str], psycopg.Connection]


@pytest.fixture
def objected(world: World, as_login: AsLogin) -> World:
    """The resident is known to both councils, and objects to Bexley's use of the number."""
    with as_login("pipeline"):
        for council in (world.bexley, world.greenwich):
            factories.source_person(world.resident, council)
    record(acting(world.adviser), world, kind=Kind.NHS_NUMBER, council=world.bexley.pk)
    return world


def by_number(world: World) -> Search:
    return Search(nhs_number=NhsNumber.parse(world.number, test_ranges=True))


def by_name(world: World) -> Search:
    resident = world.resident
    return Search(family_name=resident.family_name, birth_date=resident.birth_date)


@contextmanager
def seen() -> Iterator[Callable[[], tuple[int, int, int]]]:
    """How many residents, numbers and places this transaction sees."""
    with transaction.atomic():
        yield lambda: (
            Resident.objects.count(),
            ResidentNhsNumber.objects.count(),
            ResidentPlace.objects.count(),
        )


def test_by_its_number_nobody_is_found_for_the_council(objected: World) -> None:
    with seen() as sees:
        found = find(acting(objected.adviser), by_number(objected), request_id=REQUEST)
        assert (found.residents, sees()) == ((), (0, 0, 0))
    for other in (objected.other_adviser, objected.trust_adviser, objected.nurse):
        with seen() as sees:
            find(acting(other), by_number(objected), request_id=REQUEST)
            assert sees() == (1, 1, 1)


def test_by_name_the_council_finds_whom_it_must_ask_and_no_number_or_place(
    objected: World,
) -> None:
    with seen() as sees:
        find(acting(objected.adviser), by_name(objected), request_id=REQUEST)
        assert sees() == (1, 0, 0)
    with seen() as sees:
        find(acting(objected.other_adviser), by_name(objected), request_id=REQUEST)
        assert sees() == (1, 1, 1)


@pytest.mark.parametrize("activity", [Activity.FIND_RESIDENTS, Activity.RECORD_CHOICES])
def test_a_glimpse_shows_the_council_neither(objected: World, activity: Activity) -> None:
    resident = objected.resident.public_id
    with seen() as sees:
        glimpse(acting(objected.adviser), resident, activity=activity, request_id=REQUEST)
        assert sees() == (1, 0, 0)
    with seen() as sees:
        glimpse(acting(objected.other_adviser), resident, activity=activity, request_id=REQUEST)
        assert sees() == (1, 1, 1)


def test_glass_does_not_break_for_the_council(objected: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        clinician = factories.membership(at=objected.bexley, as_role="nurse")
        stranger = factories.membership(at=objected.trust, as_role="nurse")

    def breaks(by: Acting) -> str:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "select outcome from access.break_glass(%s, %s, %s, %s, '04', 'Unconscious.',"
                " interval '3 hours', 'EMERGENCY1', %s::uuid)",
                [by.staff_id, by.membership_id, uuid4(), objected.resident.public_id, REQUEST],
            )
            return str(cursor.fetchone()[0])

    assert breaks(acting(clinician)) == "council-may-not-use-number"
    assert breaks(acting(stranger)) == "broken"


def test_agreeing_again_shows_both_again(objected: World) -> None:
    record(
        acting(objected.adviser),
        objected,
        kind=Kind.NHS_NUMBER,
        council=objected.bexley.pk,
        answer="consents",
    )
    with seen() as sees:
        find(acting(objected.adviser), by_number(objected), request_id=REQUEST)
        assert sees() == (1, 1, 1)


def test_tracing_is_asked_at_the_moment_of_sending(objected: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        assert not may_trace(objected.resident.pk, objected.bexley.pk)
        assert may_trace(objected.resident.pk, objected.greenwich.pk)
    by = acting(objected.adviser)
    of_council = {"kind": Kind.NHS_NUMBER, "council": objected.bexley.pk}
    record(by, objected, answer="consents", **of_council)
    with as_login("pipeline"), transaction.atomic():
        assert may_trace(objected.resident.pk, objected.bexley.pk)
        # An objection that commits while a worker is at it is seen by its next question.
        with as_login("web"):
            record(by, objected, submission=UUID(int=1), **of_council)
        assert not may_trace(objected.resident.pk, objected.bexley.pk)
