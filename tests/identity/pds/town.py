"""A town whose people are traced, and the stand-in that answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from audit.models import Action, Event
from feeds.mapped import MappedPerson
from identity import wanting
from identity.actions import receive_persons
from identity.models import (
    LinkQuestion,
    NumberStatus,
    ResidentNhsNumber,
    SaidBy,
    SourcePerson,
    Trace,
)
from identity.tracing import Tracer
from organisations.models import Organisation
from region.pds_stand_in.people import Held
from tests import factories

if TYPE_CHECKING:
    from tests.identity.pds.conftest import World


class Town:
    """A council whose people arrive without a traced number."""

    def __init__(self, world: World, as_login: Any) -> None:
        self.world, self.as_login = world, as_login
        self.council = factories.organisation("Council", kind="adult_social_care", code="Y99951")
        self.trust = factories.organisation("Trust", kind="nhs_trust", code="Y99952")
        self.allowed = True

    def tracer(self, **differing: Any) -> Tracer:
        return Tracer(self.world.client(**differing), may_use_number=lambda *_: self.allowed)

    def send(
        self, held: Held, *, of: Organisation | None = None, trusted: bool = False, **changed: Any
    ) -> SourcePerson:
        """Somebody as PDS has them, but for what is changed; a number only where one is given."""
        home = held.addresses[0] if held.addresses else None
        said: dict[str, Any] = {
            "identifier": f"case {len(SourcePerson.objects.all())}",
            "version": datetime(2026, 1, 1, tzinfo=UTC),
            "family_name": held.family,
            "given_names": " ".join(held.given),
            "birth_date": held.birth_date,
            "sex": held.gender,
            "postcode": home.postcode if home else "",
            "address_lines": ("as the council has it",),
        }
        person = MappedPerson(**(said | changed))
        with transaction.atomic():
            (received,) = receive_persons(
                [person], source=of or self.council, trusted_for_numbers=trusted
            )
        return SourcePerson.objects.get(pk=received.source_person_id)

    def trace(self, known: SourcePerson) -> Trace:
        """Want it, and ask until it has ended."""
        wanting.arrivals_and_changes()
        tracer = self.tracer()
        for _ in range(8):
            tracer.run_due()
        known.refresh_from_db()
        return Trace.objects.filter(source_person=known).latest("pk")

    def events(self) -> list[Event]:
        """What the audit has of traces. The pipeline may write it and not read it."""
        with self.as_login("owner"):
            return list(Event.objects.filter(action=Action.TRACE_SENT).order_by("pk"))

    def put(self, number: str, **changed: Any) -> Held:
        """One more person at the stand-in."""
        said: dict[str, Any] = {
            "number": number,
            "family": "Quill",
            "given": ("Ann",),
            "birth_date": date(1950, 5, 5),
            "gender": "female",
            "addresses": (),
        }
        held = Held(**(said | changed))
        self.world.stand_in.service.register.put(held)
        return held


@pytest.fixture
def town(database: object, as_login: Any, world: World) -> Iterator[Town]:
    before = dict(world.stand_in.service.register.people)
    with as_login("pipeline"):
        yield Town(world, as_login)
    world.stand_in.service.register.people.clear()
    world.stand_in.service.register.people.update(before)


def ruth(town: Town) -> Held:
    """Anybody of the register with an address, open to everyone."""
    people = town.world.stand_in.service.register.people.values()
    return next(
        p for p in people if p.label == "U" and p.addresses and not p.died_on and not p.twin
    )


def steps(trace: Trace) -> list[tuple[str, str]]:
    return list(trace.steps.order_by("pk").values_list("step", "outcome"))


def questions(known: SourcePerson) -> list[str]:
    rows = LinkQuestion.objects.filter(source_person=known, settled__isnull=True)
    return list(rows.values_list("reason", flat=True))


def by_word_of_mouth(known: SourcePerson, number: str) -> ResidentNhsNumber:
    """As staff enter a number that a carer gives."""
    return ResidentNhsNumber.objects.create(
        resident=known.resident,
        number=number,
        status=NumberStatus.NOT_TRACED,
        said_by=SaidBy.CARER,
        given_by=known.source_id,
    )
