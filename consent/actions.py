"""Writing what a resident has said."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import TextChoices

from audit import actions as audit
from audit.models import Action
from consent.kinds import COUNCIL_KINDS, Recorder, council_for, kinds_for
from consent.models import Answer, Choice, DecidedBy
from consent.references import new_reference
from consent.selectors import already_in_force, choice_of_submission

#: How often a new reference is tried. One in 17 thousand million meets one that is taken.
_ATTEMPTS = 3


class NotAskedReason(TextChoices):
    """Why somebody could not be asked. Kept where an authority would be: there was no decision."""

    UNWELL = "unwell", "Too unwell to be asked"
    NO_CAPACITY = "no-capacity", "Could not make this decision, and nobody could decide for them"
    NOT_REACHED = "not-reached", "Could not be reached"
    LANGUAGE = "language", "No interpreter or communication support at hand"
    UNSAFE = "unsafe", "Not safe or private enough to ask"


class ChoiceNotAllowed(Exception):
    """This staff member may not record this kind of choice, or the words do not go together."""


class AlreadyInForce(Exception):
    """The same answer is in force already; ``choice`` is the one that gave it."""

    def __init__(self, choice: Choice) -> None:
        super().__init__("The same answer is already in force.")
        self.choice = choice


@transaction.atomic
def record_choice(
    *,
    by: Recorder,
    resident_id: int,
    kind: str,
    council: int | None,
    answer: str,
    decided_by: str,
    decider_name: str,
    authority_seen: str,
    relayed_by: str,
    channel: str,
    explanation: str,
    submission: UUID,
    request_id: str,
    effective_from: datetime | None = None,
) -> Choice:
    """Record one asking and its answer, with its audit event.

    Call it in the transaction that glimpsed the resident with ``Activity.RECORD_CHOICES``: row
    security refuses the row in any other. A form sent twice (the same ``submission``) is one
    choice: the second time the first one is answered. Choices of one resident are recorded one
    after another, so that two forms cannot pass each other.

    :param council: for the kinds about one council, that council's id; else ``None``.
    :param authority_seen: the evidence of whoever decides for the resident; the code of a
        :class:`NotAskedReason` where nobody could be asked.
    :param explanation: the version of the words of effect that were read back.
    :param effective_from: from when it holds; now, by the database's clock, if none is given.
    :raises ChoiceNotAllowed: if this staff member may not record it, or a part is missing.
    :raises AlreadyInForce: if the same answer is in force; nothing is recorded.
    """
    _check(by, kind, council, answer, decided_by, decider_name, authority_seen)
    _one_at_a_time(resident_id)
    made = choice_of_submission(resident_id, by, submission)
    if made is not None:
        return made
    standing = already_in_force(resident_id, by, kind=kind, answer=answer)
    if standing is not None and effective_from is None:
        raise AlreadyInForce(standing)
    said = Choice(
        resident_id=resident_id,
        kind=kind,
        council_id=council,
        answer=answer,
        decided_by=decided_by,
        decider_name=decider_name,
        authority_seen=authority_seen,
        relayed_by=relayed_by,
        channel=channel,
        explanation=explanation,
        recorded_by_id=by.staff_id,
        recorded_as_id=by.membership_id,
        submission=submission,
    )
    if effective_from is not None:
        said.effective_from = effective_from
    _insert(said)
    audit.record(
        Action.CHOICE_RECORDED,
        reason=answer,
        resident_id=resident_id,
        request=request_id,
        detail={
            "choice": said.pk,
            "reference": said.reference,
            "kind": kind,
            "council": council,
            "answer": answer,
            "decided_by": decided_by,
            "channel": channel,
            "explanation": explanation,
        },
        **by.for_audit(),
    )
    return said


def _check(
    by: Recorder,
    kind: str,
    council: int | None,
    answer: str,
    decided_by: str,
    decider_name: str,
    authority_seen: str,
) -> None:
    if kind not in kinds_for(by):
        raise ChoiceNotAllowed("This role and organisation may not record this kind of choice.")
    if council != council_for(by, kind):
        raise ChoiceNotAllowed(
            "A choice about a council is recorded by that council's own staff, and a choice about "
            "Connect Care names no council."
            if kind in COUNCIL_KINDS or council is not None
            else "A choice about Connect Care names no council."
        )
    if answer == Answer.NOT_ASKED:
        if authority_seen not in NotAskedReason.values:
            raise ChoiceNotAllowed("Say why the resident could not be asked.")
    elif decided_by != DecidedBy.RESIDENT and not (decider_name and authority_seen):
        raise ChoiceNotAllowed("Name who decided for the resident, and the evidence that was seen.")


def _one_at_a_time(resident_id: int) -> None:
    """Wait for whoever is recording a choice of this resident, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended('consent choice', %s))", [resident_id]
        )


def _insert(said: Choice) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        said.reference = new_reference()
        try:
            with transaction.atomic():
                said.save(force_insert=True)
        except IntegrityError as error:
            taken = "reference" in str(error.__cause__.diag.constraint_name or "")  # type: ignore[union-attr]
            if not taken or attempt == _ATTEMPTS:
                raise
        else:
            return
