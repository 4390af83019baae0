"""The resident, the place where they live, their numbers, and their source persons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import UuidV7
from identity.merges import (
    Cause,
    Merge,
    MovedRow,
    OnMerge,
    SeparatedPair,
    TableAboutResident,
    WhySeparated,
)
from identity.names import fold, given_keys, search_keys
from identity.numbers import (
    Ended,
    NumberStatus,
    NumberStatusChange,
    PlaceholderNumber,
    ResidentNhsNumber,
    SaidBy,
)
from identity.questions import LinkQuestion, QuestionDecision, QuestionNote, QuestionReason
from identity.traces import BulkTrace, Trace, TraceStep, VerifiedAddress
from identity.vital import PART_OF_A_DATE, DeathNotice

__all__ = [
    "BulkTrace",
    "Cause",
    "DeathNotice",
    "Ended",
    "LinkQuestion",
    "LinkState",
    "Merge",
    "MovedRow",
    "NumberStatus",
    "NumberStatusChange",
    "OnMerge",
    "PlaceholderNumber",
    "Protection",
    "QuestionDecision",
    "QuestionNote",
    "QuestionReason",
    "Resident",
    "ResidentEpoch",
    "ResidentNhsNumber",
    "ResidentPlace",
    "SaidBy",
    "SeparatedPair",
    "Sex",
    "SourcePerson",
    "TableAboutResident",
    "Trace",
    "TraceStep",
    "VerifiedAddress",
    "WhySeparated",
]


class Sex(models.TextChoices):
    """Administrative gender, as FHIR and the patient banner have it."""

    FEMALE = "female", "Female"
    MALE = "male", "Male"
    OTHER = "other", "Other"
    UNKNOWN = "unknown", "Not known"


class Protection(models.TextChoices):
    """The Personal Demographics Service's security code. Anything but ``U`` hides the place."""

    UNRESTRICTED = "U", "Unrestricted"
    RESTRICTED = "R", "Restricted"
    VERY_RESTRICTED = "V", "Very restricted"


#: The fields that a resident is found by, and those that follow them.
_FOUND_BY = ("family_name", "given_names", "birth_date")
_FOUND_AS = ("family_folded", "given_folded", "given_keys", "search_keys", "birth_date_part")


class Resident(models.Model):
    """The person whose record it is.

    ``known_to_all`` says that the person is known beyond doubt: a verified NHS number, or a
    person's decision. Until then only the staff of the source that sent them may find them.

    What a resident is found by (``…_folded``, ``given_keys``, ``search_keys``) follows the names
    and the birth date at every ``save``; a constraint refuses rows that were changed past it.

    Of a birth or death whose day is not known the year or month is kept (``…_part``), beside an
    empty date. A death stands on a notice: told by a source it is informal; the Personal
    Demographics Service tells which of the two it is, and withdraws it. Once formal it is never
    less (a trigger refuses it), and a death that the service withdrew leaves ``WITHDRAWN`` behind.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    # Text without a length: a source's long name is not a reason to lose a person.
    title = models.TextField(blank=True)
    family_name = models.TextField(blank=True)
    given_names = models.TextField(blank=True)
    family_folded = models.TextField(blank=True)
    given_folded = models.TextField(blank=True)
    given_keys = ArrayField(models.TextField(), default=list)
    search_keys = ArrayField(models.TextField(), default=list)
    birth_date = models.DateField(null=True)
    birth_date_part = models.CharField(
        max_length=7, blank=True, default="", db_default="", help_text="YYYY or YYYY-MM."
    )
    sex = models.CharField(max_length=10, choices=Sex, default=Sex.UNKNOWN)
    deceased = models.BooleanField(default=False)
    deceased_on = models.DateField(null=True)
    deceased_on_part = models.CharField(
        max_length=7, blank=True, default="", db_default="", help_text="YYYY or YYYY-MM."
    )
    death_notice = models.CharField(
        max_length=1, choices=DeathNotice, blank=True, default="", db_default=""
    )
    death_said_by = models.CharField(
        max_length=10, choices=SaidBy, blank=True, default="", db_default=""
    )
    #: When the death was first heard of, which the database writes: where the day is not known,
    #: what ends after a death is counted from then.
    deceased_since = models.DateTimeField(null=True, editable=False)
    language = models.TextField(blank=True)
    interpreter_needed = models.BooleanField(default=False)
    protection = models.CharField(max_length=1, choices=Protection, default=Protection.UNRESTRICTED)
    known_to_all = models.BooleanField(default=False)
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        indexes = [
            # Without the list of pending changes: whoever searches would read through it.
            GinIndex(fields=["search_keys"], fastupdate=False, name="resident_by_search_key")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="resident_sex_is_known"),
            models.CheckConstraint(
                condition=Q(deceased=True) | Q(deceased_on__isnull=True),
                name="resident_died_if_death_date",
            ),
            models.CheckConstraint(
                condition=Q(deceased=True, deceased_since__isnull=False)
                | Q(deceased=False, deceased_since__isnull=True),
                name="resident_death_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(birth_date_part="")
                | Q(birth_date__isnull=True, birth_date_part__regex=PART_OF_A_DATE),
                name="resident_birth_is_a_day_or_a_part",
            ),
            models.CheckConstraint(
                condition=Q(deceased_on_part="")
                | Q(
                    deceased=True,
                    deceased_on__isnull=True,
                    deceased_on_part__regex=PART_OF_A_DATE,
                ),
                name="resident_death_is_a_day_or_a_part",
            ),
            models.CheckConstraint(
                condition=Q(
                    deceased=True,
                    death_notice__in=[DeathNotice.INFORMAL, DeathNotice.FORMAL],
                    death_said_by__in=[SaidBy.FEED, SaidBy.TRACE],
                )
                | Q(deceased=False, death_notice__in=["", DeathNotice.WITHDRAWN], death_said_by=""),
                name="resident_death_stands_on_a_notice",
            ),
        ]

    def __str__(self) -> str:
        # Never a name: this is what logs and error pages would show.
        return f"resident {self.public_id}"

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Write the row, with what it is found by."""
        self.set_found_by()
        if update_fields is not None and {*update_fields} & {*_FOUND_BY}:
            update_fields = {*update_fields, *_FOUND_AS}
        super().save(update_fields=update_fields, **options)

    def set_found_by(self) -> None:
        """Have what the resident is found by follow the names and the birth date."""
        self.family_folded = fold(self.family_name)
        self.given_folded = fold(self.given_names)
        self.given_keys = list(given_keys(self.given_names))
        self.search_keys = search_keys(self.family_name, self.birth_date)
        if self.birth_date is not None:
            self.birth_date_part = ""


