"""A resident whose world is full of canaries, and everybody who works with residents there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from access import accounts
from access.acting import Acting
from access.disclosures import propose
from access.gate import consider
from access.grounds import Ground
from access.identity_check import Claimed
from access.models import Alert, AlertReview
from access.reasons import AccessReason
from access.restricted import break_glass, declare
from consent import letters as post
from consent.effects import VERSION
from consent.models import Choice, Letter
from consent.post import LetterState
from consent.proofs import Outcome as ProbeOutcome
from consent.proofs import ProbeResult, ProofIncident, Why
from discharge.models import Told
from discharge.referrals import Asked, send
from identity.actions import ask_about
from identity.merging import merge
from identity.models import (
    Cause,
    Merge,
    QuestionNote,
    Resident,
    ResidentNhsNumber,
    ResidentPlace,
    VerifiedAddress,
)
from identity.nhs_number import NhsNumber
from organisations.categories import Category
from organisations.models import Membership, Organisation, Team
from tests import factories

AsLogin = Callable[[str], AbstractContextManager[None]]

#: Names and words that tell where the resident is, or with whom. Each is made up of letters that
#: nothing else in the portal has.
SOURCES = {
    "gp_practice": "Qzpractice Surgery",
    "nhs_trust": "Qztrust Hospital",
    "adult_social_care": "Qzcouncil Social Care",
    "out_of_hours": "Qzoutofhours Service",
}
SHOWN = {
    *SOURCES.values(),
    "Qzmulberry team",
    "Dr Qzokafor",
    "Qzclinic, ground floor",
    "020 7946 0771",
    "Qzdetail",
    "Qztitle",
    "Qzletter",
    "Qzvalue",
    "Qzappointment",
    "Qzfacility",
    "Qzalert",
    "Qzperson",
    "Qzrole",
    "Qzstreet",
    "QZ9 9ZZ",
    "020 7946 0772",
    "QZP01",
    "Qzglass",
    "Qzinvolved",
    "Qzreview",
    "Qzrecorder",
    "Qzdecider",
    "Qzauthority",
    "Qzassessor",
    "Qzrelayer",
    "Qzjoined",
    "Qzverified",
    "Qznoted",
    "Qzneeds",
    "Qzreported",
}
#: Shown of nobody today; of the protected never.
NOT_SHOWN = {"QZO77", "020 7946 0773"}
CANARIES = SHOWN | NOT_SHOWN


@dataclass
class Everything:
    """The resident's world, and a client for everybody who works with residents there."""

    resident: Resident
    clients: dict[str, Client]
    items: list[UUID] = field(default_factory=list)
    alerts: list[UUID] = field(default_factory=list)
    choices: list[UUID] = field(default_factory=list)
    letters: list[UUID] = field(default_factory=list)
    others: list[UUID] = field(default_factory=list)
    questions: list[UUID] = field(default_factory=list)
    merges: list[UUID] = field(default_factory=list)
    disclosures: list[UUID] = field(default_factory=list)
    incidents: list[UUID] = field(default_factory=list)
    referrals: list[UUID] = field(default_factory=list)
    reports: list[UUID] = field(default_factory=list)
    staff: list[int] = field(default_factory=list)
    accounts: list[UUID] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def everything(database: object, as_login: AsLogin) -> Everything:
    with as_login("pipeline"):
        trust = factories.organisation("Readers trust", kind="nhs_trust", phone="020 7946 0100")
        council = factories.organisation("Readers council", kind="adult_social_care")
        sources = [
            factories.organisation(
                name,
                kind=kind,
                code=f"QZO7{number}",
                phone="020 7946 0773",
                duty_phone="020 7946 0773",
            )
            for number, (kind, name) in enumerate(SOURCES.items(), start=5)
        ]
        for source in (*sources, trust, council):
            factories.feed(source, categories=Category)
            for reader in (trust, council):
                if reader != source:
                    factories.agreement(source, reader, Category)
        resident = factories.resident("Carter", "Ruth", postcode="QZ9 9ZZ")
        ResidentPlace.objects.filter(resident=resident).update(
            address_lines=["1 Qzstreet"], phone="020 7946 0772", practice_code="QZP01"
        )
        mulberry = factories.team(trust, "Qzmulberry team")
        ward = factories.team(trust, "Readers ward")
        locality = factories.team(council, "Readers locality")
        people = {
            "nurse": factories.membership(at=trust, as_role="nurse", in_team=ward),
            "social worker": factories.membership(
                at=council, as_role="social-worker", in_team=locality
            ),
            "adviser": factories.membership(at=council, as_role="contact-centre-adviser"),
            "officer": factories.membership(at=trust, as_role="privacy-officer"),
            "records officer": factories.membership(at=trust, as_role="records-officer"),
            # Works with the resident in a team whose name tells where, and broke glass there.
            "doctor": factories.membership(at=trust, as_role="doctor", in_team=mulberry),
            "other doctor": factories.membership(at=trust, as_role="doctor", in_team=mulberry),
        }
        for at, team, kind in (
            (trust, ward, "admission"),
            (council, locality, "allocated-worker"),
        ):
            factories.relationship(resident, at, team, kind=kind)
        third = factories.team(trust, "Qzmulberry team", code="THIRD")
        factories.relationship(resident, trust, third, kind="caseload")
        items = [
            item
            for source in (*sources, trust, council)
            for person in [factories.source_person(resident, source)]
            for category in Category
            for item in entries(person, category, source, all_ways=source == sources[0])
        ]
        recorder = factories.membership(
            factories.staff(name="Qzrecorder"), council, "contact-centre-adviser"
        )
        choices = [
            factories.choice(
                resident, kind, "consents", council=of, by=recorder, explanation=VERSION, **said
            ).public_id
            for kind, of, said in (
                ("connect-care", None, {}),
                (
                    "social-care-sharing",
                    council,
                    {
                        "decided_by": "attorney",
                        "decider_name": "Qzdecider",
                        "authority_seen": "Qzauthority",
                        "assessment": "Qzassessor",
                        "relayer": "professional",
                        "relayed_by": "Qzrelayer",
                    },
                ),
            )
        ]
        VerifiedAddress.objects.create(
            resident=resident,
            lines=["1 Qzverified"],
            postcode="SE1 9ZZ",
            checked=timezone.now(),
            service="stand-in",
        )
        made = [post.look_at(letter) for letter in post.due()]
        assert made == [LetterState.READY] * len(choices)
    raise_alerts(resident, people, as_login)
    disclosures = [disclose(resident, people, as_login)]
    referrals = [refer(resident, people["other doctor"], locality, as_login)]
    with as_login("pipeline"):
        resolver = factories.membership(at=sources[0], as_role="records-officer")
        incidents = [incident_of(choices[0])]
        others, questions, merges = work_of_records_officers(resident, resolver)
        alerts = list(Alert.objects.order_by("pk"))
        letters = list(Letter.objects.order_by("pk").values_list("public_id", flat=True))
        assert len(alerts) == 2
        for alert in alerts:
            AlertReview.objects.create(
                alert=alert,
                outcome="investigate",
                words="Qzreview",
                membership=people["officer"],
                at=timezone.now(),
            )
    clients = {}
    for name, membership in people.items():
        if "doctor" in name:
            continue  # the head of every page of theirs names their own team
        clients[name] = Client()
        clients[name].force_login(membership.staff)
    with as_login("pipeline"):
        reports = [reported(entry, people["nurse"]) for entry in own_entries(resident, trust)]
        number = ResidentNhsNumber.objects.filter(resident=resident).values_list("number")[0][0]
    account = told_who_looked(resident, number, people["officer"])
    return Everything(
        resident=resident,
        clients=clients,
        items=items,
        alerts=[alert.public_id for alert in alerts],
        choices=choices,
        letters=letters,
        others=others,
        questions=questions,
        merges=merges,
        disclosures=disclosures,
        incidents=incidents,
        referrals=referrals,
        reports=reports,
        staff=[people["nurse"].staff_id],
        accounts=[account],
        own={name: membership.organisation.name for name, membership in people.items()},
    )


