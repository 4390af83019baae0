"""A referral from a ward to a council's team, by both sides' pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from access.actions import renew_relationships
from access.models import CareRelationship
from discharge.models import MAY_FOLLOW, Referral, ReferralStep, Step
from identity.merging import merge
from identity.models import Cause
from tests import factories
from tests.discharge.conftest import NEEDS, Sides
from tests.records.conftest import text_of

Connect = Callable[[str], psycopg.Connection]


def relationship(sides: Sides) -> CareRelationship:
    with sides.as_login("pipeline"):
        return CareRelationship.objects.get(from_feeds=False)


def record_opens(client: Client, sides: Sides) -> bool:
    opened = client.post(reverse("open-record"), {"resident": str(sides.resident)})
    return client.get(opened["Location"]).status_code == 200


def test_a_referral_gives_the_team_a_care_relationship_and_each_side_sees_where_it_stands(
    sides: Sides,
) -> None:
    assert not record_opens(sides.worker_client, sides)
    made = sides.sent()
    held = relationship(sides)
    assert (held.team_id, held.kind, held.derived) == (sides.team.pk, "discharge-referral", True)
    assert held.valid_until - held.valid_from == timedelta(days=28)
    assert record_opens(sides.worker_client, sides)
    for client, next_step in (
        (sides.ward.client, "Until somebody does, do not rely on it: ring."),
        (sides.worker_client, "Acknowledge it when your team has it in its own system"),
    ):
        words = text_of(sides.page(client, made))
        assert "not acknowledged yet" in words
        assert next_step in words
        assert NEEDS in words
        assert "3 December 2026" in words
        assert "CARTER, Ruth (Mrs)" in words


def test_what_is_asked_is_shown_once_more_before_it_is_sent(sides: Sides) -> None:
    page = sides.sends(step="")
    assert page.status_code == 200
    assert "Check and send" in text_of(page)
    assert NEEDS in text_of(page)
    with sides.as_login("pipeline"):
        assert not Referral.objects.exists()


@pytest.mark.parametrize(
    ("without", "error"),
    [
        ("team", "Select the council’s team"),
        ("needs", "Say what support they will need"),
        ("phone", "Enter a telephone number of the ward"),
        ("told", "Select whether the person knows and agrees"),
    ],
)
def test_what_is_missing_is_said_at_the_top(sides: Sides, without: str, error: str) -> None:
    page = sides.sends(**{without: ""})
    assert "There is a problem" in text_of(page)
    assert error in text_of(page)


def test_the_team_acknowledges_and_the_ward_sees_it(sides: Sides) -> None:
    made = sides.sent()
    assert sides.takes(sides.worker_client, "acknowledge", made).status_code == 302
    for client in (sides.ward.client, sides.worker_client):
        words = text_of(sides.page(client, made))
        assert ": acknowledged" in words
        assert f"{sides.worker.staff.name}, Social worker" in words
    sides.ward.open()
    planning = text_of(sides.ward.get("discharge-planning"))
    assert "To Hospital social work, Test council: Acknowledged" in planning
    # Once is enough, and what is asked anew is to be acknowledged anew.
    assert sides.takes(sides.worker_client, "acknowledge", made).status_code == 200
    updated = sides.takes(
        sides.ward.client, "update", made, needs=f"{NEEDS}, and meals", phone="0", told="agrees"
    )
    assert "Enter a telephone number" in text_of(updated)
    updated = sides.takes(
        sides.ward.client,
        "update",
        made,
        needs=f"{NEEDS}, and meals",
        phone="020 7946 0501",
        told="agrees",
    )
    assert updated.status_code == 302
    assert "not acknowledged yet" in text_of(sides.page(sides.worker_client, made))
    assert sides.takes(sides.worker_client, "acknowledge", made).status_code == 302


def test_declined_it_says_why_from_a_list_and_the_team_sees_the_record_no_more(
    sides: Sides,
) -> None:
    made = sides.sent()
    assert "Select why" in text_of(sides.takes(sides.worker_client, "decline", made))
    given = {"because": "not-our-area", "needs": "She has a worker of ours already"}
    assert sides.takes(sides.worker_client, "decline", made, **given).status_code == 302
    words = text_of(sides.page(sides.ward.client, made))
    assert "Declined" in words
    assert "They live in another council’s area" in words
    assert "of ours already" not in words
    assert not record_opens(sides.worker_client, sides)
    assert sides.page(sides.worker_client, made).status_code == 404
    assert sides.sends().status_code == 302, "another one may be sent"


def test_withdrawn_the_teams_care_relationship_ends_at_once(sides: Sides) -> None:
    made = sides.sent()
    gone = sides.takes(sides.ward.client, "withdraw", made, because="other-way")
    assert gone.status_code == 302
    assert not record_opens(sides.worker_client, sides)
    assert "It was arranged another way" in text_of(sides.page(sides.ward.client, made))
    assert sides.takes(sides.ward.client, "update", made).status_code == 200, "nothing follows"


def test_it_ends_by_itself_after_its_period(sides: Sides) -> None:
    made = sides.sent()
    held = relationship(sides)
    with sides.as_login("pipeline"):
        later = Referral.objects.get().until
    assert held.valid_until == later
    sides.takes(sides.worker_client, "acknowledge", made)
    assert relationship(sides).valid_until > later, "each word of a side keeps it open"


def test_a_form_that_is_sent_twice_sends_one(sides: Sides) -> None:
    submission = str(uuid4())
    assert sides.sent(submission=submission) == sides.sent(submission=submission)
    with sides.as_login("pipeline"):
        assert Referral.objects.count() == ReferralStep.objects.count() == 1


def test_a_second_one_to_the_same_council_is_an_update(sides: Sides) -> None:
    sides.sent()
    assert "is open already. Update that one" in text_of(sides.sends())


def test_what_came_meanwhile_is_read_first(sides: Sides) -> None:
    made = sides.sent()
    assert (
        sides.takes(
            sides.ward.client, "update", made, needs=NEEDS, phone="020 7946 0500", told="agrees"
        ).status_code
        == 302
    )
    stale = sides.worker_client.post(
        reverse("acknowledge-referral", args=[made]), {"after": "1", "submission": str(uuid4())}
    )
    assert "Something changed meanwhile: read it once more" in text_of(stale)
    assert "not acknowledged yet" in text_of(sides.page(sides.ward.client, made))


def test_nobody_else_sees_it_or_takes_its_steps(sides: Sides) -> None:
    made = sides.sent()
    with sides.as_login("pipeline"):
        other_team = factories.team(sides.ward.council, "South locality")
        others = [
            factories.membership(
                at=sides.ward.council, as_role="social-worker", in_team=other_team
            ),
            factories.membership(at=sides.ward.practice, as_role="doctor"),
        ]
        factories.relationship(sides.ward.resident, sides.ward.council, other_team)
        factories.relationship(sides.ward.resident, sides.ward.practice)
    for other in others:
        client = Client()
        client.force_login(other.staff)
        assert record_opens(client, sides), "they are involved, and still no side of it"
        assert sides.page(client, made).status_code == 404
        for name in ("acknowledge", "decline", "update", "withdraw"):
            address = reverse(f"{name}-referral", args=[made])
            assert client.post(address, {"after": "1"}).status_code == 404
        assert (
            client.post(reverse("send-referral", args=[sides.resident]), sides.fields()).status_code
            == 404
        )


def test_neither_side_takes_the_others_step(sides: Sides) -> None:
    made = sides.sent()
    for client, name in (
        (sides.ward.client, "acknowledge"),
        (sides.ward.client, "decline"),
        (sides.worker_client, "withdraw"),
        (sides.worker_client, "update"),
    ):
        given = {"because": "not-our-area", "needs": NEEDS, "phone": "020 7946 0500"}
        if name == "withdraw":
            given["because"] = "stays"
        answer = sides.takes(client, name, made, told="agrees", **given)
        assert answer.status_code == 404, name


# ── Choices ─────────────────────────────────────────────────────────────────────────────────


def test_a_refusal_of_social_care_sharing_stops_no_referral_and_is_told_by_none(
    sides: Sides,
) -> None:
    refer = reverse("send-referral", args=[sides.resident])
    before = text_of(sides.ward.client.get(refer))
    sides.ward.refuse("social-care-sharing", sides.ward.council)
    assert text_of(sides.ward.client.get(refer)) == before
    made = sides.sent()
    assert NEEDS in text_of(sides.page(sides.worker_client, made))
    assert sides.takes(sides.worker_client, "acknowledge", made).status_code == 302
    assert "refus" not in text_of(sides.page(sides.ward.client, made)).lower()


def test_a_protected_resident_is_not_referred_here(sides: Sides) -> None:
    made = sides.sent()
    with sides.as_login("pipeline"):
        type(sides.ward.resident).objects.filter(pk=sides.ward.resident.pk).update(protection="R")
    answer = sides.sends()
    assert answer.status_code == 200
    assert "nothing may say where they are" in text_of(answer)
    for client in (sides.ward.client, sides.worker_client):
        words = text_of(sides.page(client, made)).split("Referral on leaving hospital")[1]
        for told in (NEEDS, "Cedar ward", "Test trust", "Hospital social work", "0500", "0600"):
            assert told not in words


# ── The walls ───────────────────────────────────────────────────────────────────────────────


def test_the_webs_login_reaches_no_table_of_referrals(sides: Sides, run_sql: Connect) -> None:
    sides.sent()
    for table in ("discharge_referral", "discharge_referralstep"):
        for statement in (f"select * from {table}", f"delete from {table}"):
            web = run_sql("web")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                web.execute(statement)


def following(admin: psycopg.Connection, made: UUID, step: str, **given: Any) -> None:
    """Write a step by hand, as nobody may who is not the database's owner."""
    (referral, recipient, sender) = admin.execute(
        "select id, recipient_id, sender_id from discharge_referral where public_id = %s", [made]
    ).fetchone() or (0, 0, 0)
    of = sender if step in ("sent", "updated", "withdrawn") else recipient
    asks = step in ("sent", "updated")
    ends = step in ("declined", "withdrawn")
    row: dict[str, Any] = {
        "referral_id": referral,
        "number": 2,
        "step": step,
        "follows_number": 1,
        "follows_step": "sent",
        "organisation_id": of,
        "membership_id": 1,
        "at": "2026-11-23T00:00Z",
        "until": "2026-11-23T00:00Z" if ends else "2026-12-23T00:00Z",
        "submission": uuid4(),
        "needs": NEEDS if asks else "",
        "phone": "020 7946 0500" if asks else "",
        "told": "agrees" if asks else "",
        "because": {"declined": "not-our-area", "withdrawn": "stays"}.get(step, ""),
        **given,
    }
    if row["membership_id"] == 1:
        (row["membership_id"],) = admin.execute(
            "select membership_id from discharge_referralstep limit 1"
        ).fetchone() or (0,)
    admin.execute(
        f"insert into discharge_referralstep ({', '.join(row)})"
        f" values ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


IMPOSSIBLE: dict[str, tuple[str, dict[str, Any]]] = {
    "a second beginning": ("sent", {}),
    "a gap": ("acknowledged", {"number": 3, "follows_number": 2}),
    "following what was not": ("acknowledged", {"follows_step": "updated"}),
    "following nothing": ("acknowledged", {"follows_number": None, "follows_step": None}),
    "a fork": ("acknowledged", {"number": 1, "follows_number": None, "follows_step": None}),
    "words of the council": ("acknowledged", {"needs": NEEDS}),
    "an end without a reason": ("declined", {"because": ""}),
    "an end for the other side's reason": ("declined", {"because": "stays"}),
    "an end that goes on": ("withdrawn", {"until": "2026-12-23T00:00Z"}),
    "a word that ends it": ("updated", {"until": "2026-11-23T00:00Z"}),
    "nothing asked": ("updated", {"needs": ""}),
    "nobody to ring": ("updated", {"phone": ""}),
    "an unknown step": ("forgotten", {}),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_a_history_that_cannot_have_been_is_refused(
    sides: Sides, run_sql: Connect, what: str
) -> None:
    made = sides.sent()
    step, given = IMPOSSIBLE[what]
    with pytest.raises(psycopg.errors.IntegrityError):
        following(run_sql("admin"), made, step, **given)


@pytest.mark.parametrize("step", MAY_FOLLOW[Step.SENT])
def test_a_history_that_can_have_been_is_not(sides: Sides, run_sql: Connect, step: Step) -> None:
    following(run_sql("admin"), sides.sent(), step)


def test_a_step_is_its_own_sides(sides: Sides, run_sql: Connect) -> None:
    made = sides.sent()
    for step, of in (("acknowledged", sides.ward.trust), ("withdrawn", sides.ward.council)):
        admin = run_sql("admin")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            following(admin, made, step, organisation_id=of.pk)


def test_nothing_follows_an_end(sides: Sides, run_sql: Connect) -> None:
    made = sides.sent()
    admin = run_sql("admin")
    following(admin, made, "withdrawn")
    with pytest.raises(psycopg.errors.IntegrityError):
        following(admin, made, "updated", number=3, follows_number=2, follows_step="withdrawn")


def test_what_has_happened_is_not_changed(sides: Sides, run_sql: Connect) -> None:
    sides.sent()
    for statement in (
        "update discharge_referralstep set needs = 'Nothing at all'",
        "delete from discharge_referralstep",
        "delete from discharge_referral",
        "update discharge_referral set stands = 'acknowledged'",
        "update discharge_referral set until = until + interval '1 year'",
        "update discharge_referral set recipient_id = sender_id",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql("admin").execute(statement)


def test_a_delivery_does_not_end_a_relationship_that_a_referral_carries(sides: Sides) -> None:
    sides.sent()
    before = relationship(sides).valid_until
    with sides.as_login("pipeline"):
        renew_relationships({sides.ward.resident.pk: []})
    assert relationship(sides).valid_until == before
    assert record_opens(sides.worker_client, sides)


def test_a_merge_takes_the_referral_along(sides: Sides) -> None:
    made = sides.sent()
    with sides.as_login("pipeline"):
        other = factories.resident("Carter", "Ruth", nhs_number=None)
        factories.source_person(other, sides.ward.trust)
        factories.relationship(other, sides.ward.trust, sides.ward.team, kind="admission")
        merge(
            survivor=other.pk,
            merged=sides.ward.resident.pk,
            cause=Cause.DUPLICATE,
            words="Both are the same person",
            by=sides.ward.nurse.pk,
        )
        assert Referral.objects.get().resident_id == other.pk
    assert NEEDS in text_of(sides.page(sides.worker_client, made))


def test_each_step_and_each_reading_is_in_the_audit_without_a_word_of_it(
    sides: Sides, run_sql: Connect
) -> None:
    made = sides.sent()
    sides.takes(sides.worker_client, "acknowledge", made)
    sides.page(sides.ward.client, made)
    found = run_sql("admin").execute(
        "select action, outcome, coalesce(resident_id, residents[1]), detail::text"
        " from audit_event where action like 'referral%'"
    )
    events = found.fetchall()
    resident = sides.ward.resident.pk
    assert {action for action, *_ in events} == {
        "referral-sent",
        "referral-followed",
        "referrals-read",
    }
    assert {(outcome, whom) for _, outcome, whom, _ in events} == {("done", resident)}
    assert not any(NEEDS in detail for *_, detail in events)
