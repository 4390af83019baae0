"""Who staff are to other organisations' OpenID providers, and what they began by them.

A subject is known by its issuer and never by an e-mail address or a name: those change hands.
Linked by a function of the gate alone, which asks for an administrator's code.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ProviderIdentity(models.Model):
    """A subject of an issuer, and whose account that is here."""

    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    staff = models.ForeignKey("organisations.StaffMember", models.CASCADE, related_name="+")
    linked = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="provider_subject_once"),
            models.UniqueConstraint(fields=["issuer", "staff"], name="provider_staff_once"),
        ]

    def __str__(self) -> str:
        return f"provider identity {self.pk}"


class LinkCode(models.Model):
    """A code that links one staff member, once, to whoever signs in by a provider and has it."""

    staff = models.OneToOneField("organisations.StaffMember", models.CASCADE, related_name="+")
    made_by = models.ForeignKey("organisations.StaffMember", models.CASCADE, related_name="+")
    digest = models.BinaryField(unique=True, help_text="A keyed digest of the code.")
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(staff=models.F("made_by")), name="link_code_is_anothers"
            ),
        ]

    def __str__(self) -> str:
        return f"link code {self.pk}"


class ProviderSession(models.Model):
    """A session here that was begun by one there: it ends when the provider says so."""

    session_key = models.CharField(max_length=40, unique=True)
    staff = models.ForeignKey("organisations.StaffMember", models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    session = models.CharField(max_length=255, blank=True)
    began = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["issuer", "subject"], name="provider_session_by_subject")]

    def __str__(self) -> str:
        return f"provider session {self.pk}"


class LogoutSeen(models.Model):
    """A logout token that was taken: it is good for once."""

    issuer = models.CharField(max_length=300)
    token = models.CharField(max_length=255)
    session = models.CharField(max_length=255, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "token"], name="logout_token_once"),
        ]

    def __str__(self) -> str:
        return f"logout token {self.pk}"
