"""Changes of rights that wait for a second person, or were done, and what became of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from audit.fields import UuidV7


class ProposalKind(models.TextChoices):
    """What is proposed."""

    MEMBERSHIP = "membership", "A privileged role for somebody"
    AGREEMENT = "agreement", "What a source shows a recipient"
    ROLE = "role", "What a role reads and may do"
    GROUP_MEMBER = "group-member", "Who belongs to a group"
    STANDING = "standing", "An organisation that takes part again"


#: What is confirmed once its effect on real decisions is known.
WITH_EFFECT = (ProposalKind.AGREEMENT, ProposalKind.ROLE, ProposalKind.GROUP_MEMBER)
#: What holds a former state, to which one press returns.
DRAFTS = (ProposalKind.AGREEMENT, ProposalKind.ROLE)


class Proposal(models.Model):
    """A change that one administrator proposed and another one confirms, or that was withdrawn.

    Only the registry's own functions write it (organisations/sql/0003_staff.sql and later).
    ``wanted`` is the state that it asks for, in ids and codes, and ``former`` the state before;
    ``made`` is the row that came of it. ``effect`` is what it would have changed of the openings of
    the last 90 days, computed in the background. What narrows was done at once, and is applied
    without being confirmed.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    kind = models.CharField(max_length=12, choices=ProposalKind)
    wanted = models.JSONField()
    organisation = models.ForeignKey(
        "organisations.Organisation", models.PROTECT, null=True, related_name="proposals"
    )
    about = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, null=True, related_name="proposals_about"
    )
    why = models.CharField(max_length=500)
    proposed_by = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, related_name="proposed"
    )
    proposed_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, null=True, related_name="confirmed"
    )
    confirmed_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        "organisations.StaffMember", models.PROTECT, null=True, related_name="withdrew"
    )
    withdrawn_at = models.DateTimeField(null=True)
    made = models.BigIntegerField(null=True)
    former = models.JSONField(null=True)
    effect = models.JSONField(null=True)
    effect_at = models.DateTimeField(null=True)

    #: For so long a proposal waits; then it is to be proposed anew.
    DAYS: ClassVar[int] = 30

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=ProposalKind.values), name="proposal_kind_is_known"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("proposed_by")),
                name="proposal_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(about__isnull=True)
                | (
                    ~Q(proposed_by=F("about"))
                    & (Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("about")))
                ),
                name="proposal_is_about_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} proposal {self.public_id}"
