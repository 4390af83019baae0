"""Care relationships as deliveries make and end them: one of each kind, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access.actions import relationships_are_due
from access.bases import is_of
from access.models import CareRelationship, RelationshipDue, RelationshipKind
from access.relationships import longest_after
from identity.models import SourcePerson
from organisations.models import Feed, Organisation, Team
from records import actions as entry_actions
from records.actions import relationships_renewed, renew_due_relationships
from tests import factories
from tests.feeds.conftest import Resource, ndjson, patient

TODAY = datetime.now(UTC).replace(microsecond=0)
OWN = "https://connectcare.example/"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED = "http://snomed.info/sct"


@dataclass
class Sources:
    feeds: dict[str, Feed]
    teams: dict[str, Team]

    def organisation(self, kind: str) -> Organisation:
        return self.feeds[kind].organisation


@pytest.fixture
def sources(feed: Feed, as_login: Any) -> Sources:
    """A source of each kind, each with a team whose code is its kind's."""
    with as_login("pipeline"):
        feeds = {"nhs_trust": feed}
        for kind, code in (
            ("gp_practice", "G85001"),
            ("adult_social_care", "LBB01"),
            ("out_of_hours", "SEL01"),
        ):
            feeds[kind] = factories.feed(factories.organisation(kind=kind, code=code))
        teams = {kind: factories.team(each.organisation, code=kind) for kind, each in feeds.items()}
    return Sources(feeds, teams)


def days(number: float) -> str:
    return (TODAY + timedelta(days=number)).isoformat()


def resource(kind: str, team: str = "", **fields: Any) -> Resource:
    made = {"resourceType": kind, "id": "x1", "meta": {"lastUpdated": days(-1)}, **fields}
    subject = "patient" if kind == "EpisodeOfCare" else "subject"
    if kind != "Appointment":
        made.setdefault(subject, {"reference": "Patient/p1"})
    if team:
        made["extension"] = [
            {
                "url": f"{OWN}StructureDefinition/responsible-team",
                "valueIdentifier": {"system": f"{OWN}Id/team", "value": team},
            }
        ]
    return made


def encounter(of_class: str, **fields: Any) -> Resource:
    return resource(
        "Encounter",
        **{
            "class": {"code": of_class},
            "status": "in-progress",
            "period": {"start": days(-2)},
            **fields,
        },
    )


def appointment(**fields: Any) -> Resource:
    participant = [{"actor": {"reference": "Patient/p1"}, "status": "accepted"}]
    return resource(
        "Appointment",
        **{
            "team": "nhs_trust",
            "status": "booked",
            "description": "Falls clinic",
            "start": days(3),
            "participant": participant,
            **fields,
        },
    )


def episode(team: str, **fields: Any) -> Resource:
    return resource(
        "EpisodeOfCare", team, **{"status": "active", "period": {"start": days(-9)}, **fields}
    )


def care_team(team: str, **fields: Any) -> Resource:
    return resource(
        "CareTeam",
        team,
        **{"status": "active", "name": "Team", "period": {"start": days(-9)}, **fields},
    )


def referral(*performers: tuple[str, str], team: str = "nhs_trust", **fields: Any) -> Resource:
    return resource(
        "ServiceRequest",
        team,
        **{
            "status": "active",
            "intent": "order",
            "code": {"text": "Referral"},
            "authoredOn": days(-1),
            "performer": [
                {"identifier": {"system": system, "value": value}} for system, value in performers
            ],
            **fields,
        },
    )


def task(*recipients: tuple[str, str], **fields: Any) -> Resource:
    """A discharge team hands a person over, as Tasks say it."""
    (owner, *others) = [
        {"identifier": {"system": system, "value": value}} for system, value in recipients
    ]
    made = resource(
        "Task",
        **{
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": SNOMED, "code": "306238000"}], "text": "Discharge"},
            "for": {"reference": "Patient/p1"},
            "authoredOn": days(-1),
            "owner": owner,
            "restriction": {"recipient": others},
            **fields,
        },
    )
    del made["subject"]
    return made


