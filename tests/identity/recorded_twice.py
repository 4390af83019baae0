"""Ruth, who was recorded twice, and every row of both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from access.acting import Acting
from identity.merging import (
    MergeOutcome,
    merge,
)
from identity.models import (
    Cause,
    LinkQuestion,
    Resident,
    ResidentNhsNumber,
)
from organisations.categories import Category
from organisations.models import Membership, Organisation, Team
from tests import factories
from tests.conftest import AsLogin

Connect = Callable[[str], psycopg.Connection]


@dataclass
class Twice:
    """Ruth, who was recorded twice: known by her practice, and again by a trust."""

    trust: Organisation
    practice: Organisation
    council: Organisation
    ward: Team
    nurse: Membership
    adviser: Membership
    ruth: Resident
    again: Resident

    @property
    def acting(self) -> Acting:
        return Acting.of(self.nurse)

    def join(self, **changes: Any) -> int:
        answer = merge(
            **{"survivor": self.ruth.pk, "merged": self.again.pk, "cause": Cause.DUPLICATE}
            | changes
        )
        assert answer.outcome == MergeOutcome.MERGED, answer
        assert answer.merge_id is not None
        return answer.merge_id


@pytest.fixture
def twice(database: object, as_login: AsLogin) -> Any:
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
        practice = factories.organisation("Test practice", kind="gp_practice")
        council = factories.organisation("Test council", kind="adult_social_care")
        for source in (trust, practice, council):
            factories.feed(source)
            for recipient in (trust, practice, council):
                if source != recipient:
                    factories.agreement(source, recipient)
        ward = factories.team(trust, "Cedar ward")
        nurse = factories.membership(at=trust, as_role="nurse", in_team=ward)
        adviser = factories.membership(at=council, as_role="contact-centre-adviser")
        ruth = factories.resident("Carter", "Ruth")
        again = factories.resident(
            "Carter", "Rut", nhs_number=None, known_to_all=False, interpreter_needed=True
        )
        with_practice = factories.source_person(ruth, practice)
        with_council = factories.source_person(again, council, link="alone")
        with_trust = factories.source_person(again, trust, link="in-doubt")
        for person in (with_practice, with_council, with_trust):
            factories.entry(person, Category.ALLERGIES, f"Allergy from {person.source.name}")
            factories.entry(person, Category.DIAGNOSES, f"Diagnosis from {person.source.name}")
        factories.relationship(ruth, trust, ward, kind="admission")
        factories.relationship(again, council, kind="caseload")
        LinkQuestion.objects.create(
            source_person=with_trust, reason="number-belongs-to-another", candidate=ruth
        )
        LinkQuestion.objects.create(
            source_person=with_practice, reason="source-says-same", candidate=again
        )
        LinkQuestion.objects.create(resident=again, reason="no-match")
        ResidentNhsNumber.objects.create(
            resident=again, number=factories.made_up_nhs_number(), status="02", said_by="carer"
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into access_alert (reference, kind, organisation_id, membership_id,"
                " resident_id, relationship_id, raised, outcome)"
                " select 'CC-A1', 'self-declared', organisation_id, %s, resident_id, id, now(), ''"
                " from access_carerelationship where resident_id = %s",
                [nurse.pk, again.pk],
            )
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        cursor.execute(
            "insert into access_brokenglass (resident_id, membership_id, sitting, reason, words,"
            " began, ends_at) values (%s, %s, %s, '04', 'Unconscious on arrival.', now(),"
            " now() + interval '1 hour')",
            [again.pk, nurse.pk, uuid4()],
        )
    return Twice(trust, practice, council, ward, nurse, adviser, ruth, again)


# A row of every other table that names a resident, about Ruth as she was recorded again.
_EVERYTHING_ELSE = """
    insert into discharge_referral
        (reference, resident_id, sender_id, recipient_id, recipient_team_id, until)
    values ('DR-1', %(again)s, %(trust)s, %(council)s, %(team)s, now() + interval '1 month');
    insert into discharge_referralstep (referral_id, number, step, organisation_id, membership_id,
        until, submission, needs, phone, told, because)
    select id, 1, 'sent', sender_id, %(nurse)s, until, gen_random_uuid(),
        'Help to wash and dress.', '020 7946 0001', 'agrees', '' from discharge_referral;
    insert into notifications_notice (kind, resident_id, organisation_id, identifier, happened)
    values ('death', %(again)s, %(trust)s, '', now());
    insert into records_entryreport (reference, resident_id, source_id, source_person_id,
        entry_public_id, grant_key, category, identifier, what, words, membership_id)
    select 'WE-1', resident_id, source_id, source_person_id, public_id, grant_key, category,
        identifier, 'other-person', 'Another patient has this.', %(nurse)s
    from records_entry where resident_id = %(again)s order by id limit 1;
    insert into feeds_stoppedcase (source_id, identifier, resident_id)
    values (%(council)s, 'case 7', %(again)s);
    insert into access_lawfuldisclosure (reference, submission, resident_id, organisation_id,
        ground, words, categories, valid_until, proposed_by_id)
    values ('LD-1', gen_random_uuid(), %(again)s, %(trust)s, 'court-order',
        'The court has ordered that it be seen.', '{1}', now() + interval '1 day', %(nurse)s);
    insert into access_watch (resident_id, organisation_id, membership_id, words, began, ends_at)
    values (%(again)s, %(trust)s, %(nurse)s, 'A neighbour asks about her.', now(),
        now() + interval '1 day');
    insert into access_watchreason (resident_id, membership_id, sitting, words, given)
    values (%(again)s, %(nurse)s, gen_random_uuid(), 'Planning her discharge.', now());
    insert into consent_letter (choice_id, resident_id)
    select id, resident_id from consent_choice where resident_id = %(again)s
    on conflict do nothing
