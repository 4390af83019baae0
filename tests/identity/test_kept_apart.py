"""Records kept apart for ever: never joined, proposed or listed together."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection

from audit.models import Event
from identity.merging import (
    MergeOutcome,
    are_separated,
    merge,
    separate,
)
from identity.models import (
    Cause,
    LinkQuestion,
    SourcePerson,
    WhySeparated,
)
from tests import factories
from tests.conftest import AsLogin
from tests.identity.recorded_twice import Twice

# ── Kept apart for ever ─────────────────────────────────────────────────────────────────────


def test_separated_records_are_never_joined_by_anyone(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        separate(former=twice.again.pk, current=twice.ruth.pk, why=WhySeparated.ADOPTION)
        separate(former=twice.ruth.pk, current=twice.again.pk, why=WhySeparated.ADOPTION)
        assert are_separated(twice.ruth.pk, twice.again.pk)
        answer = merge(survivor=twice.ruth.pk, merged=twice.again.pk, cause=Cause.SUPERSEDED)
        assert answer.outcome == MergeOutcome.SEPARATED
        moved = SourcePerson.objects.filter(source=twice.trust)
        with pytest.raises(IntegrityError, match="kept apart"):
            moved.update(resident=twice.ruth)
        with pytest.raises(IntegrityError, match="kept apart"):
            LinkQuestion.objects.create(
                resident=twice.ruth, reason="superseded-conflict", candidate=twice.again
            )
        proposing = LinkQuestion.objects.exclude(candidate=None)
        assert not proposing.exists(), "what proposed one for the other proposes nobody"
    with as_login("owner"):
        assert Event.objects.filter(action="residents-separated").count() == 1


def test_separation_reaches_everyone_who_is_one_person(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        third = factories.resident("Carter", "R", nhs_number=None, known_to_all=False)
        separate(former=twice.again.pk, current=third.pk, why=WhySeparated.GENDER)
        twice.join()
        assert are_separated(twice.ruth.pk, third.pk)
        answer = merge(survivor=twice.ruth.pk, merged=third.pk, cause=Cause.DUPLICATE)
        assert answer.outcome == MergeOutcome.SEPARATED


def test_two_who_are_one_cannot_be_separated(twice: Twice, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        twice.join()
        with pytest.raises(IntegrityError, match="undo the merge"):
            separate(former=twice.again.pk, current=twice.ruth.pk, why=WhySeparated.ADOPTION)


def test_a_list_shows_the_current_one_of_a_pair_and_a_former_one_by_itself(
    twice: Twice, as_login: AsLogin
) -> None:
    with as_login("pipeline"), connection.cursor() as cursor:
        separate(former=twice.again.pk, current=twice.ruth.pk, why=WhySeparated.GENDER)
        third = factories.resident("Carter", "R")
        for asked, shown in (
            ([twice.again.pk, third.pk, twice.ruth.pk], [third.pk, twice.ruth.pk]),
            ([twice.again.pk, third.pk], [twice.again.pk, third.pk]),
            ([], []),
        ):
            cursor.execute("select identity.without_separated(%s::bigint[])", [asked])
            assert cursor.fetchone() == (shown,)
