"""A report that an entry is wrong: made by a reader of the record, answered by its source."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from access.reasons import HAS_WORDS
from audit.fields import UuidV7
from organisations.categories import Category


class WhatIsWrong(models.TextChoices):
    """What a reader says is wrong."""

    OTHER_PERSON = "other-person", "It is about somebody else"
    NOT_SO = "not-so", "What it says is not so"
    OUT_OF_DATE = "out-of-date", "It is no longer so"
    TWICE = "twice", "It is there more than once"
    OTHER = "other", "Something else"


class ReportAnswer(models.TextChoices):
    """What the source found."""

    CORRECTED = "corrected", "Corrected in our own system"
    NOT_WRONG = "not-wrong", "Not wrong"


class EntryReport(models.Model):
    """That an entry is wrong, as a reader of the open record said; the row is the job of telling.

    It names the entry by its id here and by the source's own ``identifier``, which is how its
    records officers find it; no word of the entry is copied. Written by the web through an opening
    that shows the entry (``records/sql``), answered through the gate's functions by the source.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    source_person = models.ForeignKey(
        "identity.SourcePerson",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    entry_public_id = models.UUIDField()
    grant_key = models.BigIntegerField(help_text="The entry's: who sees it sees the report.")
    category = models.SmallIntegerField(choices=Category.choices)
    identifier = models.TextField(help_text="The entry's own at its source.")
    effective = models.DateTimeField(null=True)
    what = models.CharField(max_length=20, choices=WhatIsWrong)
    words = models.TextField()
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    notified = models.DateTimeField(null=True)
    answer = models.CharField(max_length=20, choices=ReportAnswer, blank=True, db_default="")
    answer_words = models.TextField(blank=True, db_default="")
    answered_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(what__in=WhatIsWrong.values), name="report_says_what_is_wrong"
            ),
            models.CheckConstraint(condition=Q(words__regex=HAS_WORDS), name="report_has_words"),
            models.CheckConstraint(
                condition=Q(
                    answer="", answer_words="", answered_by__isnull=True, answered_at__isnull=True
                )
                | Q(
                    answer__in=ReportAnswer.values,
                    answer_words__regex=HAS_WORDS,
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                ),
                name="report_is_answered_by_somebody",
            ),
        ]
        indexes = [
            models.Index(fields=["source", "at"], name="report_by_source"),
            models.Index(fields=["resident", "entry_public_id"], name="report_by_entry"),
            models.Index(fields=["at"], condition=Q(notified__isnull=True), name="report_to_tell"),
        ]

    def __str__(self) -> str:
        return self.reference
