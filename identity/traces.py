"""Traces: asking the Personal Demographics Service who a source person is, step by step.

The trace's row is the job. A worker takes it for the length of a lease, asks outside any
transaction, and writes what came of it in one; a worker that dies leaves a lease that ends. The
question that was out then is asked again under the same request id.
"""

from __future__ import annotations

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit.fields import UuidV7


class Why(models.TextChoices):
    """Why somebody is traced: the purpose that the audit names."""

    ARRIVAL = "arrival", "Sent without a verified NHS number"
    CHANGE = "change", "Sent with other details"
    GIVEN = "given", "Number given by the resident or a carer"
    ADDRESS = "address", "For the address of a letter"
    UNVERIFIED = "unverified", "Still not verified"
    OLD = "old", "Not asked for a long time"
    BULK = "bulk", "All people of a source"
    RETRY = "retry", "Somebody asked to try again"


class Step(models.TextChoices):
    """The steps of the ladder, in order. A hit of a search is retrieved before it is believed."""

    NUMBER = "number", "By the NHS number that was sent"
    EXACT = "exact", "By name, date of birth and postcode, exactly"
    WILDCARDS = "wildcards", "By the starts of the name and postcode, and the date of birth"
    NAME = "name", "By name and date of birth"
    VERIFY = "verify", "By the number that a search found"


class Ended(models.TextChoices):
    """How a trace ended."""

    VERIFIED = "verified", "Found, and agrees"
    TO_BE_DECIDED = "to-be-decided", "On the work list"
    NO_MATCH = "no-match", "Nobody found"
    MANY = "many", "Several people found"
    INVALIDATED = "invalidated", "The number was withdrawn"
    NOT_ALLOWED = "not-allowed", "Not sent: the resident objected"
    NOT_ENOUGH = "not-enough", "Not enough is known to ask"


class Trace(models.Model):
    """One tracing of one source person, on behalf of their source.

    ``step`` is the one that comes next; ``asked_as`` the request id of the question that is out,
    or comes next; ``found`` the number that a search found, until it is retrieved.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    source_person = models.ForeignKey(
        "identity.SourcePerson", models.PROTECT, related_name="traces"
    )
    why = models.CharField(max_length=12, choices=Why)
    wanted = models.DateTimeField(db_default=Now(), editable=False)
    due = models.DateTimeField(db_default=Now())
    urgency = models.SmallIntegerField(default=1, help_text="0 is asked first.")
    step = models.CharField(max_length=10, choices=Step, default=Step.NUMBER)
    asked_as = models.UUIDField(default=uuid4)
    found = models.CharField(max_length=10, blank=True)
    delays = models.IntegerField(default=0, help_text="How often it was not the time.")
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    ended = models.CharField(max_length=14, choices=Ended, blank=True)
    finished = models.DateTimeField(null=True)
    bulk = models.ForeignKey(
        "identity.BulkTrace", models.PROTECT, null=True, related_name="traces", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_person"],
                condition=Q(finished__isnull=True),
                name="trace_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(ended="", finished__isnull=True)
                | Q(ended__in=Ended.values, finished__isnull=False),
                name="trace_ends_somehow",
            ),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="trace_step_is_known"),
        ]
        indexes = [
            models.Index(
                fields=["urgency", "due"], condition=Q(finished__isnull=True), name="trace_due"
            ),
            models.Index(
                fields=["bulk"],
                condition=Q(finished__isnull=True, bulk__isnull=False),
                name="trace_bulk_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"trace {self.public_id}"


class BulkTrace(models.Model):
    """Somebody wants everybody of a source traced.

    ``begun`` is when the traces were wanted; ``people`` how many they are, ``questions`` how many
    questions they ask, by estimate, and ``per_minute`` the permitted rate.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    source = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, related_name="bulk_traces"
    )
    by = models.ForeignKey("organisations.Membership", models.PROTECT, null=True, related_name="+")
    asked = models.DateTimeField(db_default=Now())
    begun = models.DateTimeField(null=True)
    people = models.IntegerField(null=True)
    questions = models.IntegerField(null=True)
    per_minute = models.IntegerField(null=True)
    finished = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(finished__isnull=True),
                name="bulk_trace_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(
                    begun__isnull=True,
                    people__isnull=True,
                    questions__isnull=True,
                    per_minute__isnull=True,
                    finished__isnull=True,
                )
                | Q(
                    begun__isnull=False,
                    people__isnull=False,
                    questions__isnull=False,
                    questions__gte=F("people"),
                    per_minute__isnull=False,
                    per_minute__gt=0,
                ),
                name="bulk_trace_begins_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"bulk trace {self.public_id}"


class TraceStep(models.Model):
    """A question that was asked and what came of it. Only added to; it holds no value of anybody.

    ``asked_by`` names the identifiers that the question had; ``disagrees`` the fields that did
    not agree in the answer.
    """

    trace = models.ForeignKey(Trace, models.PROTECT, related_name="steps")
    step = models.CharField(max_length=10, choices=Step)
    asked_by = ArrayField(models.CharField(max_length=20))
    request = models.UUIDField()
    service = models.CharField(max_length=12)
    outcome = models.CharField(max_length=20)
    why = models.CharField(max_length=30, blank=True)
    disagrees = ArrayField(models.CharField(max_length=20), default=list)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            # What was asked once and answered is not answered twice.
            models.UniqueConstraint(
                fields=["request"],
                condition=~Q(outcome="not-now"),
                name="trace_question_answered_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.outcome}"


class VerifiedAddress(models.Model):
    """Where letters go, as the Personal Demographics Service said last.

    Kept apart from the place that pages show, and out of the web's reach: it is for letters.
    """

    resident = models.OneToOneField(
        "identity.Resident", models.CASCADE, primary_key=True, related_name="+"
    )
    lines = ArrayField(models.TextField())
    postcode = models.TextField(blank=True)
    checked = models.DateTimeField()
    service = models.CharField(max_length=12)

    def __str__(self) -> str:
        return f"verified address of resident {self.resident_id}"
