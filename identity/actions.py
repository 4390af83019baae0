"""Writes of who residents are: source persons as they arrive, and what they are linked to.

A number alone never links. A source person is linked to a resident by a number that a trusted
source calls verified *and* that agrees with the resident on birth date and names. Whatever
disagrees becomes a resident of its own with a question on the work list; nobody is guessed. A
number that several differing people of one source carry is a placeholder, and links nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from identity.locks import lock
from identity.merging import MergeOutcome, are_separated, merge
from identity.models import (
    Cause,
    LinkQuestion,
    LinkState,
    NumberStatus,
    PlaceholderNumber,
    QuestionDecision,
    QuestionReason,
    Resident,
    ResidentNhsNumber,
    SaidBy,
    SourcePerson,
)
from identity.names import fold
from identity.newcomers import (
    Newcomer,
    is_registered_practice,
    newcomers_among,
    source_person,
    take_in_together,
)
from identity.nhs_number import InvalidNhsNumber, NhsNumber
from identity.numbers import STILL_LEADS, Ended
from identity.persons import PersonSent, Said, agrees, fingerprint, identifies
from identity.told import new_resident, take_in
from organisations.models import Organisation

#: As many differing people of one source may carry one number before it is taken for a
#: placeholder: two are a confusion, which a person resolves.
MOST_PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a person sent: whom they are now, and whether anything changed."""

    source_person_id: int
    resident_id: int
    changed: bool


def receive_persons(
    persons: Sequence[PersonSent],
    *,
    source: Organisation,
    trusted_for_numbers: bool,
    given_in: int = 0,
) -> list[Received]:
    """Take in persons of one source, in order, inside the transaction that is open.

    An older version never overwrites a newer one. Of two versions of one time, or of none, the one
    that was given in later counts, whenever it is loaded; within one delivery the later one.

    Two deliveries with one new person at the same instant make one resident: everything that could
    collide (the source's identifier, the NHS number) is locked first, in one order.

    :param given_in: the delivery's place among all deliveries; deliveries without one come as they
        are taken in.
    :raises RuntimeError: if no transaction is open.
    """
    numbers = [number_of(person.nhs_number) for person in persons]
    lock(
        numbers=[number.digits for number in numbers if number],
        source=source.pk,
        identifiers=[person.identifier for person in persons],
    )
    held = {
        known.identifier: known
        for known in SourcePerson.objects.select_related("resident").filter(
            source=source, identifier__in=[person.identifier for person in persons]
        )
    }
    desk = _Desk(source, trusted_for_numbers, given_in=given_in)
    new = newcomers_among(persons, numbers, known=held)
    came = desk.take_in_together([(persons[at], numbers[at]) for at in new])
    arrived = dict(zip(new, came, strict=True))
    held |= {known.identifier: known for known in came}
    answers = []
    for position, (person, number) in enumerate(zip(persons, numbers, strict=True)):
        if position in arrived:
            first = arrived[position]
            answers.append(Received(first.pk, first.resident_id, changed=True))
            continue
        known = held.get(person.identifier)
        changed = True
        if known is None:
            known = held[person.identifier] = desk.arrive(person, number)
        else:
            changed = desk.renew(known, person, number)
        answers.append(Received(known.pk, known.resident_id, changed=changed))
    return answers


def number_of(sent: str | None) -> NhsNumber | None:
    """The NHS number that a source sent, if it is one."""
    if not sent:
        return None
    try:
        return NhsNumber.parse(sent, test_ranges=settings.NHS_NUMBER_TEST_RANGES)
    except InvalidNhsNumber:
        return None


def unverified_number(resident: Resident) -> NhsNumber | None:
    """The number that a resident has and that is not verified, if they have one."""
    live = resident.nhs_numbers.filter(valid_until__isnull=True)
    held = live.exclude(status=NumberStatus.VERIFIED).first()
    return number_of(held.number) if held else None


def verified_number(resident: Resident) -> NhsNumber | None:
    """The verified number that a resident has, if they have one."""
    live = resident.nhs_numbers.filter(valid_until__isnull=True)
    held = live.filter(status=NumberStatus.VERIFIED).first()
    return number_of(held.number) if held else None


