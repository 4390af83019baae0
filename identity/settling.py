"""What a trace settles: a number verified, replaced or withdrawn, and the demographics renewed."""

from __future__ import annotations

from django.utils import timezone

from audit import actions as audit
from audit.models import Action
from identity.actions import ask_about, link_traced
from identity.joining import Superseded, supersede_number
from identity.locks import lock
from identity.models import (
    LinkQuestion,
    LinkState,
    NumberStatus,
    Protection,
    QuestionDecision,
    QuestionReason,
    Resident,
    ResidentNhsNumber,
    ResidentPlace,
    SaidBy,
    Sex,
    SourcePerson,
    VerifiedAddress,
)
from identity.nhs_number import NhsNumber
from identity.numbers import Ended
from identity.pds.configuration import Service
from identity.pds.demographics import Demographics
from identity.pds.renewing import Particulars, renewed

#: Questions that a trace asks, and that a trace which agrees answers.
ABOUT_TRACES = (
    QuestionReason.NO_MATCH,
    QuestionReason.MANY_MATCHES,
    QuestionReason.TRACE_CONFLICT,
    QuestionReason.INVALIDATED,
    QuestionReason.PROTECTED,
)
_RESIDENTS = (
    "title", "family_name", "given_names", "birth_date", "birth_date_part", "sex", "deceased",
    "deceased_on", "deceased_on_part", "death_notice", "death_said_by", "language",
    "interpreter_needed", "protection",
)  # fmt: skip
_PLACES = ("postcode", "phone", "practice_code")


def verify(known: SourcePerson, said: Demographics, *, service: Service) -> bool:
    """A number was traced and everything agrees; whether the source person is linked by it now.

    ``False``: somebody else has the number, and a question about that stands.
    """
    lock(numbers=[said.number.digits], source=known.source_id, identifiers=[known.identifier])
    known.refresh_from_db()
    if not link_traced(known, said.number):
        return False
    known.refresh_from_db()
    ResidentNhsNumber.objects.filter(
        resident=known.resident_id, number=said.number.digits, valid_until__isnull=True
    ).update(status=NumberStatus.VERIFIED, said_by=SaidBy.TRACE)
    renew(known.resident, said, service=service)
    return True


def replace_number(
    known: SourcePerson, *, old: NhsNumber, said: Demographics, service: Service
) -> bool:
    """The number that was asked for was replaced by another; whether that is settled."""
    theirs = ResidentNhsNumber.objects.filter(
        resident=known.resident_id, number=old.digits, valid_until__isnull=True
    )
    if not theirs.exists():
        return verify(known, said, service=service)
    answer = supersede_number(known.resident, old=old, new=said.number)
    if answer not in (Superseded.REPLACED, Superseded.MERGED):
        return False
    known.refresh_from_db()
    if known.link != LinkState.LINKED:
        return verify(known, said, service=service)
    renew(known.resident, said, service=service)
    return True


def invalidate(known: SourcePerson, number: NhsNumber) -> None:
    """A number was withdrawn and nothing replaced it: it is kept, and used no more."""
    ended = ResidentNhsNumber.objects.filter(
        resident=known.resident_id, number=number.digits, valid_until__isnull=True
    ).update(valid_until=timezone.now(), ended_because=Ended.INVALIDATED, said_by=SaidBy.TRACE)
    if ended:
        audit.record(Action.NUMBER_CHANGED, reason="invalidated", resident_id=known.resident_id)
        ask_about(known.resident, QuestionReason.INVALIDATED)


def mark_number(known: SourcePerson, number: NhsNumber, status: NumberStatus) -> None:
    """Note with a number that is not verified what a trace by it came to, or that it is out.

    What the Personal Demographics Service has not answered is on the word of whoever gave it.
    """
    marked: dict[str, str] = {"status": status}
    if status in (NumberStatus.NO_MATCH, NumberStatus.TO_BE_RESOLVED):
        marked["said_by"] = SaidBy.TRACE
    ResidentNhsNumber.objects.filter(
        resident=known.resident_id, number=number.digits, valid_until__isnull=True
    ).exclude(status__in=[NumberStatus.VERIFIED, status]).update(**marked)


def protect(known: SourcePerson, protection: Protection) -> None:
    """Hide the place of somebody who may be protected; nothing else of the answer is believed."""
    if known.resident.protection == Protection.UNRESTRICTED:
        known.resident.protection = protection
        known.resident.save(update_fields=["protection"])


def settle_questions(known: SourcePerson) -> None:
    """What earlier traces asked about a source person is answered by one that agrees."""
    LinkQuestion.objects.filter(
        source_person=known, settled__isnull=True, reason__in=ABOUT_TRACES
    ).update(settled=timezone.now(), decision=QuestionDecision.AGREES_NOW, retry_asked=None)


def renew(resident: Resident, said: Demographics, *, service: Service) -> None:
    """Hold of a resident what the Personal Demographics Service says; absent blanks nothing."""
    place, _ = ResidentPlace.objects.get_or_create(resident=resident)
    held = Particulars(
        title=resident.title,
        family_name=resident.family_name,
        given_names=resident.given_names,
        birth_date=resident.birth_date,
        birth_date_part=resident.birth_date_part,
        sex=Sex(resident.sex),
        deceased=resident.deceased,
        deceased_on=resident.deceased_on,
        deceased_on_part=resident.deceased_on_part,
        death_notice=resident.death_notice,
        death_said_by=resident.death_said_by,
        language=resident.language,
        interpreter_needed=resident.interpreter_needed,
        protection=Protection(resident.protection),
        address_lines=tuple(place.address_lines),
        postcode=place.postcode,
        phone=place.phone,
        practice_code=place.practice_code,
    )
    today = timezone.localdate()
    now = renewed(held, said, day=today)
    changed = [name for name in _RESIDENTS if getattr(now, name) != getattr(held, name)]
    for name in changed:
        setattr(resident, name, getattr(now, name))
    if changed:
        resident.save(update_fields=changed)
    moved = now.address_lines != held.address_lines
    if moved or any(getattr(now, name) != getattr(held, name) for name in _PLACES):
        place.address_lines = list(now.address_lines)
        for name in _PLACES:
            setattr(place, name, getattr(now, name))
        place.save()
    letters = said.for_letters(today)
    if now.protection != Protection.UNRESTRICTED or letters is None or not letters.lines:
        VerifiedAddress.objects.filter(resident=resident).delete()
    else:
        VerifiedAddress.objects.update_or_create(
            resident=resident,
            defaults={
                "lines": list(letters.lines),
                "postcode": letters.postcode,
                "checked": timezone.now(),
                "service": service,
            },
        )
