"""What somebody asked for on the public form or on paper, and what a desk made of it.

A request is kept as it came; what was typed is sealed. What became of it are rows of its own, that
are only added. The web's login reaches neither table: it has what functions of the gate answer
(``consent/sql/0005_requests.sql``, ``access/sql/0022_requests.sql``).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import UuidV7
from consent.vocabulary import DECIDING


class RequestSource(models.TextChoices):
    """How a request came."""

    FORM = "form", "Public form"
    PAPER = "paper", "Paper form"


class ForWhom(models.TextChoices):
    """Whose record it is about, as whoever asks says it."""

    SELF = "self", "Themselves"
    OTHER = "other", "Somebody else"


class StepKind(models.TextChoices):
    """What became of a request, one row each."""

    HELD = "held", "Opted out until it is verified"
    MAY_FIT = "may-fit", "Somebody new may be them"
    TAKEN = "taken", "Taken"
    RING_BACK = "ring-back", "To be rung again"
    NOT_MATCHED = "not-matched", "Nobody found: tried again when somebody new arrives"
    RECORDED = "recorded", "Verified and recorded"
    ALREADY = "already", "Verified: in force already"
    NOT_VERIFIED = "not-verified", "Not theirs, or could not be verified"


#: What ends a request. Nothing follows it.
SETTLING = (StepKind.RECORDED, StepKind.ALREADY, StepKind.NOT_VERIFIED)
#: What the database writes by itself.
BY_ITSELF = (StepKind.HELD, StepKind.MAY_FIT)


class ChoiceRequest(models.Model):
    """One request about Connect Care as a whole.

    ``exact_key`` and ``near_key`` find the residents whom it may be about without telling who was
    meant: digests with a secret of the database of number, birth date and family name, and of the
    latter two. ``may_hold`` says that it can hold provisionally: an opt-out of oneself with all
    three (:mod:`consent.beyond_doubt`).
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    source = models.CharField(max_length=10, choices=RequestSource)
    wants = models.CharField(max_length=20)
    for_whom = models.CharField(max_length=10, choices=ForWhom)
    sealed = models.BinaryField(help_text="What was typed.")
    exact_key = models.BinaryField(max_length=32, null=True)
    near_key = models.BinaryField(max_length=32)
    may_hold = models.BooleanField()
    explanation = models.CharField(max_length=20, help_text="The version of the words given.")
    submission = models.UUIDField(unique=True, help_text="A form sent twice is one request.")
    received_from = models.BinaryField(
        max_length=32, null=True, help_text="A keyed digest of the network address, of that day."
    )
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    written_on = models.DateField(null=True, help_text="The date on a paper form.")
    entered_as = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index(fields=["exact_key"], name="request_by_exact_key"),
            models.Index(fields=["near_key"], name="request_by_near_key"),
            models.Index(fields=["received_at"], name="request_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=RequestSource.values), name="request_source_is_known"
            ),
            models.CheckConstraint(
                condition=Q(for_whom__in=ForWhom.values), name="request_for_whom_is_known"
            ),
            models.CheckConstraint(
                condition=Q(wants__in=[str(answer) for answer in DECIDING]),
                name="request_wants_an_answer",
            ),
            models.CheckConstraint(
                condition=Q(
                    source=RequestSource.FORM, entered_as__isnull=True, written_on__isnull=True
                )
                | Q(source=RequestSource.PAPER, entered_as__isnull=False, received_from=None),
                name="request_on_paper_is_entered_by_staff",
            ),
            models.CheckConstraint(
                condition=Q(may_hold=False)
                | Q(
                    source=RequestSource.FORM,
                    wants="refuses",
                    for_whom=ForWhom.SELF,
                    exact_key__isnull=False,
                ),
                name="request_holds_only_for_oneself",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class RequestStep(models.Model):
    """One thing that became of a request: by whom, when, and a note, which is sealed."""

    request = models.ForeignKey(ChoiceRequest, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=20, choices=StepKind)
    note = models.BinaryField(default=b"", db_default=b"")
    choice = models.ForeignKey("consent.Choice", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)
    membership = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=StepKind.values), name="request_step_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[str(kind) for kind in BY_ITSELF], membership__isnull=True)
                | (~Q(kind__in=[str(kind) for kind in BY_ITSELF]) & Q(membership__isnull=False)),
                name="request_step_is_by_staff_or_itself",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["held", "recorded", "already"]) | Q(choice__isnull=False),
                name="request_step_names_its_choice",
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(kind__in=[str(kind) for kind in SETTLING]),
                name="request_settled_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of request {self.request_id}"
