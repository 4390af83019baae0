"""Deliveries as their page lists them: what came by itself as one line for each day and feed.

A trust sends a message a second by the wire, each a batch of its own. What somebody gave in, and
what waits for somebody, must not be lost among them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from feeds.models import Batch, BatchState, Tally
from organisations.models import Feed

#: How far back the page looks where no day is asked for.
LATEST = timedelta(days=14)
PAGE_LENGTH = 50
_MOST_GIVEN_IN = 50
_RUNNING = (BatchState.RECEIVED, BatchState.LOADING)
_FOR_SOMEBODY = (BatchState.WAITING, BatchState.FAILED)


@dataclass(frozen=True, slots=True)
class Day:
    """What a feed sent by itself on one day in London: ``batches`` of them, ``read`` items.

    ``running`` are still to be loaded; ``for_somebody`` wait for a person, or a fault stopped them.
    """

    feed: Feed
    day: date
    last: datetime
    batches: int
    read: int
    running: int
    for_somebody: int


def _all() -> QuerySet[Batch]:
    return Batch.objects.select_related("feed__organisation", "replays")


def for_somebody(feed: Feed | None = None) -> QuerySet[Batch]:
    """Batches that wait for a decision or that a fault stopped, of any day; newest first."""
    found = _all().filter(state__in=_FOR_SOMEBODY)
    return (found.filter(feed=feed) if feed else found)[:PAGE_LENGTH]


def given_in(now: datetime, feed: Feed | None = None) -> QuerySet[Batch]:
    """What somebody gave in of late, but for what waits for somebody; newest first."""
    found = _all().filter(given_in_by__isnull=False, received__gt=now - LATEST)
    found = found.exclude(state__in=_FOR_SOMEBODY)
    return (found.filter(feed=feed) if feed else found)[:_MOST_GIVEN_IN]


def days(now: datetime, feed: Feed | None = None) -> list[Day]:
    """What came by itself of late, by day and feed; the latest first."""
    came = Q(given_in_by__isnull=True, received__gt=now - LATEST)
    if feed:
        came &= Q(feed=feed)
    groups = list(
        Batch.objects.filter(came)
        .annotate(day=TruncDate("received"))
        .values("feed", "day")
        .annotate(
            last=Max("received"),
            batches=Count("pk"),
            running=Count("pk", filter=Q(state__in=_RUNNING)),
            for_somebody=Count("pk", filter=Q(state__in=_FOR_SOMEBODY)),
        )
        .order_by("-last", "feed")
    )
    tallies = Tally.objects.filter(batch__in=Batch.objects.filter(came))
    read = {
        (feed_id, day): total
        for feed_id, day, total in tallies.annotate(day=TruncDate("batch__received"))
        .values_list("batch__feed", "day")
        .annotate(total=Sum("count"))
        .order_by()
    }
    feeds = _feeds(group["feed"] for group in groups)
    return [
        Day(
            feed=feeds[group["feed"]],
            day=group["day"],
            last=group["last"],
            batches=group["batches"],
            read=read.get((group["feed"], group["day"]), 0),
            running=group["running"],
            for_somebody=group["for_somebody"],
        )
        for group in groups
    ]


def of_day(day: date, feed: Feed | None, page: int) -> Page[Batch]:
    """Every batch of a day in London, one by one; newest first."""
    begins = datetime.combine(day, time.min, timezone.get_current_timezone())
    ends = datetime.combine(day + timedelta(days=1), time.min, timezone.get_current_timezone())
    found = _all().filter(received__gte=begins, received__lt=ends)
    return Paginator(found.filter(feed=feed) if feed else found, PAGE_LENGTH).get_page(page)


def feeds_that_sent() -> list[Feed]:
    """The feeds that anything came from, by the name of their organisation."""
    sent = Feed.objects.filter(last_received__isnull=False).select_related("organisation")
    return list(sent.order_by("organisation__name", "format"))


def _feeds(ids: Iterable[int]) -> dict[int, Feed]:
    return Feed.objects.select_related("organisation").in_bulk(set(ids))