def owner_of(number: NhsNumber) -> Resident | None:
    """Whose a verified number is; where it is nobody's now, whose it was before it was replaced."""
    rows = ResidentNhsNumber.objects.select_related("resident").filter(number=number.digits)
    held = (
        rows.filter(valid_until__isnull=True, status=NumberStatus.VERIFIED).first()
        or rows.filter(ended_because__in=STILL_LEADS).order_by("-valid_until", "-pk").first()
    )
    return held.resident if held else None


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the persons of one source are taken in."""

    source: Organisation
    trusted: bool
    traced: bool = False
    given_in: int = 0

    def take_in_together(
        self, people: Sequence[tuple[PersonSent, NhsNumber | None]]
    ) -> list[SourcePerson]:
        """Newcomers, whose numbers lead to nobody (:mod:`identity.newcomers`)."""
        return take_in_together(
            [
                Newcomer(
                    person, number, claims=self._may_claim(person, number) and identifies(person)
                )
                for person, number in people
            ],
            source=self.source,
            given_in=self.given_in,
        )

    def _may_claim(self, person: PersonSent, number: NhsNumber | None) -> bool:
        verified = person.nhs_number_status == NumberStatus.VERIFIED
        return number is not None and self.trusted and verified

    def arrive(self, person: PersonSent, number: NhsNumber | None) -> SourcePerson:
        """Somebody whom their source has not sent before: linked, or a resident of their own."""
        owner = owner_of(number) if number and self._links(person, number) else None
        if owner is not None and agrees(person, owner):
            known = self._source_person(person, number, owner, LinkState.LINKED)
            take_in(person, owner, known)
            return known
        known = self._source_person(person, number, new_resident(Said.by(person)), LinkState.ALONE)
        self._link(known, person, number)
        return known

    def renew(self, known: SourcePerson, person: PersonSent, number: NhsNumber | None) -> bool:
        """A newer version of a person who is known; an older one, or the same, changes nothing."""
        digest = fingerprint(person)
        if bytes(known.fingerprint) == digest:
            return False
        if self._is_older(person, known):
            return False
        before = Said.from_json(known.said)
        known.version = person.version or known.version
        known.given_in = self.given_in
        known.fingerprint = digest
        known.local_identifiers = list(person.local_identifiers)
        known.nhs_number_sent = person.nhs_number or ""
        known.nhs_number_status_sent = person.nhs_number_status or ""
        known.number_claimed = number.digits if number else ""
        known.said = Said.by(person).as_json()
        known.registered_practice = is_registered_practice(person, self.source)
        known.updated = timezone.now()
        only_theirs = not SourcePerson.objects.filter(
            ~Q(pk=known.pk), resident=known.resident_id, link=LinkState.LINKED
        ).exists()
        doubt = (
            known.link == LinkState.LINKED
            and not only_theirs
            and not agrees(person, known.resident)
        )
        if doubt:
            known.link = LinkState.IN_DOUBT
        known.save()
        if doubt:
            ask(known, QuestionReason.DISAGREES_WITH_RESIDENT, candidate=known.resident)
        elif known.link != LinkState.LINKED:
            self._link(known, person, number)
        if known.link != LinkState.IN_DOUBT:
            take_in(person, known.resident, known, before=before, only_theirs=only_theirs)
        if number and known.link == LinkState.LINKED:
            live = known.resident.nhs_numbers.filter(valid_until__isnull=True).first()
            if live and live.number != number.digits:
                ask(known, QuestionReason.NUMBER_CHANGED, candidate=None)
        return True

    def _is_older(self, person: PersonSent, known: SourcePerson) -> bool:
        if known.version and person.version and person.version != known.version:
            return person.version < known.version
        return self.given_in < known.given_in

    def link(self, known: SourcePerson) -> bool:
        """Try again to link somebody who is not, by what their source said last; whether it did."""
        if known.link == LinkState.LINKED:
            return False
        said, number = Said.from_json(known.said), number_of(known.nhs_number_sent)
        self._link(known, said, number)
        return known.link == LinkState.LINKED

    def _links(self, known: SourcePerson | PersonSent, number: NhsNumber) -> bool:
        """Whether a number may link anybody: traced, or sent as verified by whom we trust."""
        if self.traced:
            return not is_placeholder(number, self.source)
        status = (
            known.nhs_number_status_sent
            if isinstance(known, SourcePerson)
            else known.nhs_number_status
        )
        return (
            self.trusted
            and status == NumberStatus.VERIFIED
            and not is_placeholder(number, self.source)
        )

    def _link(
        self, known: SourcePerson, person: PersonSent | Said, number: NhsNumber | None
    ) -> None:
        """Link a source person who stands alone or in doubt, if their number and names allow it."""
        if number is None or not self._links(known, number):
            return
        owner = owner_of(number)
        if owner is None:
            if identifies(person) and not known.resident.known_to_all:
                said_by = SaidBy.TRACE if self.traced else SaidBy.FEED
                _claim(known.resident, number, self.source, said_by=said_by)
                _set_link(known, LinkState.LINKED)
        elif owner.pk == known.resident_id:
            if agrees(person, owner):
                _set_link(known, LinkState.LINKED)
        elif agrees(person, owner) and not known.resident.known_to_all:
            answer = merge(survivor=owner.pk, merged=known.resident_id, cause=Cause.NUMBER_AGREES)
            if answer.outcome == MergeOutcome.MERGED:
                known.refresh_from_db()
        elif known.link == LinkState.ALONE and ask(
            known, QuestionReason.NUMBER_BELONGS_TO_ANOTHER, candidate=owner
        ):
            _set_link(known, LinkState.IN_DOUBT)
            self._watch(number, known)

    def _source_person(
        self, person: PersonSent, number: NhsNumber | None, resident: Resident, link: LinkState
    ) -> SourcePerson:
        known = source_person(
            person,
            number,
            source=self.source,
            resident=resident,
            link=link,
            given_in=self.given_in,
        )
        known.save(force_insert=True)
        return known

    # ── Placeholders ────────────────────────────────────────────────────────────────────────

    def _watch(self, number: NhsNumber, known: SourcePerson) -> None:
        """Take a number for a placeholder once too many differing people of this source have it."""
        claiming = SourcePerson.objects.filter(source=self.source, number_claimed=number.digits)
        said = (Said.from_json(person.said) for person in claiming)
        if len({(fold(one.family_name), one.birth_date) for one in said}) > MOST_PEOPLE:
            self._is_placeholder(number, known)
            known.refresh_from_db()

    def _is_placeholder(self, number: NhsNumber, known: SourcePerson) -> None:
        """Whoever stood on the number stands alone again, unless others vouch for it."""
        claiming = SourcePerson.objects.filter(number_claimed=number.digits)
        live = ResidentNhsNumber.objects.filter(
            number=number.digits, valid_until__isnull=True, status=NumberStatus.VERIFIED
        ).first()
        vouched = (live is not None and live.said_by == SaidBy.TRACE) or (
            claiming.filter(link=LinkState.LINKED).exclude(source=self.source).exists()
        )
        PlaceholderNumber.objects.get_or_create(
            number=number.digits, found_at=self.source, defaults={"everywhere": not vouched}
        )
        if live is not None and not vouched:
            ResidentNhsNumber.objects.filter(pk=live.pk).update(
                valid_until=timezone.now(), ended_because=Ended.PLACEHOLDER
            )
            Resident.objects.filter(pk=live.resident_id).update(known_to_all=False)
            SourcePerson.objects.filter(
                resident=live.resident_id, number_claimed=number.digits
            ).update(link=LinkState.ALONE)
        doubted = claiming.filter(source=self.source, link=LinkState.IN_DOUBT)
        LinkQuestion.objects.filter(
            source_person__in=doubted,
            reason=QuestionReason.NUMBER_BELONGS_TO_ANOTHER,
            settled__isnull=True,
        ).update(settled=timezone.now(), decision=QuestionDecision.CHECKED)
        doubted.exclude(questions__settled__isnull=True).update(link=LinkState.ALONE)
        ask(known, QuestionReason.PLACEHOLDER_NUMBER, candidate=None)


def is_placeholder(number: NhsNumber, source: Organisation) -> bool:
    """Whether a number was found to be nobody's: at this source, or everywhere."""
    return (
        PlaceholderNumber.objects.filter(number=number.digits)
        .filter(Q(everywhere=True) | Q(found_at=source))
        .exists()
    )