class ResidentPlace(models.Model):
    """Where a resident lives and how to reach them: a table of its own, so that it can be refused.

    Row security hides rows, not columns; the place of a protected resident is a row of its own.
    """

    resident = models.OneToOneField(
        Resident, models.CASCADE, primary_key=True, related_name="place"
    )
    address_lines = ArrayField(models.TextField(), default=list)
    postcode = models.TextField(blank=True)
    phone = models.TextField(blank=True)
    practice_code = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"place of resident {self.resident_id}"


class LinkState(models.TextChoices):
    """Whether a source person is this resident beyond doubt."""

    LINKED = "linked", "Linked: a verified number agrees, or a person decided"
    ALONE = "alone", "Not linked: visible to its source only"
    IN_DOUBT = "in-doubt", "In doubt: number, name and birth date disagree"


class SourcePerson(models.Model):
    """One source's idea of a person: linked to a resident, never merged away.

    Entries hang on it. While its link is in doubt its entries are withheld from everyone but
    their source, and the rest of the record is not.
    """

    source = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    identifier = models.TextField()
    local_identifiers = ArrayField(models.TextField(), default=list)
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="source_persons")
    link = models.CharField(max_length=10, choices=LinkState)
    nhs_number_sent = models.TextField(blank=True)
    nhs_number_status_sent = models.TextField(blank=True)
    number_claimed = models.CharField(
        max_length=10, blank=True, help_text="The number sent, where it is an NHS number at all."
    )
    version = models.DateTimeField(null=True)
    given_in = models.BigIntegerField(
        default=0,
        db_default=0,
        help_text="The delivery of this version: of two of one time the later one given in counts.",
    )
    fingerprint = models.BinaryField(max_length=32)
    registered_practice = models.BooleanField(
        default=False, help_text="The source is the practice that this person is registered with."
    )
    updated = models.DateTimeField(db_default=Now())
    arrived = models.DateTimeField(db_default=Now(), editable=False)
    said = models.JSONField(
        default=dict, help_text="Who the person is in the words of their source's last version."
    )
    replaced_by = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="The record that the source joined this one with.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "identifier"], name="source_person_once"),
            # What an entry's foreign key points at.
            models.UniqueConstraint(
                fields=["id", "resident", "source"], name="source_person_of_resident"
            ),
            models.CheckConstraint(
                condition=Q(link__in=LinkState.values), name="source_person_link_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["resident", "source"], name="source_person_by_resident"),
            models.Index(
                fields=["number_claimed"],
                condition=~Q(number_claimed=""),
                name="source_person_by_number",
            ),
        ]

    def __str__(self) -> str:
        return f"source person {self.pk}"


class ResidentEpoch(models.Model):
    """A counter that moves with every change of a resident's choices, relationships or identity.

    Moved by triggers. A decision says on which epoch it stood, and the database refuses to open
    the record on an older one.
    """

    resident = models.OneToOneField(Resident, models.CASCADE, primary_key=True, related_name="+")
    epoch = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return str(self.epoch)