TEMPORARY = {
    "type": [{"coding": [{"system": "https://example.org/UKCore-RegistrationType", "code": "T"}]}]
}
TO_COUNCIL = ((ODS, "LBB01"), (f"{OWN}Id/team", "adult_social_care"))
REGISTERED = {"generalPractitioner": [{"identifier": {"system": ODS, "value": "G85001"}}]}

#: What is sent by whom → the relationship, and how many days from now it ends (``None``: open).
CARRIED = [
    ("gp_practice", patient(**REGISTERED), "registered-practice", None),
    ("gp_practice", episode("", **TEMPORARY), "temporary-registration", 82),
    (
        "gp_practice",
        episode("", **TEMPORARY, period={"start": days(-9), "end": days(5)}),
        "temporary-registration",
        5,
    ),
    ("nhs_trust", encounter("IMP", team="nhs_trust"), "admission", None),
    (
        "nhs_trust",
        encounter("IMP", status="finished", period={"start": days(-9), "end": days(-2)}),
        "admission",
        26,
    ),
    ("nhs_trust", encounter("EMER"), "attendance", None),
    (
        "nhs_trust",
        encounter("EMER", status="finished", period={"start": days(-3), "end": days(-2)}),
        "attendance",
        12,
    ),
    ("nhs_trust", appointment(), "appointment", 31),
    ("nhs_trust", appointment(status="fulfilled", start=days(-3)), "appointment", 25),
    (
        "out_of_hours",
        encounter("AMB", status="finished", period={"start": days(-1), "end": days(-1)}),
        "out-of-hours",
        2,
    ),
    ("nhs_trust", episode("nhs_trust", type=[{"text": "District nursing"}]), "caseload", None),
    (
        "nhs_trust",
        episode("nhs_trust", type=[{"text": "Community mental health team"}]),
        "caseload",
        None,
    ),
    ("nhs_trust", care_team("nhs_trust"), "caseload", None),
    ("nhs_trust", referral(), "referral", None),
    ("nhs_trust", referral(*TO_COUNCIL, team=""), "discharge-referral", None),
    ("nhs_trust", task(*TO_COUNCIL), "discharge-referral", None),
    ("adult_social_care", care_team("adult_social_care"), "allocated-worker", None),
    ("adult_social_care", episode("adult_social_care"), "social-care-service", None),
]
IDS = [f"{kind} {number}" for number, (*_, kind, _) in enumerate(CARRIED)]

Deliver = Callable[..., Any]


def held(as_login: Any) -> list[CareRelationship]:
    with as_login("pipeline"):
        found = CareRelationship.objects.select_related("team").order_by("pk")
        return [each for each in found if not each.valid_until or each.valid_until > timezone.now()]


def send(deliver: Deliver, sources: Sources, by: str, *sent: Resource) -> None:
    whole = sent if any(each["resourceType"] == "Patient" for each in sent) else (patient(), *sent)
    deliver(ndjson(*whole), of=sources.feeds[by])


@pytest.mark.parametrize(("by", "sent", "kind", "ends"), CARRIED, ids=IDS)
def test_evidence_opens_a_relationship_with_its_own_end(
    deliver: Deliver,
    sources: Sources,
    as_login: Any,
    by: str,
    sent: Resource,
    kind: str,
    ends: int | None,
) -> None:
    send(deliver, sources, by, sent)
    (relationship,) = held(as_login)
    assert relationship.kind == kind
    whose = "adult_social_care" if kind == "discharge-referral" else by
    assert relationship.organisation_id == sources.organisation(whose).pk
    if sent.get("extension") or kind == "discharge-referral":
        assert relationship.team == sources.teams[whose]
    if ends is None:
        assert relationship.valid_until is None
    else:
        left = relationship.valid_until - TODAY
        assert timedelta(days=ends, hours=-2) <= left <= timedelta(days=ends, hours=2)


