"""The batch, what was delivered in it, what became of it, and what was set aside."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import Exact

from audit.fields import UuidV7
from organisations.periods import Period


class BatchState(models.TextChoices):
    """Where a batch stands. The row is the job: a worker takes what is received."""

    RECEIVED = "received", "Received, waiting to be loaded"
    LOADING = "loading", "Loading"
    WAITING = "waiting", "Waiting for a decision"
    REFUSED = "refused", "Refused, not loaded"
    LOADED = "loaded", "Loaded"
    FAILED = "failed", "Stopped by a fault"


#: Where nothing goes on by itself.
AT_REST = (BatchState.WAITING, BatchState.REFUSED, BatchState.LOADED)


class Outcome(models.TextChoices):
    """What became of one item. For every batch: read = the sum of these."""

    LOADED = "loaded", "Loaded"
    UNCHANGED = "unchanged", "Unchanged"
    RETIRED = "retired", "Retired"
    PASSED_OVER = "passed-over", "Passed over"
    STOPPED = "stopped", "Stopped"
    HELD = "held", "Held"


class FeedMapping(models.Model):
    """How a source's own extract is read: a mapping file. The latest of a feed holds."""

    feed = models.ForeignKey("organisations.Feed", models.PROTECT, related_name="+")
    text = models.TextField()
    given_in = models.DateTimeField(db_default=Now(), editable=False)
    given_in_by = models.BigIntegerField(null=True, help_text="The staff member, if one did.")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"mapping {self.pk}"


class Batch(models.Model):
    """One giving-in of one or more files by one source."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    feed = models.ForeignKey("organisations.Feed", models.PROTECT, related_name="batches")
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.RECEIVED)
    received = models.DateTimeField(db_default=Now(), editable=False)
    given_in_by = models.BigIntegerField(null=True, help_text="The staff member, if one did.")
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    heartbeat = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    total_bytes = models.BigIntegerField(default=0)
    done_bytes = models.BigIntegerField(default=0)
    delivery_done = models.IntegerField(default=0, help_text="Files loaded completely.")
    items_done = models.BigIntegerField(default=0, help_text="Items done of the file in hand.")
    wrappers = models.BigIntegerField(default=0)
    fault = models.CharField(max_length=200, blank=True)
    mapping = models.ForeignKey(FeedMapping, models.PROTECT, null=True, related_name="+")
    preview_first = models.BooleanField(
        default=False, db_default=False, help_text="Nothing is loaded before somebody has decided."
    )
    findings = models.JSONField(
        null=True, help_text="What a look over it found, in numbers: see feeds/looking_over.py."
    )
    decided = models.DateTimeField(null=True)
    decided_by = models.BigIntegerField(null=True, help_text="The staff member, if one did.")
    replays = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", help_text="Whose bytes are read again."
    )
    raw_deleted = models.DateTimeField(null=True, help_text="When its raw bytes were deleted.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=BatchState.values), name="batch_state_is_known"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(state__in=["received", "loading"]),
                name="batch_to_be_done",
            ),
            # Their page asks by day, and what waits for somebody of any day.
            models.Index(fields=["received"], name="batch_by_time"),
            models.Index(
                fields=["-id"],
                condition=Q(state__in=["waiting", "failed"]),
                name="batch_for_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.public_id}"

    @property
    def brought_by(self) -> int:
        """The batch that brought its bytes first: what its entries name as theirs."""
        return self.replays_id or int(self.pk)


class Delivery(models.Model):
    """One file of a batch. Its name may name a person, so it is kept encrypted."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="deliveries")
    position = models.IntegerField()
    name = models.BinaryField()
    size = models.BigIntegerField(default=0)
    stopped = ArrayField(
        models.TextField(),
        default=list,
        help_text="Where in it stands what was stopped and is still to be taken out.",
    )

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(
                fields=["batch"],
                condition=~Q(stopped=[]),
                name="delivery_to_be_cut",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="delivery_position_once")
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class Chunk(models.Model):
    """A piece of a delivery's raw bytes, encrypted, at most a megabyte."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="chunks")
    position = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "position"], name="chunk_position_once")
        ]

    def __str__(self) -> str:
        return f"chunk {self.pk}"


class Tally(models.Model):
    """How many items of a type came to one outcome for one reason."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="tallies")
    outcome = models.CharField(max_length=12, choices=Outcome)
    resource_type = models.CharField(max_length=60)
    reason = models.TextField(blank=True)
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "outcome", "resource_type", "reason"], name="tally_once"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="tally_outcome_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.resource_type} {self.outcome}"


