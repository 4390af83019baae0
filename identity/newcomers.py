"""Newcomers: people of whom nobody here knows anything, taken in together in a few statements.

Most people of a first delivery are such. Whoever might be somebody else (a number that leads or
led to anyone, a placeholder, two of one delivery with one number) is no newcomer and is taken in
one by one (:mod:`identity.actions`), with the same end for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass

from identity.models import (
    LinkState,
    NumberStatus,
    PlaceholderNumber,
    Resident,
    ResidentNhsNumber,
    SaidBy,
    SourcePerson,
)
from identity.nhs_number import NhsNumber
from identity.persons import PersonSent, Said, fingerprint
from identity.together import insert_together
from identity.told import new_residents
from organisations.models import Organisation, OrganisationKind


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody new. ``claims`` says that their number becomes theirs, and they are linked."""

    person: PersonSent
    number: NhsNumber | None
    claims: bool


def newcomers_among(
    persons: Sequence[PersonSent], numbers: Sequence[NhsNumber | None], *, known: Container[str]
) -> list[int]:
    """The positions of the newcomers, where each comes first. Lock persons and numbers first.

    :param known: the identifiers that the source has sent before.
    """
    first: dict[str, int] = {}
    digits: dict[str, set[str]] = defaultdict(set)
    for position, (person, number) in enumerate(zip(persons, numbers, strict=True)):
        if person.identifier not in known:
            first.setdefault(person.identifier, position)
        if number is not None:
            digits[number.digits].add(person.identifier)
    if not first:
        return []
    led = set(
        ResidentNhsNumber.objects.filter(number__in=digits).values_list("number", flat=True)
    ) | set(PlaceholderNumber.objects.filter(number__in=digits).values_list("number", flat=True))
    return [
        position
        for position in first.values()
        for number in [numbers[position]]
        if number is None or (len(digits[number.digits]) == 1 and number.digits not in led)
    ]


def take_in_together(
    newcomers: Sequence[Newcomer], *, source: Organisation, given_in: int = 0
) -> list[SourcePerson]:
    """Make each a resident of their own, and link whoever claims a number; in their order."""
    if not newcomers:
        return []
    residents = new_residents([Said.by(one.person) for one in newcomers])
    persons = [
        source_person(
            one.person,
            one.number,
            source=source,
            resident=resident,
            link=LinkState.LINKED if one.claims else LinkState.ALONE,
            given_in=given_in,
        )
        for one, resident in zip(newcomers, residents, strict=True)
    ]
    insert_together(persons)
    claiming = [
        (one.number, resident)
        for one, resident in zip(newcomers, residents, strict=True)
        if one.claims and one.number is not None
    ]
    insert_together(
        [
            ResidentNhsNumber(
                resident=resident,
                number=number.digits,
                status=NumberStatus.VERIFIED,
                said_by=SaidBy.FEED,
                given_by=source.pk,
            )
            for number, resident in claiming
        ]
    )
    if claiming:
        sure = [resident.pk for _, resident in claiming]
        Resident.objects.filter(pk__in=sure).update(known_to_all=True)
        for _, resident in claiming:
            resident.known_to_all = True
    return persons


def source_person(
    person: PersonSent,
    number: NhsNumber | None,
    *,
    source: Organisation,
    resident: Resident,
    link: LinkState,
    given_in: int = 0,
) -> SourcePerson:
    """The row of a person sent, not yet written."""
    return SourcePerson(
        source=source,
        identifier=person.identifier,
        local_identifiers=list(person.local_identifiers),
        resident=resident,
        link=link,
        nhs_number_sent=person.nhs_number or "",
        nhs_number_status_sent=person.nhs_number_status or "",
        number_claimed=number.digits if number else "",
        version=person.version,
        given_in=given_in,
        fingerprint=fingerprint(person),
        said=Said.by(person).as_json(),
        registered_practice=is_registered_practice(person, source),
    )


def is_registered_practice(person: PersonSent, source: Organisation) -> bool:
    """Whether a source is the practice with which a person that it sent is registered."""
    return source.kind == OrganisationKind.GP_PRACTICE and person.practice_code in {
        None,
        "",
        source.ods_code,
    }
