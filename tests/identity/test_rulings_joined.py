"""A ruling stands with its choice: whoever made that, and whomever they are joined with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from consent.models import Choice, PublishedNotice, Ruling
from identity.merging import merge, unmerge
from identity.models import Cause, Resident
from organisations.models import Membership, Organisation
from tests import factories
from tests.conftest import AsLogin
from tests.identity.recorded_twice import refusals


@dataclass
class Pair:
    """Ruth, recorded twice, and a council that may decide objections to the NHS number."""

    council: Organisation
    adviser: Membership
    ruth: Resident
    again: Resident
    merge: int = 0

    def join(self) -> None:
        made = merge(survivor=self.ruth.pk, merged=self.again.pk, cause=Cause.DUPLICATE)
        assert made.merge_id is not None
        self.merge = made.merge_id

    def part(self) -> None:
        unmerge(self.merge, words="No.")

    def objects(self, who: Resident) -> Choice:
        return factories.choice(who, "nhs-number", council=self.council, by=self.adviser)

    def rules(self, choice: Choice) -> Ruling:
        """The objection is not upheld."""
        notice = PublishedNotice.objects.get_or_create(
            organisation=self.council,
            version="made up",
            defaults={
                "kinds_decided": ["nhs-number"],
                "published": timezone.now().replace(year=2020),
            },
        )[0]
        return Ruling.objects.create(
            choice=choice,
            kind=choice.kind,
            resident_id=choice.resident_id,
            notice=notice,
            reason="Needed for the safety of others.",
            decider_name="Dr A Made-up",
            decider_role="Caldicott guardian",
            resident_told_on=timezone.localdate(),
            resident_told_by="letter",
            recorded_by=self.adviser.staff,
            recorded_as=self.adviser,
        )

    @property
    def refused(self) -> tuple[bool, bool]:
        """Whether the objection of each is in force: (Ruth, again)."""
        wanted = ("nhs-number", self.council.pk)
        return wanted in refusals(self.ruth), wanted in refusals(self.again)


@pytest.fixture
def pair(database: object, as_login: AsLogin) -> Any:
    with as_login("pipeline"):
        council = factories.organisation("Test council", kind="adult_social_care")
        yield Pair(
            council=council,
            adviser=factories.membership(at=council, as_role="contact-centre-adviser"),
            ruth=factories.resident("Carter", "Ruth"),
            again=factories.resident("Carter", "Rut", nhs_number=None, known_to_all=False),
        )


def test_an_objection_of_the_merged_one_that_is_not_upheld_refuses_nothing(pair: Pair) -> None:
    objection = pair.objects(pair.again)
    pair.join()
    assert pair.refused[0]
    pair.rules(objection)
    assert not pair.refused[0]
    pair.part()
    assert pair.refused == (False, False)


def test_a_ruling_from_before_a_merge_holds_in_it_and_after_it(pair: Pair) -> None:
    pair.rules(pair.objects(pair.again))
    pair.join()
    assert not pair.refused[0]
    pair.part()
    assert pair.refused == (False, False)


@pytest.mark.parametrize("ruled", ["ruth", "again"])
def test_a_ruling_on_ones_objection_leaves_the_others(pair: Pair, ruled: str) -> None:
    objections = {name: pair.objects(getattr(pair, name)) for name in ("ruth", "again")}
    pair.join()
    pair.rules(objections[ruled])
    assert pair.refused[0], "what either refuses is refused"
    pair.part()
    assert pair.refused == (ruled != "ruth", ruled != "again")


def test_a_ruling_on_what_was_said_while_joined_holds_for_both_after_it(pair: Pair) -> None:
    pair.join()
    objection = pair.objects(pair.ruth)
    pair.rules(objection)
    assert not pair.refused[0]
    pair.part()
    assert pair.refused == (False, False)


def test_without_a_ruling_what_was_said_while_joined_refuses_for_both_after_it(
    pair: Pair,
) -> None:
    pair.join()
    pair.objects(pair.ruth)
    pair.part()
    assert pair.refused == (True, True)


def test_the_answer_before_a_ruled_objection_is_in_force_again(pair: Pair) -> None:
    """Of each by themselves: the merged one had objected before, and that stands."""
    first = pair.objects(pair.again)
    later = pair.objects(pair.again)
    pair.rules(later)
    pair.join()
    assert pair.refused[0]
    pair.rules(first)
    assert not pair.refused[0]
