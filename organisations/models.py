"""The registry: bodies, their groups and teams, what they send, and what they agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from audit.fields import UuidV7
from organisations.categories import Category
from organisations.history import RegistryChange
from organisations.periods import Period
from organisations.places import ODS_CODE, Contact, ContactKind, Site
from organisations.proposals import Proposal, ProposalKind
from organisations.reminders import Reminder, ReminderKind
from organisations.staff import Membership, Role, StaffMember

__all__ = [
    "Contact",
    "ContactKind",
    "Feed",
    "GroupMembership",
    "Membership",
    "Organisation",
    "OrganisationKind",
    "Proposal",
    "ProposalKind",
    "RegistryChange",
    "Reminder",
    "ReminderKind",
    "Role",
    "RulesEpoch",
    "SharingAgreement",
    "SharingDefault",
    "Site",
    "StaffMember",
    "Team",
]


class OrganisationKind(models.TextChoices):
    """What sort of body an organisation is."""

    GROUP = "group", "Group of organisations"
    GP_PRACTICE = "gp_practice", "GP practice"
    NHS_TRUST = "nhs_trust", "NHS trust"
    ADULT_SOCIAL_CARE = "adult_social_care", "Council adult social care"
    OUT_OF_HOURS = "out_of_hours", "Out-of-hours provider"

    @property
    def national_role(self) -> str:
        """The national directory's code of this kind's role (ODS); a group of ours has none."""
        return _NATIONAL_ROLES.get(self, "")


_NATIONAL_ROLES: Mapping[OrganisationKind, str] = {
    OrganisationKind.GP_PRACTICE: "RO76",
    OrganisationKind.NHS_TRUST: "RO197",
    OrganisationKind.ADULT_SOCIAL_CARE: "RO141",
    OrganisationKind.OUT_OF_HOURS: "RO80",
}


class SharingDefault(models.TextChoices):
    """What holds where a resident has not answered a council about their social care."""

    UNLESS_REFUSED = "unless-refused", "Shared unless the resident refuses"
    ONLY_AFTER_YES = "only-after-yes", "Shared only after the resident has agreed"


class Organisation(Period):
    """A body with an ODS code, or a group of such bodies, which has none."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    ods_code = models.CharField(
        max_length=10, unique=True, null=True, blank=True, validators=[ODS_CODE]
    )
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=OrganisationKind)
    participates = models.BooleanField(
        default=False, help_text="Named in the public list of participating organisations."
    )
    area = models.CharField(max_length=60, blank=True, help_text="The borough it serves.")
    postcode = models.CharField(max_length=8, blank=True)
    phone = models.CharField(max_length=30, blank=True)
    duty_phone = models.CharField(
        max_length=30, blank=True, help_text="Whom to ring when no social care is shown."
    )
    out_of_hours_phone = models.CharField(max_length=30, blank=True)
    sharing_default = models.CharField(
        max_length=20,
        choices=SharingDefault,
        default=SharingDefault.UNLESS_REFUSED,
        db_default=SharingDefault.UNLESS_REFUSED,
        help_text="A council's: whether its social care is shared where nobody has answered.",
    )
    members = models.ManyToManyField(
        "self",
        through="GroupMembership",
        through_fields=("group", "member"),
        symmetrical=False,
        related_name="groups",
    )

    class Meta(Period.Meta):
        ordering = ["name"]
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Q(kind="group", ods_code__isnull=True)
                | (~Q(kind="group") & Q(ods_code__regex=r"^[A-Z0-9]{1,10}$")),
                name="organisation_has_code_unless_group",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OrganisationKind.values), name="organisation_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(sharing_default=SharingDefault.UNLESS_REFUSED)
                | Q(
                    sharing_default=SharingDefault.ONLY_AFTER_YES,
                    kind=OrganisationKind.ADULT_SOCIAL_CARE,
                ),
                name="organisation_sharing_default_is_a_councils",
            ),
        ]
        indexes = [
            # Asked with every question about a resident's refusals.
            models.Index(
                fields=["id"],
                condition=Q(sharing_default="only-after-yes"),
                name="organisation_only_after_yes",
            )
        ]
        permissions = [("administer", "Can manage this organisation's staff and teams")]

    def __str__(self) -> str:
        return self.name


