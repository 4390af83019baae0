"""What a staff member has besides a password: an authenticator app, and codes for without it.

Tables of the framework's libraries keep such secrets in clear; here the app's key lies sealed for
its staff member (``identity/sealed.py``), and of a recovery code a keyed digest.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Authenticator(models.Model):
    """An authenticator app (TOTP, RFC 6238) of one staff member.

    ``last_step`` is the half minute whose code was taken last: no code is taken twice.
    """

    staff = models.OneToOneField(
        "organisations.StaffMember", models.CASCADE, related_name="authenticator"
    )
    secret = models.BinaryField(help_text="The key that the app has, sealed.")
    last_step = models.BigIntegerField()
    added = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"authenticator {self.pk}"


class RecoveryCode(models.Model):
    """One code that lets its staff member in once without their app."""

    staff = models.ForeignKey(
        "organisations.StaffMember", models.CASCADE, related_name="recovery_codes"
    )
    digest = models.BinaryField(help_text="A keyed digest of the code.")
    used = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["staff", "digest"], name="recovery_code_once"),
        ]

    def __str__(self) -> str:
        return f"recovery code {self.pk}"


class Passkey(models.Model):
    """A passkey (Web Authentication) of one staff member: its public half, which is no secret.

    ``count`` is what the authenticator counted last; one that has gone back is another device with
    the same key. ``can_be_copied`` never changes; ``is_copied`` says whether it is on more devices.
    """

    staff = models.ForeignKey("organisations.StaffMember", models.CASCADE, related_name="passkeys")
    credential = models.BinaryField(unique=True, help_text="Its id.")
    public_key = models.BinaryField()
    count = models.BigIntegerField()
    name = models.CharField(max_length=60)
    can_be_copied = models.BooleanField()
    is_copied = models.BooleanField()
    added = models.DateTimeField(db_default=Now())
    last_used = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(can_be_copied=True) | Q(is_copied=False),
                name="passkey_copy_is_possible",
            ),
        ]

    def __str__(self) -> str:
        return f"passkey {self.pk}"
