"""The work list: what only a person can decide about who somebody is.

A question is about a source person, or about a resident where no one source is concerned. It has
a reason, and a candidate where one is proposed: the resident that the subject may be.

To add a kind of question, as tracing does: a member of :class:`QuestionReason` with its
:class:`Asked` in :data:`ASKED`, and :func:`identity.actions.ask` (or ``ask_about``) where it
arises. The pages, the counts and the decisions need nothing more. ``retry_asked`` is the row's
own job: whoever can try again looks for open questions of their reasons that have it, and clears
it when they have tried (``identity.retrying`` does so for links).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from audit.fields import UuidV7


class QuestionReason(models.TextChoices):
    """Why a person must look."""

    NUMBER_BELONGS_TO_ANOTHER = "number-belongs-to-another", "Number belongs to somebody else"
    DISAGREES_WITH_RESIDENT = "disagrees-with-resident", "Details no longer agree"
    NUMBER_CHANGED = "number-changed", "Source sent another NHS number"
    PLACEHOLDER_NUMBER = "placeholder-number", "Several people sent with one number"
    SOURCE_SAYS_SAME = "source-says-same", "Source joined records that differ"
    SUPERSEDED_CONFLICT = "superseded-conflict", "Replaced number belongs to somebody else"
    NO_MATCH = "no-match", "Trace found nobody"
    MANY_MATCHES = "many-matches", "Trace found several people"
    TRACE_CONFLICT = "trace-conflict", "Trace disagrees"
    INVALIDATED = "invalidated", "NHS number was withdrawn"
    PROTECTED = "protected", "Trace met a protected record"


class QuestionDecision(models.TextChoices):
    """What was decided."""

    SAME = "same", "The same person"
    DIFFERENT = "different", "Different people"
    SEPARATE = "separate", "Never to be proposed again"
    CHECKED = "checked", "Checked: nothing is to be changed"
    AGREES_NOW = "agrees-now", "What was sent later agrees"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a kind of question says to who decides, and what they may decide.

    ``retry``: there is something to be tried again, so the page has a button for it.
    ``candidates``: where nobody is proposed, residents who may be the person are shown side by
    side, and a person may propose one of them.
    """

    words: str
    compares: bool = True
    retry: bool = False
    candidates: bool = False

    @property
    def decisions(self) -> tuple[QuestionDecision, ...]:
        """What may be decided: about two people, or that a thing was seen to."""
        if self.compares:
            return (QuestionDecision.SAME, QuestionDecision.DIFFERENT, QuestionDecision.SEPARATE)
        return (QuestionDecision.CHECKED,)


ASKED: dict[QuestionReason, Asked] = {
    QuestionReason.NUMBER_BELONGS_TO_ANOTHER: Asked(
        "A source sent this person with an NHS number that another resident has. The name or the "
        "date of birth differs, so they were not joined.",
        retry=True,
    ),
    QuestionReason.DISAGREES_WITH_RESIDENT: Asked(
        "A source changed the details of this person. They no longer agree with the resident whom "
        "the source’s record was joined with. What the source sends is withheld from others until "
        "you decide.",
        retry=True,
    ),
    QuestionReason.NUMBER_CHANGED: Asked(
        "A source now sends another NHS number for this person. Ask the source which one is right.",
        compares=False,
    ),
    QuestionReason.PLACEHOLDER_NUMBER: Asked(
        "A source sent several different people with one NHS number. The number joins nobody any "
        "more. Ask the source to correct it.",
        compares=False,
    ),
    QuestionReason.SOURCE_SAYS_SAME: Asked(
        "A source joined two of its own records. The residents they belong to here differ, so they "
        "were not joined.",
        retry=True,
    ),
    QuestionReason.SUPERSEDED_CONFLICT: Asked(
        "The Personal Demographics Service replaced this person’s NHS number with one that another "
        "resident has. Their details differ, so they were not joined."
    ),
    QuestionReason.NO_MATCH: Asked(
        "The Personal Demographics Service found nobody with these details.",
        compares=False,
        retry=True,
        candidates=True,
    ),
    QuestionReason.MANY_MATCHES: Asked(
        "The Personal Demographics Service found more than one person with these details. It does "
        "not say whom.",
        compares=False,
        retry=True,
        candidates=True,
    ),
    QuestionReason.TRACE_CONFLICT: Asked(
        "What the Personal Demographics Service holds does not agree with what we hold.",
        retry=True,
        candidates=True,
    ),
    QuestionReason.INVALIDATED: Asked(
        "The Personal Demographics Service has withdrawn this person’s NHS number. It is not used "
        "any more.",
        compares=False,
        retry=True,
        candidates=True,
    ),
    QuestionReason.PROTECTED: Asked(
        "The Personal Demographics Service protects this person’s details, so they could not be "
        "compared. Do not ask where the person lives.",
        compares=False,
        candidates=True,
    ),
}


class LinkQuestion(models.Model):
    """A question about who somebody is, on the work list until it is settled.

    About a source person (``source_person``), or a resident (``resident``). What a decision asks
    for beyond the row itself is the row's job: ``split_due`` waits for a worker.
    """

    public_id = models.UUIDField(db_default=UuidV7(), editable=False, unique=True)
    source_person = models.ForeignKey(
        "identity.SourcePerson", models.PROTECT, null=True, related_name="questions"
    )
    resident = models.ForeignKey("identity.Resident", models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=60)
    candidate = models.ForeignKey("identity.Resident", models.PROTECT, related_name="+", null=True)
    raised = models.DateTimeField(db_default=Now())
    retry_asked = models.DateTimeField(null=True)
    settled = models.DateTimeField(null=True)
    decision = models.CharField(max_length=20, choices=QuestionDecision, blank=True)
    decided_by = models.ForeignKey(
        "organisations.Membership", models.PROTECT, null=True, related_name="+"
    )
    split_due = models.BooleanField(
        default=False, help_text="The source person is to become a resident of their own."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_person", "reason"],
                condition=Q(settled__isnull=True),
                name="link_question_once",
            ),
            models.UniqueConstraint(
                fields=["resident", "reason"],
                condition=Q(settled__isnull=True),
                name="resident_question_once",
            ),
            models.CheckConstraint(
                condition=Q(source_person__isnull=True, resident__isnull=False)
                | Q(source_person__isnull=False, resident__isnull=True),
                name="question_is_about_one",
            ),
            models.CheckConstraint(
                condition=Q(decision__in=["", *QuestionDecision.values]),
                name="question_decision_is_known",
            ),
            models.CheckConstraint(
                condition=Q(resident__isnull=True) | ~Q(candidate=F("resident")),
                name="question_compares_two",
            ),
        ]
        indexes = [
            models.Index(
                fields=["raised"], condition=Q(settled__isnull=True), name="question_open"
            ),
            models.Index(
                fields=["retry_asked"],
                condition=Q(retry_asked__isnull=False),
                name="question_to_try_again",
            ),
        ]

    def __str__(self) -> str:
        return f"question {self.public_id}"


class QuestionNote(models.Model):
    """What somebody noted about a question, or why they decided as they did. Only added to."""

    question = models.ForeignKey(LinkQuestion, models.PROTECT, related_name="notes")
    words = models.TextField()
    by = models.ForeignKey("organisations.Membership", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"note {self.pk}"
