"""Requests for all that is held of a resident, and the parts that are decided about first."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from access.reasons import HAS_WORDS
from audit.fields import UuidV7
from subject_access.parts import Aside, Decision


class State(models.TextChoices):
    """Where a request stands."""

    GATHERING = "gathering", "Being gathered"
    REVIEW = "review", "Waits for decisions"
    MAKING = "making", "Being made"
    READY = "ready", "Ready to be fetched"
    FETCHED = "fetched", "Fetched"
    EXPIRED = "expired", "Not fetched in time"


class Request(models.Model):
    """One request of somebody who showed who they are, its clock, and its pack while there is one.

    Written by the gate's functions and by the worker that makes the pack: the row is the job. The
    ``pack`` is sealed; it is gone once it was fetched, or at ``expires``. ``done`` of ``total``
    entries are in it so far.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    received = models.DateField()
    due = models.DateField()
    extended_words = models.TextField(blank=True, db_default="")
    state = models.CharField(max_length=20, choices=State, db_default=State.GATHERING)
    done = models.PositiveIntegerField(db_default=0)
    total = models.PositiveIntegerField(db_default=0)
    pack = models.BinaryField(null=True)
    made = models.DateTimeField(null=True)
    expires = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(due__gt=F("received")), name="subject_access_is_due_later"
            ),
            models.CheckConstraint(
                condition=Q(extended_words="") | Q(extended_words__regex=HAS_WORDS),
                name="subject_access_is_extended_with_words",
            ),
            models.CheckConstraint(
                condition=Q(state=State.READY, pack__isnull=False, expires__isnull=False)
                | (~Q(state=State.READY) & Q(pack__isnull=True)),
                name="subject_access_keeps_a_pack_while_it_is_ready",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state"],
                condition=Q(state__in=[State.GATHERING, State.MAKING, State.READY]),
                name="subject_access_to_do",
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Part(models.Model):
    """A category from a source, as it was when it was gathered: how much, and whether it is given.

    Counts alone; nothing of an entry. What is not set ``aside`` needs no decision.
    """

    request = models.ForeignKey(Request, models.CASCADE, related_name="parts")
    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    category = models.PositiveSmallIntegerField()
    sensitive = models.BooleanField()
    certain = models.BooleanField()
    entries = models.PositiveIntegerField()
    aside = models.CharField(max_length=20, choices=Aside, blank=True)
    decision = models.CharField(max_length=20, choices=Decision, blank=True, db_default="")
    words = models.TextField(blank=True, db_default="")
    decided_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "source", "category", "sensitive", "certain"],
                name="subject_access_part_once",
            ),
            models.CheckConstraint(
                condition=Q(decision="", words="", decided_by__isnull=True)
                | (
                    ~Q(aside="")
                    & Q(decision__in=Decision.values, words__regex=HAS_WORDS)
                    & Q(decided_by__isnull=False, decided_at__isnull=False)
                ),
                name="subject_access_part_is_decided_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"part {self.pk}"
