"""The eight verification statuses: which event gives which."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from identity.models import Protection
from identity.nhs_number import NhsNumber
from identity.numbers import NumberStatus
from identity.pds.comparing import Evidence, Held, compare
from identity.pds.demographics import Demographics, Name
from identity.pds.outcomes import (
    Agreeing,
    Disagreeing,
    Invalidated,
    Malformation,
    Malformed,
    NoMatch,
    NotSent,
    Restricted,
    Superseded,
    VeryRestricted,
)
from identity.standing import TraceStanding, after_answer, may_verify, of_trace
from identity.traces import Ended
from identity.vital import PartialDate

SAID = Demographics(
    number=NhsNumber("9990001014"),
    protection=Protection.UNRESTRICTED,
    names=(Name("usual", "Campbell", ("Ruth",)),),
    birth_date=PartialDate.parse("1945-01-30"),
)
HELD = Held("Campbell", "Ruth", date(1945, 1, 30))
AGREES = compare(HELD, SAID, by=Evidence.NUMBER)
DIFFERS = compare(replace(HELD, family_name="Bello"), SAID, by=Evidence.NUMBER)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (NoMatch(), "04"),
        (NotSent(), "02"),
        (VeryRestricted(SAID), "02"),
        (Disagreeing(SAID, DIFFERS), "05"),
        (Restricted(SAID, DIFFERS), "05"),
        (Superseded(SAID.number, SAID, DIFFERS), "05"),
        (Invalidated(), "05"),
        (Malformed(Malformation.QUESTION_REFUSED), "05"),
    ],
)
def test_an_answer_that_does_not_agree_gives_a_number_its_status(
    outcome: object, status: str
) -> None:
    assert not may_verify(outcome)  # type: ignore[arg-type]  # each is an outcome
    assert after_answer(outcome) == status  # type: ignore[arg-type]  # each is an outcome


@pytest.mark.parametrize(
    "outcome",
    [Agreeing(SAID, AGREES), Restricted(SAID, AGREES), Superseded(SAID.number, SAID, AGREES)],
)
def test_an_answer_that_agrees_verifies_unless_somebody_else_has_the_number(
    outcome: Agreeing | Restricted | Superseded,
) -> None:
    assert may_verify(outcome)
    assert after_answer(outcome) == NumberStatus.TO_BE_RESOLVED


NOW = datetime(2026, 11, 22, tzinfo=UTC)
WAITS = TraceStanding(has_number=False, wanted=NOW, due=NOW, asked=False, ended=None)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"ended": Ended.VERIFIED}, "01"),
        ({"ended": Ended.NOT_ALLOWED, "has_number": True}, "02"),
        ({"ended": Ended.NOT_ENOUGH, "has_number": True}, "02"),
        ({}, "03"),
        ({"ended": Ended.NOT_ENOUGH}, "03"),
        ({"ended": Ended.NO_MATCH}, "04"),
        ({"ended": Ended.MANY}, "04"),
        ({"ended": Ended.TO_BE_DECIDED}, "05"),
        ({"ended": Ended.INVALIDATED, "has_number": True}, "05"),
        ({"asked": True}, "06"),
        ({"asked": True, "due": NOW + timedelta(hours=1)}, "06"),
        ({"ended": Ended.NOT_ALLOWED}, "07"),
        ({"due": NOW + timedelta(days=30)}, "08"),
    ],
)
def test_a_trace_gives_whom_it_is_about_their_status(
    changed: dict[str, object], status: str
) -> None:
    assert of_trace(replace(WAITS, **changed)) == status  # type: ignore[arg-type]  # its own fields


def test_every_status_is_given_by_something_and_every_end_gives_one() -> None:
    given = {of_trace(replace(WAITS, ended=ended)) for ended in Ended}
    given |= {of_trace(replace(WAITS, ended=ended, has_number=True)) for ended in Ended}
    given |= {of_trace(replace(WAITS, asked=True)), of_trace(WAITS)}
    given |= {of_trace(replace(WAITS, due=NOW + timedelta(days=30)))}
    assert given == set(NumberStatus)
