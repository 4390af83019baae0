"""Host systems that may launch this portal for one of their patients, and their launches.

A host's key is a row because it comes and goes with a trust's systems; it widens who may ask, so
two administrators of the registry add it, and one ends it. Written by the gate's functions alone.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit.fields import UuidV7


class LaunchHost(models.Model):
    """One system of one organisation, by its public key."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    name = models.CharField(max_length=100)
    key_id = models.CharField(max_length=100, unique=True)
    public_key = models.TextField(help_text="PEM.")
    proposed_by = models.ForeignKey("organisations.StaffMember", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    confirmed_by = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
                name="launch_host_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="launch_host_is_confirmed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"launch host {self.pk}"


class Launch(models.Model):
    """One launch that came: for one staff member, good once and for some minutes.

    Whom it is about lies sealed for this launch, so that the row names nobody.
    """

    public_id = models.UUIDField(unique=True)
    host = models.ForeignKey(LaunchHost, models.PROTECT, related_name="+")
    token = models.CharField(max_length=255, help_text="The id of the token, good for once.")
    staff = models.ForeignKey("organisations.StaffMember", models.CASCADE, related_name="+")
    sealed = models.BinaryField(null=True)
    came = models.DateTimeField(db_default=Now())
    taken = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "token"], name="launch_token_once"),
        ]

    def __str__(self) -> str:
        return f"launch {self.pk}"