class GroupMembership(Period):
    """A practice's membership of a group, from–to."""

    group = models.ForeignKey(Organisation, models.PROTECT, related_name="group_members")
    member = models.ForeignKey(Organisation, models.PROTECT, related_name="member_of")

    class Meta(Period.Meta):
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(condition=~Q(group=F("member")), name="group_is_not_its_member"),
            models.UniqueConstraint(
                fields=["group", "member"],
                condition=Q(state="active", valid_until__isnull=True),
                name="group_member_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.group_id}"


class Team(Period):
    """Part of an organisation. A resident is cared for by teams, not by whole councils."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="teams")
    code = models.CharField(
        max_length=40, help_text="The source's own code for it, as its feed gives it."
    )
    name = models.CharField(max_length=120)
    serves_whole_site = models.BooleanField(
        default=False,
        help_text="On call, pharmacy, therapies, discharge: an admission there is its admission.",
    )
    phone = models.CharField(max_length=30, blank=True)
    site = models.ForeignKey(Site, models.PROTECT, related_name="teams", null=True, blank=True)

    class Meta(Period.Meta):
        ordering = ["organisation__name", "name"]
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(fields=["organisation", "code"], name="team_code_once"),
        ]

    def __str__(self) -> str:
        return self.name


class SharingAgreement(Period):
    """Source shows recipient these categories, on this legal basis, from–to.

    Either side may be a group, which stands for its members of the day. No agreement in force:
    no sharing. What is on ``trial`` is shown to the memberships that are its ``testers`` alone.
    """

    source = models.ForeignKey(Organisation, models.PROTECT, related_name="shows")
    recipient = models.ForeignKey(Organisation, models.PROTECT, related_name="is_shown")
    categories = ArrayField(models.SmallIntegerField(choices=Category.choices))
    trial = ArrayField(
        models.SmallIntegerField(choices=Category.choices), default=list, db_default=[], blank=True
    )
    testers = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    purpose = models.CharField(max_length=200, default="Direct care")
    legal_basis = models.CharField(
        max_length=200, default="UK GDPR 6(1)(e) and 9(2)(h); implied consent for direct care"
    )
    review_on = models.DateField(null=True, blank=True)
    assessment = models.URLField(
        blank=True, default="", db_default="", help_text="Where the impact assessment is read."
    )
    document = models.URLField(
        blank=True, default="", db_default="", help_text="Where the signed agreement is read."
    )

    class Meta(Period.Meta):
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Q(categories__contained_by=Category.values),
                name="agreement_categories_are_known",
            ),
            models.CheckConstraint(
                condition=Q(trial__contained_by=Category.values)
                & ~Q(trial__overlap=F("categories")),
                name="agreement_trial_is_of_other_categories",
            ),
            models.CheckConstraint(
                condition=Q(trial=[], testers=[]) | ~(Q(trial=[]) | Q(testers=[])),
                name="agreement_trial_has_testers",
            ),
        ]
        indexes = [
            # Asked with every decision, of the few on trial.
            models.Index(fields=["id"], condition=~Q(testers=[]), name="agreement_on_trial")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} shows {self.recipient_id}"


class Feed(Period):
    """What an organisation sends: its format, categories, and how often it is expected."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="feeds")
    format = models.CharField(max_length=30)
    categories = ArrayField(models.SmallIntegerField(choices=Category.choices))
    trusted_for_nhs_numbers = models.BooleanField(
        default=False,
        help_text="A number that it calls verified is taken as verified, where birth date and "
        "name agree.",
    )
    expected_every = models.DurationField(null=True, blank=True)
    last_received = models.DateTimeField(null=True, blank=True)

    class Meta(Period.Meta):
        constraints = [
            *Period.Meta.constraints,
            models.UniqueConstraint(fields=["organisation", "format"], name="feed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.format} from {self.organisation_id}"

    def is_late(self, at: datetime) -> bool:
        """Whether it has sent nothing for longer than it should, as the gate's facts say.

        What nobody expects, and what has never come, is not late.
        """
        if self.last_received is None or self.expected_every is None:
            return False
        return self.last_received + self.expected_every < at


class RulesEpoch(models.Model):
    """One row whose counter moves with every change of agreements, roles and memberships.

    A decision says on which epoch it stood; the database refuses to open a record on an older
    one. Moved by triggers, so that raw SQL moves it too.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_rules_epoch")]

    def __str__(self) -> str:
        return str(self.epoch)
