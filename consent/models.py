"""The choice: asked and answered over time, never edited, only followed by a later one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import UuidV7


class Kind(models.TextChoices):
    """The three choices, never mixed. (The national data opt-out is a fourth, not ours.)"""

    SOCIAL_CARE_SHARING = "social-care-sharing", "Sharing social care information"
    NHS_NUMBER = "nhs-number", "Use of the NHS number by the council"
    CONNECT_CARE = "connect-care", "Connect Care as a whole"


class Answer(models.TextChoices):
    """What was said when it was asked."""

    CONSENTS = "consents", "Agrees"
    REFUSES = "refuses", "Refuses"
    NOT_ASKED = "could-not-be-asked", "Could not be asked"


class DecidedBy(models.TextChoices):
    """Whose decision it was."""

    RESIDENT = "resident", "The resident"
    PARENT = "parent", "Someone with parental responsibility"
    ATTORNEY = "attorney", "A registered attorney for health and welfare"
    DEPUTY = "deputy", "A deputy appointed by the Court of Protection"
    BEST_INTERESTS = "best-interests", "A named best-interests decider"


class Channel(models.TextChoices):
    """How it was said."""

    PHONE = "phone", "Phone"
    IN_PERSON = "in-person", "In person"
    LETTER = "letter", "Letter or paper form"
    EMAIL = "email", "Email"


class ChoiceQuerySet(models.QuerySet["Choice"]):
    """Choices of a resident."""

    def said(self) -> ChoiceQuerySet:
        """Newest first, as a history reads."""
        return self.order_by("-effective_from", "-id")


class Choice(models.Model):
    """One asking and its answer.

    The answer in force for a kind (and council) is that of the latest choice whose time has come,
    leaving out those where nobody could be asked. The database keeps the rows from being changed
    or deleted, and answers what is in force (``consent.refusals``), so that no page has to.
    """

    reference = models.CharField(max_length=20, unique=True, editable=False)
    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="choices")
    kind = models.CharField(max_length=20, choices=Kind)
    council = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, blank=True, related_name="+"
    )
    answer = models.CharField(max_length=20, choices=Answer)
    effective_from = models.DateTimeField(db_default=Now())
    decided_by = models.CharField(max_length=20, choices=DecidedBy)
    decider_name = models.CharField(max_length=200, blank=True)
    authority_seen = models.CharField(max_length=300, blank=True)
    relayed_by = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=20, choices=Channel)
    explanation = models.CharField(max_length=20, help_text="The version of the words given.")
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey("organisations.StaffMember", models.PROTECT, related_name="+")
    recorded_as = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    submission = models.UUIDField(
        unique=True, help_text="The form's own id: a form sent twice is one choice."
    )

    objects = ChoiceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["resident", "kind", "council", "-effective_from", "-id"],
                name="choice_by_resident",
            )
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="choice_kind_is_known"),
            models.CheckConstraint(
                condition=Q(answer__in=Answer.values), name="choice_answer_is_known"
            ),
            models.CheckConstraint(
                condition=Q(decided_by__in=DecidedBy.values), name="choice_decider_is_known"
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
                condition=Q(decided_by=DecidedBy.RESIDENT)
                | (~Q(decider_name="") & ~Q(authority_seen="")),
                name="choice_by_another_has_authority",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