def work_of_records_officers(
    resident: Resident, resolver: Membership
) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Somebody to compare with, a question with a note, and a merge: by one of a source's staff."""
    other = factories.resident("Carter", "Ruth")
    question = ask_about(resident, "superseded-conflict", candidate=other)
    QuestionNote.objects.create(question=question, words="Asked at Qznoted", by=resolver)
    twice = factories.resident("Carter", "R", nhs_number=None, known_to_all=False)
    merge(
        survivor=resident.pk,
        merged=twice.pk,
        cause=Cause.DUPLICATE,
        words="Both live at Qzjoined",
        by=resolver.pk,
    )
    made = list(Merge.objects.values_list("public_id", flat=True))
    return [other.public_id], [question.public_id], made


def entries(
    person: Any, category: Category, source: Organisation, *, all_ways: bool
) -> Iterator[UUID]:
    """What a source might write: by hand, and with a code behind it; or one of these ways."""
    letter = {
        "contentType": "text/plain",
        "title": "Qztitle",
        "data": base64.b64encode(b"Qzletter").decode(),
    }
    names = {
        Category.APPOINTMENTS: "Qzappointment",
        Category.CONTACTS: "Qzfacility",
        Category.DOCUMENTS: "Qztitle",
        Category.PEOPLE_INVOLVED: "Qzperson",
        Category.SOCIAL_CARE_SERVICES: "Qzfacility",
        Category.SOCIAL_CARE_ASSESSMENTS: "Qztitle",
    }
    free = {Category.ALERTS, Category.SAFEGUARDING, Category.CARE_PLANS}
    ways = (
        (names.get(category, "Qzalert" if category in free else "Asthma"), ""),
        (f"Asthma, seen at {source.name}", "195967001"),
        ("Reviewed by Dr Qzokafor", "195967001"),
        ("At Qzclinic, ground floor", "195967001"),
        ("Ring 020 7946 0771", "195967001"),
    )
    for name, code in ways if all_ways else [ways[(source.pk + category) % len(ways)]]:
        yield factories.entry(
            person,
            category,
            name,
            code=code,
            detail=f"Qzdetail at {source.name}; Take 1 tablet daily",
            value_text="Qzvalue 020 7946 0771" if category == Category.LAB_RESULTS else "",
            unit=f"per {source.name}",
            range_text="as Dr Qzokafor gave it",
            source_status="moved to Qzfacility",
            author="Dr Qzokafor",
            author_role="Qzrole nurse",
            place="Qzclinic, ground floor",
            phone="020 7946 0771",
            notes=["Qzdetail"],
            resource=json.dumps({"content": [{"attachment": letter}]}),
        )


