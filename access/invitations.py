"""The row of a link that lets somebody new sign in for the first time."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Invitation(models.Model):
    """One link for one staff member who has no password yet. It works once, until it expires.

    The row is the job: a worker makes the link and sends it (:mod:`access.first_sign_in`). Of the
    link a digest is kept, and not before it is sent.
    """

    staff = models.ForeignKey(
        "organisations.StaffMember", models.CASCADE, related_name="invitations"
    )
    made_by = models.ForeignKey("organisations.StaffMember", models.PROTECT, related_name="invited")
    made = models.DateTimeField(db_default=Now())
    expires = models.DateTimeField()
    digest = models.BinaryField(null=True, unique=True, help_text="A digest of what the link says.")
    sent = models.DateTimeField(null=True)
    used = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(sent__isnull=True), name="invitation_to_send"
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"
