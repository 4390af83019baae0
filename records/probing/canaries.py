"""The canaries: made-up residents who refused, and made-up staff who would read them otherwise.

Each of the three kinds of refusal has one, because one hides the others. They live between
organisations that are as made up and take part in nothing, so that no real staff may know of them,
by search or by address: nobody has told these organisations' staff a password. What they hold is
always there to be found, so that a wall that falls is found within minutes, whoever is real.
"""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from access.models import CareRelationship, RelationshipKind
from access.reasons import AccessReason
from consent.effects import VERSION
from consent.models import Canary, Choice, Kind
from consent.references import new_reference
from consent.vocabulary import Answer, Channel, DecidedBy, Identifier
from identity.models import Resident, ResidentNhsNumber, SourcePerson
from identity.nhs_number import check_digit
from organisations.categories import Category
from organisations.models import (
    Feed,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    SharingAgreement,
    StaffMember,
)

#: What the canary council has sent of each canary.
_HELD = (Category.SOCIAL_CARE_SERVICES, Category.ALERTS)
#: Who would read a canary: the shipped roles of a kind of organisation.
_READERS = (
    (OrganisationKind.NHS_TRUST, "nurse"),
    (OrganisationKind.GP_PRACTICE, "doctor"),
    (OrganisationKind.OUT_OF_HOURS, "doctor"),
)
_LONG = timedelta(days=365 * 100)


@transaction.atomic
def make_canaries() -> bool:
    """Make the canaries, unless they are there; answers whether it did. By the pipeline's login.

    :raises Role.DoesNotExist: if the shipped roles are not loaded.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('canaries', 0))")
    if Canary.objects.exists():
        return False
    council = _organisation("CANARY0", "Canary council", OrganisationKind.ADULT_SOCIAL_CARE)
    feed = Feed.objects.create(
        organisation=council,
        format="fhir-r4",
        categories=sorted(_HELD),
        valid_from=timezone.now(),
    )
    adviser = _member(council, "contact-centre-adviser")
    readers = [
        _member(_organisation(f"CANARY{nth}", f"Canary {kind.label}", kind), role)
        for nth, (kind, role) in enumerate(_READERS, start=1)
    ]
    for reader in readers:
        SharingAgreement.objects.create(
            source=council,
            recipient=reader.organisation,
            categories=sorted(_HELD),
            valid_from=timezone.now(),
        )
    for nth, kind in enumerate(Kind):
        resident = _resident(nth, council, feed, readers)
        _refuse(resident, kind, council, adviser)
    return True


def _organisation(code: str, name: str, kind: OrganisationKind) -> Organisation:
    return Organisation.objects.create(
        ods_code=code,
        name=f"{name} (made up)",
        kind=kind,
        participates=False,
        valid_from=timezone.now(),
    )


def _member(at: Organisation, role: str) -> Membership:
    """Somebody who cannot sign in: they have no password, and no address to be sent one."""
    staff = StaffMember.objects.create_user(
        f"canary-{at.ods_code}".lower(), None, name=f"Canary of {at.name}"
    )
    return Membership.objects.create(
        staff=staff, organisation=at, role=Role.objects.get(code=role), valid_from=timezone.now()
    )


def _resident(nth: int, council: Organisation, feed: Feed, readers: list[Membership]) -> Resident:
    resident = Resident.objects.create(
        family_name="Canary",
        given_names=("Ash", "Birch", "Cedar")[nth],
        birth_date=date(1900, 1, 1 + nth),
        sex="unknown",
        known_to_all=False,
    )
    Canary.objects.create(resident=resident)
    ResidentNhsNumber.objects.create(resident=resident, number=_number(nth), status="02")
    person = _source_person(resident, council)
    for category in _HELD:
        _entry(person, feed, category)
    for reader in readers:
        _source_person(resident, reader.organisation)
        CareRelationship.objects.create(
            resident=resident,
            organisation=reader.organisation,
            kind=RelationshipKind.EXPRESS_CONSENT,
            evidence=f"canary {reader.pk}",
            valid_from=timezone.now(),
            valid_until=timezone.now() + _LONG,
            derived=False,
            membership=reader,
            declared_by=reader,
            reason=AccessReason.CONSENT_OTHER,
            words="A made-up resident, so that it is noticed if a refusal does not hold",
        )
    return resident


def _number(nth: int) -> str:
    """The last valid numbers of the range that is nobody's."""
    found = []
    for nine in range(999_999_900, 999_999_000, -1):
        digit = check_digit(str(nine))
        if digit is not None:
            found.append(f"{nine}{digit}")
        if len(found) > nth:
            break
    return found[nth]


def _source_person(resident: Resident, source: Organisation) -> SourcePerson:
    identifier = f"CANARY{resident.pk}"
    return SourcePerson.objects.create(
        resident=resident,
        source=source,
        identifier=identifier,
        link="linked",
        fingerprint=sha256(identifier.encode()).digest(),
    )


def _entry(person: SourcePerson, feed: Feed, category: Category) -> None:
    identifier = f"canary-{person.pk}-{int(category)}"
    row: dict[str, Any] = {
        "resident_id": person.resident_id,
        "source_id": person.source_id,
        "source_person_id": person.pk,
        "category": int(category),
        "sensitive": False,
        "kind": "canary",
        "status": "current",
        "source_status": "active",
        "effective": timezone.now(),
        "effective_precision": "day",
        "display": "Canary",
        "notes": [],
        "resource": "{}",
        "identifier": identifier,
        "fingerprint": sha256(identifier.encode()).digest(),
        "feed_id": feed.pk,
        "batch_id": 0,
        "negation": False,
        **dict.fromkeys(
            (
                "code_system",
                "code",
                "detail",
                "value_text",
                "unit",
                "range_text",
                "interpretation",
                "author",
                "author_role",
                "place",
                "phone",
                "contact_class",
                "team_code",
            ),
            "",
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into records_entry ({', '.join(row)})"  # noqa: S608 - this module's own names
            f" values ({', '.join(['%s'] * len(row))})",
            list(row.values()),
        )


def _refuse(resident: Resident, kind: Kind, council: Organisation, adviser: Membership) -> None:
    Choice.objects.create(
        reference=new_reference(),
        resident=resident,
        kind=kind,
        council=None if kind == Kind.CONNECT_CARE else council,
        answer=Answer.REFUSES,
        decided_by=DecidedBy.RESIDENT,
        channel=Channel.PHONE,
        identity_checked=sorted([Identifier.NAME, Identifier.BIRTH_DATE, Identifier.NHS_NUMBER]),
        explanation=VERSION,
        recorded_by=adviser.staff,
        recorded_as=adviser,
        submission=uuid4(),
    )
