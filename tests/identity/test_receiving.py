"""Persons as they arrive: linked where beyond doubt, else alone or in doubt. None is guessed."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest
from django.db import transaction

from feeds.mapped import MappedPerson
from identity.actions import receive_persons
from identity.models import (
    LinkQuestion,
    LinkState,
    Resident,
    ResidentNhsNumber,
    ResidentPlace,
    SourcePerson,
)
from identity.persons import fingerprint
from organisations.models import Organisation
from tests import factories

NUMBER = factories.made_up_nhs_number(41)
RUTH = MappedPerson(
    identifier="Patient/1",
    version=datetime(2026, 1, 1, tzinfo=UTC),
    nhs_number=NUMBER,
    nhs_number_status="01",
    title="Mrs",
    family_name="O'Brien-Løvås",
    given_names="Ruth",
    birth_date=date(1941, 3, 3),
    sex="female",
    address_lines=("1 Sample Street",),
    postcode="SE13 6LH",
)


class Sources:
    def __init__(self) -> None:
        self.trust = factories.organisation("Trust", kind="nhs_trust")
        self.practice = factories.organisation("Practice", kind="gp_practice")
        self.council = factories.organisation("Council", kind="adult_social_care")

    @staticmethod
    def send(source: Organisation, person: MappedPerson, *, trusted: bool = True) -> SourcePerson:
        with transaction.atomic():
            (received,) = receive_persons([person], source=source, trusted_for_numbers=trusted)
        return SourcePerson.objects.select_related("resident").get(pk=received.source_person_id)


@pytest.fixture
def sources(database: object, as_login: Any) -> Any:
    with as_login("pipeline"):
        yield Sources()


def test_a_verified_number_makes_one_resident_of_two_sources(sources: Sources) -> None:
    first = sources.send(sources.trust, RUTH)
    second = sources.send(
        sources.practice, replace(RUTH, identifier="Patient/77", family_name="OBRIEN LOVAS")
    )
    assert first.resident_id == second.resident_id
    assert {first.link, second.link} == {LinkState.LINKED}
    assert ResidentNhsNumber.objects.get().number == NUMBER
    assert Resident.objects.get().known_to_all


@pytest.mark.parametrize(
    "changed",
    [
        {"birth_date": date(1941, 3, 4)},
        {"birth_date": None},
        {"family_name": "Carter"},
        {"family_name": ""},
        {"given_names": "Naomi"},  # her twin
    ],
)
def test_a_number_that_disagrees_is_never_linked_and_is_asked_about(
    sources: Sources, changed: dict[str, Any]
) -> None:
    owner = sources.send(sources.trust, RUTH)
    other = sources.send(sources.practice, replace(RUTH, **changed))
    assert other.resident_id != owner.resident_id
    assert other.link == LinkState.IN_DOUBT
    assert not other.resident.known_to_all
    question = LinkQuestion.objects.get()
    assert question.candidate_id == owner.resident_id
    assert question.reason == "number-belongs-to-another"


@pytest.mark.parametrize(
    "changed",
    [
        {"nhs_number": None},
        {"nhs_number": "1234567890"},
        {"nhs_number": "9999999999"},
        {"nhs_number": "{{jsonPath request.body}}"},
        {"nhs_number": NUMBER[:9] + str((int(NUMBER[9]) + 1) % 10)},
        {"nhs_number_status": "02"},
        {"nhs_number_status": None},
    ],
)
def test_without_a_sound_and_verified_number_nobody_is_linked(
    sources: Sources, changed: dict[str, Any]
) -> None:
    sources.send(sources.trust, RUTH)
    alone = sources.send(sources.practice, replace(RUTH, **changed))
    assert alone.link == LinkState.ALONE
    assert not alone.resident.known_to_all
    assert Resident.objects.count() == 2


def test_a_source_that_is_not_trusted_for_numbers_links_nobody(sources: Sources) -> None:
    sources.send(sources.trust, RUTH)
    alone = sources.send(sources.council, RUTH, trusted=False)
    assert alone.link == LinkState.ALONE
    assert not alone.resident.nhs_numbers.exists()


def test_the_same_again_changes_nothing_and_an_older_version_neither(sources: Sources) -> None:
    sources.send(sources.trust, RUTH)
    before = list(Resident.objects.values())
    sources.send(sources.trust, RUTH)
    older = replace(RUTH, version=datetime(2025, 1, 1, tzinfo=UTC), given_names="Rita")
    sources.send(sources.trust, older)
    assert list(Resident.objects.values()) == before


def test_a_release_that_reads_more_finds_nobody_changed_who_says_nothing_more() -> None:
    """The digest of whoever says nothing in the fields added since is the one that was kept."""
    kept = [
        RUTH.identifier, [], RUTH.nhs_number, RUTH.nhs_number_status, RUTH.title,
        RUTH.family_name, RUTH.given_names, RUTH.birth_date, RUTH.sex, False, None,
        RUTH.address_lines, RUTH.postcode, RUTH.phone, RUTH.practice_code, RUTH.language,
        False, RUTH.confidentiality,
    ]  # fmt: skip
    assert fingerprint(RUTH) == sha256(json.dumps(kept, default=str).encode()).digest()
    told = [
        RUTH,
        replace(RUTH, living=True),
        replace(RUTH, birth_date_part="1941"),
        replace(RUTH, deceased_on_part="1941"),
        replace(RUTH, birth_date_part="2026"),
    ]
    assert len({fingerprint(one) for one in told}) == len(told)


def test_what_is_not_sent_blanks_nothing(sources: Sources) -> None:
    sources.send(sources.trust, RUTH)
    bare = replace(
        RUTH,
        version=datetime(2026, 2, 1, tzinfo=UTC),
        address_lines=(),
        postcode="",
        title="",
        sex="unknown",
    )
    resident = sources.send(sources.trust, bare).resident
    assert (resident.title, resident.sex) == ("Mrs", "female")
    assert ResidentPlace.objects.get().postcode == "SE13 6LH"


def test_the_registered_practice_speaks_for_the_resident_once_it_has_spoken(
    sources: Sources,
) -> None:
    sources.send(sources.practice, RUTH)
    sources.send(
        sources.trust, replace(RUTH, given_names="R", address_lines=("Old address",), title="Ms")
    )
    resident = Resident.objects.get()
    assert (resident.given_names, resident.title) == ("Ruth", "Mrs")
    assert ResidentPlace.objects.get().address_lines == ["1 Sample Street"]


def test_a_change_that_no_longer_agrees_puts_that_source_in_doubt(sources: Sources) -> None:
    sources.send(sources.practice, RUTH)
    sources.send(sources.trust, RUTH)
    changed = sources.send(
        sources.trust,
        replace(RUTH, version=datetime(2026, 2, 1, tzinfo=UTC), birth_date=date(1980, 1, 1)),
    )
    assert changed.link == LinkState.IN_DOUBT
    assert changed.resident.birth_date == RUTH.birth_date
    assert LinkQuestion.objects.get().reason == "disagrees-with-resident"


def test_a_death_is_taken_from_any_linked_source(sources: Sources) -> None:
    sources.send(sources.practice, RUTH)
    sources.send(sources.trust, replace(RUTH, deceased=True, deceased_on=date(2026, 5, 5)))
    resident = Resident.objects.get()
    assert (resident.deceased, resident.deceased_on) == (True, date(2026, 5, 5))


@pytest.mark.parametrize(
    ("sent", "protection"), [("R", "R"), ("V", "V"), ("S", "R"), ("N", "U"), (None, "U")]
)
def test_a_protected_person_is_protected_and_an_unknown_code_fails_closed(
    sources: Sources, sent: str | None, protection: str
) -> None:
    person = sources.send(sources.trust, replace(RUTH, confidentiality=sent))
    assert person.resident.protection == protection


def test_protection_is_not_lifted_by_a_source_that_does_not_know_of_it(sources: Sources) -> None:
    sources.send(sources.trust, replace(RUTH, confidentiality="R"))
    assert sources.send(sources.practice, RUTH).resident.protection == "R"


def test_two_sources_with_one_new_person_at_one_instant_make_one_resident(
    sources: Sources, as_login: Any
) -> None:
    barrier = threading.Barrier(4)

    def send(source: Organisation, identifier: str) -> None:
        with as_login("pipeline"), transaction.atomic():
            barrier.wait()
            receive_persons(
                [replace(RUTH, identifier=identifier)], source=source, trusted_for_numbers=True
            )

    threads = [
        threading.Thread(target=send, args=arguments)
        for arguments in (
            (sources.trust, "Patient/1"),
            (sources.trust, "Patient/1"),
            (sources.practice, "Patient/1"),
            (sources.council, "Patient/9"),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Resident.objects.count() == 1
    assert SourcePerson.objects.count() == 3


def test_outside_a_transaction_is_refused(sources: Sources) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        receive_persons([RUTH], source=sources.trust, trusted_for_numbers=True)
