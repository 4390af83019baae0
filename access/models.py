"""Care relationships, broken glass, alerts, openings and glimpses.

Openings and glimpses are written by the gate's functions in PostgreSQL alone
(``access/sql``): the web's login may neither insert nor read them.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from access.attempts import Attempt
from access.factors import Authenticator, Passkey, RecoveryCode
from access.failed_proof_rows import FailedProof, FailedProofNote
from access.federated import LinkCode, LogoutSeen, ProviderIdentity, ProviderSession
from access.invitations import Invitation
from access.launch_hosts import Launch, LaunchHost
from access.lawful import DisclosureNotice, DisclosureRecipient, LawfulDisclosure
from access.reasons import EMERGENCY, HAS_WORDS, AccessReason
from access.watched import Watch, WatchReason
from audit.fields import CurrentTransaction, UuidV7, Xid8Field
from identity.due import DueOfResident

#: Models that stand in a module of their own; Django finds them here.
__all__ = [
    "Attempt",
    "Authenticator",
    "DisclosureNotice",
    "DisclosureRecipient",
    "FailedProof",
    "FailedProofNote",
    "Invitation",
    "Launch",
    "LaunchHost",
    "LawfulDisclosure",
    "LinkCode",
    "LogoutSeen",
    "Passkey",
    "ProviderIdentity",
    "ProviderSession",
    "RecoveryCode",
    "Watch",
    "WatchReason",
]


class RelationshipKind(models.TextChoices):
    """Why a team is involved in a resident's care. Never "because they work here"."""

    REGISTERED_PRACTICE = "registered-practice", "Registered with this practice"
    TEMPORARY_REGISTRATION = "temporary-registration", "Temporarily registered with this practice"
    ADMISSION = "admission", "Admitted here"
    ATTENDANCE = "attendance", "Attended the emergency department"
    APPOINTMENT = "appointment", "Outpatient appointment"
    OUT_OF_HOURS = "out-of-hours", "Out-of-hours contact"
    CASELOAD = "caseload", "On the team's caseload"
    REFERRAL = "referral", "Open referral"
    DISCHARGE_REFERRAL = "discharge-referral", "Referred to this team on leaving hospital"
    SOCIAL_CARE_SERVICE = "social-care-service", "Open adult social care service"
    ALLOCATED_WORKER = "allocated-worker", "Allocated worker"
    SELF_DECLARED = "self-declared", "Declared by the staff member"
    GRANTED = "granted-by-colleague", "Let in by a colleague"
    EXPRESS_CONSENT = "express-consent", "The resident agreed"


#: Said by a person, personal to one membership, and over after days; all others are derived.
MANUAL_KINDS = (
    RelationshipKind.SELF_DECLARED,
    RelationshipKind.GRANTED,
    RelationshipKind.EXPRESS_CONSENT,
)


