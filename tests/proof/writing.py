"""A plain world as rows in PostgreSQL, keys and all: what is row 7 here is row 7 there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from django.db import connection
from django.utils import timezone

from access.acting import Acting
from access.models import CareRelationship
from access.reasons import AccessReason
from consent.models import Choice
from identity.models import Resident, ResidentPlace, SourcePerson
from notifications.models import Notice, NoticeKind
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
from records.statuses import EntryStatus
from tests.proof.worlds import COUNCIL, NOW, Death, Entry, Span, World

_SPACE = UUID("6c1f2a52-4d3b-4b7e-9a0d-3f0c8e5d1a77")
#: Far from the world's own members, none of whom need record anything.
_RECORDERS = 500_000
_STATUSES = (EntryStatus.CURRENT, EntryStatus.PAST, EntryStatus.PLANNED, EntryStatus.UNKNOWN)


def resident_id(number: int) -> UUID:
    """The public id of a world's resident."""
    return uuid5(_SPACE, f"resident {number}")


def entry_id(number: int) -> UUID:
    """The public id of a world's entry."""
    return uuid5(_SPACE, f"entry {number}")


def notice_id(entry: int, body: int) -> UUID:
    """The public id of the notice that tells an organisation of a world's entry."""
    return uuid5(_SPACE, f"notice of {entry} to {body}")


def is_told_of(entry: Entry, body: int) -> bool:
    """Whether there is such a notice: of every third entry, to all but its source."""
    return entry.id % 3 == 0 and entry.source != body


def referral_id(resident: int) -> UUID:
    """The public id of the referral that is about a world's resident, if there is one."""
    return uuid5(_SPACE, f"referral of {resident}")


def acting(membership: int, staff: int) -> Acting:
    """A member of a written world as the gate is told of them, read under the login in use."""
    found = Membership.objects.select_related("staff", "organisation", "team", "role")
    named = Acting.of(found.get(pk=membership))
    return replace(named, staff_id=staff, sitting=sitting_id(1))


def sitting_id(number: int) -> UUID:
    """A sitting of a world's member."""
    return uuid5(_SPACE, f"sitting {number}")


def write(world: World, as_login: Callable[[str], AbstractContextManager[None]]) -> None:
    """Write a world: as the pipeline, and what only the gate may write as the gate.

    The world's hour :data:`NOW` becomes this moment, so what begins with it has just begun and
    what ends with it has just ended.
    """
    writer = _Writer(timezone.now())
    with as_login("pipeline"):
        writer.write(world)
    with as_login("owner"), connection.cursor() as cursor:
        cursor.execute("set role connectcare_gate")
        writer.glasses(world, cursor)
        writer.disclosures(world, cursor)
        writer.watches(world, cursor)
        writer.referrals(world, cursor)


