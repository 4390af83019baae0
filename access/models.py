"""Care relationships, openings and glimpses.

Openings and glimpses are written by the gate's functions in PostgreSQL alone
(``access/sql``): the web's login may neither insert nor read them.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import CurrentTransaction, UuidV7, Xid8Field


class RelationshipKind(models.TextChoices):
    """Why a team is involved in a resident's care. Never "because they work here"."""

    REGISTERED_PRACTICE = "registered-practice", "Registered with this practice"
    ADMISSION = "admission", "Admitted here"
    ATTENDANCE = "attendance", "Attended the emergency department"
    APPOINTMENT = "appointment", "Outpatient appointment"
    OUT_OF_HOURS = "out-of-hours", "Out-of-hours contact"
    CASELOAD = "caseload", "On the team's caseload"
    REFERRAL = "referral", "Open referral"
    SOCIAL_CARE_SERVICE = "social-care-service", "Open adult social care service"
    ALLOCATED_WORKER = "allocated-worker", "Allocated worker"


class CareRelationship(models.Model):
    """Why this team is involved in this resident's care, from–to, with its evidence.

    ``team`` empty stands for a small organisation that works as one team (a practice, an
    out-of-hours provider). ``evidence`` names the source's item, without clinical words.
    """

    resident = models.ForeignKey(
        "identity.Resident", models.PROTECT, related_name="care_relationships"
    )
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    team = models.ForeignKey("organisations.Team", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30, choices=RelationshipKind)
    evidence = models.TextField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    derived = models.BooleanField(default=True)
    recorded = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "organisation", "kind", "evidence"],
                name="relationship_once_per_evidence",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RelationshipKind.values), name="relationship_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
                name="relationship_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "team"], name="relationship_by_organisation")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class RelationshipDue(models.Model):
    """A resident whose relationships are to be derived anew. The row is the job.

    Written in the transaction that changed the evidence, taken away in the one that derived.
    """

    resident_id = models.BigIntegerField(primary_key=True)
    since = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"relationships of resident {self.resident_id}"


class Opening(models.Model):
    """One transaction's grant to read one resident's record for one acting membership."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    transaction = Xid8Field(db_default=CurrentTransaction(), editable=False, unique=True)
    began = models.DateTimeField(help_text="The transaction's own start.")
    look = models.UUIDField()
    resident_id = models.BigIntegerField()
    staff_id = models.BigIntegerField()
    membership_id = models.BigIntegerField()
    relationship_id = models.BigIntegerField()
    keys = ArrayField(models.BigIntegerField())
    resident_epoch = models.BigIntegerField()
    rules_epoch = models.BigIntegerField()
    decision = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["look"], name="opening_by_look")]

    def __str__(self) -> str:
        return f"opening {self.public_id}"


class Glimpse(models.Model):
    """A resident whom one transaction may know of, in a list or by themselves."""

    transaction = Xid8Field(db_default=CurrentTransaction(), editable=False)
    began = models.DateTimeField()
    resident_id = models.BigIntegerField()
    with_place = models.BooleanField()
    with_number = models.BooleanField()
    with_choices = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["transaction"], name="glimpse_by_transaction")]

    def __str__(self) -> str:
        return f"glimpse {self.pk}"
