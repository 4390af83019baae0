"""The row of a reminder that was sent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ReminderKind(models.TextChoices):
    """What somebody was reminded of."""

    CONFIRM_ROLES = "confirm-roles", "Roles to confirm"
    REVIEW_AGREEMENTS = "review-agreements", "Agreements to review"


class Reminder(models.Model):
    """One reminder: of an organisation's roles or of an agreement, for a day, so many days before.

    No foreign key: it says that a message went out, whatever has become of what it was about.
    """

    kind = models.CharField(max_length=20, choices=ReminderKind)
    about = models.BigIntegerField()
    day = models.DateField()
    stage = models.SmallIntegerField()
    sent = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ReminderKind.values), name="reminder_kind_is_known"
            ),
            models.UniqueConstraint(fields=["kind", "about", "day", "stage"], name="reminder_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about} {self.day} {self.stage}"
