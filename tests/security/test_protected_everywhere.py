"""A protected resident on every address of the portal: nothing tells where, or with whom.

Every address is asked as everybody who works with residents, about one resident whose world is
full of canaries: names of sources, teams, practitioners and places, addresses, telephone numbers,
codes, titles of documents, and words that staff typed. Asked about somebody who is not protected,
the same pages show them: so this can fail.

A new address is asked by itself; one with a new kind of part says in :func:`parts` which of these
residents' things it names.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse
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
from access.showing import NAMES_PEOPLE_ALONE, SHOWING
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
from records.sections import SECTIONS
from tests import factories
from tests.consent.letter_desk import words_of
from tests.security.test_matrix import every_pattern

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

#: Addresses that show the registry, deliveries or oneself, the same whomever one works with.
NOT_ABOUT_A_RESIDENT = {
    "looks",
    "reconciliation",
    "participating-organisations",
    "about",
    "what-is-shared",
    "your-choices",
    "opt-out",
    "privacy-notice",
    "policies",
    "access-rules",
    "accessibility-statement",
    "health-live",
    "health-ready",
    "health-proof",
    "health-feeds",
    "sign-in",
    "sign-in-code",
    "sign-in-recovery",
    "your-sign-in",
    "add-app",
    "remove-app",
    "new-codes",
    "sign-out",
    "signed-out",
    "stay-signed-in",
    "home",
    "choose-membership",
    "registry-organisations",
    "registry-organisation",
    "registry-telephones",
    "registry-add-contact",
    "registry-contact",
    "registry-add-site",
    "registry-site",
    "registry-add-team",
    "registry-team",
    "registry-staff",
    "registry-roles",
    "registry-join",
    "registry-upload",
    "registry-person",
    "registry-give-role",
    "registry-end-roles",
    "registry-proposals",
    "registry-proposal",
    "registry-history",
    "registry-return",
    "registry-refresh",
    "registry-recertify",
    "registry-let-in-again",
    "registry-sharing",
    "registry-agreement",
    "registry-role",
    "batches",
    "give-in-delivery",
    "batch",
    "load-batch-again",
    "replay-batch",
    "decide-batch",
    "held",
    "batch-as-json",
    "fhir-r4",
    "fhir-r4-metadata",
    "fhir-stu3",
    "fhir-stu3-metadata",
    "fhir-delivery",
}


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


# ── The walk ────────────────────────────────────────────────────────────────────────────────


#: Who is asked for every item by itself; the others for a few, because it is the same page.
READS_ALL = {"nurse", "social worker"}
ASKED_AS_WELL = {
    "record-section": ("", "?show=past"),
    "timeline": ("", "?over=month", "?part=people&source=a-gp-practice", "?page=2"),
}
FEW = 3


def parts(everything: Everything, who: str, client: Client) -> dict[str, list[Any]]:
    """What stands for each part of an address: the resident, and all that is theirs."""
    begun = client.post(reverse("record-choice", args=[everything.resident.public_id]))
    draft = begun["Location"].split("/")[2] if begun.status_code == 302 else str(uuid4())
    return {
        "resident": [everything.resident.public_id],
        "item": everything.items if who in READS_ALL else everything.items[:FEW],
        "category": [section.slug for section in SECTIONS],
        "alert": everything.alerts,
        "choice": everything.choices,
        "letter": everything.letters,
        "draft": [draft],
        "asked": [str(uuid4())],
        "slug": ["kind", "answer", "channel"],
        "other": everything.others,
        "question": everything.questions,
        "merge": everything.merges,
        "disclosure": everything.disclosures,
        "incident": everything.incidents,
        "referral": everything.referrals,
        "report": everything.reports,
        "staff": everything.staff,
        "account": everything.accounts,
        "line": [uuid4()],
        "public_id": [uuid4()],
    }


def addresses(everything: Everything, who: str, client: Client) -> Iterator[tuple[str, str]]:
    """Every address about a resident, with every thing of theirs in it."""
    fill = parts(everything, who, client)
    for pattern in every_pattern():
        if pattern.name in NOT_ABOUT_A_RESIDENT:
            continue
        names = sorted(pattern.pattern.regex.groupindex)
        unknown = set(names) - set(fill)
        assert not unknown, f"say in parts() what {unknown} of {pattern.name} stands for"
        for values in product(*(fill[name] for name in names)):
            yield pattern.name, reverse(pattern.name, kwargs=dict(zip(names, values, strict=True)))


def answers(everything: Everything) -> Iterator[tuple[str, str, HttpResponse]]:
    """(who, address's name, answer) for everybody and every address, and a search."""
    for who, client in everything.clients.items():
        client.post(reverse("open-record"), {"resident": str(everything.resident.public_id)})
        yield (
            who,
            "find-resident",
            client.post(
                reverse("find-resident"),
                {
                    "family_name": "Carter",
                    "birth_date-day": "3",
                    "birth_date-month": "3",
                    "birth_date-year": "1941",
                },
            ),
        )
        for name, address in addresses(everything, who, client):
            for query in ASKED_AS_WELL.get(name, ("",)):
                response = client.get(address + query)
                assert response.status_code < 500, (name, who)
                yield who, name, response


def whole(response: HttpResponse) -> str:
    """Everything that leaves: the page, its headers, and where it leads."""
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    if response["Content-Type"] == "application/pdf":
        return f"{headers} {words_of(response.content)}"
    page = BeautifulSoup(response.content, "html.parser")
    words = " ".join(page.get_text(" ").replace("\N{NO-BREAK SPACE}", " ").split())
    return f"{headers} {response.content.decode()} {words}"


def of_a_record() -> set[str]:
    """Pages of a record. Others say whose list they are, or from where somebody asks."""
    return set(SHOWING) - NAMES_PEOPLE_ALONE - {"inbox"}


def told(text: str, canaries: Iterable[str]) -> set[str]:
    folded = text.casefold()
    return {canary for canary in canaries if canary.casefold() in folded}


def test_nothing_tells_where_a_protected_resident_is_or_with_whom(
    everything: Everything, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        Resident.objects.filter(pk=everything.resident.pk).update(protection="R")
    shown: dict[str, set[str]] = {}
    leaks = []
    for who, name, response in answers(everything):
        if response.status_code == 200:
            shown.setdefault(name, set()).add(who)
        leaks += [(canary, name, who) for canary in told(whole(response), CANARIES)]
        if name in of_a_record() and response.status_code == 200:
            main = BeautifulSoup(response.content, "html.parser")
            main.header.decompose()
            if everything.own[who] in main.get_text():
                leaks.append(("the reader's own organisation", name, who))
    assert "\n".join(map(str, sorted(set(leaks)))) == ""
    assert {"record", "record-section", "record-item", "alerts", "alert"} <= set(shown)
    assert {"identity-question", "identity-merge", "identity", "join-residents"} <= set(shown)
    assert {"who-looked", "who-looked-file", "looks-of-staff", "looks-of-staff-file"} <= set(shown)
    assert {"account", "account-pdf", "account-large-print"} <= set(shown)
    # What was made for an address that is protected now is shown to nobody.
    assert "letters" in shown
    assert {"letter", "letter-pdf", "letter-large-print"}.isdisjoint(shown)
    assert {"disclosure", "disclosures", "propose-disclosure", "incident"} <= set(shown)
    assert {"nurse", "social worker"} <= shown["record"]
    assert {"nurse", "social worker"} <= shown["referral"]


def test_of_somebody_else_the_same_pages_show_it(everything: Everything) -> None:
    found: set[str] = set()
    for _, _, response in answers(everything):
        found |= told(whole(response), CANARIES)
    assert SHOWN - found == set(), "the walk above would not have seen these"


def test_every_address_that_is_left_out_is_there() -> None:
    names = {pattern.name for pattern in every_pattern() if isinstance(pattern, URLPattern)}
    assert NOT_ABOUT_A_RESIDENT - names == set()
