"""What residents have said, what was decided about an objection, and what is not finished yet."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit.fields import UuidV7
from consent.journal import ChoiceToJournal
from consent.post import Letter, PostNote
from consent.proofs import Canary, ProbeDue, ProbeResult, ProofIncident
from consent.reconciling import Reconciliation
from consent.requests import ChoiceRequest, RequestStep
from consent.vocabulary import (
    ASSESSED,
    COUNCIL_KINDS,
    FEWEST_IDENTIFIERS,
    NOBODY_DECIDED,
    THEMSELVES,
    Answer,
    Channel,
    DecidedBy,
    Identifier,
    Kind,
    NotAskedReason,
    Relayer,
    WithdrawnBecause,
)

__all__ = [
    "Answer",
    "Canary",
    "Channel",
    "Choice",
    "ChoiceDraft",
    "ChoiceRequest",
    "ChoiceToJournal",
    "DecidedBy",
    "Kind",
    "Letter",
    "NotAskedReason",
    "PostNote",
    "ProbeDue",
    "ProbeResult",
    "ProofIncident",
    "PublishedNotice",
    "Reconciliation",
    "RequestStep",
    "Ruling",
]

_NOT_ASKED = Q(answer=Answer.NOT_ASKED)
#: Nobody decided: nobody could be asked, or a mistake is taken back.
_UNDECIDED = _NOT_ASKED | Q(withdrawn_because__in=sorted(NOBODY_DECIDED))


class ChoiceQuerySet(models.QuerySet["Choice"]):
    """Choices of a resident."""

    def said(self) -> ChoiceQuerySet:
        """Newest first, as a history reads."""
        return self.order_by("-recorded_at", "-id")


class Choice(models.Model):
    """One asking and its answer.

    The answer in force for a kind (and council) is that of the latest choice whose time has come,
    leaving out those where nobody could be asked, those that were taken back, and objections that
    were not upheld. The database keeps the rows from being changed or deleted, refuses a history
    that cannot have been (``consent/sql/0002_history.sql``), and answers what is in force
    (``consent.refusals``), so that no page has to.
    """

    reference = models.CharField(max_length=20, unique=True, editable=False)
    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="choices")
    kind = models.CharField(max_length=20, choices=Kind)
    council = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, blank=True, related_name="+"
    )
    answer = models.CharField(max_length=20, choices=Answer)
    not_asked_reason = models.CharField(
        max_length=20, choices=NotAskedReason, blank=True, db_default=""
    )
    withdraws = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="withdrawals"
    )
    withdrawn_because = models.CharField(
        max_length=20, choices=WithdrawnBecause, blank=True, db_default=""
    )
    effective_from = models.DateTimeField(db_default=Now())
    decided_by = models.CharField(max_length=20, choices=DecidedBy, blank=True)
    decider_name = models.CharField(max_length=200, blank=True)
    authority_seen = models.CharField(max_length=300, blank=True)
    assessment = models.CharField(
        max_length=300,
        blank=True,
        db_default="",
        help_text="Who assessed that the resident cannot decide this, or that a child can.",
    )
    review_on = models.DateField(
        null=True, blank=True, help_text="A parent's choice is asked again at 16."
    )
    relayer = models.CharField(max_length=20, choices=Relayer, blank=True, db_default="")
    relayed_by = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=20, choices=Channel)
    identity_checked = ArrayField(
        models.CharField(max_length=20, choices=Identifier), default=list, db_default=[]
    )
    provisional = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Asked for on the public form, in force until a desk has verified it.",
    )
    explanation = models.CharField(max_length=20, help_text="The version of the words given.")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, null=True, related_name="+"
    )
    recorded_as = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    recorded_by_feed = models.ForeignKey(
        "organisations.Feed",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The council's feed that brought it, where nobody keyed it here.",
    )
    asked_on = models.DateField(
        null=True, help_text="The day on which it was asked, where a feed brought it."
    )
    submission = models.UUIDField(
        unique=True, help_text="The form's own id: a form sent twice is one choice."
    )

    objects = ChoiceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["resident", "kind", "council", "-effective_from", "-id"],
                name="choice_by_resident",
            ),
            models.Index(
                fields=["review_on"],
                condition=Q(review_on__isnull=False),
                name="choice_to_ask_again",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="choice_kind_is_known"),
            models.CheckConstraint(
                condition=Q(answer__in=Answer.values), name="choice_answer_is_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | Q(decided_by__in=DecidedBy.values),
                name="choice_decider_is_known",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=Channel.values), name="choice_channel_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.CONNECT_CARE, council__isnull=True)
                | (~Q(kind=Kind.CONNECT_CARE) & Q(council__isnull=False)),
                name="choice_names_council_unless_whole",
            ),
            models.CheckConstraint(
                condition=(_NOT_ASKED & Q(not_asked_reason__in=NotAskedReason.values))
                | (~_NOT_ASKED & Q(not_asked_reason="")),
                name="choice_says_why_not_asked",
            ),
            models.CheckConstraint(
                condition=Q(
                    answer=Answer.WITHDRAWN,
                    withdraws__isnull=False,
                    withdrawn_because__in=WithdrawnBecause.values,
                )
                | (~Q(answer=Answer.WITHDRAWN) & Q(withdraws__isnull=True, withdrawn_because="")),
                name="choice_withdraws_one_other",
            ),
            models.CheckConstraint(
                condition=(_UNDECIDED & Q(decided_by="")) | (~_UNDECIDED & ~Q(decided_by="")),
                name="choice_is_somebodys_decision",
            ),
            models.CheckConstraint(
                condition=Q(
                    decided_by__in=["", *sorted(THEMSELVES)], decider_name="", authority_seen=""
                )
                | (
                    ~Q(decided_by__in=["", *sorted(THEMSELVES)])
                    & ~Q(decider_name="")
                    & ~Q(authority_seen="")
                ),
                name="choice_by_another_has_authority",
            ),
            models.CheckConstraint(
                condition=(Q(decided_by__in=sorted(ASSESSED)) & ~Q(assessment=""))
                | (~Q(decided_by__in=sorted(ASSESSED)) & Q(assessment="")),
                name="choice_says_who_assessed",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=DecidedBy.PARENT) | Q(review_on__isnull=True),
                name="choice_of_parent_is_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(relayer="", relayed_by="")
                | (Q(relayer__in=Relayer.values) & ~Q(relayed_by="") & ~_UNDECIDED),
                name="choice_names_who_relayed",
            ),
            models.CheckConstraint(
                condition=Q(identity_checked__contained_by=Identifier.values)
                & (
                    _UNDECIDED
                    | Q(recorded_by_feed__isnull=False)
                    | Q(identity_checked__len__gte=FEWEST_IDENTIFIERS)
                ),
                name="choice_of_one_who_was_known",
            ),
            models.CheckConstraint(
                condition=Q(
                    provisional=False,
                    recorded_by__isnull=False,
                    recorded_as__isnull=False,
                    recorded_by_feed__isnull=True,
                )
                | Q(recorded_by_feed__isnull=False)
                | Q(
                    provisional=True,
                    recorded_by_feed__isnull=True,
                    recorded_by__isnull=True,
                    recorded_as__isnull=True,
                    kind=Kind.CONNECT_CARE,
                    answer=Answer.REFUSES,
                    decided_by=DecidedBy.RESIDENT,
                    relayer="",
                    channel=Channel.ONLINE,
                ),
                name="choice_recorded_by_staff_or_provisional",
            ),
            models.CheckConstraint(
                condition=Q(
                    recorded_by_feed__isnull=True,
                    asked_on__isnull=True,
                )
                & ~Q(channel=Channel.COUNCIL_SYSTEM)
                | Q(
                    recorded_by_feed__isnull=False,
                    asked_on__isnull=False,
                    recorded_by__isnull=True,
                    recorded_as__isnull=True,
                    provisional=False,
                    kind=Kind.SOCIAL_CARE_SHARING,
                    answer__in=[Answer.CONSENTS, Answer.REFUSES],
                    decided_by=DecidedBy.RESIDENT,
                    relayer="",
                    channel=Channel.COUNCIL_SYSTEM,
                ),
                name="choice_of_feed_is_the_residents_answer",
            ),
            models.CheckConstraint(
                condition=Q(effective_from__gte=F("recorded_at")),
                name="choice_holds_from_recording_or_later",
            ),
            models.UniqueConstraint(
                fields=["withdraws"],
                condition=Q(withdraws__isnull=False),
                name="choice_withdrawn_once",
            ),
            # What a ruling's foreign key points at.
            models.UniqueConstraint(fields=["id", "kind", "resident"], name="choice_of_kind"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_about_council(self) -> bool:
        """Whether it is one of the kinds about one council."""
        return self.kind in COUNCIL_KINDS


class PublishedNotice(models.Model):
    """A privacy notice that says of which kinds an objection may be decided not upheld.

    None that the project ships allows it, so no ruling can be made: the promise of the notices in
    force is that a refusal holds. Written by whoever operates the service, never by a page.
    """

    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    version = models.CharField(max_length=40)
    kinds_decided = ArrayField(models.CharField(max_length=20, choices=Kind), default=list)
    published = models.DateTimeField()
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "version"], name="notice_version_once"),
            models.CheckConstraint(
                condition=Q(kinds_decided__contained_by=[Kind.CONNECT_CARE, Kind.NHS_NUMBER]),
                name="notice_never_decides_social_care",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version} of {self.organisation_id}"


class Ruling(models.Model):
    """An objection that was decided not upheld: with its reason and decider, the resident told.

    Only where a notice in force allows it, and never for a social-care refusal.
    """

    choice = models.OneToOneField(Choice, models.PROTECT, related_name="ruling")
    kind = models.CharField(max_length=20, choices=Kind)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    notice = models.ForeignKey(PublishedNotice, models.PROTECT, related_name="+")
    reason = models.TextField()
    decider_name = models.CharField(max_length=200)
    decider_role = models.CharField(max_length=200)
    resident_told_on = models.DateField()
    resident_told_by = models.CharField(max_length=20, choices=Channel)
    effective_from = models.DateTimeField(db_default=Now())
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey("organisations.StaffMember", models.PROTECT, related_name="+")
    recorded_as = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=[Kind.CONNECT_CARE, Kind.NHS_NUMBER]),
                name="ruling_never_on_social_care",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(decider_name="") & ~Q(decider_role=""),
                name="ruling_has_reason_and_decider",
            ),
            models.CheckConstraint(
                condition=Q(effective_from__gte=F("recorded_at")),
                name="ruling_holds_from_recording_or_later",
            ),
        ]

    def __str__(self) -> str:
        return f"ruling on choice {self.choice_id}"


class ChoiceDraft(models.Model):
    """A choice that is being recorded, kept until it is confirmed or its time is over.

    Whose it is stands in clear; about whom, and what was typed, is encrypted (``sealed``). It is
    never confirmed by anything but the person's own button, and it ends by itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    staff = models.ForeignKey("organisations.StaffMember", models.CASCADE, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.CASCADE, related_name="+")
    sealed = models.BinaryField()
    made = models.UUIDField(null=True, help_text="The choice that it became.")
    begun = models.DateTimeField(db_default=Now())
    touched = models.DateTimeField(db_default=Now())
    expires = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["staff", "-touched"], name="draft_by_staff"),
            models.Index(fields=["expires"], name="draft_by_end"),
        ]

    def __str__(self) -> str:
        return f"draft {self.id}"
