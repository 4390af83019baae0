"""How long is kept what sources hold of a person: the schedule, holds, the review list, stubs.

What is destroyed together is one source's share of one person: what one controller sent of one of
its own people. No login but the owner's writes these tables: functions do (``keeping/sql``).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit.fields import UuidV7
from organisations.models import OrganisationKind


class Start(models.TextChoices):
    """What starts the clock."""

    LAST_SEEN = "last-seen", "when care ended or the person was last seen"
    DEATH = "death", "when the person died"


class RetentionRule(models.Model):
    """How long one kind of source's records are kept, or one controller's; never changed.

    A change ends the row and begins another, so that it can be told by which rule something went.
    ``child_until`` is the birthday until which a record is kept whose clock started before the
    person was 18 (a year more where it started at 17); ``None`` where age makes no difference.
    """

    source_kind = models.CharField(max_length=30, choices=OrganisationKind)
    controller = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="+"
    )
    starts = models.CharField(max_length=10, choices=Start, default=Start.LAST_SEEN)
    years = models.SmallIntegerField()
    child_until = models.SmallIntegerField(null=True)
    because = models.TextField(help_text="The law or code that says so, or why it is longer.")
    valid_from = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField(null=True)
    set_by = models.TextField(db_default="", blank=True)

    class Meta:
        constraints = [
            # 20 years is the longest that the Records Management Code lets a controller extend to.
            models.CheckConstraint(
                condition=Q(years__gte=2, years__lte=20), name="retention_years_are_lawful"
            ),
            models.CheckConstraint(
                condition=Q(child_until=None) | Q(child_until__gte=25, child_until__lte=30),
                name="retention_child_age_is_lawful",
            ),
            models.CheckConstraint(condition=~Q(because=""), name="retention_rule_says_why"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="retention_rule_ends_after_it_began",
            ),
            models.UniqueConstraint(
                fields=["source_kind", "controller"],
                condition=Q(valid_until=None),
                nulls_distinct=False,
                name="retention_rule_once_in_force",
            ),
        ]

    def __str__(self) -> str:
        return f"retention rule {self.pk}"


class PortalKind(models.TextChoices):
    """What the portal itself writes about residents and destroys by its own rule."""

    SUBJECT_ACCESS = "subject-access", "Subject access requests that were answered"
    NOTICES = "notices", "Notices to teams"
    REQUESTS = "requests", "Requests about choices that came to nothing"
    TRACES = "traces", "Traces of which a later one says as much"
    QUESTIONS = "questions", "Questions about who somebody is, on which nothing rests"


class PortalRule(models.Model):
    """How many months one kind of the portal's own rows is kept; never changed, but followed."""

    kind = models.CharField(max_length=20, choices=PortalKind)
    months = models.SmallIntegerField(help_text="From when it was over: answered, or told.")
    because = models.TextField()
    valid_from = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField(null=True)
    set_by = models.TextField(db_default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=PortalKind.values), name="portal_rule_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(months__gte=6, months__lte=240), name="portal_rule_months_are_sane"
            ),
            models.CheckConstraint(condition=~Q(because=""), name="portal_rule_says_why"),
            models.UniqueConstraint(
                fields=["kind"], condition=Q(valid_until=None), name="portal_rule_once_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"portal rule {self.pk}"


class HoldReason(models.TextChoices):
    """Why nothing may go meanwhile."""

    INQUIRY = "inquiry", "A public inquiry"
    LITIGATION = "litigation", "Litigation"
    CASE = "case", "A case that is still open"


class RetentionHold(models.Model):
    """Nothing in its reach is destroyed while it is in force, whatever its age."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reason = models.CharField(max_length=10, choices=HoldReason)
    words = models.TextField(help_text="What it is for; names nobody.")
    controller = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="+"
    )
    resident = models.ForeignKey("identity.Resident", models.PROTECT, null=True, related_name="+")
    valid_from = models.DateTimeField(db_default=Now())
    valid_until = models.DateTimeField(null=True)
    set_by = models.TextField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(words=""), name="retention_hold_says_why"),
        ]

    def __str__(self) -> str:
        return f"retention hold {self.pk}"


class ListedState(models.TextChoices):
    """Where a share stands that is on the review list."""

    LISTED = "listed", "Waits for a first officer"
    APPROVED = "approved", "Waits for a second officer"
    CONFIRMED = "confirmed", "Two officers agreed"
    DERIVED_GONE = "bytes-wait", "Its entries are gone, its raw bytes go next"
    DESTROYED = "destroyed", "Destroyed"
    KEPT = "kept", "Kept for longer"
    RETURNED = "returned", "Not due any more: back in care, on hold, or under another rule"


class ListedShare(models.Model):
    """One source's share of one person whose time is over, and what officers decided."""

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    controller = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    source_person_id = models.BigIntegerField(help_text="It may be gone one day: no foreign key.")
    rule = models.ForeignKey(RetentionRule, models.PROTECT, related_name="+")
    started = models.DateField(help_text="When the clock started.")
    due = models.DateField()
    entries = models.IntegerField()
    state = models.CharField(max_length=12, choices=ListedState, db_default=ListedState.LISTED)
    listed = models.DateTimeField(db_default=Now())
    approved_by = models.BigIntegerField(null=True, help_text="A staff member.")
    confirmed_by = models.BigIntegerField(null=True, help_text="Another one.")
    kept_until = models.DateField(null=True)
    kept_because = models.TextField(blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_person_id"],
                condition=Q(state__in=["listed", "approved", "confirmed", "bytes-wait"]),
                name="share_listed_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "bytes-wait", "destroyed"])
                | Q(approved_by__isnull=False, confirmed_by__isnull=False)
                & ~Q(approved_by=F("confirmed_by")),
                name="share_goes_by_two_officers",
            ),
            models.CheckConstraint(
                condition=~Q(state="kept") | Q(kept_until__isnull=False) & ~Q(kept_because=""),
                name="share_kept_says_why",
            ),
        ]
        indexes = [models.Index(fields=["controller", "state"], name="share_by_controller")]

    def __str__(self) -> str:
        return f"share {self.public_id}"


class Stub(models.Model):
    """What is left of a share that was destroyed: never its content, and never changed.

    ``whose`` is the opaque id of the resident. By which names the source knew the person is
    kept as digests (:class:`feeds.models.DestroyedPerson`), so that it does not come back.
    """

    share = models.OneToOneField(ListedShare, models.PROTECT, related_name="stub")
    controller = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    whose = models.UUIDField()
    kind = models.CharField(max_length=30)
    rule = models.ForeignKey(RetentionRule, models.PROTECT, related_name="+")
    started = models.DateField()
    destroyed = models.DateTimeField(db_default=Now())
    approved_by = models.BigIntegerField()
    confirmed_by = models.BigIntegerField()
    counts = models.JSONField(help_text="How many rows of which table went.")
    files = models.IntegerField(null=True, help_text="Of how many files its bytes were taken out.")

    def __str__(self) -> str:
        return f"stub {self.pk}"
