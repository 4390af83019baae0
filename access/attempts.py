"""What one staff member may do only so often, for as long as it counts.

The limits have rows of their own: the audit is a record of what happened, and decides nothing.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AttemptKind(models.TextChoices):
    """What is limited."""

    SEARCH = "search", "A search for a resident"
    CONFIRMATION = "confirmation", "A wrong answer when asked once more who they are"
    IDENTITY = "identity", "Details of a caller that did not agree"


class Attempt(models.Model):
    """One try by one staff member; of ``resident`` where the limit is for each resident.

    Written and counted by the gate alone, which deletes a staff member's own after a day.
    """

    kind = models.CharField(max_length=20, choices=AttemptKind)
    staff_id = models.BigIntegerField()
    resident_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["staff_id", "kind", "at"], name="attempt_by_staff")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=AttemptKind.values), name="attempt_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
