"""The lawful disclosure: what is withheld, opened to named people for a named legal reason.

Written by the gate's functions alone (``access/sql/0011_disclosure.sql``). Nothing of a disclosure
is edited: it is confirmed once and ended once, and whatever should be otherwise is proposed anew.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from access.grounds import CANNOT_WAIT, Ground
from access.reasons import HAS_WORDS
from audit.fields import UuidV7
from organisations.categories import Category


class LawfulDisclosure(models.Model):
    """One privacy officer's proposal, and what a second one and time made of it.

    It opens ``categories`` of ``resident``'s record to its recipients, who are members of
    ``organisation`` as both officers are, from when it is confirmed until ``valid_until``. With
    ``confirm_by`` it was made by one on-call officer out of hours: it opens at once, and ends then
    unless it has been confirmed.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    submission = models.UUIDField(
        unique=True, help_text="The form's own id: a form sent twice is one disclosure."
    )
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    ground = models.CharField(max_length=20, choices=Ground)
    words = models.TextField()
    categories = ArrayField(models.PositiveSmallIntegerField(choices=Category.choices))
    valid_from = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField()
    proposed_by = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    confirm_by = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    ended_words = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ground__in=Ground.values), name="disclosure_ground_is_known"
            ),
            models.CheckConstraint(
                condition=Q(words__regex=HAS_WORDS), name="disclosure_has_words"
            ),
            models.CheckConstraint(
                condition=Q(categories__len__gt=0, categories__contained_by=Category.values),
                name="disclosure_names_categories",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from"))
                & Q(valid_until__lte=F("valid_from") + timedelta(days=90)),
                name="disclosure_ends_within_90_days",
            ),
            models.CheckConstraint(
                condition=Q(confirm_by__isnull=True)
                | Q(
                    ground__in=CANNOT_WAIT,
                    confirm_by__gt=F("valid_from"),
                    confirm_by__lte=F("valid_from") + timedelta(days=7),
                ),
                name="disclosure_out_of_hours_cannot_wait",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True, confirmed_at__isnull=True)
                | Q(confirmed_by__isnull=False, confirmed_at__gte=F("valid_from"))
                & ~Q(confirmed_by=F("proposed_by"))
                & (Q(confirm_by__isnull=True) | Q(confirmed_at__lt=F("confirm_by"))),
                name="disclosure_confirmed_by_another_in_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True, ended_at__isnull=True, ended_words="")
                | Q(ended_by__isnull=False, ended_at__isnull=False, ended_words__regex=HAS_WORDS),
                name="disclosure_ended_with_words",
            ),
        ]
        indexes = [
            models.Index(
                fields=["resident"],
                condition=Q(ended_at__isnull=True),
                name="disclosure_of_resident",
            ),
            models.Index(fields=["organisation", "-id"], name="disclosure_by_organisation"),
        ]

    def __str__(self) -> str:
        return self.reference


class DisclosureRecipient(models.Model):
    """One of those to whom a disclosure opens: a membership, for as long as it is in force."""

    disclosure = models.ForeignKey(LawfulDisclosure, models.PROTECT, related_name="recipients")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["disclosure", "membership"], name="disclosure_recipient_once"
            ),
        ]

    def __str__(self) -> str:
        return f"recipient {self.pk}"


class DisclosureNotice(models.Model):
    """The job of telling the other officers that a disclosure waits for one of them.

    ``notified`` is when the notice left. What is sent names the reference and nobody.
    """

    disclosure = models.OneToOneField(
        LawfulDisclosure, models.PROTECT, primary_key=True, related_name="notice"
    )
    notified = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["disclosure"], condition=Q(notified__isnull=True), name="notice_to_send"
            ),
        ]

    def __str__(self) -> str:
        return f"notice of disclosure {self.disclosure_id}"
