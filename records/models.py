"""The entry: one item of a record. One plain table for every category (docs/adr/0002)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast, Now

from audit.fields import UuidV7
from organisations.categories import Category
from records.reported import EntryReport
from records.statuses import EntryStatus

#: A model that stands in a module of its own; Django finds it here.
__all__ = ["Entry", "EntryReport"]


class Entry(models.Model):
    """One item: a category, a source and its source person, a date, a code, words, the resource.

    ``grant_key`` is what an opening grants; PostgreSQL computes it. ``identifier`` is stable at
    the source, ``version`` the source's own time: a newer version replaces an older one, whatever
    the order of arrival. Row security lets a row out only through the opening of this very
    transaction (``access/sql``).
    """

    pk = models.CompositePrimaryKey("resident_id", "id")
    resident_id = models.BigIntegerField()
    id = models.BigIntegerField(editable=False, help_text="An identity column of PostgreSQL's.")
    public_id = models.UUIDField(db_default=UuidV7(), editable=False)
    # The index of (source, identifier) begins with it; by feed nobody looks for entries.
    source = models.ForeignKey(
        "organisations.Organisation",
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # Its index is made in SQL, with its foreign key.
    source_person = models.ForeignKey(
        "identity.SourcePerson",
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    category = models.SmallIntegerField(choices=Category.choices)
    sensitive = models.BooleanField(default=False)
    grant_key = models.GeneratedField(
        expression=Cast(F("source_id"), models.BigIntegerField()) * 64
        + F("category") * 2
        + Cast(F("sensitive"), models.IntegerField()),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=20, choices=EntryStatus.choices)
    source_status = models.TextField(blank=True)
    effective = models.DateTimeField(null=True)
    effective_precision = models.CharField(max_length=5, blank=True)
    ends = models.DateTimeField(null=True)
    recorded = models.DateTimeField(null=True)
    code_system = models.TextField(blank=True)
    code = models.TextField(blank=True)
    display = models.TextField()
    detail = models.TextField(blank=True)
    value = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    value_text = models.TextField(blank=True)
    unit = models.TextField(blank=True)
    range_low = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    range_high = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    range_text = models.TextField(blank=True)
    interpretation = models.TextField(blank=True)
    author = models.TextField(blank=True)
    author_role = models.TextField(blank=True)
    place = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    contact_class = models.CharField(max_length=20, blank=True)
    team_code = models.TextField(blank=True)
    recipient_code = models.TextField(blank=True, db_default="")
    recipient_team = models.TextField(blank=True, db_default="")
    negation = models.BooleanField(default=False)
    notes = ArrayField(models.TextField(), default=list)
    resource = models.JSONField()
    identifier = models.TextField()
    version = models.DateTimeField(null=True)
    fingerprint = models.BinaryField(max_length=32)
    feed = models.ForeignKey(
        "organisations.Feed",
        models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    batch_id = models.BigIntegerField()
    received = models.DateTimeField(db_default=Now())

    class Meta:
        # One foreign key over (source person, resident, source), made in the migration's SQL: an
        # entry can be nobody's but its source person's resident, and follows when a link changes.
        indexes = [
            models.Index(
                F("resident_id"),
                F("category"),
                F("effective").desc(nulls_last=True),
                name="entry_by_category",
                include=["grant_key"],
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "identifier"], name="entry_once_per_source"),
            models.CheckConstraint(
                condition=Q(status__in=EntryStatus.values), name="entry_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(category__gte=1, category__lte=31), name="entry_category_fits_key"
            ),
        ]

    def __str__(self) -> str:
        return f"entry {self.public_id}"
