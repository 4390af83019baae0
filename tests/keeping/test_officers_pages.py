"""Officers decide on pages: what is due, what holds it, and by which schedule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from audit.models import Event
from feeds.models import Batch, BatchState
from identity.models import SourcePerson
from keeping import deciding, presenters, tasks
from keeping.holding import Rule
from keeping.models import ListedShare, RetentionHold, Start, Stub
from organisations.categories import Category
from organisations.models import Feed, Membership, OrganisationKind
from records.models import Entry
from tests import factories
from tests.feeds.conftest import deliver, feed, give_in, ndjson, patient
from tests.keeping.test_retention import LONG_AGO, OLD

__all__ = ["deliver", "feed", "give_in"]

LIST = "/retention"


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: Any) -> None:
    monkeypatch.setattr("feeds.tasks.load.delay", lambda _batch: None)


def officers(feed: Feed, as_login: Any) -> list[Client]:
    """Two officers of the controller, and one of another organisation."""
    with as_login("pipeline"):
        elsewhere = factories.organisation("Other trust", kind="nhs_trust")
        made = [
            factories.membership(
                factories.staff(name, name.title()), place, as_role="privacy-officer"
            )
            for name, place in (
                ("anita", feed.organisation),
                ("ben", feed.organisation),
                ("cara", elsewhere),
            )
        ]
    clients = []
    for each in made:
        client = Client()
        client.force_login(each.staff)
        clients.append(client)
    return clients


def words(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    main = BeautifulSoup(response.content, "html.parser").find("main")
    assert main is not None
    return " ".join(main.get_text(" ").replace("\N{NO-BREAK SPACE}", " ").split())


def references(response: Any) -> list[str]:
    page = BeautifulSoup(response.content, "html.parser")
    return [str(box["value"]) for box in page.select("input[type=checkbox][name=shares]")]


def test_a_share_is_approved_confirmed_and_destroyed_by_the_timer(
    feed: Feed, deliver: Callable[..., Batch], as_login: Any
) -> None:
    deliver(ndjson(patient(**LONG_AGO), OLD))
    anita, ben, cara = officers(feed, as_login)
    assert "Nothing waits for a decision" in words(anita.get(LIST))
    with as_login("pipeline"):
        tasks.list_due()
    shown = words(anita.get(LIST))
    for told in ("Patient/p1", "Clock started 2 February 2010", "Due since 2 February 2018"):
        assert told in shown
    assert "1 entry" in shown
    assert "Records Management Code" in shown
    for never in ("Carter", "Asthma", factories.made_up_nhs_number(1)):
        assert never not in shown
    (share,) = references(anita.get(LIST))
    assert references(cara.get(LIST)) == []
    assert "does not wait for a decision" in words(cara.post(LIST, {"shares": share}))

    assert "Select what you decide about" in words(anita.post(LIST, {"shares": "x"}))
    offered = words(anita.post(LIST, {"all": "page", "of_page": share}))
    assert "Approve the destruction of 1" in offered
    assert "Confirm the destruction" not in offered
    assert anita.post(LIST, {"shares": share, "do": "approve"}).status_code == 302
    # Who approved it is not offered to confirm it, and is refused where they ask all the same.
    again = words(anita.post(LIST, {"shares": share}))
    assert "Confirm the destruction" not in again
    assert "Another officer of Test trust must confirm it" in again
    anita.post(LIST, {"shares": share, "do": "confirm"})
    with as_login("pipeline"):
        tasks.destroy_confirmed()
        assert Entry.objects.exists()
    assert "Anita approved it" in words(ben.post(LIST, {"shares": share}))
    assert ben.post(LIST, {"shares": share, "do": "confirm"}).status_code == 302
    assert "It goes next" in words(ben.get(LIST + "?show=decided"))
    assert "does not wait for a decision" in words(ben.post(LIST, {"shares": share}))

    with as_login("pipeline"):
        # Not while a delivery of that source is being loaded.
        Batch.objects.update(state=BatchState.LOADING)
        tasks.destroy_confirmed()
        assert ListedShare.objects.get().state == "confirmed"
        Batch.objects.update(state=BatchState.LOADED)
        with transaction.atomic(), connection.cursor() as cursor:
            # Killed between the record and the raw bytes: the timer goes on there.
            cursor.execute("select keeping.destroy_share(id) from keeping_listedshare")
        tasks.destroy_confirmed()
        assert ListedShare.objects.get().state == "destroyed"
        assert not Entry.objects.exists()
        assert Stub.objects.exists()
        tasks.list_due()
    gone = words(ben.get(LIST + "?show=gone"))
    for told in ("1 entry", "raw bytes out of 1 file", "Approved by Anita, confirmed by Ben"):
        assert told in gone
    assert "Patient/p1" not in gone
    assert references(anita.get(LIST)) == []
    assert "Nothing was destroyed" in words(cara.get(LIST + "?show=gone"))


def test_what_is_kept_for_longer_and_what_is_on_hold(
    feed: Feed, deliver: Callable[..., Batch], as_login: Any
) -> None:
    deliver(ndjson(patient(**LONG_AGO), OLD))
    anita, ben, cara = officers(feed, as_login)
    with as_login("pipeline"):
        tasks.list_due()
        ruth = SourcePerson.objects.get(identifier="Patient/p1").resident_id
    # A hold needs a reason, words and a person whom the organisation itself sends.
    begin = reverse("begin-retention-hold")
    refused = words(anita.post(begin, {"reach": "person"}))
    for told in ("Select why", "Say what it is for", "Enter your system’s identifier"):
        assert told in refused
    hold = {"reason": "litigation", "words": "A claim of 2026", "reach": "person"}
    unknown = words(anita.post(begin, hold | {"identifier": "Patient/p9"}))
    assert "sends nobody with this identifier" in unknown
    assert "sends nobody" in words(cara.post(begin, hold | {"identifier": "Patient/p1"}))
    assert anita.post(begin, hold | {"identifier": "Patient/p1"}).status_code == 302
    listed = words(ben.get(reverse("retention-holds")))
    for told in ("Litigation", "Person Patient/p1", "A claim of 2026", "by Anita"):
        assert told in listed
    assert "A claim" not in words(cara.get(reverse("retention-holds")))

    # What is on hold cannot be approved, however it is asked for.
    (share,) = references(anita.get(LIST))
    held = words(anita.post(LIST, {"shares": share}))
    assert "On hold" in held
    assert "Approve the destruction" not in held
    anita.post(LIST, {"shares": share, "do": "approve"})
    with as_login("pipeline"):
        officer = Membership.objects.filter(organisation=feed.organisation).select_related(
            "staff", "organisation", "team", "role"
        )
        acting = Acting.of(officer[0])
    with transaction.atomic():
        assert deciding.approve(acting, [UUID(share)], request_id=str(uuid4())) == 0
    with as_login("pipeline"):
        assert ListedShare.objects.get().state == "listed"
        number = RetentionHold.objects.get().public_id
    end = reverse("end-retention-hold", args=[number])
    assert cara.get(end).status_code == cara.post(end).status_code == 404
    assert "A claim of 2026" in words(ben.get(end))
    assert ben.post(end).status_code == 302
    assert ben.get(end).status_code == 404
    assert "Over" in words(ben.get(reverse("retention-holds")))

    # Kept for longer: a reason and a day to come.
    keep = {"shares": share, "do": "keep", "words": "Their daughter’s claim is still open"}
    today = timezone.localdate()

    def until(day: date) -> dict[str, str]:
        parts = {"day": day.day, "month": day.month, "year": day.year}
        return {f"until-{part}": str(value) for part, value in parts.items()}

    assert "There is a problem" in words(anita.post(LIST, keep | {"words": ""} | until(today)))
    assert "in the future" in words(anita.post(LIST, keep | until(today)))
    assert anita.post(LIST, keep | until(today + timedelta(days=400))).status_code == 302
    assert references(anita.get(LIST)) == []
    assert "claim is still open" in words(anita.get(LIST + "?show=decided"))
    with as_login("owner"):
        read = Event.objects.filter(action="retention-read", residents__contains=[ruth])
        assert {"waits", "holds"} <= set(read.values_list("reason", flat=True))
        changed = Event.objects.filter(action="retention-changed", resident_id=ruth)
        assert set(changed.values_list("reason", flat=True)) == {"hold", "hold-ended"}


def test_what_two_officers_confirmed_is_stopped_until_it_is_gone(
    feed: Feed, deliver: Callable[..., Batch], as_login: Any
) -> None:
    deliver(ndjson(patient(**LONG_AGO), OLD))
    anita, ben, cara = officers(feed, as_login)
    with as_login("pipeline"):
        tasks.list_due()
    (share,) = references(anita.get(LIST))
    anita.post(LIST, {"shares": share, "do": "approve"})
    assert "Stop the destruction" not in words(anita.get(LIST + "?show=decided"))
    ben.post(LIST, {"shares": share, "do": "confirm"})
    assert "Stop the destruction of Patient/p1" in words(anita.get(LIST + "?show=decided"))
    stop = {"shares": share, "of": "decided"}
    asked = words(anita.post(LIST, stop))
    assert "Two officers agreed that it goes tonight" in asked
    assert "Approve the destruction" not in asked
    assert "Confirm the destruction" not in asked
    keep = stop | {"do": "keep", "words": "A claim came in", "until-day": "1", "until-month": "6"}
    year = str(timezone.localdate().year + 2)
    assert "does not wait" in words(cara.post(LIST, keep | {"until-year": year}))
    assert "There is a problem" in words(anita.post(LIST, keep | {"until-year": ""}))
    assert anita.post(LIST, keep | {"until-year": year}).status_code == 302
    with as_login("pipeline"):
        tasks.destroy_confirmed()
        assert Entry.objects.exists()
        assert ListedShare.objects.get().state == "kept"
    assert "does not wait" in words(anita.post(LIST, keep | {"until-year": year})), "once is enough"
    kept = words(ben.get(LIST + "?show=decided"))
    assert "A claim came in" in kept
    assert "Stop the destruction" not in kept


def test_the_list_is_paged_and_the_schedule_readable(
    feed: Feed, as_login: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("keeping.deciding.PAGE_LENGTH", 2)
    monkeypatch.setattr("keeping.views.PAGE_LENGTH", 2)
    with as_login("pipeline"):
        for nth in (3, 1, 2):
            person = factories.source_person(factories.resident(), feed.organisation)
            seen = f"201{nth}-06-01T12:00Z"
            factories.entry(person, Category.DIAGNOSES, "Asthma", effective=seen)
        tasks.list_due()
    anita, *_ = officers(feed, as_login)
    first, second = anita.get(LIST), anita.get(LIST + "?page=2")
    assert len(references(first)) == 2
    assert len(references(second)) == 1
    assert words(first).index("June 2011") < words(first).index("June 2012")
    assert "June 2013" in words(second)
    chosen = words(anita.post(LIST, {"all": "page", "of_page": references(first)}))
    assert "Approve the destruction of 2" in chosen
    schedule = words(anita.get(reverse("retention-schedule")))
    for told in (
        "NHS trust",
        "8 years from when care ended",
        "10 years from when the person died",
        "Subject access requests that were answered",
        "3 years after it was over",
        "Requests about choices that came to nothing",
        "As long as what was made of them",
        "It is sealed",
    ):
        assert told in schedule


def test_how_long_deliveries_are_kept_in_words() -> None:
    assert presenters.raw_bytes(30).startswith("30 days after they were loaded, unless a hold")
    assert presenters.raw_bytes(1).startswith("1 day after")


def test_a_rule_in_words() -> None:
    rule = Rule(
        kind=OrganisationKind.NHS_TRUST,
        ours=True,
        starts=Start.LAST_SEEN,
        years=20,
        child_until=25,
        because="Mental health",
        since=timezone.now(),
        by="Ms Dowd",
    )
    assert presenters.years(rule) == (
        "20 years from when care ended or the person was last seen. If they were under 18 then:"
        " until their 25th birthday, or a year more if they were 17."
    )