class Hold(models.Model):
    """An item set aside with the reason, kept until someone resolves it.

    ``whose`` tells whether two items of a batch are about one person, and never about whom: that
    stands in the item. Empty where it could not be told.
    """

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="holds")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="holds")
    pointer = models.TextField()
    resource_type = models.CharField(max_length=60)
    reason = models.TextField()
    whose = models.BinaryField(max_length=8, db_default=b"")
    raised = models.DateTimeField(db_default=Now())
    resolved = models.DateTimeField(null=True)
    asked_again = models.DateTimeField(null=True, help_text="When it was asked to be tried again.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class HeldContent(models.Model):
    """The bytes of a held item, encrypted; out of reach of the web's login."""

    hold = models.OneToOneField(Hold, models.CASCADE, primary_key=True, related_name="content")
    raw = models.BinaryField()

    def __str__(self) -> str:
        return f"content of hold {self.hold_id}"


class Course(models.Model):
    """What is known of a visit, an appointment or a document from all its messages so far.

    Sealed, and the pipeline's alone: what may be seen of it is an entry.
    """

    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    identifier = models.TextField(help_text="Of the entry that it makes.")
    state = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "identifier"], name="course_once")]

    def __str__(self) -> str:
        return f"course {self.pk}"


class FullExtract(models.Model):
    """A batch that has all that its source holds of everybody, of one kind of entry.

    Written before its first row is loaded, and done when what it has not was retired.
    """

    feed = models.ForeignKey("organisations.Feed", models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="+")
    brought_by = models.BigIntegerField(help_text="The batch, or the one that it replays.")
    kind = models.TextField()
    taken = models.DateTimeField(null=True, help_text="Empty: nothing can be retired by it.")
    since = models.DateTimeField(null=True, help_text="What had ended before is not in it.")
    done = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "kind"], name="full_extract_once")]
        indexes = [models.Index(fields=["feed", "kind", "-taken"], name="full_extract_newest")]

    def __str__(self) -> str:
        return f"full extract of {self.kind} in batch {self.batch_id}"


class StoppedCase(models.Model):
    """A case number of a council's whose person objects to its use of the NHS number.

    Only those that came while the objection held; those who were known before are source persons.
    It counts while the objection does, and lets nothing through that is sent under it.
    """

    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    identifier = models.TextField()
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "identifier"], name="stopped_case_once")
        ]

    def __str__(self) -> str:
        return f"stopped case {self.pk}"


class DestroyedPerson(models.Model):
    """By which name a source knew somebody whose record was destroyed when its time was over.

    A digest of the name. What the source sends of them that is of no later day stays out, however
    often it is sent or replayed; what is later is new care, and comes in.
    """

    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    digest = models.BinaryField(max_length=32)
    until = models.DateTimeField(help_text="The last moment that the destroyed record told of.")
    since = models.DateTimeField(db_default=Now(), help_text="When it was destroyed.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "digest"], name="destroyed_person_once")
        ]

    def __str__(self) -> str:
        return f"destroyed person {self.pk}"


class ExtractRequest(models.Model):
    """A source is asked for a full extract: an objection ended, and what was stopped is missing.

    Written by the database with the choice that ends the objection. It names nobody.
    """

    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    choice_id = models.BigIntegerField(unique=True)
    due = models.DateTimeField()
    asked = models.DateTimeField(db_default=Now())
    answered = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["due"]

    def __str__(self) -> str:
        return f"extract request {self.pk}"


class FeedKey(Period):
    """What a source's system shows to give in over the wire: the digest of it alone."""

    feed = models.ForeignKey("organisations.Feed", models.PROTECT, related_name="keys")
    label = models.CharField(max_length=100, help_text="Where the key is kept: names nobody.")
    digest = models.BinaryField(max_length=32, unique=True)

    class Meta(Period.Meta):
        constraints = [
            *Period.Meta.constraints,
            models.CheckConstraint(
                condition=Exact(Length("digest"), 32), name="feed_key_digest_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} of feed {self.feed_id}"
