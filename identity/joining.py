"""What others say of who is one person: the Personal Demographics Service, and a source of its own.

Both join by the path of :mod:`identity.merging`, or put a question on the work list. They run as
the pipeline.
"""

from __future__ import annotations

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from audit import actions as audit
from audit.models import Action
from identity.actions import ask, ask_about, owner_of
from identity.locks import lock
from identity.merging import MergeOutcome, are_separated, merge, survivor_of
from identity.models import (
    Cause,
    NumberStatus,
    QuestionReason,
    Resident,
    ResidentNhsNumber,
    SaidBy,
    SourcePerson,
)
from identity.nhs_number import NhsNumber
from identity.numbers import Ended
from identity.persons import agrees
from organisations.models import Organisation


class Superseded(StrEnum):
    """What became of a number that the Personal Demographics Service replaced."""

    REPLACED = "replaced"
    MERGED = "merged"
    CONFLICT = "conflict"
    SEPARATED = "separated"
    NOT_THEIRS = "not-theirs"


@transaction.atomic
def supersede_number(resident: Resident, *, old: NhsNumber, new: NhsNumber) -> Superseded:
    """The Personal Demographics Service answers a resident's number with another one.

    Nobody has the new number: it takes the old one's place, and the old one is kept as past.
    Somebody has it who agrees on birth date and names: the two are joined, and the new number
    stays. Somebody who differs: a question on the work list, and the old number is to be resolved.
    Somebody who is kept apart from the resident: nothing is joined and nobody is asked.
    """
    lock(numbers=[old.digits, new.digits])
    resident = Resident.objects.get(pk=survivor_of(resident.pk))
    held = ResidentNhsNumber.objects.filter(
        resident=resident, number=old.digits, valid_until__isnull=True
    ).first()
    if held is None:
        return Superseded.NOT_THEIRS
    holder = owner_of(new)
    if holder is None or holder.pk == resident.pk:
        _replace(held, new)
        return Superseded.REPLACED
    if not are_separated(holder.pk, resident.pk) and agrees(resident, holder):
        joined = merge(survivor=holder.pk, merged=resident.pk, cause=Cause.SUPERSEDED)
        if joined.outcome == MergeOutcome.MERGED:
            return Superseded.MERGED
    held.status, held.said_by = NumberStatus.TO_BE_RESOLVED, SaidBy.TRACE
    held.save(update_fields=["status", "said_by"])
    if are_separated(holder.pk, resident.pk):
        return Superseded.SEPARATED
    ask_about(resident, QuestionReason.SUPERSEDED_CONFLICT, candidate=holder)
    return Superseded.CONFLICT


def _replace(held: ResidentNhsNumber, new: NhsNumber) -> None:
    now = timezone.now()
    held.valid_until, held.ended_because = now, Ended.SUPERSEDED
    held.save(update_fields=["valid_until", "ended_because"])
    ResidentNhsNumber.objects.create(
        resident_id=held.resident_id,
        number=new.digits,
        status=NumberStatus.VERIFIED,
        said_by=SaidBy.TRACE,
        valid_from=now,
    )
    audit.record(Action.NUMBER_CHANGED, reason="superseded", resident_id=held.resident_id)


class SourceMerged(StrEnum):
    """What became of two records that a source joined."""

    MERGED = "merged"
    SAME = "same"
    ASKED = "asked"
    NOT_KNOWN = "not-known"


@transaction.atomic
def merge_source_persons(*, source: Organisation, prior: str, surviving: str) -> SourceMerged:
    """A source joined two of its own records (HL7 v2 A40): ``prior`` is replaced by ``surviving``.

    Neither source person is merged away: both stay, the prior one naming the other, and both are
    one resident's. That resident's record is joined on the source's word alone only where nobody
    else depends on the one that is merged: somebody not known beyond doubt, whom this source alone
    has sent ("unknown male" of last night). Whatever else differs becomes a question.

    ``NOT_KNOWN``: one of the two has not been sent yet; hold the message until it has.
    """
    lock(source=source.pk, identifiers=[prior, surviving])
    found = {
        known.identifier: known
        for known in SourcePerson.objects.select_related("resident").filter(
            source=source, identifier__in=[prior, surviving]
        )
    }
    if len(found) < 2:  # both, and they are two
        return SourceMerged.NOT_KNOWN
    left, stays = found[prior], found[surviving]
    if left.replaced_by_id != stays.pk:
        left.replaced_by = stays
        left.save(update_fields=["replaced_by"])
    if left.resident_id == stays.resident_id:
        return SourceMerged.SAME
    survivor, merged = stays.resident, left.resident
    if merged.known_to_all and not survivor.known_to_all:
        survivor, merged = merged, survivor
    only_this = not SourcePerson.objects.filter(resident=merged).exclude(source=source).exists()
    if not merged.known_to_all and only_this:
        answer = merge(survivor=survivor.pk, merged=merged.pk, cause=Cause.SOURCE_MERGED)
        if answer.outcome == MergeOutcome.MERGED:
            return SourceMerged.MERGED
    ask(left, QuestionReason.SOURCE_SAYS_SAME, candidate=stays.resident)
    return SourceMerged.ASKED
