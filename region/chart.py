"""One resident's chart while it is being written: time, people, and the facts so far.

Stories (``region.stories``) call a chart; they never make a fact themselves, so that dates stay
between birth and death, sources are ones that the resident has, and keys are unique.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from region import model
from region.investigations import PANELS, TESTS, creatinine_for, egfr_for
from region.medicines import FORBIDDEN, MEDICINES, NEVER_TOGETHER
from region.model import Coded, Fact, Household, Person
from region.names import staff_names
from region.organisations import HOSPITALS, RegionOrganisations, Team, TeamKind

if TYPE_CHECKING:
    from region.chance import Chance

LONDON = ZoneInfo("Europe/London")
FIVE_YEARS = 1825
_ADULT = 18
_SATURDAY = 5
_CLOSED = {(12, 25), (12, 26), (1, 1)}
#: Over so many days, each resident's dates drift back by some days of their own.
_DRIFT_OVER = 400
#: Most laboratories print an eGFR above this only as "greater than".
_EGFR_CEILING = 90

F = TypeVar("F", bound=Fact)


class Chart:
    """The facts of one resident, in the order in which stories write them."""

    def __init__(
        self,
        person: Person,
        household: Household,
        organisations: RegionOrganisations,
        teams: dict[str, Team],
        *,
        today: date,
        chance: Chance,
    ) -> None:
        self.person = person
        self.household = household
        self.organisations = organisations
        self.teams = teams
        self.today = today
        self.chance = chance
        #: The last day on which anything can have happened.
        self.until = person.died_on or today - timedelta(days=1)
        self.facts: list[Fact] = []
        #: Words that stories leave for each other.
        self.told: set[str] = set()
        #: First and last day of every stay in hospital.
        self.stays: list[tuple[date, date]] = []
        self._counts: Counter[str] = Counter()
        self._course: dict[str, tuple[float, float]] = {}
        self.current_medicines: dict[str, date] = {}
        #: Who saw the resident at a time, so that what was measured then is theirs.
        self.seen_by: dict[datetime, str] = {}
        self.weight_kg, self.height_cm = self._build()
        # Stories count in round numbers of days; no two residents share their dates for it.
        self._moved = chance.randrange(0, 29) if self.age >= 2 else 0

    # Who and where

    @property
    def gp(self) -> str:
        """The ODS code of the registered practice."""
        return self.person.practice

    @property
    def acute(self) -> str:
        """The ODS code of the acute trust."""
        return self.organisations.acute_trust.code

    @property
    def community(self) -> str:
        """The ODS code of the community and mental health trust."""
        return self.organisations.community_trust.code

    @property
    def council(self) -> str:
        """The ODS code of the resident's council."""
        return self.organisations.council_of(self.person.borough).code

    @property
    def out_of_hours(self) -> str | None:
        """The ODS code of the borough's out-of-hours provider, if it takes part."""
        provider = self.organisations.out_of_hours_of(self.person.borough)
        return provider.code if provider else None

    @property
    def hospital(self) -> str:
        """The hospital that serves the borough."""
        return HOSPITALS[self.person.borough]

    @property
    def female(self) -> bool:
        """Whether the resident's recorded sex is female."""
        return self.person.sex == "female"

    @property
    def alive(self) -> bool:
        """Whether the resident is alive today."""
        return self.person.died_on is None

    def age_on(self, day: date) -> int:
        """Whole years of age on ``day``."""
        born = self.person.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    @property
    def age(self) -> int:
        """Age today, or at death."""
        return self.age_on(self.until)

    def team(self, source: str, kind: TeamKind) -> Team:
        """The source's team of this kind that serves this resident."""
        matching = [each for each in self.teams.values()
                    if each.organisation == source and each.kind == kind]  # fmt: skip
        for each in matching:
            if each.site == self.hospital or each.borough == self.person.borough:
                return each
        return matching[0]

    def staff(self, team: str, role: str) -> str:
        """A member of staff of the team, as ``Name, role``."""
        name = self.chance.pick(staff_names(f"{team}:{role}"))
        doctor = any(word in role for word in ("GP", "onsultant", "octor", "egistrar"))
        return f"{'Dr ' if doctor else ''}{name}, {role}"

    # When

    def day(self, days_ago: float) -> date:
        """That many days before the last possible day, but not before birth."""
        moved = round(self._moved * min(max(days_ago, 0) / _DRIFT_OVER, 1))
        return max(self.until - timedelta(days=round(days_ago) + moved), self.person.birth_date)

    def weekday(self, days_ago: float) -> date:
        """The same, on the working day at or before it."""
        day = self.day(days_ago)
        while _is_closed(day):
            day -= timedelta(days=1)
        return max(day, self.person.birth_date)

    def coming(self, days: int) -> date:
        """The first working day that lies at least so many days after today."""
        day = self.today + timedelta(days=max(days, 1))
        while _is_closed(day):
            day += timedelta(days=1)
        return day

    def at(self, day: date, first: int = 9, last: int = 17) -> datetime:
        """A time on ``day`` between these hours, in London."""
        minutes = self.chance.randrange(0, 60, 5)
        return datetime.combine(day, time(self.chance.randrange(first, last), minutes), LONDON)

    # Writing

    def add(self, kind: type[F], source: str, at: datetime | date, /, **values: Any) -> F:
        """Write a fact. ``recorded`` follows ``at`` by minutes unless it is given.

        Raises ValueError when the fact would lie before birth or after death: a story's mistake.
        """
        day = at.date() if isinstance(at, datetime) else at
        planned = kind in (model.Appointment, model.Encounter) and day > self.today
        last = self.person.died_on or self.today
        if day < self.person.birth_date or (day > last and not (planned and self.alive)):
            message = f"a {kind.__name__} lies outside the resident's life"
            raise ValueError(message)
        self._counts[kind.__name__] += 1
        key = f"{kind.__name__.lower()}-{self._counts[kind.__name__]}"
        if "recorded" not in values:
            start = at if isinstance(at, datetime) else self.at(at)
            values["recorded"] = self._written(start, planned=planned)
        fact = kind(key=key, person=self.person.key, source=source, at=at, **values)
        self.facts.append(fact)
        return fact

    def _written(self, start: datetime, *, planned: bool) -> datetime:
        """When the source wrote it: soon after, or some days ago for what is planned."""
        if planned:
            return self.at(self.weekday(self.chance.randrange(1, 20)))
        return start + timedelta(minutes=self.chance.randrange(2, 12))

    def condition(
        self,
        what: Coded,
        days_ago: float,
        *,
        on: datetime | None = None,
        source: str | None = None,
        **values: Any,
    ) -> date:
        """A diagnosis made so many days ago, or at the consultation ``on``; returns its date."""
        day = on.date() if on else self.day(days_ago)
        if on and on in self.seen_by:
            values.setdefault("author", self.seen_by[on])
        source = source or self.gp
        values.setdefault("author", self.author(source))
        self.add(model.Condition, source, day, what=what, **values)
        return day

    def author(self, source: str) -> str:
        """Whoever would write for this source without more being known."""
        if source == self.gp:
            return self.staff(f"{source}-GP", "GP")
        if source == self.council:
            return self.staff(f"{source}-NORTH", "Social worker")
        if source == self.out_of_hours:
            return self.staff(f"{source}-OOH", "Out-of-hours GP")
        return self.staff(source, "Registrar" if source == self.acute else "Community nurse")

    def medicine(
        self,
        name: str,
        days_ago: float,
        *,
        stopped: float | None = None,
        dose: str = "",
        why: str = "",
    ) -> None:
        """A repeat medicine from the practice, started so many days ago.

        ``stopped`` is how many days ago it ended; ``why`` replaces the usual reason. Children
        are never given what is only for adults.
        """
        product = MEDICINES[name]
        started = self.day(days_ago)
        if self.age_on(started) < product.least_age or not self.may_have(name):
            return
        ended = self.day(stopped) if stopped is not None else None
        if ended is None:
            self.current_medicines[name] = started
        self.add(
            model.Medication, self.gp, started, what=product.coded, dose=dose or product.dose,
            status="stopped" if ended else "active", ended=ended, reason=why or product.reason,
            author=self.author(self.gp),
        )  # fmt: skip

    def may_have(self, name: str) -> bool:
        """Whether neither an allergy nor a medicine taken already forbids this one."""
        taken = set(self.current_medicines)
        if any(name in group and taken & group for group in NEVER_TOGETHER):
            return False
        return name not in taken and not any(
            f"allergy:{allergy}" in self.told and name in medicines
            for allergy, medicines in FORBIDDEN.items()
        )

    def course(self, name: str, on: datetime) -> None:
        """A short course from the practice that is over, begun at a consultation."""
        product = MEDICINES[name]
        day = on.date()
        if self.age_on(day) < product.least_age or not self.may_have(name):
            return
        source = self.gp
        author = self.seen_by.get(on) or self.author(source)
        if "nurse" in author:
            author = self.author(source)
        ended = min(day + timedelta(days=7), self.until)
        self.add(
            model.Medication, source, day, what=product.coded, dose=product.dose, repeat=False,
            status="completed", ended=ended, reason=product.reason, author=author,
        )  # fmt: skip

    def ward_medicine(self, name: str, at: datetime) -> None:
        """A medicine given on the ward now, unless something forbids it."""
        product = MEDICINES[name]
        if self.may_have(name):
            self.add(
                model.Medication, self.acute, at, what=product.coded, dose=product.dose,
                reason=product.reason, reported=True, author=self.staff(self.acute, "Pharmacist"),
            )  # fmt: skip

    def reconcile_medicines(self, at: datetime, *, until: date | None = None) -> None:
        """What the trust notes that the resident takes, when they come in.

        A stay that ended ``until`` a day says nothing of what is taken since.
        """
        author = self.staff(self.acute, "Pharmacist")
        for name, started in self.current_medicines.items():
            if started <= at.date():
                product = MEDICINES[name]
                self.add(
                    model.Medication, self.acute, at, what=product.coded, dose=product.dose,
                    reason=product.reason, reported=True, author=author, ended=until,
                    status="completed" if until else "active",
                )  # fmt: skip

    # Results and measurements

    def moves(self, test: str, then: float, now: float) -> None:
        """A test goes from ``then`` five years ago to ``now``, in a line with some scatter."""
        self._course[test] = (then, now)

    def level(self, test: str, day: date) -> float:
        """What the test would show on ``day``, before scatter."""
        if test in self._course:
            then, now = self._course[test]
            share = min(max((self.until - day).days / FIVE_YEARS, 0), 1)
            return now + (then - now) * share
        if test == "egfr":
            return max(108 - 0.55 * self.age_on(day), 55)
        if test == "hb" and self.female:
            return 131
        return TESTS[test].mean

    def labs(
        self, panel: str, at: datetime, *, source: str | None = None, note: str = "",
        team: str | None = None, given: dict[str, float] | None = None, **values: float,
    ) -> None:  # fmt: skip
        """A panel's results and its report.

        ``given``, or the test's own name as an argument, replaces what a test would show.
        """
        source = source or self.gp
        title, tests = PANELS[panel]
        measured = self._measure_all(tests, at.date(), values | (given or {}))
        author = self.staff(f"{self.acute}-LAB", "Biomedical scientist")
        results = []
        for test, value in measured.items():
            definition = TESTS[test]
            low, high = definition.range_for(self.person.sex)
            above = test == "egfr" and value > _EGFR_CEILING
            shown = _EGFR_CEILING if above else value
            results.append(self.add(
                model.LabResult, source, at, what=definition.what, unit=definition.unit,
                value=decimal(shown, definition.places), comparator=">" if above else "",
                low=None if low is None else Decimal(str(low)),
                high=None if high is None else Decimal(str(high)), author=author,
                recorded=at + timedelta(hours=5),
            ))  # fmt: skip
        if len(results) > 1 or note:
            keys = tuple(each.key for each in results)
            self.add(
                model.LabReport, source, at, what=title, results=keys, conclusion=note,
                author=author, team=team, recorded=at + timedelta(hours=5),
            )  # fmt: skip

    def _measure_all(
        self, tests: tuple[str, ...], day: date, given: dict[str, float]
    ) -> dict[str, float]:
        """Values for each test that agree with each other and with a living person."""
        found = {}
        for test in tests:
            definition = TESTS[test]
            level = self.level(test, day)
            scatter = min(definition.spread, abs(level) * 0.08)
            value = given[test] if test in given else self.chance.around(level, scatter)
            found[test] = min(max(value, definition.least), definition.most)
        if "egfr" in found and "creatinine" in found:
            age, sex = max(self.age_on(day), _ADULT), self.person.sex
            if "creatinine" not in given:
                found["creatinine"] = creatinine_for(found["egfr"], age=age, sex=sex)
            creatinine = round(found["creatinine"])
            found["egfr"] = max(egfr_for(creatinine, age=age, sex=sex), TESTS["egfr"].least)
            found["creatinine"] = creatinine
            if "urea" not in given and found["egfr"] < 60:
                found["urea"] = min(5.5 + (60 - found["egfr"]) * 0.28, 32)
        return found

    def measure(
        self, what: Coded, at: datetime, value: float | None = None, unit: str = "", *,
        source: str | None = None, places: int = 0, kind: str = "vital-signs", words: str = "",
        author: str = "",
    ) -> None:  # fmt: skip
        """One measurement: a value with its unit, or words."""
        source = source or self.gp
        shown = None if value is None else decimal(value, places)
        self.add(
            model.Measurement, source, at, what=what, kind=kind, value=shown, unit=unit,
            words=words, author=author or self.seen_by.get(at) or self.author(source),
        )  # fmt: skip

    def _build(self) -> tuple[float, float]:
        """Weight and height of a grown-up of this sex, from the chart's own chance."""
        height = self.chance.around(162 if self.female else 176, 6)
        bmi = self.chance.around(27 if self.age >= 40 else 24.5, 3)
        return bmi * (height / 100) ** 2, height


def _is_closed(day: date) -> bool:
    """Whether practices and clinics are closed: a weekend, Christmas, New Year's Day."""
    return day.weekday() >= _SATURDAY or (day.month, day.day) in _CLOSED


def decimal(value: float, places: int) -> Decimal:
    """A value rounded to so many places, as it would be printed."""
    return Decimal(f"{value:.{places}f}")
