"""Rows for tests, with sensible defaults: each function writes one and answers it.

They write through the connection in use, so call them where that may write::

    with as_login("pipeline"):
        trust = factories.organisation(kind="nhs_trust")
        nurse = factories.staff()
        factories.membership(nurse, trust, factories.role("nurse"))

Everyone is made up; NHS numbers begin with 999 and pass the check.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from access.models import CareRelationship
from consent.models import Choice
from identity.models import Resident, ResidentNhsNumber, ResidentPlace, SourcePerson
from identity.nhs_number import check_digit
from organisations.activities import Activity
from organisations.categories import CLINICIANS_READ, SOCIAL_WORKERS_READ, Category
from organisations.models import (
    Feed,
    GroupMembership,
    Membership,
    Organisation,
    Role,
    SharingAgreement,
    StaffMember,
    Team,
)

_numbers = count(1)
PASSWORD = "correct horse battery staple"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

_FIND_AND_READ = [Activity.FIND_RESIDENTS, Activity.READ_RECORDS]
_TREATS = [*_FIND_AND_READ, Activity.DECLARE_CARE, Activity.BREAK_GLASS]
_ROLES: dict[str, dict[str, Any]] = {
    "nurse": {"name": "Nurse", "categories": CLINICIANS_READ, "activities": _TREATS},
    "doctor": {"name": "Doctor", "categories": CLINICIANS_READ, "activities": _TREATS},
    "pharmacist": {
        "name": "Pharmacist",
        "categories": CLINICIANS_READ,
        "activities": [*_FIND_AND_READ, Activity.DECLARE_CARE],
    },
    "privacy-officer": {
        "name": "Privacy officer",
        "activities": [
            Activity.FIND_RESIDENTS,
            Activity.REVIEW_ALERTS,
            Activity.DISCLOSE_LAWFULLY,
            Activity.EXPLAIN_ACCESS,
            Activity.READ_AUDIT,
            Activity.TELL_WHO_LOOKED,
        ],
    },
    "caldicott-guardian": {
        "name": "Caldicott guardian",
        "activities": [
            Activity.FIND_RESIDENTS,
            Activity.REVIEW_ALERTS,
            Activity.DISCLOSE_LAWFULLY,
            Activity.EXPLAIN_ACCESS,
            Activity.READ_AUDIT,
            Activity.TELL_WHO_LOOKED,
            Activity.ADJUST_ROLES,
        ],
    },
    "medical-examiner": {
        "name": "Medical examiner",
        "categories": CLINICIANS_READ,
        "activities": [*_FIND_AND_READ, Activity.READ_AFTER_DEATH],
    },
    "social-worker": {
        "name": "Social worker",
        "categories": SOCIAL_WORKERS_READ,
        "activities": [
            *_FIND_AND_READ,
            Activity.DECLARE_CARE,
            Activity.RECORD_CHOICES,
            Activity.GIVE_NUMBERS,
        ],
    },
    "contact-centre-adviser": {
        "name": "Contact centre adviser",
        "activities": [
            Activity.FIND_RESIDENTS,
            Activity.RECORD_CHOICES,
            Activity.SEND_LETTERS,
            Activity.GIVE_NUMBERS,
        ],
    },
    "records-officer": {
        "name": "Records officer",
        "activities": [
            Activity.FIND_RESIDENTS,
            Activity.GIVE_NUMBERS,
            Activity.RESOLVE_IDENTITY,
        ],
    },
    "registry-administrator": {
        "name": "Registry administrator",
        "activities": [Activity.MANAGE_REGISTRY],
    },
    "organisation-administrator": {
        "name": "Organisation administrator",
        "activities": [Activity.MANAGE_ORGANISATION],
    },
    "source-system": {
        "name": "Source system",
        "activities": [Activity.READ_VERIFIED_NUMBERS],
    },
    "system-support": {
        "name": "System support",
        "activities": [Activity.LOAD_FEEDS, Activity.TRACE_FEEDS],
    },
    "receptionist": {"name": "Receptionist"},
}


def made_up_nhs_number(nth: int | None = None) -> str:
    """The nth valid NHS number of the 999 range; a fresh one without an argument."""
    start = nth if nth is not None else next(_numbers)
    for nine in range(999_000_000 + start * 20, 999_000_000 + start * 20 + 20):
        digit = check_digit(str(nine))
        if digit is not None:
            return f"{nine}{digit}"
    raise AssertionError("of twenty numbers at least one has a check digit")


def organisation(
    name: str = "",
    *,
    kind: str = "nhs_trust",
    code: str | None = None,
    participates: bool = True,
    groups: Iterable[Organisation] = (),
    **fields: Any,
) -> Organisation:
    """A body, by default an NHS trust that takes part; ``kind="group"`` has no code."""
    nth = next(_numbers)
    made = Organisation.objects.create(
        name=name or f"Organisation {nth}",
        kind=kind,
        ods_code=None if kind == "group" else code or f"T{nth:04}",
        participates=participates,
        **{"valid_from": LONG_AGO, **fields},
    )
    for group in groups:
        GroupMembership.objects.create(group=group, member=made, valid_from=LONG_AGO)
    return made


def team(of: Organisation, name: str = "", *, code: str = "", **fields: Any) -> Team:
    """A team of an organisation."""
    nth = next(_numbers)
    return Team.objects.create(
        organisation=of,
        name=name or f"Team {nth}",
        code=code or f"TEAM{nth}",
        **{"valid_from": LONG_AGO, **fields},
    )


def role(code: str = "nurse", **fields: Any) -> Role:
    """A role by its code, made once; the shipped roles' usual ones have their meaning."""
    found = Role.objects.filter(code=code).first()
    if found is not None and not fields:
        return found
    given = {"name": code.capitalize(), **_ROLES.get(code, {}), "valid_from": LONG_AGO, **fields}
    given["categories"] = sorted(given.get("categories", ()))
    given["activities"] = list(given.get("activities", ()))
    return Role.objects.create(code=code, **given)


