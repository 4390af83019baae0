"""People who are new are taken in together, and end as if they had come one by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection, transaction

from feeds.mapped import MappedPerson
from identity import actions
from identity.models import (
    LinkQuestion,
    PlaceholderNumber,
    Resident,
    ResidentNhsNumber,
    ResidentPlace,
    SourcePerson,
)
from tests import factories

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def person(nth: int, number: int | None = None, status: str = "01", **said: Any) -> MappedPerson:
    return replace(
        MappedPerson(
            identifier=f"Patient/{nth}",
            version=_AT,
            local_identifiers=(f"mrn|{nth}",),
            nhs_number=factories.made_up_nhs_number(number) if number is not None else None,
            nhs_number_status=status if number is not None else None,
            family_name=f"Carter-{nth}",
            given_names="Ruth",
            birth_date=date(1941, 3, 1 + nth % 30),
            sex="female",
            address_lines=("1 High Street",),
            postcode="SE13 6LH",
        ),
        **said,
    )


_PEOPLE = [
    person(1, 1),
    person(2, 2, status="02"),
    person(3),
    person(4, 4, birth_date=None),
    person(5, 5, family_name=""),
    person(6, nhs_number="1234567890", nhs_number_status="01"),
    person(7, 7, deceased=True, deceased_on=date(2026, 1, 1)),
    person(8, 8, confidentiality="R", language="Polish", interpreter_needed=True),
    # The same person twice, the later version second; and two people with one number.
    person(9, 9),
    person(9, 9, version=_AT.replace(month=2), phone="020 7946 0000"),
    person(10, 10),
    person(11, 10),
    person(12, 12),
    person(13, 12, family_name="Carter-12", birth_date=date(1941, 3, 13)),
    # Known to another source, agreeing and not; and a number that is nobody's.
    person(20, 20),
    person(21, 21, birth_date=date(1999, 9, 9)),
    person(22, 22),
]
_ELSEWHERE = [person(20, 20), person(21, 21)]


def ends() -> dict[str, Any]:
    """Who everybody is, without the numbers of rows."""
    residents = {resident.pk: resident for resident in Resident.objects.all()}
    people = SourcePerson.objects.order_by("source__ods_code", "identifier")
    with connection.cursor() as cursor:
        cursor.execute(
            "select n.number, c.status, c.said_by from identity_numberstatuschange c"
            " join identity_residentnhsnumber n on n.id = c.number_id order by 1, 2, 3"
        )
        history = cursor.fetchall()
        cursor.execute("select count(*) from identity_residentepoch")
        epochs = cursor.fetchone()
    shared = [[one.pk for one in people if one.resident_id == each] for each in residents]
    names = {one.pk: (one.source.ods_code, one.identifier) for one in people}
    return {
        "people": [
            (
                names[one.pk],
                one.link,
                one.nhs_number_sent,
                one.number_claimed,
                one.version,
                bytes(one.fingerprint),
                one.said,
                one.registered_practice,
            )
            for one in people
        ],
        "residents": sorted(
            (
                one.family_name, one.family_folded, one.given_folded, one.given_keys,
                one.search_keys, str(one.birth_date), one.deceased, str(one.deceased_on),
                one.protection, one.language, one.known_to_all,
            )
            for one in residents.values()
        ),
        "shared": sorted(sorted(names[pk] for pk in each) for each in shared),
        "numbers": sorted(
            (one.number, one.status, one.said_by, one.valid_until is None, one.ended_because)
            for one in ResidentNhsNumber.objects.all()
        ),
        "places": sorted(
            (one.resident.family_name, one.postcode, one.phone, one.address_lines)
            for one in ResidentPlace.objects.select_related("resident")
        ),
        "history": history,
        "epochs": epochs,
        "questions": sorted(
            (names[one.source_person_id], one.reason, one.candidate_id is not None)
            for one in LinkQuestion.objects.all()
        ),
    }  # fmt: skip


def taken_in(kind: str, *, trusted: bool = True) -> dict[str, Any]:
    """Where everybody ends, at a source of a kind; some are known at another one before."""
    elsewhere = factories.organisation("Elsewhere", kind="nhs_trust", code="RJ1")
    source = factories.organisation("Here", kind=kind, code="G85004")
    PlaceholderNumber.objects.create(
        number=factories.made_up_nhs_number(22), found_at=source, everywhere=True
    )
    with transaction.atomic():
        actions.receive_persons(_ELSEWHERE, source=elsewhere, trusted_for_numbers=True)
    with transaction.atomic():
        received = actions.receive_persons(_PEOPLE, source=source, trusted_for_numbers=trusted)
    assert all(one.changed for one in received)
    assert [one.source_person_id for one in received] == [
        SourcePerson.objects.get(source=source, identifier=each.identifier).pk for each in _PEOPLE
    ]
    return ends()


@pytest.mark.parametrize(
    ("kind", "trusted"), [("nhs_trust", True), ("gp_practice", True), ("nhs_trust", False)]
)
def test_together_they_end_as_one_by_one(
    database: object,
    as_login: Any,
    monkeypatch: Any,
    empty_database: Callable[[], None],
    kind: str,
    trusted: bool,
) -> None:
    with as_login("pipeline"):
        together = taken_in(kind, trusted=trusted)
    empty_database()
    monkeypatch.setattr(actions, "newcomers_among", lambda *_, **__: [])
    with as_login("pipeline"):
        one_by_one = taken_in(kind, trusted=trusted)
    for what, found in one_by_one.items():
        assert together[what] == found, what


def test_many_newcomers_take_no_more_statements_than_few(
    database: object, as_login: Any, django_assert_max_num_queries: Any
) -> None:
    with as_login("pipeline"):
        source = factories.organisation("Here", kind="nhs_trust", code="RJ1")
        many = [person(nth, nth) for nth in range(300)]
        with transaction.atomic(), django_assert_max_num_queries(15):
            actions.receive_persons(many, source=source, trusted_for_numbers=True)
        assert Resident.objects.filter(known_to_all=True).count() == 300