class _Writer:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def hour(self, hour: int) -> datetime:
        return self.now + timedelta(hours=hour - NOW)

    def span(self, span: Span) -> dict[str, Any]:
        until = None if span.end is None else self.hour(span.end)
        return {"state": span.state, "valid_from": self.hour(span.start), "valid_until": until}

    def write(self, world: World) -> None:
        self.registry(world)
        self.members(world)
        self.residents(world)
        self.entries(world)
        self.notices(world)

    def registry(self, world: World) -> None:
        Organisation.objects.bulk_create(
            Organisation(
                id=body.id,
                name=f"Body {body.id}",
                kind=body.kind,
                ods_code=f"B{body.id}",
                participates=body.participates,
                **self.span(body.span),
            )
            for body in world.bodies
        )
        Organisation.objects.bulk_create(
            Organisation(id=group, name=f"Group {group}", kind="group", **self.span(Span()))
            for group in world.groups
        )
        GroupMembership.objects.bulk_create(
            GroupMembership(group_id=row.group, member_id=row.member, **self.span(row.span))
            for row in world.grouped
        )
        SharingAgreement.objects.bulk_create(
            SharingAgreement(
                source_id=row.source,
                recipient_id=row.recipient,
                categories=sorted(row.covers),
                trial=sorted(row.trial),
                testers=sorted(row.testers),
                **self.span(row.span),
            )
            for row in world.agreements
        )
        Feed.objects.bulk_create(
            Feed(
                id=feed.id,
                organisation_id=feed.body,
                format=f"format-{feed.id}",
                categories=sorted(feed.sends),
                last_received=self.now,
                **self.span(feed.span),
            )
            for feed in world.feeds
        )

    def members(self, world: World) -> None:
        Team.objects.bulk_create(
            Team(
                id=team.id,
                organisation_id=team.body,
                code=f"T{team.id}",
                name=f"Team {team.id}",
                serves_whole_site=team.whole_site,
                **self.span(team.span),
            )
            for team in world.teams
        )
        Role.objects.bulk_create(
            Role(
                id=role.id,
                code=f"role-{role.id}",
                name=f"Role {role.id}",
                categories=sorted(role.reads),
                activities=sorted(role.activities),
                **self.span(role.span),
            )
            for role in world.roles
        )
        StaffMember.objects.bulk_create(
            StaffMember(id=number, username=f"s{number}", name=f"Staff {number}", is_active=active)
            for number, active in world.staff.items()
        )
        Membership.objects.bulk_create(
            Membership(
                id=member.id,
                staff_id=member.staff,
                organisation_id=member.body,
                team_id=member.team,
                role_id=member.role,
                **self.span(member.span),
            )
            for member in world.members
        )

    def residents(self, world: World) -> None:
        deaths = {death.resident: death for death in world.deaths}
        Resident.objects.bulk_create(
            Resident(
                id=number,
                public_id=resident_id(number),
                family_name="Sample",
                given_names=f"No {number}",
                known_to_all=known,
                **self.death(deaths.get(number)),
            )
            for number, known in world.residents.items()
        )
        ResidentPlace.objects.bulk_create(
            ResidentPlace(resident_id=number, postcode="SE13 6LH") for number in world.residents
        )
        SourcePerson.objects.bulk_create(
            SourcePerson(
                id=person.id,
                resident_id=person.resident,
                source_id=person.source,
                identifier=f"P{person.id}",
                link=person.link,
                fingerprint=sha256(b"").digest(),
            )
            for person in world.persons
        )
        CareRelationship.objects.bulk_create(
            CareRelationship(
                id=care.id,
                resident_id=care.resident,
                organisation_id=care.body,
                team_id=care.team,
                kind=care.kind,
                evidence=f"evidence {care.id}",
                valid_from=self.hour(care.start),
                valid_until=None if care.end is None else self.hour(care.end),
                derived=care.member is None,
                membership_id=care.member,
                declared_by_id=care.member,
                reason="" if care.member is None else AccessReason.SELF_REFERRAL,
                words="" if care.member is None else "They came to us themselves.",
            )
            for care in world.care
        )
        self.choices(world)

    def choices(self, world: World) -> None:
        """In the order in which they were said, each recorded by somebody who may."""
        recorders = {}
        for body in world.bodies:
            number = _RECORDERS + body.id
            StaffMember.objects.create(id=number, username=f"r{body.id}", name=f"Recorder {number}")
            recorders[body.id] = Membership.objects.create(
                id=number, staff_id=number, organisation_id=body.id, role_id=world.roles[0].id
            )
        first = recorders[world.bodies[0].id]
        Choice.objects.bulk_create(
            Choice(
                reference=f"CC-W{number}",
                resident_id=choice.resident,
                kind=choice.kind,
                council_id=choice.council,
                answer=choice.answer,
                effective_from=self.hour(choice.since),
                recorded_at=min(self.now, self.hour(choice.since)),
                decided_by="" if choice.answer == "could-not-be-asked" else "resident",
                not_asked_reason="unwell" if choice.answer == "could-not-be-asked" else "",
                identity_checked=["name", "birth-date", "postcode"],
                channel="phone",
                explanation="test",
                recorded_by_id=recorders.get(choice.council, first).staff_id,
                recorded_as_id=recorders.get(choice.council, first).id,
                submission=uuid5(_SPACE, f"choice {number}"),
            )
            for number, choice in enumerate(sorted(world.choices, key=lambda each: each.since))
        )

    def death(self, death: Death | None) -> dict[str, Any]:
        if death is None:
            return {}
        today = timezone.localdate(self.now)
        return {
            "deceased": True,
            "deceased_on": None if death.days is None else today - timedelta(days=death.days),
            "deceased_since": self.hour(death.heard),
        }

    def disclosures(self, world: World, cursor: Any) -> None:
        first, second = world.members[0].id, world.members[1].id
        bodies = {member.id: member.body for member in world.members}
        cursor.executemany(
            "insert into access_lawfuldisclosure (id, reference, submission, resident_id,"
            " organisation_id, ground, words, categories, valid_from, valid_until,"
            " proposed_by_id, confirm_by, confirmed_by_id, confirmed_at, ended_by_id, ended_at,"
            " ended_words) values (%s, %s, gen_random_uuid(), %s, %s, 'vital-interests',"
            " 'Not breathing, and alone.', %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    each.id,
                    f"LD-{each.id}",
                    each.resident,
                    bodies[each.members[0]],
                    sorted(each.names) or [1],
                    self.hour(each.start),
                    self.hour(each.end),
                    first,
                    None if each.due is None else self.hour(each.due),
                    None if each.confirmed is None else second,
                    None if each.confirmed is None else self.hour(each.confirmed),
                    first if each.ended else None,
                    self.hour(each.start) if each.ended else None,
                    "No longer needed." if each.ended else "",
                )
                for each in world.disclosures
            ],
        )
        cursor.executemany(
            "insert into access_disclosurerecipient (disclosure_id, membership_id) values (%s, %s)",
            [(each.id, member) for each in world.disclosures for member in each.members],
        )

    def glasses(self, world: World, cursor: Any) -> None:
        cursor.executemany(
            "insert into access_brokenglass (id, resident_id, membership_id, sitting, reason,"
            " words, began, ends_at, ended_at)"
            " values (%s, %s, %s, %s, %s, 'Unconscious on arrival.', %s, %s, %s)",
            [
                (
                    glass.id,
                    glass.resident,
                    glass.member,
                    sitting_id(glass.sitting),
                    AccessReason.BEST_INTERESTS,
                    self.hour(glass.start),
                    self.hour(glass.end),
                    self.hour(glass.start) if glass.ended else None,
                )
                for glass in world.glasses
            ],
        )

    def watches(self, world: World, cursor: Any) -> None:
        by = world.members[0]
        cursor.executemany(
            "insert into access_watch (id, resident_id, organisation_id, membership_id, words,"
            " began, ends_at, ended_at, ended_by_id, ended_words)"
            " values (%s, %s, %s, %s, 'A colleague may be looking.', %s, %s, %s, %s, %s)",
            [
                (
                    each.id,
                    each.resident,
                    by.body,
                    by.id,
                    self.hour(each.start),
                    self.hour(each.end),
                    self.hour(each.start) if each.ended else None,
                    by.id if each.ended else None,
                    "It was nobody." * each.ended,
                )
                for each in world.watches
            ],
        )
        cursor.executemany(
            "insert into access_watchreason (resident_id, membership_id, sitting, words, given)"
            " values (%s, %s, %s, 'Planning the discharge.', %s)",
            [
                (each.resident, each.member, sitting_id(each.sitting), self.hour(each.at))
                for each in world.said
            ],
        )

    def entries(self, world: World) -> None:
        feeds = {feed.body: feed.id for feed in world.feeds}
        rows = [
            (
                entry.id,
                entry_id(entry.id),
                entry.resident,
                entry.source,
                entry.person,
                entry.category,
                entry.sensitive,
                _STATUSES[entry.id % len(_STATUSES)],
                self.now - timedelta(days=entry.id % 400),
                f"Entry {entry.id}",
                f"entry {entry.id}",
                sha256(str(entry.id).encode()).digest(),
                feeds.get(entry.source, 0),
            )
            for entry in world.entries
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into records_entry (id, public_id, resident_id, source_id,"
                " source_person_id, category, sensitive, status, effective, display, identifier,"
                " fingerprint, feed_id, kind, source_status, effective_precision, code_system,"
                " code, detail, value_text, unit, range_text, interpretation, author, author_role,"
                " place, phone, contact_class, team_code, negation, notes, resource, batch_id)"
                f" values ({', '.join(['%s'] * 13)}, 'condition', '', 'day', '', '', '', '', '',"
                " '', '', '', '', '', '', '', '', false, '{}', '{}', 1)",
                rows,
            )

    def notices(self, world: World) -> None:
        """To whole organisations: whoever reads records there has them in the inbox."""
        Notice.objects.bulk_create(
            Notice(
                public_id=notice_id(entry.id, body.id),
                kind=NoticeKind.ASSESSMENT,
                resident_id=entry.resident,
                organisation_id=body.id,
                source_id=entry.source,
                identifier=f"entry {entry.id}",
                grant_key=entry.source * 64 + entry.category * 2 + entry.sensitive,
                happened=self.now,
            )
            for entry in world.entries
            for body in world.bodies
            if is_told_of(entry, body.id)
        )

    def referrals(self, world: World, cursor: Any) -> None:
        """One about each resident, by the first member of a trust to the first team of a council.

        Without the care relationship that sending one makes: the world has its own.
        """
        kinds = {body.id: body.kind for body in world.bodies}
        senders = [member for member in world.members if kinds[member.body] == "nhs_trust"]
        teams = [team for team in world.teams if kinds[team.body] == COUNCIL]
        if not senders or not teams:
            return
        sender, team, until = senders[0], teams[0], self.now + timedelta(days=14)
        for resident in world.residents:
            cursor.execute(
                "insert into discharge_referral (public_id, reference, resident_id, sender_id,"
                " recipient_id, recipient_team_id, begun, latest, until)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id",
                [
                    referral_id(resident),
                    f"DR-W{resident}",
                    resident,
                    sender.body,
                    team.body,
                    team.id,
                    self.now,
                    self.now,
                    until,
                ],
            )
            cursor.execute(
                "insert into discharge_referralstep (referral_id, number, step, organisation_id,"
                " membership_id, at, until, submission, needs, phone, told, because)"
                " values (%s, 1, 'sent', %s, %s, %s, %s, %s, 'Help with washing and dressing',"
                " '020 7946 0500', 'agrees', '')",
                [
                    cursor.fetchone()[0],
                    sender.body,
                    sender.id,
                    self.now,
                    until,
                    uuid5(_SPACE, f"referring {resident}"),
                ],
            )