def test_every_derived_kind_is_among_them() -> None:
    from access.models import MANUAL_KINDS

    assert {kind for *_, kind, _ in CARRIED} == set(RelationshipKind) - set(MANUAL_KINDS)


#: How each kind of resource says that it was never so, or is so no more.
ENDED = {
    "Encounter": ("entered-in-error", "cancelled"),
    "Appointment": ("entered-in-error", "cancelled"),
    "EpisodeOfCare": ("entered-in-error", "cancelled", "finished"),
    "CareTeam": ("entered-in-error", "inactive"),
    "ServiceRequest": ("entered-in-error", "revoked", "completed"),
    "Task": ("entered-in-error", "rejected", "cancelled", "failed", "completed"),
}
ENDINGS = [
    pytest.param(by, sent, status, id=f"{name} {status}")
    for (by, sent, _, ends), name in zip(CARRIED, IDS, strict=True)
    if ends is None or sent["resourceType"] == "Appointment"
    for status in ENDED.get(sent["resourceType"], ())
]


@pytest.mark.parametrize(("by", "sent", "status"), ENDINGS)
def test_what_lost_its_evidence_ends(
    deliver: Deliver, sources: Sources, as_login: Any, by: str, sent: Resource, status: str
) -> None:
    send(deliver, sources, by, sent)
    assert len(held(as_login)) == 1
    meta = {"lastUpdated": days(0)}
    send(deliver, sources, by, {**sent, "status": status, "meta": meta})
    assert held(as_login) == []
    with as_login("pipeline"):
        assert CareRelationship.objects.count() == 1, "it ends, and stays to be asked about"


