"""Proofs that failed: of the audit, of a choice, or one that could not be made.

About nobody: what failed is named by a reference or an event's public id.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from access.reasons import HAS_WORDS
from audit.fields import UuidV7


class ProofKind(models.TextChoices):
    """What was to be proven."""

    AUDIT = "audit", "The audit is not as it was sealed"
    CHOICE = "choice", "A choice does not hold"
    PROBE = "probe", "Whether a choice holds could not be asked"


class ProofOutcome(models.TextChoices):
    """What an officer notes."""

    INVESTIGATE = "investigate", "Being looked into"
    REPAIRED = "repaired", "Repaired, and proven again"
    ESCALATE = "escalate", "Escalated"


class FailedProof(models.Model):
    """One proof that fails, until an officer has closed it. It is every privacy officer's business.

    ``seen`` is when it last failed, so many ``times``; ``held`` when it was last found to hold.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=ProofKind)
    about = models.CharField(max_length=80)
    raised = models.DateTimeField(db_default=Now())
    seen = models.DateTimeField(db_default=Now())
    times = models.PositiveIntegerField(db_default=1)
    held = models.DateTimeField(null=True)
    owner = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    outcome = models.CharField(
        max_length=20, choices=ProofOutcome, blank=True, default="", db_default=""
    )
    notified = models.DateTimeField(null=True)
    escalated = models.DateTimeField(null=True)
    closed = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about"],
                condition=Q(closed__isnull=True),
                name="failed_proof_is_open_once",
            ),
            models.CheckConstraint(
                condition=Q(closed__isnull=True, outcome__in=["", ProofOutcome.INVESTIGATE])
                | Q(
                    closed__isnull=False,
                    outcome__in=[ProofOutcome.REPAIRED, ProofOutcome.ESCALATE],
                ),
                name="failed_proof_is_closed_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ProofKind.values), name="failed_proof_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class FailedProofNote(models.Model):
    """What an officer noted of it, and when. Only added to."""

    proof = models.ForeignKey(FailedProof, models.PROTECT, related_name="notes")
    outcome = models.CharField(max_length=20, choices=ProofOutcome)
    words = models.TextField()
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(words__regex=HAS_WORDS), name="failed_proof_note_has_words"
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"