def _claim(resident: Resident, number: NhsNumber, source: Organisation, *, said_by: SaidBy) -> None:
    """A verified number that nobody has becomes a resident's, and they are known beyond doubt."""
    live = ResidentNhsNumber.objects.filter(resident=resident, valid_until__isnull=True)
    # The same number, as the resident gave it, is verified; another one gives way.
    if not live.filter(number=number.digits).update(
        status=NumberStatus.VERIFIED, said_by=said_by, given_by=source.pk
    ):
        live.update(valid_until=timezone.now(), ended_because=Ended.REPLACED)
        ResidentNhsNumber.objects.create(
            resident=resident,
            number=number.digits,
            status=NumberStatus.VERIFIED,
            said_by=said_by,
            given_by=source.pk,
        )
    resident.known_to_all = True
    resident.save(update_fields=["known_to_all"])


def _set_link(known: SourcePerson, link: LinkState) -> None:
    known.link = link
    known.save(update_fields=["link"])
    if link == LinkState.LINKED:
        LinkQuestion.objects.filter(
            source_person=known, settled__isnull=True, reason__in=_ABOUT_LINKS
        ).update(settled=timezone.now(), decision=QuestionDecision.AGREES_NOW)


_ABOUT_LINKS = (
    QuestionReason.NUMBER_BELONGS_TO_ANOTHER,
    QuestionReason.DISAGREES_WITH_RESIDENT,
)


