"""Reads of the entry table: the only ones, and only for a record that is open.

Every function takes the :class:`access.gate.Opened` of this transaction and asks for the keys that
its decision granted, and for no others: a login that bypasses row security would read no more
through these. Row security asks the same again, live; neither wall leans on the other.
The resource of an entry, which may be large, is read for one entry at a time. What comes out has
been through the redaction of :mod:`identity.protected`: nothing above has more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from access.gate import Opened
from organisations.categories import Category
from records.documents import DocumentPart, parts_of
from records.entries import EntrySeen
from records.items import COMPARATORS, OUT_OF_RANGE
from records.marks import REPORTS, is_marked
from records.models import Entry
from records.sections import LIVE, NOW, PAGE, Group, Section
from records.statuses import GONE, EntryStatus
from records.windows import Unit, Window, day_of
from statements import array_of, prepared

#: The columns of an :class:`EntrySeen`, in its order.
_COLUMNS = tuple(
    "effective_precision" if each == "precision" else each
    for each in EntrySeen._fields
    if each != "reported"  # is of its reports (records.marks)
)

#: What is measured again and again.
MEASURED = (Category.LAB_RESULTS, Category.MEASUREMENTS)
#: Results of one test that a page shows at most: daily ones of nearly three years.
MOST_RESULTS = 1000
#: What the overview tells of: so many appointments, so many results, and from how many days.
MOST_COMING = 5
RECENT_RESULTS = 5
ABNORMAL_DAYS = 365


@dataclass(frozen=True)
class Counts:
    """How many entries came out, by category, source and status."""

    by_key: dict[tuple[int, int, str], int]

    def of(self, category: Category, statuses: Sequence[str], source: int | None = None) -> int:
        """Entries of a category with one of these statuses, from one source or from all."""
        if source is None:
            found = self._by_status.get(category, {})
            return sum([found.get(status, 0) for status in statuses])
        return sum(self.by_key.get((category, source, status), 0) for status in statuses)

    def shows(self, category: Category, source: int) -> bool:
        """Whether there is a live entry of a category from a source."""
        return (category, source) in self._live

    def errors(self, category: Category) -> int:
        """Entries of a category that their sources have since called errors."""
        return self.of(category, (EntryStatus.ENTERED_IN_ERROR,))

    @cached_property
    def _by_status(self) -> dict[int, dict[str, int]]:
        """The same, from all sources together: a page asks of one category at a time."""
        apart: dict[int, dict[str, int]] = {}
        for (category, _, status), entries in self.by_key.items():
            of = apart.setdefault(category, {})
            of[status] = of.get(status, 0) + entries
        return apart

    @cached_property
    def _live(self) -> set[tuple[int, int]]:
        return {(category, source) for category, source, status in self.by_key if status in LIVE}


@dataclass(frozen=True, slots=True)
class Extent:
    """The live entries of a category from a source: how many, and from when to when.

    ``undated`` of them have no date; ``first`` and ``last`` are days of the others.
    """

    category: int
    source_id: int
    entries: int
    undated: int
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Extents:
    """How far a record reaches, and the counts that say where its sources stand."""

    of: tuple[Extent, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Within:
    """What a timeline is asked about: categories, sources, and a stretch of time.

    A ``window`` of ``None`` is all time, the entries without a date among it.
    """

    categories: tuple[int, ...]
    sources: tuple[int, ...]
    window: Window | None


@dataclass(frozen=True, slots=True)
class Place:
    """Live entries of a category from a source in one period, whose ``start`` is its first day.

    ``unit`` is longer than was asked for where the source's dates are no more precise.
    """

    source_id: int
    category: int
    unit: Unit
    start: date
    entries: int


@dataclass(frozen=True, slots=True)
class Glance:
    """What the newest entries of each group do not tell: what comes next, and what stands out.

    ``coming`` are appointments from now on, the next one first; ``abnormal`` results of the last
    :data:`ABNORMAL_DAYS` days that are out of their range, newest first. Both are cut.
    """

    coming: Sequence[EntrySeen] = ()
    abnormal: Sequence[EntrySeen] = ()


@dataclass(frozen=True, slots=True)
class EntryWhole:
    """One entry with the text of the documents in it."""

    seen: EntrySeen
    parts: tuple[DocumentPart, ...]


@dataclass(frozen=True, slots=True)
class EntryNamed:
    """What names one entry, here and at its source. No page shows it."""

    public_id: UUID
    resident_id: int
    source_id: int
    source_person_id: int
    grant_key: int
    category: int
    identifier: str
    effective: datetime | None


def _entries(opened: Opened) -> QuerySet[Entry]:
    return Entry.objects.filter(resident_id=opened.resident_id, grant_key__in=opened.decision.keys)


#: The same in SQL, for what every page asks: Django would take longer to write it than
#: PostgreSQL to answer.
_GRANTED = "resident_id = %(resident)s::bigint and grant_key = any (%(keys)s::bigint[])"
#: What is read of an entry, and its id, which puts those of one moment in order. Never its
#: resource: PostgreSQL would carry it through each ordering.
_READ = ", ".join((*_COLUMNS, "id"))
_OF_E = ", ".join(f"e.{column}" for column in (*_COLUMNS, "id"))


def _granted(opened: Opened) -> dict[str, Any]:
    return {"resident": opened.resident_id, "keys": array_of(opened.decision.keys)}


def _rows(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a statement answers. It is made of this module's own words; values are parameters."""
    with prepared() as cursor:
        cursor.execute(statement, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _seen(opened: Opened, row: Sequence[Any]) -> EntrySeen:
    """A row as it may be shown: of a protected resident what is left of it (rule R7).

    It is of the columns of an entry, and of what reports there are of the resident's entries.
    """
    *columns, reports = row
    seen = EntrySeen(*columns)
    if reports is not None and is_marked(seen.public_id, seen.received, reports):
        seen = seen._replace(reported=True)
    return opened.redaction.of(seen)


def _reports(opened: Opened) -> RawSQL:
    """The last column of what :func:`_seen` takes, for Django's own statements."""
    return RawSQL(REPORTS.replace("%(resident)s", "%s"), (opened.resident_id,))  # noqa: S611 - ours


def counts(opened: Opened) -> Counts:
    """How many entries the record shows, in one statement."""
    rows = _rows(
        f"select category, source_id, status, count(*) from records_entry where {_GRANTED}"
        " group by 1, 2, 3",
        _granted(opened),
    )
    return Counts({(category, source, status): n for category, source, status, n in rows})


Newest = dict[tuple[Category, str], list[EntrySeen]]

#: Where the parts of a glance stand beside the groups, which are numbered from 0.
_COMING, _ABNORMAL = -2, -1


def newest(opened: Opened, wanted: Sequence[tuple[Category, Group]]) -> Newest:
    """The newest entries of each group, as many as it shows at most, in one statement.

    Walks the index by category and date, so a record of ten thousand entries costs what one of a
    hundred does.
    """
    return _newest(opened, wanted, "", {})[0]


def first_seen(
    opened: Opened, wanted: Sequence[tuple[Category, Group]], at: datetime
) -> tuple[Newest, Glance]:
    """The same, with the next appointments and the latest results out of their range.

    All of it walks the index by category and date, and stops when it has enough. What counts as
    out of range is said by :func:`records.items.flag_of`; this reads no less than that.
    """
    ours = f"select {_READ} from records_entry where {_GRANTED}"
    glanced = f"""
        union all
        (select {_COMING}, {_OF_E} from (
            {ours} and category = %(appointments)s and status = any (%(now)s::text[])
              and effective >= %(at)s
            order by effective nulls first, id limit %(coming)s) e)
        union all
        (select {_ABNORMAL}, {_OF_E} from (
            {ours} and category = %(results)s and status = any (%(live)s::text[])
              and effective >= %(since)s
              and (interpretation = any (%(flags)s::text[]) or (
                  interpretation = '' and (value > range_high or value < range_low)
                  and left(ltrim(value_text), 1) <> all (%(bounds)s::text[])))
            order by effective desc nulls last, id desc limit %(abnormal)s) e)
    """
    asked = {
        "appointments": int(Category.APPOINTMENTS),
        "now": array_of(NOW),
        "at": at,
        "coming": MOST_COMING,
        "results": int(Category.LAB_RESULTS),
        "live": array_of(LIVE),
        "since": at - timedelta(days=ABNORMAL_DAYS),
        "flags": array_of(OUT_OF_RANGE),
        "bounds": array_of(COMPARATORS),
        "abnormal": RECENT_RESULTS,
    }
    found, beside = _newest(opened, wanted, glanced, asked)
    return found, Glance(coming=beside[_COMING][::-1], abnormal=beside[_ABNORMAL])


def _newest(
    opened: Opened, wanted: Sequence[tuple[Category, Group]], beside: str, asked: dict[str, Any]
) -> tuple[Newest, dict[int, list[EntrySeen]]]:
    """The newest of each group, and what a part of the same statement found beside them."""
    statement = f"""
        select found.*, {REPORTS} from (
            select wanted.nth, {_OF_E}
            from (
                select (nth - 1)::integer as nth, category,
                    string_to_array(said, ',') as statuses, most
                from unnest(%(categories)s::smallint[], %(statuses)s::text[], %(most)s::integer[])
                    with ordinality as each (category, said, most, nth)) as wanted
            cross join lateral (
                select {_READ} from records_entry
                where {_GRANTED}
                  and category = wanted.category and status = any (wanted.statuses)
                order by effective desc nulls last, id desc
                limit wanted.most) as e
            {beside}) as found
        order by nth, effective desc nulls last, id desc
    """
    rows = _rows(
        statement,
        {
            **_granted(opened),
            **asked,
            "categories": array_of(category for category, _ in wanted),
            "statuses": array_of(",".join(group.statuses) for _, group in wanted),
            "most": array_of(group.most for _, group in wanted),
        },
    )
    found: Newest = {(category, group.slug): [] for category, group in wanted}
    glanced: dict[int, list[EntrySeen]] = {_COMING: [], _ABNORMAL: []}
    for nth, *values, _id, reports in rows:
        seen = _seen(opened, (*values, reports))
        if nth < 0:
            glanced[nth].append(seen)
        else:
            category, group = wanted[nth]
            found[category, group.slug].append(seen)
    return found, glanced


def page_of(opened: Opened, section: Section, group: Group, page: int) -> list[EntrySeen]:
    """One page of a group of a section, newest first. Pages count from 1."""
    rows = _rows(
        f"select {', '.join(_COLUMNS)}, {REPORTS} from records_entry"
        f" where {_GRANTED} and category = %(category)s and status = any (%(statuses)s::text[])"
        " order by effective desc nulls last, id desc limit %(most)s offset %(before)s",
        {
            **_granted(opened),
            "category": int(section.category),
            "statuses": array_of(group.statuses),
            "most": PAGE,
            "before": (page - 1) * PAGE,
        },
    )
    return [_seen(opened, row) for row in rows]


def entry(opened: Opened, public_id: UUID) -> EntryWhole | None:
    """One entry of the open record that is live, with its documents; else ``None``."""
    row = (
        _entries(opened)
        .filter(public_id=public_id)
        .exclude(status__in=GONE)
        .values_list(*_COLUMNS, _reports(opened), "resource")
        .first()
    )
    if row is None:
        return None
    *values, resource = row
    return EntryWhole(
        _seen(opened, values), tuple(opened.redaction.of(part) for part in parts_of(resource))
    )


def named(opened: Opened, public_id: UUID) -> EntryNamed | None:
    """What names one live entry of the open record; ``None`` if it is not shown."""
    row = (
        _entries(opened)
        .filter(public_id=public_id)
        .exclude(status__in=GONE)
        .values_list(*(each.name for each in fields(EntryNamed)))
        .first()
    )
    return None if row is None else EntryNamed(*row)


def matching(opened: Opened, keeps: Callable[[EntrySeen], bool]) -> list[EntrySeen]:
    """The live entries of the open record that something keeps, newest first.

    It is asked of each as it may be shown, so what it looks at is no more than a page has.
    """
    rows = (
        _entries(opened)
        .exclude(status__in=GONE)
        .order_by(F("effective").desc(nulls_last=True), "-id")
        .values_list(*_COLUMNS, _reports(opened))
    )
    return [seen for row in rows if keeps(seen := _seen(opened, row))]


def results_like(opened: Opened, public_id: UUID) -> list[EntrySeen]:
    """The live results of the same test as this one, newest first; none if it is no live result.

    The same test is the same code; where a source gives no code, the same name without one.
    """
    of = (
        _entries(opened)
        .filter(public_id=public_id, category__in=MEASURED)
        .exclude(status__in=GONE)
        .values_list("category", "code_system", "code", "display")
        .first()
    )
    if of is None:
        return []
    category, system, code, display = of
    same = {"code_system": system, "code": code} if code else {"code": "", "display": display}
    rows = (
        _entries(opened)
        .filter(category=category, **same)
        .exclude(status__in=GONE)
        .order_by(F("effective").desc(nulls_last=True), "-id")
        .values_list(*_COLUMNS, _reports(opened))
    )
    return [_seen(opened, row) for row in rows[:MOST_RESULTS]]


def extents(opened: Opened) -> Extents:
    """How far the record reaches in time, and what :func:`counts` counts, in one statement."""
    rows = _rows(
        "select category, source_id, status, count(*), count(effective), min(effective),"
        f" max(effective) from records_entry where {_GRANTED} group by 1, 2, 3",
        _granted(opened),
    )
    found: dict[tuple[int, int], Extent] = {}
    for category, source, status, entries, dated, first, last in rows:
        if status in LIVE:
            more = Extent(category, source, entries, entries - dated, _day(first), _day(last))
            known = found.get((category, source))
            found[category, source] = _both(known, more) if known else more
    return Extents(
        tuple(found.values()),
        Counts({(category, source, status): n for category, source, status, n, *_ in rows}),
    )


def _both(one: Extent, other: Extent) -> Extent:
    firsts = [day for day in (one.first, other.first) if day]
    lasts = [day for day in (one.last, other.last) if day]
    return Extent(
        one.category,
        one.source_id,
        one.entries + other.entries,
        one.undated + other.undated,
        min(firsts, default=None),
        max(lasts, default=None),
    )


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else day_of(moment)


#: Entries that lie in a window, however vaguely: a year alone lies in all of its months.
_LIES_IN = """
    effective < %(end)s and effective >= case effective_precision
        when 'year' then date_trunc('year', %(start)s::timestamptz, 'Europe/London')
        when 'month' then date_trunc('month', %(start)s::timestamptz, 'Europe/London')
        else %(start)s end
"""
_ASKED_FOR = f"""
    {_GRANTED}
    and status = any (%(live)s::text[]) and category = any (%(categories)s::smallint[])
    and source_id = any (%(sources)s::bigint[])
"""


def places(opened: Opened, within: Within, window: Window) -> list[Place]:
    """How many entries lie in each period of a window, in one statement that counts them there.

    What comes out grows with periods, sources and categories, not with the record.
    """
    statement = f"""
        select source_id, category, unit,
            (date_trunc(unit, effective, 'Europe/London') at time zone 'Europe/London')::date,
            count(*)
        from (
            select source_id, category, effective,
                case effective_precision when 'year' then 'year'
                    when 'month' then %(of_month)s else %(unit)s end as unit
            from records_entry where {_ASKED_FOR} and {_LIES_IN}) as found
        group by 1, 2, 3, 4
    """
    return [
        Place(source, category, Unit(unit), start, entries)
        for source, category, unit, start, entries in _rows(
            statement, _asked(opened, within, window)
        )
    ]


def entries_within(opened: Opened, within: Within, page: int) -> list[EntrySeen]:
    """One page of what :class:`Within` asks for, newest first, those without a date last."""
    columns = ", ".join(_COLUMNS)
    lies_in = f"and {_LIES_IN}" if within.window else ""
    statement = f"""
        select {columns}, {REPORTS} from records_entry where {_ASKED_FOR} {lies_in}
        order by effective desc nulls last, id desc limit %(most)s offset %(before)s
    """
    asked = _asked(opened, within, within.window)
    rows = _rows(statement, {**asked, "most": PAGE, "before": (page - 1) * PAGE})
    return [_seen(opened, row) for row in rows]


def _asked(opened: Opened, within: Within, window: Window | None) -> dict[str, Any]:
    asked: dict[str, Any] = {
        **_granted(opened),
        "live": array_of(LIVE),
        "categories": list(within.categories),
        "sources": list(within.sources),
    }
    if window is not None:
        start, end = window.moments
        # A month is no vaguer than a quarter: only days and months are finer than it.
        of_month = Unit.MONTH if window.unit is Unit.DAY else window.unit
        asked |= {"start": start, "end": end, "unit": window.unit, "of_month": of_month}
    return asked
