"""One open sitting and what may change under it, for the proof of immediacy.

A change is made by a second real connection, in a transaction that may have begun before the
sitting's, and is undone for the next round. ``left`` says which entries a new opening shows then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from identity.models import Resident
from organisations.categories import Category
from organisations.models import Membership
from tests import factories

#: What an entry is called: its source's name and its category's.
Display = str
ALL = frozenset(
    f"{category} of {source}"
    for category in ("Diagnosis", "Allergy")
    for source in ("trust", "practice", "member", "council")
)


def of(*sources: str) -> frozenset[Display]:
    """The entries of these sources."""
    return frozenset(display for display in ALL if display.split(" of ")[1] in sources)


@dataclass(frozen=True)
class Ward:
    """A nurse, their patient, and four sources: the practice shares by itself, ``member`` by its
    group."""

    nurse: Membership
    resident: Resident
    ids: dict[str, int]


def make_ward() -> Ward:
    """Write the ward through the connection in use (the pipeline's)."""
    trust = factories.organisation("trust")
    practice = factories.organisation("practice", kind="gp_practice")
    group = factories.organisation("group", kind="group")
    member = factories.organisation("member", kind="gp_practice", groups=[group])
    council = factories.organisation("council", kind="adult_social_care")
    team = factories.team(trust)
    nurse = factories.membership(at=trust, as_role="nurse", in_team=team)
    adviser = factories.membership(at=council, as_role="contact-centre-adviser")
    resident = factories.resident()
    narrower = factories.role("narrower", categories=[3], activities=nurse.role.activities)
    ids = {
        "staff": nurse.staff_id,
        "membership": nurse.pk,
        "role": nurse.role_id,
        "role without records": factories.role("receptionist").pk,
        "narrower role": narrower.pk,
        "recorder": adviser.staff_id,
        "recording": adviser.pk,
        "resident": resident.pk,
        "relationship": factories.relationship(resident, trust, team).pk,
        "team": team.pk,
        "trust": trust.pk,
        "council": council.pk,
        "practice": practice.pk,
        "agreement": factories.agreement(practice, trust).pk,
        "grouped": member.member_of.get().pk,
        "officer": factories.membership(at=trust, as_role="privacy-officer").pk,
        "second officer": factories.membership(at=trust, as_role="privacy-officer").pk,
    }
    factories.agreement(group, trust)
    factories.agreement(council, trust)
    for source in (trust, practice, member, council):
        feed = factories.feed(source)
        person = factories.source_person(resident, source)
        ids[f"person of {source.name}"] = person.pk
        ids[f"feed of {source.name}"] = feed.pk
        for category, word in ((Category.DIAGNOSES, "Diagnosis"), (Category.ALLERGIES, "Allergy")):
            factories.entry(person, category, f"{word} of {source.name}", from_feed=feed)
    return Ward(nurse, resident, ids)


@dataclass(frozen=True)
class Change:
    """A change and its undoing, as statements with the ward's ids in them."""

    name: str
    do: str
    undo: str
    left: frozenset[Display] = frozenset()


def _said(kind: str, answer: str) -> str:
    council = "null" if kind == "connect-care" else "{council}"
    return (
        "insert into consent_choice (reference, resident_id, kind, council_id, answer,"
        " effective_from, decided_by, decider_name, authority_seen, relayed_by, channel,"
        " explanation, recorded_by_id, recorded_as_id, submission, identity_checked) values"
        f" ('{{reference}}', {{resident}}, '{kind}', {council}, '{answer}', clock_timestamp(),"
        " 'resident', '', '', '', 'phone', 'test', {recorder}, {recording}, '{submission}',"
        " '{{name,birth-date,postcode}}')"
    )


def _set(table: str, row: str, new: str, old: str) -> tuple[str, str]:
    update = f"update organisations_{table} set %s where id = {{{row}}}"
    return update % new, update % old


def _suspend(table: str, row: str) -> tuple[str, str]:
    return _set(table, row, "state = 'suspended'", "state = 'active'")


def _end(table: str, row: str) -> tuple[str, str]:
    return _set(table, row, "valid_until = clock_timestamp()", "valid_until = null")


_RELATIONSHIP = "update access_carerelationship set valid_until = %s where id = {relationship}"
_PERSON = "update identity_sourceperson set link = '%s' where id = {person of practice}"
_WITHOUT_COUNCIL = of("trust", "practice", "member")
_WITHOUT_PRACTICE = of("trust", "member", "council")

CHANGES = (
    Change("opt-out", _said("connect-care", "refuses"), _said("connect-care", "consents")),
    Change(
        "refusal of social care",
        _said("social-care-sharing", "refuses"),
        _said("social-care-sharing", "consents"),
        _WITHOUT_COUNCIL,
    ),
    Change(
        "objection to the number",
        _said("nhs-number", "refuses"),
        _said("nhs-number", "consents"),
        _WITHOUT_COUNCIL,
    ),
    Change("relationship end", _RELATIONSHIP % "clock_timestamp()", _RELATIONSHIP % "null"),
    Change("membership end", *_end("membership", "membership")),
    Change("membership suspended", *_suspend("membership", "membership")),
    Change(
        "given a role that reads no records",
        *_set("membership", "membership", "role_id = {role without records}", "role_id = {role}"),
    ),
    Change(
        "given a narrower role",
        *_set("membership", "membership", "role_id = {narrower role}", "role_id = {role}"),
        frozenset(display for display in ALL if display.startswith("Diagnosis")),
    ),
    Change("organisation suspended", *_suspend("organisation", "trust")),
    Change("team suspended", *_suspend("team", "team")),
    Change("suspension", *_set("staffmember", "staff", "is_active = false", "is_active = true")),
    Change(
        "role change",
        *_set(
            "role",
            "role",
            "categories = '{{3}}'",
            "categories = '{{1,2,3,4,5,6,7,8,9,10,11,12,13,14,15}}'",
        ),
        frozenset(display for display in ALL if display.startswith("Diagnosis")),
    ),
    Change(
        "role reads no more",
        *_set(
            "role",
            "role",
            "activities = '{{find-residents}}'",
            "activities = '{{find-residents,read-records}}'",
        ),
    ),
    Change("agreement end", *_end("sharingagreement", "agreement"), _WITHOUT_PRACTICE),
    Change("group left", *_end("groupmembership", "grouped"), of("trust", "practice", "council")),
    Change("feed end", *_suspend("feed", "feed of practice"), _WITHOUT_PRACTICE),
    Change(
        "death long ago",
        "update identity_resident set deceased = true, deceased_on = '2020-01-01'"
        " where id = {resident}",
        "update identity_resident set deceased = false, deceased_on = null where id = {resident}",
    ),
    Change("doubt", _PERSON % "in-doubt", _PERSON % "linked", _WITHOUT_PRACTICE),
)


_DISCLOSE = (
    "with made as (insert into access_lawfuldisclosure (reference, submission, resident_id,"
    " organisation_id, ground, words, categories, valid_until, proposed_by_id, confirmed_by_id,"
    " confirmed_at) values ('{reference}', '{submission}', {resident}, {trust}, 'court-order',"
    " 'Ordered by the family court.', '{{3,5}}', clock_timestamp() + interval '7 days', {officer},"
    " {second officer}, clock_timestamp()) returning id)"
    " insert into access_disclosurerecipient (disclosure_id, membership_id)"
    " select id, {membership} from made"
)
_END_DISCLOSURE = (
    "update access_lawfuldisclosure set ended_by_id = {officer}, ended_at = clock_timestamp(),"
    " ended_words = 'No longer needed.' where ended_at is null"
)
#: Changes under a reader to whom the council's entries, which were refused, are disclosed.
DISCLOSED_CHANGES = (
    Change("disclosure end", _END_DISCLOSURE, _DISCLOSE, _WITHOUT_COUNCIL),
    Change("opt-out", _said("connect-care", "refuses"), _said("connect-care", "consents"), ALL),
    Change("relationship end", _RELATIONSHIP % "clock_timestamp()", _RELATIONSHIP % "null", ALL),
    Change("membership suspended", *_suspend("membership", "membership")),
    Change(
        "death long ago",
        "update identity_resident set deceased = true, deceased_on = '2020-01-01'"
        " where id = {resident}",
        "update identity_resident set deceased = false, deceased_on = null where id = {resident}",
        ALL,
    ),
)
#: Refuses the council's sharing, and discloses it.
DISCLOSED = (_said("social-care-sharing", "refuses"), _DISCLOSE)


def statement(text: str, ward: Ward) -> str:
    """A change's statement for a ward."""
    fresh = {"reference": f"CC-{uuid4().hex[:16]}", "submission": str(uuid4())}
    return text.format(**ward.ids, **fresh)


Between = Callable[[str], Any]
