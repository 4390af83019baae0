"""Writing what a resident has said."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, connection, transaction

from audit import actions as audit
from audit.models import Action
from consent import authority, selectors
from consent.kinds import Recorder, council_for, kinds_for
from consent.models import Choice
from consent.references import new_reference
from consent.said import Said

#: How often a new reference is tried. One in 17 thousand million meets one that is taken.
_ATTEMPTS = 3


class ChoiceNotAllowed(Exception):
    """This staff member may not record it, or a rule stands against it.

    ``rule`` is the id of a rule in :mod:`consent.authority`, or empty; the message is for the
    recorder.
    """

    def __init__(self, words: str, rule: str = "") -> None:
        super().__init__(words)
        self.rule = rule


class AlreadyInForce(Exception):
    """The same answer is in force already; ``choice`` is the one that gave it."""

    def __init__(self, choice: Choice) -> None:
        super().__init__("The same answer is already in force.")
        self.choice = choice


@transaction.atomic
def record_choice(
    *, by: Recorder, resident_id: int, said: Said, submission: UUID, request_id: str
) -> Choice:
    """Record one asking and its answer, with its audit event.

    Call it in the transaction that glimpsed the resident with ``Activity.RECORD_CHOICES``: row
    security refuses the row in any other. A form sent twice (the same ``submission``) is one
    choice: the second time the first one is answered. Choices of one resident are recorded one
    after another, so that two forms cannot pass each other.

    :raises ChoiceNotAllowed: if this staff member may not record it, or a rule of
        :mod:`consent.authority` stands against it.
    :raises AlreadyInForce: if the same answer is in force; nothing is recorded.
    """
    _may_record(by, said)
    one_at_a_time(resident_id)
    made = selectors.choice_of_submission(resident_id, by, submission)
    if made is not None:
        return made
    standing = selectors.already_in_force(resident_id, by, said)
    if standing is not None:
        raise AlreadyInForce(standing)
    why_not = authority.objection(said, selectors.before(resident_id, by, said))
    if why_not is not None:
        raise ChoiceNotAllowed(why_not.words, why_not.rule)
    choice = _row(said, by, resident_id, submission)
    insert(choice)
    audit.record(
        Action.CHOICE_RECORDED,
        reason=said.answer,
        resident_id=resident_id,
        request=request_id,
        detail={
            "choice": choice.pk,
            "reference": choice.reference,
            "kind": said.kind,
            "council": said.council,
            "answer": said.answer,
            "decided_by": said.decided_by,
            "channel": said.channel,
            "identity_checked": list(said.identity_checked),
            "explanation": said.explanation,
        },
        **by.for_audit(),
    )
    return choice


def _may_record(by: Recorder, said: Said) -> None:
    if said.kind not in kinds_for(by):
        raise ChoiceNotAllowed("This role and organisation may not record this kind of choice.")
    if said.council != council_for(by, said.kind):
        raise ChoiceNotAllowed(
            "A choice about a council is recorded by that council's own staff, and a choice about "
            "Connect Care names no council."
        )


def _row(said: Said, by: Recorder, resident_id: int, submission: UUID) -> Choice:
    choice = Choice(
        resident_id=resident_id,
        kind=said.kind,
        council_id=said.council,
        answer=said.answer,
        not_asked_reason=said.not_asked_reason,
        withdrawn_because=said.withdrawn_because,
        decided_by=said.decided_by,
        decider_name=said.decider_name,
        authority_seen=said.authority_seen,
        assessment=said.assessment,
        review_on=authority.review_on(selectors.birth_date(resident_id), said.decided_by),
        relayer=said.relayer,
        relayed_by=said.relayed_by,
        channel=said.channel,
        identity_checked=sorted(set(said.identity_checked)),
        explanation=said.explanation,
        recorded_by_id=by.staff_id,
        recorded_as_id=by.membership_id,
        submission=submission,
    )
    if said.withdraws is not None:
        choice.withdraws = selectors.choice(resident_id, by, said.withdraws)
    if said.effective_from is not None:
        choice.effective_from = said.effective_from
    return choice


def one_at_a_time(resident_id: int) -> None:
    """Wait for whoever is recording a choice of this resident, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended('consent choice', %s))", [resident_id]
        )


def insert(said: Choice) -> None:
    """Write a choice under a new reference; one that is taken already is followed by another."""
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