def raise_alerts(resident: Resident, people: dict[str, Membership], as_login: AsLogin) -> None:
    for name, act in (("doctor", glass), ("other doctor", involved)):
        with as_login("web"), transaction.atomic():
            acting = Acting.of(people[name], sitting=uuid4())
            assert act(acting, resident.public_id).opens


def disclose(resident: Resident, people: dict[str, Membership], as_login: AsLogin) -> UUID:
    """A lawful disclosure to somebody of a team whose name tells where, not confirmed yet."""
    with as_login("web"), transaction.atomic():
        outcome, _, made = propose(
            Acting.of(people["officer"]),
            resident.public_id,
            ground=Ground.COURT_ORDER,
            words="Order of the court.",
            categories=[Category.DIAGNOSES],
            recipients=[people["doctor"].pk],
            until=timezone.localdate() + timedelta(days=7),
            on_call=False,
            submission=uuid4(),
            request_id=str(uuid4()),
        )
    assert outcome == "proposed"
    assert made is not None
    return made


def refer(resident: Resident, doctor: Membership, team: Team, as_login: AsLogin) -> UUID:
    """A referral to a council's team by somebody of a team whose name tells where."""
    with as_login("web"), transaction.atomic():
        acting = Acting.of(doctor, sitting=uuid4())
        outcome, made = send(
            acting,
            consider(acting, resident.public_id),
            resident.public_id,
            team=team.pk,
            asked=Asked(None, "Qzneeds help with dressing", "020 7946 0771", Told.AGREES),
            submission=uuid4(),
            request_id=str(uuid4()),
        )
    assert outcome == "sent"
    assert made is not None
    return made


def own_entries(resident: Resident, source: Organisation) -> list[UUID]:
    """One entry of the officers' own organisation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select public_id from records_entry where resident_id = %s and source_id = %s"
            " order by id limit 1",
            [resident.pk, source.pk],
        )
        return [public_id for (public_id,) in cursor.fetchall()]


def reported(entry: UUID, by: Membership) -> UUID:
    """A report of it, with words that tell where."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into records_entryreport (reference, resident_id, source_id, source_person_id,"
            " entry_public_id, grant_key, category, identifier, what, words, membership_id)"
            " select 'WE-QZ22QZ22', resident_id, source_id, source_person_id, public_id, grant_key,"
            " category, identifier, 'not-so', 'Moved to Qzreported', %s"
            " from records_entry where public_id = %s returning public_id",
            [by.pk, entry],
        )
        (made,) = cursor.fetchone()
    return UUID(str(made))


def incident_of(choice: UUID) -> UUID:
    """That a choice of theirs was found not to hold."""
    of = Choice.objects.get(public_id=choice)
    found = ProbeResult.objects.create(
        choice=of,
        why=Why.RECORDED,
        elapsed=timedelta(seconds=1),
        readers=1,
        asked={"rows": 1},
        shown={"rows": 1},
        faults=0,
        outcome=ProbeOutcome.SHOWN,
    )
    made = ProofIncident.objects.create(reference="IN-QZ22QZ22", choice=of, found=found)
    return made.public_id


def glass(acting: Acting, resident: UUID) -> Any:
    return break_glass(
        acting,
        resident,
        reason=AccessReason.BEST_INTERESTS,
        words="Collapsed at Qzglass",
        request_id=str(uuid4()),
    )


def told_who_looked(resident: Resident, number: str, officer: Membership) -> UUID:
    """An account that was begun before the resident was protected."""
    claimed = Claimed(
        family_name=resident.family_name,
        given_name=resident.given_names,
        birth_date=resident.birth_date,
        nhs_number=NhsNumber(number),
    )
    with transaction.atomic():
        _, made = accounts.begin(
            claimed, resident.public_id, days=90, by=Acting.of(officer), request_id=str(uuid4())
        )
    assert made is not None
    return made


def involved(acting: Acting, resident: UUID) -> Any:
    from access.models import RelationshipKind

    return declare(
        acting,
        resident,
        kind=RelationshipKind.SELF_DECLARED,
        reason=AccessReason.BEST_INTERESTS,
        words="Seen with Qzinvolved",
        request_id=str(uuid4()),
    )
