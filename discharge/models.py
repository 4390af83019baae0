"""Referrals of people who leave hospital, from a ward to a council's team, and what became of them.

The notices of the Care Act 2014 and their standard were replaced by local forms (section 74 as the
Health and Care Act 2022 left it: plan early, with the person and whoever cares for them). So the
form here is a local one; each step is dated, and none is ever changed.

Written by the gate's functions alone (``discharge/sql``): the web's login reaches no table.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from access.reasons import HAS_WORDS
from audit.fields import UuidV7


class Step(models.TextChoices):
    """What happened to a referral; the latest is where it stands."""

    SENT = "sent", "Sent"
    UPDATED = "updated", "Updated"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


#: Steps of the ward; all others are the council's team's.
OF_SENDER = (Step.SENT, Step.UPDATED, Step.WITHDRAWN)
#: Steps that say what is asked for.
ASKING = (Step.SENT, Step.UPDATED)
#: After these nothing follows.
ENDING = (Step.DECLINED, Step.WITHDRAWN)
#: What may follow what. The database refuses every other history.
MAY_FOLLOW: dict[Step, tuple[Step, ...]] = {
    Step.SENT: (Step.UPDATED, Step.ACKNOWLEDGED, Step.DECLINED, Step.WITHDRAWN),
    Step.UPDATED: (Step.UPDATED, Step.ACKNOWLEDGED, Step.DECLINED, Step.WITHDRAWN),
    Step.ACKNOWLEDGED: (Step.UPDATED, Step.WITHDRAWN),
}


class Told(models.TextChoices):
    """How the person has to do with it: plans are made with them (Care Act 2014, section 74)."""

    AGREES = "agrees", "Yes, and they agree"
    BEST_INTERESTS = "best-interests", "They cannot decide this; it is in their best interests"


class DeclinedBecause(models.TextChoices):
    """Why a team does not take it. From a list: words could tell what a council holds of them."""

    NOT_OUR_AREA = "not-our-area", "They live in another council’s area"
    OTHER_TEAM = "other-team", "Another team takes this: ring our duty desk"
    TOO_LITTLE_SAID = "too-little-said", "Too little is said to begin: ring our duty desk"
    NOT_SOCIAL_CARE = "not-social-care", "What is asked for is not adult social care"


class WithdrawnBecause(models.TextChoices):
    """Why a ward takes it back."""

    NOT_NEEDED = "not-needed", "Support is not needed any more"
    STAYS = "stays", "They are not leaving hospital for now"
    UNWANTED = "unwanted", "The person does not want it"
    OTHER_WAY = "other-way", "It was arranged another way"
    DIED = "died", "They have died"
    IN_ERROR = "in-error", "It was sent in error"


class Referral(models.Model):
    """One referral from a ward to a council's team: about whom, from whom, to whom.

    ``stands`` is its latest step's and ``until`` when it ends by itself: both follow the steps.
    While it is open it is a care relationship of the team's (``access_carerelationship``).
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    reference = models.CharField(max_length=20, unique=True)
    resident = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+")
    sender = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    sender_team = models.ForeignKey(
        "organisations.Team", models.PROTECT, null=True, related_name="+"
    )
    recipient = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    recipient_team = models.ForeignKey("organisations.Team", models.PROTECT, related_name="+")
    begun = models.DateTimeField(db_default=Now())
    stands = models.CharField(max_length=20, choices=Step, db_default=Step.SENT)
    latest = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["recipient_team", "-latest"], name="referral_by_recipient"),
            models.Index(fields=["sender", "-latest"], name="referral_by_sender"),
            models.Index(fields=["resident"], name="referral_by_resident"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(stands__in=Step.values), name="referral_stands_somewhere"
            ),
            models.CheckConstraint(
                condition=~Q(sender=F("recipient")), name="referral_is_to_another"
            ),
            # What the steps' foreign keys point at: each is one of its two sides'.
            models.UniqueConstraint(fields=["id", "sender"], name="referral_of_sender"),
            models.UniqueConstraint(fields=["id", "recipient"], name="referral_of_recipient"),
        ]

    def __str__(self) -> str:
        return self.reference


class ReferralStep(models.Model):
    """One step: who did what and when. Only added to.

    Each names the step that it follows, by number and kind, and a foreign key holds it to that:
    there is no history with a gap, a fork, or an answer to what was withdrawn. ``expected`` is the
    day on which the ward expects that they leave, if that is known; ``needs`` what it asks for;
    ``phone`` whom to ring on the ward. The council's steps carry no words.
    """

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=20, choices=Step)
    follows_number = models.PositiveSmallIntegerField(null=True)
    follows_step = models.CharField(max_length=20, choices=Step, null=True)  # noqa: DJ001 - a key
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(help_text="When the referral ends if nobody says more.")
    submission = models.UUIDField(unique=True)
    expected = models.DateField(null=True)
    needs = models.TextField(blank=True)
    phone = models.CharField(max_length=30, blank=True)
    told = models.CharField(max_length=20, choices=Told, blank=True)
    because = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["referral", "number"]
        constraints = [
            models.UniqueConstraint(fields=["referral", "number", "step"], name="step_as_followed"),
            models.UniqueConstraint(fields=["referral", "number"], name="step_once"),
            models.CheckConstraint(
                condition=Q(
                    number=1, step=Step.SENT, follows_number__isnull=True, follows_step__isnull=True
                )
                | Q(number__gt=1, follows_number=F("number") - 1, follows_step__isnull=False),
                name="step_follows_the_one_before",
            ),
            models.CheckConstraint(
                condition=Q(follows_step__isnull=True)
                | Q(follows_step=Step.SENT, step__in=MAY_FOLLOW[Step.SENT])
                | Q(follows_step=Step.UPDATED, step__in=MAY_FOLLOW[Step.UPDATED])
                | Q(follows_step=Step.ACKNOWLEDGED, step__in=MAY_FOLLOW[Step.ACKNOWLEDGED]),
                name="step_may_follow",
            ),
            models.CheckConstraint(
                condition=(
                    Q(step__in=ASKING, told__in=Told.values)
                    & Q(needs__regex=HAS_WORDS)
                    & ~Q(phone="")
                )
                | (~Q(step__in=ASKING) & Q(told="", needs="", phone="", expected__isnull=True)),
                name="step_says_what_is_asked",
            ),
            models.CheckConstraint(
                condition=Q(step__in=ENDING, until=F("at"))
                | (~Q(step__in=ENDING) & Q(until__gt=F("at"))),
                name="step_ends_or_goes_on",
            ),
            models.CheckConstraint(
                condition=Q(step=Step.DECLINED, because__in=DeclinedBecause.values)
                | Q(step=Step.WITHDRAWN, because__in=WithdrawnBecause.values)
                | (~Q(step__in=ENDING) & Q(because="")),
                name="step_says_why_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} of referral {self.referral_id}"
