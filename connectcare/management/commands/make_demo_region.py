"""Make the demo's region: its registry, its residents through the real pipeline, its staff."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from access.acting import Acting
from connectcare.demo import CHOICES, LATE_SOURCE, PASSWORD, PEOPLE, SEED, DemoPerson
from connectcare.demo_region import load_residents, make_late
from connectcare.environment import Profile
from consent.actions import record_choice
from consent.effects import VERSION
from consent.said import Said
from consent.vocabulary import FEWEST_IDENTIFIERS, Channel, DecidedBy, Identifier
from identity.models import ResidentNhsNumber, ResidentPlace, VerifiedAddress
from organisations import actions as registry
from organisations.configuration import DEMO
from organisations.loading import enter_default_feed, load_organisations, load_shipped_roles
from organisations.models import (
    Feed,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    StaffMember,
    Team,
)
from organisations.shipped import FEED_CATEGORIES
from region.make_region import residents
from region.organisations import DEFAULT_ORGANISATIONS, TEAMS, TeamKind
from region.sending import forms_of

#: Made last, so that they are there only if everything else is.
LAST_MADE = PEOPLE[-1].username


class Command(BaseCommand):
    """``make_demo_region``: does nothing if it is there; goes on where it stopped if half is."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--residents",
            type=int,
            default=0,
            help="so many before it ends; without it the people of note (load_region has the rest)",
        )
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument("--today", type=date.fromisoformat, help="of the region (today)")

    def handle(self, **options: Any) -> None:
        """Make what is missing.

        :raises CommandError: outside the demo's and the tests' profiles.
        """
        if settings.PROFILE == Profile.PRODUCTION:
            raise CommandError(
                "The demo's people and password are public. Set CONNECTCARE_PROFILE=demo to make "
                "them in an installation that is not production."
            )
        if StaffMember.objects.filter(username=LAST_MADE).exists():
            # What a later version ships for people, roles and feeds comes to an older region too.
            load_shipped_roles(by=None)
            _make_feeds()
            _make_staff()
            self.stdout.write("The demo region is there.")
            return
        make_registry()
        today = options["today"] or timezone.localdate()
        wanted = residents(options["seed"], options["residents"], today)
        loaded = load_residents(wanted, seed=options["seed"], today=today)
        self.stdout.write(f"Loaded {loaded.residents:,} made-up residents.")
        make_late(LATE_SOURCE)
        _make_choices()
        _make_staff()


@transaction.atomic
def make_registry() -> None:
    """The region's organisations with their feeds, agreements and teams, and nobody in them."""
    load_shipped_roles(by=None)
    load_organisations(DEMO, by=None)
    groups = {
        group.area: group for group in Organisation.objects.filter(kind=OrganisationKind.GROUP)
    }
    for practice in DEFAULT_ORGANISATIONS.practices:
        entered = registry.enter_organisation(
            by=None,
            code=practice.code,
            name=practice.name,
            kind=OrganisationKind.GP_PRACTICE,
            area=practice.borough,
        )
        registry.enter_group_member(by=None, group=groups[practice.borough], member=entered)
        enter_default_feed(entered, by=None)
    _make_feeds()
    organisations = {row.ods_code: row for row in Organisation.objects.exclude(ods_code=None)}
    for team in TEAMS:
        registry.create_team(
            by=None,
            organisation=organisations[team.organisation],
            code=team.code,
            name=f"{team.name}, {team.site}" if team.site else team.name,
            phone=team.phone,
            serves_whole_site=team.kind is TeamKind.HOSPITAL_DISCHARGE,
        )


def _make_feeds() -> None:
    """A feed for each form in which an organisation of the region sends."""
    for each in DEFAULT_ORGANISATIONS.all():
        organisation = Organisation.objects.get(ods_code=each.code)
        for form in forms_of(each.code, DEFAULT_ORGANISATIONS):
            registry.enter_feed(
                by=None,
                organisation=organisation,
                format=form.value,
                categories=FEED_CATEGORIES[OrganisationKind(organisation.kind)],
                trusted_for_nhs_numbers=True,
            )
    # Nobody sends to a demo every day.
    late = Feed.objects.filter(organisation__ods_code=LATE_SOURCE, last_received__isnull=False)
    Feed.objects.exclude(pk__in=late).update(expected_every=timedelta(days=3650))


@transaction.atomic
def _make_staff() -> None:
    for person in PEOPLE:
        _make_person(person)


def _make_person(person: DemoPerson) -> None:
    staff = registry.create_staff(
        by=None,
        username=person.username,
        name=person.name,
        email=person.email,
        password=PASSWORD,
    )
    for each in person.memberships:
        organisation = Organisation.objects.get(ods_code=each.organisation)
        registry.add_membership(
            by=None,
            staff=staff,
            organisation=organisation,
            role=Role.objects.get(code=each.role),
            team=Team.objects.get(organisation=organisation, code=each.team) if each.team else None,
        )
    if person.administers:
        registry.let_administer(
            by=None, staff=staff, organisation=Organisation.objects.get(ods_code=person.administers)
        )


@transaction.atomic
def _make_choices() -> None:
    codes = sorted({said.council for said in CHOICES})
    advisers = {code: _adviser_of(Organisation.objects.get(ods_code=code)) for code in codes}
    for said in CHOICES:
        number = ResidentNhsNumber.objects.get(number=said.nhs_number, valid_until=None)
        council = Organisation.objects.get(ods_code=said.council)
        if said.has_verified_address:
            _verify_address(number.resident_id)
        record_choice(
            by=Acting.of(advisers[said.council]),
            resident_id=number.resident_id,
            said=Said(
                kind=said.kind,
                council=council.pk,
                answer=said.answer,
                decided_by=DecidedBy.RESIDENT,
                channel=Channel.PHONE,
                explanation=VERSION,
                identity_checked=tuple(Identifier)[:FEWEST_IDENTIFIERS],
            ),
            submission=uuid4(),
            request_id=str(uuid4()),
        )


def _verify_address(resident_id: int) -> None:
    """As a trace would: the demo's stand-in says of everybody what their practice says."""
    place = ResidentPlace.objects.get(resident=resident_id)
    VerifiedAddress.objects.update_or_create(
        resident_id=resident_id,
        defaults={
            "lines": place.address_lines,
            "postcode": place.postcode,
            "checked": timezone.now(),
            "service": "stand-in",
        },
    )


def _adviser_of(council: Organisation) -> Membership:
    staff = registry.create_staff(
        by=None, username=f"adviser-{council.ods_code}".lower(), name=f"Adviser at {council.area}"
    )
    return registry.add_membership(
        by=None,
        staff=staff,
        organisation=council,
        role=Role.objects.get(code="contact-centre-adviser"),
    )
