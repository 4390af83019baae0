"""The proof of effect, as it is kept: what is to be asked, what was found, and what was wrong.

``records.probing`` asks. A choice that refuses starts its stopwatch by itself: the database writes
the :class:`ProbeDue` with it (``consent/sql/0010_proof.sql``).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit.fields import UuidV7


class Why(models.TextChoices):
    """Why a choice is asked about, the most urgent first."""

    RECORDED = "recorded", "It was just recorded"
    REPEATED = "repeated", "It was found wanting before"
    CANARY = "canary", "It is the canary's, which is asked about all day"
    NIGHTLY = "nightly", "Every choice in force is asked about each night"


class ProbeDue(models.Model):
    """A choice whose effect is to be proven from a moment on. The row is the job."""

    choice = models.OneToOneField(
        "consent.Choice", models.PROTECT, primary_key=True, related_name="probe_due"
    )
    why = models.CharField(max_length=10, choices=Why)
    due = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["why", "due"], name="probe_by_time")]
        constraints = [
            models.CheckConstraint(condition=Q(why__in=Why.values), name="probe_says_why")
        ]

    def __str__(self) -> str:
        return f"probe of choice {self.choice_id}"


class Outcome(models.TextChoices):
    """What came of a probe."""

    HOLDS = "holds", "Nothing is shown"
    SHOWN = "shown", "Something is still shown"
    UNPROVEN = "unproven", "It could not be asked in every way"


class ProbeResult(models.Model):
    """What one probe found, in counts. Only added to.

    ``elapsed`` is since the choice was recorded, or began if later. ``asked`` and ``shown`` are
    counts by way of looking.
    """

    choice = models.ForeignKey("consent.Choice", models.PROTECT, related_name="probes")
    why = models.CharField(max_length=10, choices=Why)
    at = models.DateTimeField(db_default=Now())
    elapsed = models.DurationField()
    readers = models.IntegerField()
    asked = models.JSONField()
    shown = models.JSONField()
    faults = models.IntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)

    class Meta:
        indexes = [models.Index(fields=["choice", "-id"], name="probe_result_by_choice")]
        constraints = [
            models.CheckConstraint(condition=Q(why__in=Why.values), name="probe_result_says_why"),
            models.CheckConstraint(
                condition=Q(elapsed__gte=timedelta(0)), name="probe_follows_its_choice"
            ),
            # Nothing that was asked nowhere, or shown anywhere, holds.
            models.CheckConstraint(
                condition=Q(outcome=Outcome.HOLDS, shown={}, faults=0, readers__gt=0)
                | Q(outcome=Outcome.SHOWN) & ~Q(shown={})
                | Q(outcome=Outcome.UNPROVEN, shown={}) & (Q(faults__gt=0) | Q(readers=0)),
                name="probe_outcome_is_what_was_found",
            ),
        ]

    def __str__(self) -> str:
        return f"probe {self.pk} of choice {self.choice_id}"

    @property
    def ways(self) -> int:
        """How many times it was looked: readers times ways."""
        return sum(self.asked.values())


class ProofIncident(models.Model):
    """A choice that was recorded and did not hold. One is open for a choice at a time.

    An officer closes it, once a later probe of the same choice found nothing shown.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    choice = models.ForeignKey("consent.Choice", models.PROTECT, related_name="incidents")
    found = models.ForeignKey(ProbeResult, models.PROTECT, related_name="+")
    raised = models.DateTimeField(db_default=Now())
    closed = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    words = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["choice"], condition=Q(closed__isnull=True), name="choice_has_one_incident"
            ),
            models.CheckConstraint(
                condition=Q(closed__isnull=True, closed_by__isnull=True, words="")
                | (Q(closed__gte=F("raised"), closed_by__isnull=False) & ~Q(words="")),
                name="incident_is_closed_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["-raised"], name="incident_by_time")]

    def __str__(self) -> str:
        return self.reference


class Canary(models.Model):
    """A made-up resident whom a probe asks about all day. No staff find them.

    Whatever is known of one comes from organisations that are as made up (``make_canaries``).
    """

    resident = models.OneToOneField(
        "identity.Resident", models.PROTECT, primary_key=True, related_name="canary"
    )

    def __str__(self) -> str:
        return f"canary {self.pk}"
