"""The detectors: each rule by itself, a seeded snooper in made-up months, and new events.

``DETECTOR_MONTHS`` says how many months; with ``-s`` the figures of each are printed.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import alerts, detecting, tasks
from access.acting import Acting
from access.detecting import Care, Job, Known, LookMade, Person, sights, usual_parts
from access.detectors import RULES, SHIPPED, Rule, Sight, Tuning, cases, judge, sentence
from access.models import Alert, AlertKind, JudgedSpan
from audit import actions as audit
from audit.models import Action, Event
from identity.models import Resident
from organisations.models import Membership, StaffMember
from tests import factories
from tests.access import made_month

MONTHS = int(os.environ.get("DETECTOR_MONTHS", "4"))
AT = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)
SIGHT = Sight(
    look=UUID(int=1),
    staff=1,
    membership=1,
    organisation=1,
    resident=1,
    at=AT,
    hour=14,
    reader="grace obi",
    reader_family="obi",
    resident_name="ruth carter",
    resident_family="carter",
    basis="relationship",
    care="admission",
    usual_hours=frozenset({9, 10, 13}),
    looks_before=200,
)
#: What makes each rule hold of a look of which none does.
HOLDS: dict[Rule, dict[str, Any]] = {
    Rule.ONESELF: {"resident_name": "grace obi", "resident_family": "elsewhere"},
    Rule.NAMESAKE_IN_CARE: {
        "resident_name": "grace obi",
        "resident_family": "elsewhere",
        "own_team_cares": True,
    },
    Rule.SAME_HOUSEHOLD: {"household_names": frozenset({"grace obi"})},
    Rule.COLLEAGUE: {"colleagues": frozenset({"ruth carter"})},
    Rule.SAME_SURNAME: {"resident_family": "obi"},
    Rule.NO_CARE: {"care": "self-declared", "cared_for": False},
    Rule.FORMER_TEAM: {"former_team": True},
    Rule.OUT_OF_HOURS: {"hour": 2},
    Rule.MANY_VIEWERS: {"viewers": 26},
    Rule.UNUSUAL_SECTION: {"rare_parts": frozenset({16})},
}


class TestRules:
    def test_of_an_ordinary_look_none_holds(self) -> None:
        assert judge(SIGHT).held == ()

    @pytest.mark.parametrize("rule", list(Rule))
    def test_each_holds_by_itself_and_is_one_sentence(self, rule: Rule) -> None:
        verdict = judge(replace(SIGHT, **HOLDS[rule]))
        assert [each for each, _ in verdict.held] == [rule]
        said = sentence(rule)
        assert said.endswith(".")
        assert "\n" not in said
        assert set(RULES) == set(Rule) == set(SHIPPED.weights)

    @pytest.mark.parametrize("rule", [Rule.ONESELF, Rule.NAMESAKE_IN_CARE, Rule.COLLEAGUE])
    def test_a_child_or_somebody_very_old_is_a_namesake(self, rule: Rule) -> None:
        assert judge(replace(SIGHT, **HOLDS[rule], of_working_age=False)).held == ()

    def test_care_found_about_the_time_is_care(self) -> None:
        assert judge(replace(SIGHT, care="self-declared", cared_for=True)).held == ()
        assert judge(replace(SIGHT, basis="break-glass", care="", cared_for=False)).weight == 2

    def test_hours_are_usual_only_of_who_has_looked_often_enough(self) -> None:
        assert judge(replace(SIGHT, hour=2, looks_before=29)).held == ()
        assert judge(replace(SIGHT, hour=8)).held == (), "an hour beside a usual one"
        assert judge(replace(SIGHT, hour=0, usual_hours=frozenset({23}))).held == ()

    def test_one_weak_rule_is_no_case_and_two_are(self) -> None:
        surname = replace(SIGHT, **HOLDS[Rule.SAME_SURNAME])
        both = replace(surname, **HOLDS[Rule.NO_CARE])
        assert [each.sight for each in cases([SIGHT, surname, both])] == [both]

    def test_ones_own_name_is_one_likeness_and_not_two(self) -> None:
        namesake = replace(SIGHT, resident_name="grace obi", resident_family="obi")
        assert judge(namesake).held == ((Rule.ONESELF, 3),)
        brought = judge(replace(namesake, own_team_cares=True))
        assert brought.held == ((Rule.NAMESAKE_IN_CARE, 2),), "by work, so no case by itself"
        assert cases([replace(brought.sight, hour=2)]), "but at an hour that is not theirs"

    def test_the_threshold_and_the_weights_are_tuned(self) -> None:
        surname = replace(SIGHT, **HOLDS[Rule.SAME_SURNAME])
        assert cases([surname], replace(SHIPPED, threshold=1))
        assert cases([surname], Tuning({Rule.SAME_SURNAME: 3}))
        assert cases([replace(surname, of_that_family=99)], replace(SHIPPED, threshold=1)) == []


class TestFacts:
    LOOK = LookMade(UUID(int=9), 1, 1, 1, "nurse", 5, AT, "relationship", "admission", frozenset())
    KNOWN = Known({}, {}, {}, {}, {}, {}, {}, {}, {}, {})

    def of(self, look: LookMade | None = None, **known: Any) -> Sight:
        (found,) = sights([look or self.LOOK], replace(self.KNOWN, **known), since=AT)
        return found

    def test_a_team_that_was_left_cares_and_none_that_one_is_in(self) -> None:
        left = Job(1, 1, 7, AT - timedelta(days=3))
        now = Job(2, 1, 8, None)
        old_team = Care(1, 7, AT - timedelta(days=1), None)
        new_team = Care(1, 8, AT - timedelta(days=1), None)
        assert self.of(care={5: (old_team,)}, jobs={1: (left, now)}).former_team
        assert not self.of(care={5: (old_team, new_team)}, jobs={1: (left, now)}).former_team
        assert not self.of(
            care={5: (old_team,)}, jobs={1: (replace(left, until=None),)}
        ).former_team

    def test_ones_own_team_cares_at_the_look_and_no_other_does(self) -> None:
        now = Job(1, 1, 7, None)
        left = replace(now, until=AT - timedelta(days=3))
        begun = AT - timedelta(days=1)
        for care, job, cares in (
            (Care(1, 7, begun, None), now, True),
            (Care(1, 8, begun, None), now, False),
            (Care(1, None, begun, None), now, False),
            (Care(2, 7, begun, None), now, False),
            (Care(1, 7, begun, AT - timedelta(hours=1)), now, False),
            (Care(1, 7, begun, None), left, False),
        ):
            assert self.of(care={5: (care,)}, jobs={1: (job,)}).own_team_cares is cares

    def test_care_counts_weeks_before_and_after_and_of_ones_own_organisation(self) -> None:
        before = Care(1, 7, AT - timedelta(days=60), AT - timedelta(days=20))
        after = Care(1, 7, AT + timedelta(days=20), None)
        other = replace(after, organisation=2)
        late = Care(1, 7, AT + timedelta(days=40), None)
        for care, counts in ((before, True), (after, True), (other, False), (late, False)):
            assert self.of(care={5: (care,)}).cared_for is counts

    @pytest.mark.parametrize(
        ("born", "may"),
        [
            (None, True),
            (date(2010, 3, 3), True),
            (date(2010, 3, 4), False),
            (date(1950, 3, 4), True),
            (date(1950, 3, 3), False),
        ],
    )
    def test_who_can_work_is_from_sixteen_to_seventy_five(
        self, born: date | None, may: bool
    ) -> None:
        assert self.of(births={5: born} if born else {}).of_working_age is may

    def test_viewers_are_counted_within_a_day(self) -> None:
        others = [
            replace(self.LOOK, look=UUID(int=20 + n), staff=20 + n, began=AT - timedelta(hours=n))
            for n in (1, 23, 25)
        ]
        (seen,) = sights([*others, self.LOOK], self.KNOWN, since=AT)
        assert seen.viewers == 3

    def test_a_section_is_unusual_of_roles_with_looks_enough(self) -> None:
        usual = usual_parts([("nurse", 4, 150, 200), ("nurse", 16, 1, 200), ("doctor", 4, 9, 10)])
        assert usual == {"nurse": frozenset({4})}
        opened = replace(self.LOOK, parts=frozenset({4, 16}))
        assert self.of(opened, usual_parts=usual).rare_parts == {16}
        assert self.of(replace(opened, role="doctor"), usual_parts=usual).rare_parts == set()

    def test_ones_own_name_is_no_colleagues(self) -> None:
        person = Person.of_staff("Grace Ann Obi")
        assert person == Person("grace obi", "obi")
        seen = self.of(staff={1: person}, colleagues={1: frozenset({"grace obi", "ruth carter"})})
        assert seen.colleagues == {"ruth carter"}


@dataclass(frozen=True)
class Figures:
    """Of made-up months: how many looks, how many flagged, and how many of those of no snooper."""

    looks: int
    flagged: int
    false: int
    days_to_find: int

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.looks + other.looks,
            self.flagged + other.flagged,
            self.false + other.false,
            max(self.days_to_find, other.days_to_find),
        )


def figures(number: int) -> Figures:
    """Judge a made-up month day by day, as the worker does."""
    month = made_month.make(number)
    flagged: dict[UUID, int] = {}
    for day in range(made_month.DAYS + 1):
        since = made_month.FIRST + timedelta(days=day)
        part = [
            look
            for look in month.looks
            if since - timedelta(days=1) <= look.began < since + timedelta(days=1)
        ]
        for each in cases(sights(part, month.known, since=since)):
            flagged.setdefault(each.sight.look, day)
    first = min(look.began for look in month.looks if look.look in month.snooped)
    found = min((flagged[look] for look in flagged.keys() & month.snooped), default=99)
    return Figures(
        looks=len(month.looks),
        flagged=len(flagged),
        false=len(flagged.keys() - month.snooped),
        days_to_find=found - (first - made_month.FIRST).days,
    )


class TestAMonth:
    def test_a_snooper_is_found_within_a_day_and_few_others_are_flagged(self) -> None:
        told = Figures(0, 0, 0, 0)
        for number in range(1, MONTHS + 1):
            month = figures(number)
            sys.stdout.write(f"{number}: {month}\n")
            told += month
        assert told.looks > 35_000 * MONTHS
        assert told.days_to_find == 0, "on the day of the first of her looks"
        assert told.flagged >= 4 * MONTHS
        assert told.false <= 0.05 * told.flagged, told

    def test_without_the_rules_together_most_of_what_is_flagged_is_false(self) -> None:
        month = made_month.make(1)
        seen = sights(month.looks, month.known, since=made_month.FIRST)
        alone = {each.sight.look for each in cases(seen, replace(SHIPPED, threshold=1))}
        assert len(alone - month.snooped) > 50


@pytest.fixture
def officer(world: Any, as_login: Any) -> Membership:
    with as_login("pipeline"):
        anita = factories.staff("anita", "Anita Rao", email="anita@trust.example")
        return factories.membership(anita, world.trust, "privacy-officer")


def snoop(world: Any, as_login: Any) -> UUID:
    """The nurse declares her involvement in the care of somebody of her own name, and looks."""
    with as_login("pipeline"):
        StaffMember.objects.filter(pk=world.nurse.staff_id).update(name="Grace Quillfeather")
        cousin = factories.resident("Quillfeather", "Rosa")
    look = uuid4()
    audit.record(
        Action.OPENING,
        reason="relationship",
        resident_id=cousin.pk,
        look=look,
        detail={"relationship": {"id": 1, "kind": "self-declared", "team": None}},
        **Acting.of(world.nurse).for_audit(),
    )
    return look


def run(as_login: Any, **later: int) -> list[int]:
    with as_login("pipeline"):
        return detecting.look(timezone.now() + timedelta(**later))


class TestNewEvents:
    def test_a_look_becomes_a_case_once_and_its_officers_are_told(
        self, world: Any, officer: Membership, as_login: Any
    ) -> None:
        look = snoop(world, as_login)
        assert run(as_login) == [], "it may still go on"
        (case,) = run(as_login, minutes=30)
        assert run(as_login, minutes=60) == []
        with as_login("pipeline"):
            alert = Alert.objects.get(pk=case)
            assert (alert.kind, alert.look) == (AlertKind.DETECTED, look)
            assert alert.found == {"no-care": 2, "same-surname": 1}
            assert alerts.notify(case)
        assert mail.outbox[0].to == ["anita@trust.example"]
        with as_login("backup"):
            (event,) = Event.objects.filter(action=Action.CASE_RAISED)
        assert event.detail["rules"] == ["no-care", "same-surname"]

    def test_its_page_says_in_sentences_why(
        self, world: Any, officer: Membership, as_login: Any
    ) -> None:
        snoop(world, as_login)
        (case,) = run(as_login, minutes=30)
        client = Client()
        client.force_login(officer.staff)
        with as_login("pipeline"):
            alert = Alert.objects.get(pk=case)
        page = client.get(reverse("alert", args=[alert.public_id])).content.decode()
        assert "The resident has the reader&#39;s family name, which few" in page
        assert "shows no care about then." in page
        assert "1 page" in page

    def test_evidence_that_comes_later_does_not_close_it(
        self, world: Any, officer: Membership, as_login: Any
    ) -> None:
        snoop(world, as_login)
        (case,) = run(as_login, minutes=30)
        with as_login("pipeline"), transaction.atomic():
            alert = Alert.objects.get(pk=case)
            whose = Resident.objects.get(pk=alert.resident_id)
            factories.relationship(whose, world.trust, world.ward, kind="admission")
            assert alerts.close_by_evidence([whose.pk]) == 0

    def test_somebody_of_ones_own_name_and_who_lives_there_are_found(
        self, world: Any, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            StaffMember.objects.filter(pk=world.nurse.staff_id).update(name="Ines Marlowe")
            factories.resident("Marlowe", "Ines", postcode="SE9 1AA")
            lodger = factories.resident("Stone", "Ben", postcode="SE9 1AA")
            elsewhere = factories.resident("Stone", "Col", postcode="SE9 2BB")
        for whom in (lodger, elsewhere):
            audit.record(
                Action.OPENING,
                reason="relationship",
                resident_id=whom.pk,
                look=uuid4(),
                **Acting.of(world.nurse).for_audit(),
            )
        (case,) = run(as_login, minutes=30)
        with as_login("pipeline"):
            alert = Alert.objects.get(pk=case)
        assert (alert.resident_id, alert.rule) == (lodger.pk, Rule.SAME_HOUSEHOLD)

    def test_a_run_goes_on_from_where_the_last_one_stopped(self, world: Any, as_login: Any) -> None:
        run(as_login, minutes=30)
        run(as_login, minutes=45)
        with as_login("pipeline"):
            spans = list(JudgedSpan.objects.order_by("until"))
        assert len(spans) == 2
        assert spans[1].until - spans[0].until >= timedelta(minutes=14)

    def test_the_worker_runs_it(self, world: Any, officer: Membership, as_login: Any) -> None:
        with as_login("pipeline"):
            tasks.detect()
            assert JudgedSpan.objects.count() == 1

    def test_a_rule_that_there_is_not_is_named(self, settings: Any) -> None:
        settings.DETECTOR_WEIGHTS = {"same-shoes": 1}
        with pytest.raises(ImproperlyConfigured, match="same-shoes"):
            detecting.tuning()