class CareRelationship(models.Model):
    """Why this team is involved in this resident's care, from–to, with its evidence.

    ``team`` empty stands for a small organisation that works as one team (a practice, an
    out-of-hours provider). ``evidence`` names the source's item, without clinical words.
    ``place`` is where somebody who is admitted lies (ward and bed, as the source calls them); the
    gate tells it only of whom the place may be shown.

    A manual one is personal: it opens for ``membership`` alone, says its reason and words, who
    declared it, and always has an end.
    """

    resident = models.ForeignKey(
        "identity.Resident", models.PROTECT, related_name="care_relationships"
    )
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    team = models.ForeignKey("organisations.Team", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=30, choices=RelationshipKind)
    evidence = models.TextField()
    place = models.TextField(blank=True, db_default="")
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    derived = models.BooleanField(default=True)
    from_feeds = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Deliveries carry it, and it ends with them; a referral ends by itself.",
    )
    membership = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    declared_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    reason = models.CharField(max_length=2, choices=AccessReason, blank=True)
    words = models.TextField(blank=True)
    recorded = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "organisation", "kind", "evidence"],
                name="relationship_once_per_evidence",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=RelationshipKind.values), name="relationship_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=models.F("valid_from")),
                name="relationship_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=(
                    Q(derived=True, membership__isnull=True, declared_by__isnull=True)
                    & ~Q(kind__in=MANUAL_KINDS)
                )
                | Q(
                    derived=False,
                    kind__in=MANUAL_KINDS,
                    membership__isnull=False,
                    declared_by__isnull=False,
                    valid_until__isnull=False,
                    reason__in=AccessReason.values,
                    words__regex=HAS_WORDS,
                ),
                name="relationship_is_derived_or_declared",
            ),
            models.CheckConstraint(
                condition=Q(from_feeds=True)
                | Q(
                    derived=True,
                    kind=RelationshipKind.DISCHARGE_REFERRAL,
                    team__isnull=False,
                    valid_until__isnull=False,
                ),
                name="relationship_of_referral_has_team_and_end",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "team"], name="relationship_by_organisation"),
            # "My residents": all but the many who are registered with a practice.
            models.Index(
                fields=["organisation", "kind"],
                condition=~Q(kind=RelationshipKind.REGISTERED_PRACTICE),
                name="relationship_worked_with",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class RelationshipDue(DueOfResident):
    """A resident whose relationships are to be derived anew. The row is the job."""

    def __str__(self) -> str:
        return f"relationships of resident {self.resident_id}"


class BasisKind(models.TextChoices):
    """What an opening stands on. The rule's step 4; each is asked live, by primary key."""

    RELATIONSHIP = "relationship", "A care relationship"
    BREAK_GLASS = "break-glass", "Broken glass"
    AFTER_DEATH = "after-death", "A role that reads after death"
    LAWFUL_DISCLOSURE = "lawful-disclosure", "A lawful disclosure"


class Opening(models.Model):
    """One transaction's grant to read one resident's record for one acting membership.

    It stands on one basis, by its kind and id; broken glass only in the sitting that broke it.
    ``disclosures`` are the lawful disclosures that name the reader, which may open what is
    withheld besides it; ``after_death`` is how long after a death a basis of care still holds.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    transaction = Xid8Field(db_default=CurrentTransaction(), editable=False, unique=True)
    began = models.DateTimeField(help_text="The transaction's own start.")
    look = models.UUIDField()
    resident_id = models.BigIntegerField()
    staff_id = models.BigIntegerField()
    membership_id = models.BigIntegerField()
    basis = models.CharField(max_length=20, choices=BasisKind)
    basis_id = models.BigIntegerField()
    sitting = models.UUIDField(null=True)
    disclosures = ArrayField(models.BigIntegerField(), db_default=[])
    after_death = models.DurationField(db_default=timedelta(0))
    keys = ArrayField(models.BigIntegerField())
    resident_epoch = models.BigIntegerField()
    rules_epoch = models.BigIntegerField()
    decision = models.JSONField()

    class Meta:
        indexes = [
            models.Index(fields=["look"], name="opening_by_look"),
            # A few pages: openings lie in the order in which they began.
            BrinIndex(fields=["began"], name="opening_by_time", autosummarize=True),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(basis__in=BasisKind.values), name="opening_basis_is_known"
            ),
            models.CheckConstraint(
                condition=Q(after_death__gte=timedelta(0), after_death__lte=timedelta(days=90)),
                name="opening_ends_soon_after_death",
            ),
        ]

    def __str__(self) -> str:
        return f"opening {self.public_id}"


class Glimpse(models.Model):
    """A resident whom one transaction may know of, in a list or by themselves.

    One that lets choices be recorded says who may: the row of the choice must name the same.
    """

    transaction = Xid8Field(db_default=CurrentTransaction(), editable=False)
    began = models.DateTimeField()
    resident_id = models.BigIntegerField()
    with_place = models.BooleanField()
    with_number = models.BooleanField()
    with_choices = models.BooleanField()
    staff_id = models.BigIntegerField(null=True)
    membership_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["transaction"], name="glimpse_by_transaction")]
        constraints = [
            models.CheckConstraint(
                condition=Q(with_choices=False)
                | Q(staff_id__isnull=False, membership_id__isnull=False),
                name="glimpse_of_choices_says_whose",
            ),
        ]

    def __str__(self) -> str:
        return f"glimpse {self.pk}"


class BrokenGlass(models.Model):
    """A record opened in an emergency, for a short time, by one membership in one sitting.

    It opens what is restricted, never what is withheld. Written by the gate alone, with its alert
    and its audit event. ``ended_at`` is set where the sitting was ended; else ``ends_at`` holds.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    sitting = models.UUIDField()
    reason = models.CharField(max_length=2, choices=AccessReason)
    words = models.TextField()
    began = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=[reason for reason, *_ in EMERGENCY]),
                name="glass_reason_is_an_emergency",
            ),
            models.CheckConstraint(condition=Q(words__regex=HAS_WORDS), name="glass_has_words"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("began")), name="glass_ends_after_it_begins"
            ),
        ]
        indexes = [
            models.Index(fields=["resident", "membership"], name="glass_by_resident"),
            models.Index(fields=["sitting"], name="glass_by_sitting"),
        ]

    def __str__(self) -> str:
        return f"broken glass {self.public_id}"


