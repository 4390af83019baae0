"""The record under watch: whom a privacy officer put under watch, and what readers said of why.

Written by the gate's functions alone (``access/sql/0056_watch.sql``). A watch is begun and, before
its end, perhaps ended; whatever should be otherwise is begun anew.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from access.reasons import HAS_WORDS
from audit.fields import UuidV7


class Watch(models.Model):
    """One privacy officer's word that a record opens only to who says why, until it ends.

    It holds for readers of every organisation; ``organisation`` is whose officers may end it.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    words = models.TextField()
    began = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    ended_words = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(words__regex=HAS_WORDS), name="watch_has_words"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("began")), name="watch_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True, ended_words="")
                | Q(ended_at__isnull=False, ended_by__isnull=False, ended_words__regex=HAS_WORDS),
                name="watch_is_ended_by_somebody_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"watch {self.public_id}"


class WatchReason(models.Model):
    """Why one membership opens a record under watch, in its own words: for one sitting."""

    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    sitting = models.UUIDField()
    words = models.TextField()
    given = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(words__regex=HAS_WORDS), name="watch_reason_has_words"
            ),
        ]

    def __str__(self) -> str:
        return f"reason {self.pk}"