"""
#: What stays with whom it was about, or counts for both, and has rows all the same.
STAYS = {"access_lawfuldisclosure", "consent_choice", "consent_letter", "records_entryreport"}


def write_everything_else(twice: Twice, as_login: AsLogin, run_sql: Connect) -> None:
    """Write what only some tests need of Ruth as she was recorded again."""
    with as_login("pipeline"):
        factories.choice(twice.again, by=twice.adviser)
        team = factories.team(twice.council, "Duty team")
    admin = run_sql("admin")
    for statement in _EVERYTHING_ELSE.split(";"):
        admin.execute(
            statement,
            {
                "again": twice.again.pk,
                "trust": twice.trust.pk,
                "council": twice.council.pk,
                "team": team.pk,
                "nurse": twice.nurse.pk,
            },
        )
    admin.commit()


def without_a_row(
    dumped: dict[str, list[dict[str, Any]]], twice: Twice, run_sql: Connect
) -> set[tuple[str, str]]:
    """The columns that a merge moves, and those of ``STAYS``, in which ``again`` stands nowhere."""
    admin = run_sql("admin")
    columns = admin.execute(
        "select table_name, column_name from identity_tableaboutresident"
        " where on_merge = 'moves' or table_name = any (%s)",
        [sorted(STAYS)],
    ).fetchall()
    admin.rollback()
    return {
        (table, column)
        for table, column in columns
        if not any(row[column] == twice.again.pk for row in dumped[table])
    }


#: What a merge is not to leave as it was: jobs, counters, the log of the merge itself.
NOT_COMPARED = {
    "access_relationshipdue",
    "access_opening",
    "access_glimpse",
    "audit_event",
    "identity_merge",
    "identity_residentepoch",
}


def dump(run_sql: Connect) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that names a resident, and the residents, as an administrator."""
    admin = run_sql("admin")
    tables = {
        name for (name,) in admin.execute("select table_name from identity_tableaboutresident")
    } - NOT_COMPARED | {"identity_resident"}
    found = {}
    for table in sorted(tables):
        rows = admin.execute(f"select to_jsonb(t) from {table} t").fetchall()
        found[table] = sorted((row for (row,) in rows), key=json.dumps)
    admin.rollback()
    assert sum(map(len, found.values())) >= 20, "too little was written to be believed"
    return found


# ── Choices ─────────────────────────────────────────────────────────────────────────────────


def refusals(of: Resident) -> set[tuple[str, int | None]]:
    with connection.cursor() as cursor:
        cursor.execute("select kind, council_id from consent.refusals(%s, now())", [of.pk])
        return set(cursor.fetchall())
