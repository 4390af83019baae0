"""The event: who did what to whose record, as what, on what basis, and when."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from audit.fields import ClockTimestamp, CurrentTransaction, UuidV7, Xid8Field


class Action(models.TextChoices):
    """What an event may be. The database refuses any other."""

    SIGN_IN = "sign-in", "Signed in"
    SIGN_IN_FAILED = "sign-in-failed", "Failed to sign in"
    SIGN_OUT = "sign-out", "Signed out"
    FACTOR_CHANGED = "factor-changed", "Changed how they sign in"
    MEMBERSHIP_CHOSEN = "membership-chosen", "Chose to act for an organisation"
    SEARCH = "search", "Searched for a resident"
    GLIMPSE = "glimpse", "Saw who a resident is"
    OPENING = "opening", "Opened a record"
    REFUSAL = "refusal", "Was refused a record"
    RELATIONSHIP_DECLARED = "relationship-declared", "Declared a care relationship"
    GLASS_BROKEN = "glass-broken", "Broke glass: opened a record in an emergency"
    GLASS_ENDED = "glass-ended", "Ended an emergency opening"
    ALERTS_READ = "alerts-read", "Read alerts"
    SAMPLE_DRAWN = "sample-drawn", "Drew a look for review"
    ALERT_REVIEWED = "alert-reviewed", "Reviewed or closed an alert"
    ACCESS_EXPLAINED = "access-explained", "Asked who could open a record"
    AUDIT_READ = "audit-read", "Read who looked at which record"
    ACCOUNT_MADE = "account-made", "Told a resident who looked"
    SUBJECT_ACCESS = "subject-access", "Dealt with a request for all that is held"
    CASE_RAISED = "case-raised", "Raised a case for a privacy officer"
    RECORD_WATCHED = "record-watched", "Put a record under watch, or took it off"
    IDENTITY_CHECKED = "identity-checked", "Compared what somebody said with who they are"
    DISCLOSURE_PROPOSED = "disclosure-proposed", "Proposed a lawful disclosure"
    DISCLOSURE_CONFIRMED = "disclosure-confirmed", "Confirmed a lawful disclosure"
    DISCLOSURE_ENDED = "disclosure-ended", "Ended a lawful disclosure"
    DISCLOSURES_READ = "disclosures-read", "Read lawful disclosures"
    CHOICE_RECORDED = "choice-recorded", "Recorded a resident's choice"
    CHOICE_REQUESTED = "choice-requested", "Took in a request about a choice"
    REQUESTS_READ = "requests-read", "Read requests about choices"
    REQUEST_DECIDED = "request-decided", "Noted what became of a request"
    LETTER_MADE = "letter-made", "Made or held the letter that confirms a choice"
    LETTERS_READ = "letters-read", "Saw which letters wait"
    LETTERS_OPENED = "letters-opened", "Opened letters to print them"
    LETTERS_SENT = "letters-sent", "Sent letters"
    LETTER_SETTLED = "letter-settled", "Dealt with a letter that was held"
    POST_NOTED = "post-noted", "Noted how a resident may be written to"
    EFFECT_PROBED = "effect-probed", "Asked whether a choice holds"
    INCIDENT_RAISED = "incident-raised", "Raised that a choice did not hold"
    INCIDENTS_READ = "incidents-read", "Read incidents of choices"
    INCIDENT_CLOSED = "incident-closed", "Closed an incident of a choice"
    IDENTITY_READ = "identity-read", "Compared who residents are"
    QUESTION_DECIDED = "question-decided", "Decided about who somebody is"
    RESIDENTS_MERGED = "residents-merged", "Joined two records of one person"
    RESIDENTS_UNMERGED = "residents-unmerged", "Took a joined record apart again"
    RESIDENTS_SEPARATED = "residents-separated", "Kept two records apart for ever"
    NUMBER_CHANGED = "number-changed", "Entered or replaced an NHS number"
    TRACE_SENT = "trace-sent", "Asked the Personal Demographics Service"
    BULK_TRACE_WANTED = "bulk-trace-wanted", "Had everybody of a source traced"
    NUMBERS_GIVEN = "numbers-given", "Gave a source the verified NHS numbers of its people"
    REFERRAL_SENT = "referral-sent", "Referred somebody on leaving hospital"
    REFERRAL_FOLLOWED = "referral-followed", "Took the next step of a referral"
    REFERRALS_READ = "referrals-read", "Read referrals"
    NOTICES_READ = "notices-read", "Read what befell the residents of a team"
    RECORD_PRINTED = "record-printed", "Printed a record"
    ENTRY_REPORTED = "entry-reported", "Reported that an entry is wrong"
    REPORTS_READ = "reports-read", "Read reports of wrong entries"
    REPORT_ANSWERED = "report-answered", "Answered a report of a wrong entry"
    IMPORT_RECEIVED = "import-received", "Received a delivery"
    IMPORT_LOADED = "import-loaded", "Loaded a delivery"
    REGISTRY_CHANGED = "registry-changed", "Changed the registry"
    REGISTRY_READ = "registry-read", "Read the registry"
    DATABASE_PUT_BACK = "database-put-back", "Replayed choices into a restored database"
    RETENTION_CHANGED = "retention-changed", "Changed how long records are kept, or held them"
    RETENTION_READ = "retention-read", "Read what is due for destruction"
    RECORDS_DESTROYED = "records-destroyed", "Destroyed records whose time was over"


class Event(models.Model):
    """One thing that happened. Appended by ``audit.record``; never changed and never deleted.

    Residents, staff and organisations are numbers and words, not foreign keys: an event outlives
    whatever it is about. ``residents`` holds everyone whom a list showed; ``resident`` the one
    whom an opening is about. ``detail`` holds ids, versions, counts and reason codes, never a
    clinical word and never a name that was typed.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    at = models.DateTimeField(db_default=ClockTimestamp())
    transaction = Xid8Field(db_default=CurrentTransaction(), editable=False)
    action = models.CharField(max_length=30, choices=Action)
    outcome = models.CharField(max_length=20, default="done")
    reason = models.CharField(max_length=60, default="", blank=True)
    staff_id = models.BigIntegerField(null=True)
    staff_name = models.CharField(max_length=200, default="", blank=True)
    membership_id = models.BigIntegerField(null=True)
    role_code = models.CharField(max_length=40, default="", blank=True)
    organisation_id = models.BigIntegerField(null=True)
    organisation_name = models.CharField(max_length=200, default="", blank=True)
    resident_id = models.BigIntegerField(null=True)
    residents = ArrayField(models.BigIntegerField(), default=list)
    look = models.UUIDField(null=True)
    request = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["resident_id", "-at"], name="event_by_resident"),
            models.Index(fields=["staff_id", "-at"], name="event_by_staff"),
            models.Index(fields=["organisation_id", "-at"], name="event_by_organisation"),
            models.Index(fields=["-at"], name="event_by_time"),
            models.Index(fields=["transaction"], name="event_by_transaction"),
            # Whom a list showed: a search's hits are looks as well.
            GinIndex(
                fields=["residents"], condition=~models.Q(residents=[]), name="event_by_shown"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=Action.values), name="event_action_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.public_id}"


class Seal(models.Model):
    """What the sealer last said of itself, for health and operations: one row.

    Not the seal: that is in the journal, where the database's owner cannot write.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    origin = models.CharField(max_length=100)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()
    looked_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_seal"),
        ]

    def __str__(self) -> str:
        return f"{self.origin}, {self.size} events"
