"""Choices of two who are joined: the strictest of both, and of each again afterwards."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from access.gate import open_record
from consent.models import Kind
from identity.merging import (
    unmerge,
)
from tests import factories
from tests.conftest import AsLogin
from tests.identity.recorded_twice import Twice, refusals

OPTED_OUT = {("connect-care", None)}


@pytest.mark.parametrize("who", ["ruth", "again"])
def test_the_strictest_choice_of_both_holds_at_once_and_not_after(
    twice: Twice, as_login: AsLogin, who: str
) -> None:
    other = "again" if who == "ruth" else "ruth"
    with as_login("pipeline"):
        factories.choice(getattr(twice, who), by=twice.adviser)
        factories.choice(
            getattr(twice, other),
            answer="consents",
            by=twice.adviser,
        )
        made = twice.join()
        assert refusals(twice.ruth) == OPTED_OUT
        unmerge(made, words="No.")
        assert refusals(getattr(twice, who)) == OPTED_OUT
        assert refusals(getattr(twice, other)) == set()


def test_an_opt_out_of_the_merged_one_closes_the_survivors_record_at_the_merge(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        factories.choice(twice.again, by=twice.adviser)
        twice.join()
    with transaction.atomic():
        answer = open_record(
            twice.acting, twice.ruth.public_id, look=uuid4(), request_id=str(uuid4())
        )
    assert answer.decision is not None
    assert answer.decision.reason == "opted-out"


def test_what_is_said_after_a_merge_answers_for_both(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.choice(twice.again, by=twice.adviser)
        twice.join()
        factories.choice(twice.ruth, answer="consents", by=twice.adviser)
        assert refusals(twice.ruth) == set()


def test_councils_and_kinds_are_asked_one_by_one(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.choice(
            twice.again, Kind.SOCIAL_CARE_SHARING, council=twice.council, by=twice.adviser
        )
        twice.join()
        factories.choice(twice.ruth, answer="consents", by=twice.adviser)
        assert refusals(twice.ruth) == {("social-care-sharing", twice.council.pk)}


def test_a_refusal_said_while_joined_holds_for_both_until_each_is_asked_again(
    twice: Twice, as_login: AsLogin
) -> None:
    """It may have been either who said it."""
    with as_login("pipeline"):
        made = twice.join()
        factories.choice(twice.ruth, by=twice.adviser)
        unmerge(made, words="No.")
        assert refusals(twice.ruth) == refusals(twice.again) == OPTED_OUT
        factories.choice(twice.again, answer="consents", by=twice.adviser)
        assert refusals(twice.again) == set()
        assert refusals(twice.ruth) == OPTED_OUT


def test_an_agreement_said_while_joined_lifts_nothing_of_the_other_afterwards(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        factories.choice(
            twice.again, by=twice.adviser, effective_from=timezone.now() - timedelta(days=2)
        )
        made = twice.join()
        factories.choice(twice.ruth, answer="consents", by=twice.adviser)
        assert refusals(twice.ruth) == set()
        unmerge(made, words="No.")
        assert refusals(twice.again) == OPTED_OUT
