"""From–to, and what it is to be in force: one meaning for every row of the registry."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone


class State(models.TextChoices):
    """Whether a row counts. Only ``active`` rows within their dates do."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    ENDED = "ended", "Ended"


class PeriodQuerySet(models.QuerySet):  # type: ignore[type-arg]  # generic over its own model
    """Rows with a state and dates."""

    def current(self, at: datetime | None = None) -> Self:
        """Rows in force at a moment (now if none is given)."""
        moment = at or timezone.now()
        return self.filter(
            Q(valid_until__isnull=True) | Q(valid_until__gt=moment),
            state=State.ACTIVE,
            valid_from__lte=moment,
        )


class Period(models.Model):
    """A row that counts from a moment until, but not including, another."""

    state = models.CharField(max_length=10, choices=State, default=State.ACTIVE)
    valid_from = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField(null=True, blank=True)

    objects = PeriodQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=State.values), name="%(class)s_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="%(class)s_ends_after_it_begins",
            ),
        ]

    def is_current(self, at: datetime | None = None) -> bool:
        """Whether this row is in force at a moment (now if none is given)."""
        moment = at or timezone.now()
        return (
            self.state == State.ACTIVE
            and self.valid_from <= moment
            and (self.valid_until is None or self.valid_until > moment)
        )