def test_a_practice_that_names_itself_is_theirs_whatever_was_temporary_before(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    over = episode("", **TEMPORARY, status="finished", period={"start": days(-9), "end": days(-2)})
    send(deliver, sources, "gp_practice", over)
    assert held(as_login) == [], "a person sent without a practice was there for a time"
    later = patient(**REGISTERED, meta={"lastUpdated": "2026-02-01T10:00:00Z"})
    send(deliver, sources, "gp_practice", later)
    assert [each.kind for each in held(as_login)] == ["registered-practice"]


def test_leaving_a_practice_ends_the_registration(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    send(deliver, sources, "gp_practice", patient(**REGISTERED))
    assert len(held(as_login)) == 1
    moved = {"generalPractitioner": [{"identifier": {"system": ODS, "value": "G85999"}}]}
    later = patient(**moved, meta={"lastUpdated": "2026-02-01T10:00:00Z"})
    send(deliver, sources, "gp_practice", later)
    assert held(as_login) == []


def test_a_link_that_comes_into_doubt_ends_what_stood_on_it(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    send(deliver, sources, "nhs_trust", encounter("IMP"))
    assert len(held(as_login)) == 1
    with as_login("pipeline"):
        person = SourcePerson.objects.get()
        SourcePerson.objects.filter(pk=person.pk).update(link="in-doubt")
        RelationshipDue.objects.get_or_create(resident_id=person.resident_id)
        renew_due_relationships()
    assert held(as_login) == []


class TestReferrals:
    def test_to_another_organisations_team_is_that_teams_too(
        self, deliver: Deliver, sources: Sources, as_login: Any
    ) -> None:
        to_trust = ((ODS, "RJ2"), (f"{OWN}Id/team", "nhs_trust"))
        send(deliver, sources, "gp_practice", referral(*to_trust, team=""))
        relationship, registration = sorted(held(as_login), key=lambda each: each.kind)
        assert registration.kind == "registered-practice"
        assert (relationship.kind, relationship.team) == ("referral", sources.teams["nhs_trust"])

    def test_from_a_hospital_keeps_the_team_that_sent_it(
        self, deliver: Deliver, sources: Sources, as_login: Any
    ) -> None:
        send(deliver, sources, "nhs_trust", referral(*TO_COUNCIL))
        assert {(each.kind, each.team) for each in held(as_login)} == {
            ("referral", sources.teams["nhs_trust"]),
            ("discharge-referral", sources.teams["adult_social_care"]),
        }

    @pytest.mark.parametrize("status", ["received", "accepted", "ready", "in-progress", "on-hold"])
    def test_a_task_is_the_teams_until_it_is_settled(
        self, deliver: Deliver, sources: Sources, as_login: Any, status: str
    ) -> None:
        send(deliver, sources, "nhs_trust", task(*TO_COUNCIL, status=status))
        assert [each.kind for each in held(as_login)] == ["discharge-referral"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"status": "draft"},
            {"intent": "proposal"},
            {"restriction": {}},
            {"code": {"text": "Chase the referral letter"}},
            {"code": {"coding": [{"system": SNOMED, "code": "223452003"}]}},
        ],
        ids=["draft", "proposed", "to no team", "another task", "another code"],
    )
    def test_a_task_that_hands_nobody_over_opens_nothing(
        self, deliver: Deliver, sources: Sources, as_login: Any, changed: Resource
    ) -> None:
        send(deliver, sources, "nhs_trust", task(*TO_COUNCIL, **changed))
        assert held(as_login) == []

    def test_a_task_may_carry_out_a_referral_that_it_refers_to(
        self, deliver: Deliver, sources: Sources, as_login: Any
    ) -> None:
        fulfils = {"code": {"coding": [{"code": "fulfill"}]}}
        request = {"focus": {"reference": "ServiceRequest/s9"}}
        send(deliver, sources, "nhs_trust", task(*TO_COUNCIL, **fulfils, **request))
        (relationship,) = held(as_login)
        assert relationship.kind == "discharge-referral"
        assert relationship.team == sources.teams["adult_social_care"]

    @pytest.mark.parametrize(
        "performers",
        [((ODS, "LBB01"),), ((ODS, "LBB01"), (f"{OWN}Id/team", "no such")), ((ODS, "X99"),)],
    )
    def test_to_no_known_team_opens_nothing(
        self, deliver: Deliver, sources: Sources, as_login: Any, performers: Any
    ) -> None:
        send(deliver, sources, "nhs_trust", referral(*performers, team=""))
        assert held(as_login) == []

    def test_within_an_organisation_is_its_recipients(
        self, deliver: Deliver, sources: Sources, as_login: Any
    ) -> None:
        with as_login("pipeline"):
            other = factories.team(sources.organisation("nhs_trust"), code="other")
        within = ((ODS, "RJ2"), (f"{OWN}Id/team", "other"))
        send(deliver, sources, "nhs_trust", referral(*within))
        (relationship,) = held(as_login)
        assert relationship.team == other


def test_a_team_that_serves_the_whole_site_has_its_admissions(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    from access.facts import Relationship

    send(deliver, sources, "nhs_trust", encounter("IMP", team="nhs_trust"))
    send(deliver, sources, "nhs_trust", {**episode("nhs_trust"), "id": "x2"})
    admission, caseload = [
        Relationship(each.pk, each.kind, each.team_id, each.valid_from, each.valid_until)
        for each in sorted(held(as_login), key=lambda each: each.kind)
    ]
    for whole_site, has in ((True, [True, False]), (False, [False, False])):
        assert [
            is_of(each, membership=1, team=999_999, serves_whole_site=whole_site)
            for each in (admission, caseload)
        ] == has


_KILLED = """
import django, sys, time
django.setup()
from access import actions
renew = actions.renew_relationships
def renewed(derived):
    renew(derived)
    print("renewed", flush=True)
    time.sleep(600)
actions.renew_relationships = renewed
from records.actions import renew_due_relationships
renew_due_relationships()
"""


def test_a_worker_killed_half_way_leaves_the_row_which_is_the_job(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    send(deliver, sources, "nhs_trust", encounter("IMP"))
    with as_login("pipeline"):
        CareRelationship.objects.all().delete()
        person = SourcePerson.objects.get()
        RelationshipDue.objects.create(resident_id=person.resident_id)
    worker = subprocess.Popen(
        [sys.executable, "-c", _KILLED],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "CONNECTCARE_LOGIN": "pipeline",
            "DJANGO_SETTINGS_MODULE": "connectcare.settings",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "renewed\n", "it has done everything but commit"
        with as_login("pipeline"):
            assert renew_due_relationships() == 0, "another worker leaves it alone"
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.communicate()
    with as_login("pipeline"):
        assert not CareRelationship.objects.exists()
        assert RelationshipDue.objects.count() == 1
        while not renew_due_relationships():
            pass  # PostgreSQL has yet to notice that the worker's connection is gone
    assert len(held(as_login)) == 1


def beside(as_login: Any, what: Callable[[], None]) -> Thread:
    """Do something on a connection of its own, in another worker as it were."""

    def run() -> None:
        with as_login("pipeline"):
            what()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_what_changes_while_a_worker_derives_is_due_still(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    send(deliver, sources, "nhs_trust", encounter("IMP"))
    with as_login("pipeline"):
        resident = SourcePerson.objects.get().resident_id
        relationships_are_due([resident])
        with transaction.atomic():
            assert renew_due_relationships() == 1
            other = beside(as_login, lambda: relationships_are_due([resident]))
            other.join(timeout=60)
            assert not other.is_alive(), "whoever loads waits for nobody who derives"
        assert renew_due_relationships() == 1, "the worker had read what was before the change"


def test_all_is_renewed_only_when_another_worker_has_done_its_part(
    deliver: Deliver, sources: Sources, as_login: Any
) -> None:
    send(deliver, sources, "nhs_trust", encounter("IMP"))
    done: list[list[int]] = []
    with as_login("pipeline"):
        resident = SourcePerson.objects.get().resident_id
        relationships_are_due([resident])
        with transaction.atomic():
            assert renew_due_relationships() == 1
            other = beside(as_login, lambda: done.append(list(relationships_renewed())))
            other.join(timeout=0.5)
            assert other.is_alive(), "what another worker has in hand is not done"
        other.join(timeout=60)
        assert done == [[0]]
        assert list(relationships_renewed()) == []


def test_what_has_been_over_for_long_is_not_asked_for_and_would_change_nothing(
    deliver: Callable[..., Any], as_login: Any, sources: Sources, monkeypatch: Any
) -> None:
    """Contacts of every class, state and age around the longest period, and an old registration."""
    longest = longest_after(settings.RELATIONSHIP_PERIODS).days
    contacts = [
        {
            **encounter(of_class, status=status, period={"start": days(-500), "end": days(-ago)}),
            "id": f"{of_class}-{status}-{ago}",
        }
        for of_class in ("IMP", "EMER", "AMB")
        for status in ("in-progress", "finished", "planned", "unknown")
        for ago in (1, longest - 1, longest + 1, 400)
    ]
    without_end = [
        {**encounter("IMP", status=status, period={"start": days(-ago)}), "id": f"o-{status}-{ago}"}
        for status in ("in-progress", "finished")
        for ago in (1, 400)
    ]
    temporary = episode("", status="finished", period={"start": days(-900), "end": days(-800)})
    deliver(ndjson(patient(), *contacts, *without_end))
    deliver(ndjson(patient(), temporary), of=sources.feeds["gp_practice"])
    with as_login("pipeline"):
        residents = sorted(set(SourcePerson.objects.values_list("resident", flat=True)))
        asked = len(list(entry_actions._evidence_of_entries(residents)))
        derived = entry_actions._derive(residents)
        monkeypatch.setattr(entry_actions, "_CONTACTS", ())
        assert len(list(entry_actions._evidence_of_entries(residents))) > asked + 10
        everything = entry_actions._derive(residents)
    assert [len(each) for each in derived.values()] == [len(each) for each in everything.values()]
    assert {each.evidence for one in derived.values() for each in one} == {
        each.evidence for one in everything.values() for each in one
    }
    assert any(derived.values())