def staff(username: str = "", name: str = "", *, password: str | None = None, **fields: Any):
    """A staff member. Hashing is slow: give ``password=factories.PASSWORD`` only to sign in."""
    nth = next(_numbers)
    return StaffMember.objects.create_user(
        username or f"staff{nth}", password, name=name or f"Sam Sample {nth}", **fields
    )


def membership(
    who: StaffMember | None = None,
    at: Organisation | None = None,
    as_role: Role | str = "nurse",
    *,
    in_team: Team | None = None,
    **fields: Any,
) -> Membership:
    """A staff member's role at an organisation; what is not given is made."""
    return Membership.objects.create(
        staff=who or staff(),
        organisation=at or organisation(),
        role=role(as_role) if isinstance(as_role, str) else as_role,
        team=in_team,
        **{"valid_from": LONG_AGO, **fields},
    )


def agreement(
    source: Organisation,
    recipient: Organisation,
    categories: Iterable[Category] = CLINICIANS_READ,
    **fields: Any,
) -> SharingAgreement:
    """Source shows recipient these categories."""
    return SharingAgreement.objects.create(
        source=source,
        recipient=recipient,
        categories=sorted(categories),
        **{"valid_from": LONG_AGO, **fields},
    )


def feed(
    of: Organisation,
    format: str = "fhir-r4",  # noqa: A002 - the model's word
    categories: Iterable[Category] = CLINICIANS_READ,
    **fields: Any,
) -> Feed:
    """What an organisation sends, received a moment ago."""
    return Feed.objects.create(
        organisation=of,
        format=format,
        categories=sorted(categories),
        **{
            "valid_from": LONG_AGO,
            "trusted_for_nhs_numbers": True,
            "last_received": timezone.now(),
            **fields,
        },
    )


def resident(
    family_name: str = "Sample",
    given_names: str = "Ruth",
    *,
    birth_date: date = date(1941, 3, 3),
    nhs_number: str | None = "",
    postcode: str = "SE13 6LH",
    known_to_all: bool = True,
    **fields: Any,
) -> Resident:
    """A resident with a verified number (``None`` for none) and a place."""
    made = Resident.objects.create(
        family_name=family_name,
        given_names=given_names,
        birth_date=birth_date,
        known_to_all=known_to_all,
        **{"sex": "female", **fields},
    )
    ResidentPlace.objects.create(
        resident=made, address_lines=["1 Sample Street", "London"], postcode=postcode
    )
    if nhs_number is not None:
        ResidentNhsNumber.objects.create(
            resident=made, number=nhs_number or made_up_nhs_number(), status="01"
        )
    return made


def source_person(
    whose: Resident,
    source: Organisation,
    *,
    identifier: str = "",
    link: str = "linked",
    **fields: Any,
) -> SourcePerson:
    """A source's idea of a resident."""
    named = identifier or f"MRN{next(_numbers)}"
    return SourcePerson.objects.create(
        resident=whose,
        source=source,
        identifier=named,
        link=link,
        **{"fingerprint": sha256(named.encode()).digest(), **fields},
    )


