"""Merges of residents, what each of them moved, and pairs never joined (docs/adr/0009)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least, Now

from audit.fields import UuidV7


class Cause(models.TextChoices):
    """Why two residents were joined."""

    DUPLICATE = "duplicate", "One person was recorded twice"
    SUPERSEDED = "superseded", "One NHS number replaced the other"
    SOURCE_MERGED = "source-merged", "A source joined two of its own records"
    NUMBER_AGREES = "number-agrees", "A verified number, the name and the birth date agree"


class Merge(models.Model):
    """One resident joined with another, for as long as it is not undone.

    The *merged* resident is kept, empty: all that was theirs is the survivor's, and
    :class:`MovedRow` says what. ``before`` and ``after`` hold the fields of both that changed with
    it. Written by ``identity.merge`` and ``identity.unmerge`` in PostgreSQL alone.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    survivor = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    merged = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    cause = models.CharField(max_length=20, choices=Cause)
    words = models.TextField(blank=True)
    by = models.ForeignKey("organisations.Membership", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    undone_words = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(survivor=F("merged")), name="merge_is_of_two"),
            models.CheckConstraint(
                condition=Q(cause__in=Cause.values), name="merge_cause_is_known"
            ),
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_away_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["survivor"], condition=Q(undone_at__isnull=True), name="merge_by_survivor"
            ),
            models.Index(fields=["merged"], name="merge_by_merged"),
        ]

    def __str__(self) -> str:
        return f"merge {self.public_id}"


class MovedRow(models.Model):
    """A row that a merge changed, and what its changed columns were."""

    merge = models.ForeignKey(Merge, models.PROTECT, related_name="moved")
    table_name = models.TextField()
    row_id = models.BigIntegerField()
    before = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merge", "table_name", "row_id"], name="moved_row_once")
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id}"


class OnMerge(models.TextChoices):
    """What a merge does with a column that names a resident."""

    MOVES = "moves", "The row becomes the survivor’s, and goes back when the merge is undone"
    FOLLOWS = "follows", "A foreign key takes it along with a row that moves"
    COUNTS = "counts", "It stays where it was said, and counts for the survivor as well"
    STAYS = "stays", "It is history, or the resident’s own, and stays"


class TableAboutResident(models.Model):
    """The merge map: every column that names a resident, and what a merge does with it.

    Rows come with the migration that makes the column; ``tests/identity/test_merge_map.py`` fails
    where one is missing. ``unique_with`` names the columns that are unique together with the
    resident: a row that the survivor has already is left where it is.
    """

    table_name = models.TextField()
    column_name = models.TextField(default="resident_id")
    on_merge = models.CharField(max_length=10, choices=OnMerge)
    unique_with = models.JSONField(default=list)
    why = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["table_name", "column_name"], name="column_about_resident_once"
            ),
            models.CheckConstraint(
                condition=Q(on_merge__in=OnMerge.values), name="on_merge_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.table_name}.{self.column_name}"


class WhySeparated(models.TextChoices):
    """Why two records of one person are kept apart for ever."""

    ADOPTION = "adoption", "Adoption"
    GENDER = "gender", "Change of gender"
    PROTECTION = "protection", "A new identity for the person’s protection"


class SeparatedPair(models.Model):
    """Two residents never to be proposed, linked or shown together, whoever asks.

    ``former`` is the record that is no longer used, ``current`` the one that is. Rows are only
    added. Triggers refuse a merge, a link and a question that would bring the two together.
    """

    former = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    current = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    why = models.CharField(max_length=20, choices=WhySeparated)
    by = models.ForeignKey("organisations.Membership", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(former=F("current")), name="pair_is_of_two"),
            models.CheckConstraint(
                condition=Q(why__in=WhySeparated.values), name="pair_reason_is_known"
            ),
            models.UniqueConstraint(
                Least("former", "current"), Greatest("former", "current"), name="pair_once"
            ),
        ]
        indexes = [models.Index(fields=["current"], name="pair_by_current")]

    def __str__(self) -> str:
        return f"separated pair {self.pk}"