def try_link_again(known: SourcePerson, *, trusted_for_numbers: bool) -> bool:
    """Look again whether a source person in doubt agrees by now; whether they are linked.

    :raises RuntimeError: if no transaction is open.
    """
    number = number_of(known.nhs_number_sent)
    lock(
        numbers=[number.digits] if number else [],
        source=known.source_id,
        identifiers=[known.identifier],
    )
    known.refresh_from_db()
    return _Desk(known.source, trusted_for_numbers).link(known)


def link_traced(known: SourcePerson, number: NhsNumber) -> bool:
    """Link a source person by a number that was traced and agrees with them; whether they are.

    ``False``: somebody else has the number and differs, which is now a question, or the number is
    a placeholder. Lock the number and the person first.
    """
    if known.link == LinkState.LINKED:
        owner = owner_of(number)
        if owner is None and not known.resident.nhs_numbers.filter(
            valid_until__isnull=True, status=NumberStatus.VERIFIED
        ):
            # Linked by a person's decision, and without a number until now.
            _claim(known.resident, number, known.source, said_by=SaidBy.TRACE)
            return True
        if owner is None or owner.pk != known.resident_id:
            ask(known, QuestionReason.NUMBER_BELONGS_TO_ANOTHER, candidate=owner)
            return False
        return True
    desk = _Desk(known.source, trusted=False, traced=True)
    desk._link(known, Said.from_json(known.said), number)  # noqa: SLF001 - this module's own class
    known.refresh_from_db()
    return known.link == LinkState.LINKED


@transaction.atomic
def ask(known: SourcePerson, reason: str, *, candidate: Resident | None) -> LinkQuestion | None:
    """Put a question about a source person on the work list, once.

    Nobody is proposed who is kept apart from them. What a person has decided is not asked again:
    then there is no question, and the answer is ``None``.
    """
    if candidate is not None and are_separated(known.resident_id, candidate.pk):
        candidate = None
    decided = LinkQuestion.objects.filter(
        source_person=known,
        reason=reason,
        candidate=candidate,
        decision__in=[QuestionDecision.DIFFERENT, QuestionDecision.SEPARATE],
    )
    if candidate is not None and decided.exists():
        return None
    question, _ = LinkQuestion.objects.get_or_create(
        source_person=known, reason=reason, settled=None, defaults={"candidate": candidate}
    )
    if candidate is not None and question.candidate_id is None:
        question.candidate = candidate
        question.save(update_fields=["candidate"])
    return question


@transaction.atomic
def ask_about(
    resident: Resident, reason: str, *, candidate: Resident | None = None
) -> LinkQuestion:
    """Put a question about a resident on the work list, once: no one source is concerned."""
    if candidate is not None and are_separated(resident.pk, candidate.pk):
        candidate = None
    question, _ = LinkQuestion.objects.get_or_create(
        resident=resident, reason=reason, settled=None, defaults={"candidate": candidate}
    )
    return question