class AlertKind(models.TextChoices):
    """What a privacy officer must hear of."""

    BREAK_GLASS = "break-glass", "Emergency opening"
    SELF_DECLARED = "self-declared", "Declared own involvement"
    SAMPLE = "sample", "Sampled"
    FISHING = "fishing", "Many searches, nothing opened"
    SEARCHED_TOO_OFTEN = "searched-too-often", "Searched too often"
    QUESTION = "question", "Resident’s question"
    HELD_LINE = "held-line", "Line held from an account"
    DETECTED = "detected", "Unusual look"
    WATCHED = "watched", "Record under watch opened"


#: About somebody's searches, and so about no one resident.
OF_SEARCHING = (AlertKind.FISHING, AlertKind.SEARCHED_TOO_OFTEN)
#: About one line of who looked, with what is asked or why it is held or unusual.
OF_A_LINE = (AlertKind.QUESTION, AlertKind.HELD_LINE, AlertKind.DETECTED)


class AlertOutcome(models.TextChoices):
    """What a privacy officer found. The NHS's outcomes: correct use, investigate, escalate."""

    CORRECT = "correct", "Correct use"
    NOT_CORRECT = "not-correct", "Not correct"
    INVESTIGATE = "investigate", "Being investigated"
    ESCALATE = "escalate", "Escalated"
    EVIDENCE = "evidence", "Closed by evidence of care"
    ANSWERED = "answered", "Answered"
    TOLD = "told", "May be told"
    KEPT_BACK = "kept-back", "Kept back"
    HELD = "held", "Held until decided"


#: An alert with one of these is done; one that is being investigated waits in the queue.
CLOSING = (
    AlertOutcome.CORRECT,
    AlertOutcome.NOT_CORRECT,
    AlertOutcome.ESCALATE,
    AlertOutcome.EVIDENCE,
    AlertOutcome.ANSWERED,
    AlertOutcome.TOLD,
    AlertOutcome.KEPT_BACK,
)
#: An alert without an outcome waits; with one of these it waits as well.
STILL_OPEN = ("", AlertOutcome.INVESTIGATE, AlertOutcome.HELD)


