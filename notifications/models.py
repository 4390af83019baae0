"""Notices to teams, what each reader has seen, and the jobs of making and telling.

The rows are the jobs. The web's login reaches no table: it has what functions of the gate answer
(``notifications/sql``).
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from audit.fields import UuidV7
from identity.due import DueOfResident


class NoticeKind(models.TextChoices):
    """What befell somebody. The values are :class:`records.happenings.Happening`'s."""

    ADMISSION = "admission", "Admitted to hospital"
    DISCHARGE = "discharge", "Left hospital"
    DEATH = "death", "Died"
    ASSESSMENT = "assessment", "New social care assessment"


class Notice(models.Model):
    """That something befell a resident, for one team (or a practice, which works as one).

    It says what and when, and no more: the record has the rest. ``identifier`` is the source's own
    name of the entry that says so, so that a delivery that comes again makes no second one;
    ``grant_key`` is the entry's, so that only whoever may read the entry is told. A death has
    neither source nor key. ``gone`` is when its source took it back.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    kind = models.CharField(max_length=20, choices=NoticeKind)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    team = models.ForeignKey("organisations.Team", models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="+"
    )
    identifier = models.TextField()
    grant_key = models.BigIntegerField(null=True)
    happened = models.DateTimeField()
    made = models.DateTimeField(db_default=Now())
    gone = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "-made"],
                condition=Q(gone__isnull=True),
                name="notice_by_organisation",
            ),
            models.Index(fields=["resident"], name="notice_by_resident"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "team", "kind", "source", "identifier"],
                nulls_distinct=False,
                name="notice_once_per_team",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=NoticeKind.values), name="notice_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind=NoticeKind.DEATH, source__isnull=True, grant_key__isnull=True)
                | (
                    ~Q(kind=NoticeKind.DEATH)
                    & Q(source__isnull=False, grant_key__isnull=False)
                    & ~Q(source=models.F("organisation"))
                ),
                name="notice_is_of_an_entry_or_a_death",
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.public_id}"


class NoticeSeen(models.Model):
    """That one membership has marked a notice as seen. Each marks for themselves alone."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="seen")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "membership"], name="notice_seen_once")
        ]

    def __str__(self) -> str:
        return f"notice {self.notice_id} seen"


class NoticesDue(DueOfResident):
    """A resident of whom teams may have to be told. The row is the job.

    Written by the database where care relationships were derived anew, which follows whatever
    a delivery changed, and where a death is noted.
    """

    def __str__(self) -> str:
        return f"notices about resident {self.resident_id}"


class TeamMail(models.Model):
    """That a team is to be sent a message that there is something new. The row is the job.

    Written by the database with each notice and each step of a referral. It says nothing of
    whom or what: the message is the same for all.
    """

    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    team = models.ForeignKey("organisations.Team", models.PROTECT, null=True, related_name="+")
    wanted = models.DateTimeField(db_default=Now())
    told = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "team"], nulls_distinct=False, name="team_mail_once"
            )
        ]

    def __str__(self) -> str:
        return f"mail to team {self.team_id} of organisation {self.organisation_id}"
