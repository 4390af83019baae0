"""NHS numbers of residents: whose, from–to, how far each is verified, and who said so."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class NumberStatus(models.TextChoices):
    """The eight verification statuses of the NHS Data Dictionary."""

    VERIFIED = "01", "Number present and verified"
    NOT_TRACED = "02", "Number present but not traced"
    TRACE_REQUIRED = "03", "Trace required"
    NO_MATCH = "04", "Trace attempted – no match or multiple match"
    TO_BE_RESOLVED = "05", "Trace needs to be resolved"
    IN_PROGRESS = "06", "Trace in progress"
    NOT_REQUIRED = "07", "Number not present and trace not required"
    POSTPONED = "08", "Trace postponed (baby under six weeks old)"


class SaidBy(models.TextChoices):
    """Who said that a number is a resident's."""

    FEED = "feed", "A source’s feed"
    TRACE = "trace", "The Personal Demographics Service"
    RESIDENT = "resident", "The resident"
    CARER = "carer", "Somebody who cares for the resident"


#: Those whose word can verify a number. Anybody else’s stays unverified until it is traced.
VERIFIERS = (SaidBy.FEED, SaidBy.TRACE)


class Ended(models.TextChoices):
    """Why a number is a resident’s no more. It is kept."""

    SUPERSEDED = "superseded", "Replaced by another number"
    MERGED = "merged", "The record was joined with another"
    REPLACED = "replaced", "A verified number took its place"
    INVALIDATED = "invalidated", "Withdrawn by the Personal Demographics Service"
    PLACEHOLDER = "placeholder", "Nobody’s number: several people were sent with it"


#: A past number still leads to its resident where it ended so.
STILL_LEADS = (Ended.SUPERSEDED, Ended.MERGED)


class ResidentNhsNumber(models.Model):
    """A resident's NHS number, from–to, with its status now.

    A resident has at most one live number, and no *verified* number is live twice: an unverified
    one may be anybody's, since whoever typed it may have been wrong. Every status that a number
    had is kept in :class:`NumberStatusChange`, which a trigger writes.
    """

    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="nhs_numbers")
    number = models.CharField(max_length=10)
    status = models.CharField(max_length=2, choices=NumberStatus)
    said_by = models.CharField(max_length=10, choices=SaidBy, default=SaidBy.FEED)
    given_by = models.BigIntegerField(null=True, help_text="The organisation that sent it.")
    entered_as = models.ForeignKey(
        "organisations.Membership",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="As whom a staff member typed it in.",
    )
    valid_from = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=20, choices=Ended, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number"],
                condition=Q(valid_until__isnull=True, status=NumberStatus.VERIFIED),
                name="number_live_once",
            ),
            models.UniqueConstraint(
                fields=["resident"],
                condition=Q(valid_until__isnull=True),
                name="resident_has_one_live_number",
            ),
            models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9]{10}$"), name="number_is_ten_digits"
            ),
            models.CheckConstraint(
                condition=Q(status__in=NumberStatus.values), name="number_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status=NumberStatus.VERIFIED) | Q(said_by__in=VERIFIERS),
                name="number_is_verified_by_who_can",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True, ended_because="")
                | Q(valid_until__isnull=False, ended_because__in=["", *Ended.values]),
                name="number_ends_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["number"], name="number_by_digits"),
            models.Index(
                fields=["resident"],
                condition=Q(
                    valid_until__isnull=True,
                    status=NumberStatus.NOT_TRACED,
                    said_by__in=[SaidBy.RESIDENT, SaidBy.CARER],
                ),
                name="number_given_not_traced",
            ),
        ]

    def __str__(self) -> str:
        return f"number of resident {self.resident_id}"


class NumberStatusChange(models.Model):
    """A status that a number had from a moment on, and on whose word. Written by a trigger."""

    number = models.ForeignKey(ResidentNhsNumber, models.PROTECT, related_name="history")
    status = models.CharField(max_length=2, choices=NumberStatus)
    said_by = models.CharField(max_length=10, choices=SaidBy)
    given_by = models.BigIntegerField(null=True)
    entered_as = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"status {self.status} of number {self.number_id}"


class PlaceholderNumber(models.Model):
    """A number that several differing people of one source carry: it links nobody from there.

    ``everywhere``: nobody else vouched for it, so it links nobody at all.
    """

    number = models.CharField(max_length=10)
    found_at = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    everywhere = models.BooleanField(default=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number", "found_at"], name="placeholder_once")
        ]

    def __str__(self) -> str:
        return f"placeholder number {self.pk}"