def relationship(
    whose: Resident,
    at: Organisation,
    in_team: Team | None = None,
    *,
    kind: str = "caseload",
    **fields: Any,
) -> CareRelationship:
    """Why an organisation, or a team of it, is involved in a resident's care: since yesterday."""
    return CareRelationship.objects.create(
        resident=whose,
        organisation=at,
        team=in_team,
        kind=kind,
        **{
            "evidence": f"evidence {next(_numbers)}",
            "valid_from": timezone.now() - timedelta(days=1),
            **fields,
        },
    )


def entry(
    person: SourcePerson,
    category: Category = Category.DIAGNOSES,
    display: str = "Asthma",
    *,
    from_feed: Feed | None = None,
    **fields: Any,
) -> UUID:
    """One item of a record, by its source person; answers its public id.

    Written in SQL: the key is the database's, and the model is not for writing.
    """
    sent_by = from_feed or Feed.objects.filter(organisation=person.source).first()
    assert sent_by is not None, "make a feed for the source first"
    identifier = f"entry-{next(_numbers)}"
    row: dict[str, Any] = {
        "resident_id": person.resident_id,
        "source_id": person.source_id,
        "source_person_id": person.pk,
        "category": int(category),
        "sensitive": False,
        "kind": "condition",
        "status": "current",
        "source_status": "active",
        "effective": timezone.now() - timedelta(days=2),
        "effective_precision": "day",
        "code_system": "http://snomed.info/sct",
        "code": "195967001",
        "display": display,
        "detail": "",
        "value_text": "",
        "unit": "",
        "range_text": "",
        "interpretation": "",
        "author": "Dr A Sample",
        "author_role": "Doctor",
        "place": "",
        "phone": "",
        "contact_class": "",
        "team_code": "",
        "negation": False,
        "notes": [],
        "resource": "{}",
        "identifier": identifier,
        "fingerprint": sha256(identifier.encode()).digest(),
        "feed_id": sent_by.pk,
        "batch_id": 1,
        **fields,
    }
    columns = ", ".join(row)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into records_entry ({columns}) values ({', '.join(['%s'] * len(row))})"
            " returning public_id",
            list(row.values()),
        )
        (public_id,) = cursor.fetchone()
    return UUID(str(public_id))


def copy_entry(cursor: CursorWrapper, of: UUID, times: int, *, apart: str) -> None:
    """Copy an entry so many times, each some interval of PostgreSQL's before the last."""
    cursor.execute(
        """
        insert into records_entry (resident_id, source_id, source_person_id, category,
            sensitive, kind, status, source_status, effective, effective_precision,
            code_system, code, display, detail, value_text, unit, range_text,
            interpretation, author, author_role, place, phone, contact_class, team_code,
            negation, notes, resource, identifier, fingerprint, feed_id, batch_id)
        select resident_id, source_id, source_person_id, category,
            sensitive, kind, status, source_status, effective - nth * %s::interval,
            effective_precision, code_system, code, display || ' ' || nth, detail,
            value_text, unit, range_text, interpretation, author, author_role, place,
            phone, contact_class, team_code, negation, notes, resource,
            identifier || '-' || nth, fingerprint, feed_id, batch_id
        from records_entry cross join generate_series(1, %s) as nth
        where public_id = %s
        """,
        [apart, times, of],
    )


def choice(
    whose: Resident,
    kind: str = "connect-care",
    answer: str = "refuses",
    *,
    council: Organisation | None = None,
    by: Membership | None = None,
    **fields: Any,
) -> Choice:
    """What a resident has said; by default an opt-out of Connect Care on the phone.

    One that is said to have held for some time was recorded then.
    """
    if by is None or (council is not None and by.organisation_id != council.pk):
        by = membership(at=council, as_role="contact-centre-adviser")
    asked = answer != "could-not-be-asked"
    starts = fields.get("effective_from")
    given: dict[str, Any] = {
        "decided_by": "resident" if asked else "",
        "not_asked_reason": "" if asked else "unwell",
        "identity_checked": ["name", "birth-date", "nhs-number"] if asked else [],
        "channel": "phone",
        "explanation": "test",
        "submission": uuid4(),
        **({"recorded_at": starts} if starts and starts <= timezone.now() else {}),
        **fields,
    }
    return Choice.objects.create(
        reference=f"CC-TEST{next(_numbers):06}",
        resident=whose,
        kind=kind,
        council=council,
        answer=answer,
        recorded_by=by.staff,
        recorded_as=by,
        **given,
    )