class Alert(models.Model):
    """One thing that a privacy officer of the reader's organisation must look at.

    The row is the job of telling them: ``notified`` is when the notice left. What is sent names
    the reference and nobody. ``outcome`` is the latest of its reviews', empty before the first.

    A sample is of one ``look``, which a relationship opened. It is one of many, so nobody is sent
    a notice of it: it waits in the queue (``access/samples.py``).

    One of searching has no resident, and says what was seen (``access/fishing.py``).

    One of a line of who looked names it by ``look``: a resident's question, ``asked`` in words and
    ``due`` an answer (its review's words); a line that is held from an account, or an unusual one,
    with the ``rule`` that says so and what was ``found`` (``access/accounts.py``,
    ``access/detectors.py``). ``escalated`` is when it had waited too long; ``owner`` who looks
    into it. One of a record under watch has the ``watch_reason`` that the reader gave.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=AlertKind)
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    resident = models.ForeignKey("identity.Resident", models.PROTECT, null=True, related_name="+")
    searching = models.JSONField(null=True)
    glass = models.ForeignKey(BrokenGlass, models.PROTECT, null=True, related_name="+")
    relationship = models.ForeignKey(CareRelationship, models.PROTECT, null=True, related_name="+")
    watch_reason = models.ForeignKey(WatchReason, models.PROTECT, null=True, related_name="+")
    look = models.UUIDField(null=True)
    rule = models.CharField(max_length=40, blank=True, db_default="")
    found = models.JSONField(default=dict, db_default={})
    asked = models.TextField(blank=True, db_default="")
    due = models.DateField(null=True)
    owner = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    escalated = models.DateTimeField(null=True)
    raised = models.DateTimeField()
    notified = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=AlertOutcome, blank=True)
    closed = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=AlertKind.BREAK_GLASS, glass__isnull=False)
                | Q(kind=AlertKind.SELF_DECLARED, relationship__isnull=False)
                | Q(kind=AlertKind.SAMPLE, relationship__isnull=False, look__isnull=False)
                | Q(kind__in=OF_SEARCHING, searching__isnull=False)
                | Q(
                    kind=AlertKind.QUESTION,
                    look__isnull=False,
                    due__isnull=False,
                    asked__regex=HAS_WORDS,
                )
                | (
                    Q(kind__in=(AlertKind.HELD_LINE, AlertKind.DETECTED), look__isnull=False)
                    & ~Q(rule="")
                )
                | Q(kind=AlertKind.WATCHED, watch_reason__isnull=False),
                name="alert_names_its_cause",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=OF_SEARCHING) ^ Q(resident__isnull=False),
                name="alert_is_of_a_resident_or_of_searching",
            ),
            models.UniqueConstraint(
                fields=["membership", "kind"],
                condition=Q(closed__isnull=True, kind__in=OF_SEARCHING),
                name="searching_has_one_open_alert",
            ),
            models.UniqueConstraint(
                fields=["look"],
                condition=Q(kind=AlertKind.DETECTED),
                name="look_is_detected_once",
            ),
            models.UniqueConstraint(
                fields=["look"], condition=Q(kind=AlertKind.SAMPLE), name="look_is_sampled_once"
            ),
            models.CheckConstraint(
                condition=Q(closed__isnull=True, outcome__in=STILL_OPEN)
                | Q(closed__isnull=False, outcome__in=CLOSING),
                name="alert_is_closed_with_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "raised"], name="alert_by_organisation"),
            models.Index(
                fields=["raised"], condition=Q(notified__isnull=True), name="alert_to_notify"
            ),
            models.Index(
                fields=["resident"], condition=Q(closed__isnull=True), name="alert_open_of_resident"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Account(models.Model):
    """That somebody who showed who they are was told who looked at their record, and how far back.

    Made by the gate alone, with the identity check that it stands on (``access/accounts.py``).
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gt=models.F("since")), name="account_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class AlertReview(models.Model):
    """What was found of an alert, by whom and when. Only added to; nobody's where evidence came.

    ``words`` are the officer's, or name the evidence without clinical words.
    """

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="reviews")
    outcome = models.CharField(max_length=20, choices=AlertOutcome)
    words = models.TextField()
    membership = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=AlertOutcome.values), name="review_outcome_is_known"
            ),
            models.CheckConstraint(
                condition=Q(outcome=AlertOutcome.EVIDENCE, membership__isnull=True)
                | (~Q(outcome=AlertOutcome.EVIDENCE) & Q(membership__isnull=False)),
                name="review_is_an_officers_or_of_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.pk}"


class SampledDay(models.Model):
    """A day whose looks have been drawn from for review. The row says that it is done.

    ``looks`` is how many there were to draw from, ``drawn`` how many were.
    """

    day = models.DateField(primary_key=True)
    looks = models.PositiveIntegerField()
    drawn = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"samples of {self.day}"


class JudgedSpan(models.Model):
    """Up to when looks have been judged by the detectors: each run that finished adds a row.

    ``looks`` is how many there were to judge, ``flagged`` how many became cases.
    """

    until = models.DateTimeField(primary_key=True)
    looks = models.PositiveIntegerField()
    flagged = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"looks judged until {self.until}"
