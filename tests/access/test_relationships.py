"""Care relationships out of evidence: what each kind opens, for whom, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from access.relationships import Derived, Evidence, derive

NOW = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def evidence(what: str, **changed: Any) -> Evidence:
    return replace(
        Evidence(
            what=what,
            reference="Encounter/1",
            organisation=1,
            organisation_kind="nhs_trust",
            begins=NOW - 2 * DAY,
            ends=None,
            is_open=True,
            team=5,
        ),
        **changed,
    )


def derived(
    item: Evidence,
    *,
    died_on: date | None = None,
    deceased: bool = False,
    heard: datetime | None = None,
) -> Derived | None:
    found = derive(
        [item],
        periods=settings.RELATIONSHIP_PERIODS,
        died_on=died_on,
        deceased=deceased,
        heard=heard,
        now=NOW,
    )
    return found[0] if found else None


@pytest.mark.parametrize(
    ("item", "kind", "until"),
    [
        (evidence("registration"), "registered-practice", None),
        (evidence("inpatient"), "admission", None),
        (
            evidence("inpatient", ends=NOW - DAY, is_open=False),
            "admission",
            NOW - DAY + timedelta(days=28),
        ),
        (evidence("emergency"), "attendance", None),
        (
            evidence("emergency", ends=NOW - DAY, is_open=False),
            "attendance",
            NOW - DAY + timedelta(days=14),
        ),
        (evidence("outpatient", is_open=False), "appointment", NOW - 2 * DAY + timedelta(days=28)),
        (
            evidence("appointment", begins=NOW + 3 * DAY, is_open=False),
            "appointment",
            NOW + 3 * DAY + timedelta(days=28),
        ),
        (evidence("out-of-hours", is_open=False), "out-of-hours", NOW - 2 * DAY + 3 * DAY),
        (evidence("caseload"), "caseload", None),
        (evidence("social-care-service"), "social-care-service", None),
        (evidence("allocated-worker"), "allocated-worker", None),
        (evidence("referral"), "referral", None),
        (evidence("discharge-referral"), "discharge-referral", None),
        (
            evidence("temporary-registration"),
            "temporary-registration",
            NOW - 2 * DAY + timedelta(days=91),
        ),
        (
            evidence("temporary-registration", ends=NOW + DAY),
            "temporary-registration",
            NOW + DAY,
        ),
    ],
)
def test_evidence_carries_a_relationship_with_its_own_end(
    item: Evidence, kind: str, until: datetime | None
) -> None:
    found = derived(item)
    assert found is not None
    assert (found.kind, found.valid_until) == (kind, until)
    assert found.team == 5


@pytest.mark.parametrize(
    "item",
    [
        evidence("inpatient", ends=NOW - 29 * DAY, is_open=False),
        evidence("emergency", ends=NOW - 15 * DAY, is_open=False),
        evidence("outpatient", begins=NOW - 29 * DAY, is_open=False),
        evidence("out-of-hours", begins=NOW - 4 * DAY, is_open=False),
        evidence("caseload", is_open=False),
        evidence("social-care-service", is_open=False),
        evidence("allocated-worker", is_open=False),
        evidence("referral", is_open=False),
        evidence("referral", team=None),
        evidence("discharge-referral", is_open=False),
        evidence("discharge-referral", team=None),
        evidence("temporary-registration", is_open=False),
        evidence("temporary-registration", begins=NOW - 91 * DAY),
        evidence("temporary-registration", ends=NOW),
        evidence("something else"),
    ],
)
def test_evidence_that_is_over_or_says_nothing_carries_none(item: Evidence) -> None:
    assert derived(item) is None


def test_an_appointment_opens_the_record_two_weeks_before() -> None:
    found = derived(evidence("appointment", begins=NOW + 20 * DAY, is_open=False))
    assert found is not None
    assert found.valid_from == NOW + 6 * DAY


def test_a_council_without_a_known_team_opens_nothing() -> None:
    item = evidence(
        "social-care-service", organisation_kind="adult_social_care", team=None, team_unknown=True
    )
    assert derived(item) is None


def test_a_trust_without_a_known_team_is_the_whole_trusts() -> None:
    found = derived(evidence("inpatient", team=None, team_unknown=True))
    assert found is not None
    assert found.team is None


def test_after_a_death_it_lasts_28_days() -> None:
    found = derived(evidence("registration"), died_on=date(2026, 11, 20), deceased=True)
    assert found is not None
    assert found.valid_until == datetime(2026, 12, 19, tzinfo=UTC)


def test_long_after_a_death_there_is_none() -> None:
    assert derived(evidence("registration"), died_on=date(2026, 1, 1), deceased=True) is None
