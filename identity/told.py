"""What sources tell of a resident, taken in: names, place, protection, and deaths.

What was not sent blanks nothing. Names, birth date and sex are the registered practice's to say
once it has spoken, and anyone's before. A protection and an interpreter are taken from any source
that is linked, and so is a death, which on a source's word alone is informal.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from identity.models import (
    DeathNotice,
    LinkState,
    Protection,
    Resident,
    ResidentPlace,
    SaidBy,
    Sex,
    SourcePerson,
)
from identity.persons import PersonSent, Said
from identity.together import insert_together


def new_resident(said: Said) -> Resident:
    """A resident of their own, as a source describes them; known to that source alone."""
    (resident,) = new_residents([said])
    return resident


def new_residents(described: Sequence[Said]) -> list[Resident]:
    """Residents of their own, each as a source describes them, in a few statements."""
    residents = [
        Resident(
            title=said.title,
            family_name=said.family_name,
            given_names=said.given_names,
            birth_date=said.birth_date,
            birth_date_part=said.birth_date_part,
            sex=said.sex,
            deceased=said.deceased,
            deceased_on=said.deceased_on,
            deceased_on_part=said.deceased_on_part,
            death_notice=DeathNotice.INFORMAL if said.deceased else "",
            death_said_by=SaidBy.FEED if said.deceased else "",
            language=said.language,
            interpreter_needed=said.interpreter_needed,
            protection=said.protection,
        )
        for said in described
    ]
    for resident in residents:
        resident.set_found_by()
    insert_together(residents)
    insert_together(
        [
            ResidentPlace(
                resident=resident,
                address_lines=list(said.address_lines),
                postcode=said.postcode,
                phone=said.phone,
                practice_code=said.practice_code,
            )
            for resident, said in zip(residents, described, strict=True)
        ]
    )
    return residents


def take_in(
    person: PersonSent,
    resident: Resident,
    known: SourcePerson,
    *,
    before: Said | None = None,
    only_theirs: bool = False,
) -> None:
    """Let a newer person speak for the resident.

    :param before: what the same source said of them last, if it did.
    :param only_theirs: nobody else is linked with the resident.
    """
    practice_speaks = SourcePerson.objects.filter(
        resident=resident, registered_practice=True, link=LinkState.LINKED
    )
    speaks = (
        only_theirs
        or known.registered_practice
        or not practice_speaks.exclude(pk=known.pk).exists()
    )
    said = Said.by(person)
    told: dict[str, object] = {}
    if speaks:
        told = {
            "title": said.title,
            "family_name": said.family_name,
            "given_names": said.given_names,
            "birth_date": said.birth_date,
            "birth_date_part": "" if resident.birth_date else said.birth_date_part,
            "sex": said.sex if said.sex != Sex.UNKNOWN else None,
            "language": said.language,
        }
    if said.interpreter_needed:
        told["interpreter_needed"] = True
    if resident.protection == Protection.UNRESTRICTED:
        told["protection"] = said.protection
    changes = {name: value for name, value in told.items() if value not in (None, "")}
    changes |= _of_death(resident, said, before, known, living=person.living)
    changed = [name for name, value in changes.items() if getattr(resident, name) != value]
    for name in changed:
        setattr(resident, name, changes[name])
    if changed:
        resident.save(update_fields=changed)
    if speaks:
        _place(said, resident)


def _of_death(
    resident: Resident, said: Said, before: Said | None, known: SourcePerson, *, living: bool
) -> dict[str, object]:
    """What a source's word changes of a death.

    Of one that the Personal Demographics Service has told, nothing but a date where none is known,
    and that not of a formal one. What it has withdrawn is believed again only of a source that had
    not said it before. A source takes back its own word, in so many words, where nobody else who
    is linked says the same.
    """
    told_before = before is not None and before.deceased
    by_sources = resident.deceased and resident.death_said_by == SaidBy.FEED
    if said.deceased:
        if resident.death_notice == DeathNotice.WITHDRAWN and told_before:
            return {}
        if resident.deceased and not by_sources and not _without_date(resident):
            return {}
        changes: dict[str, object] = {"deceased": True}
        if not resident.deceased:
            changes |= {"death_notice": DeathNotice.INFORMAL, "death_said_by": SaidBy.FEED}
        if said.deceased_on is not None:
            changes |= {"deceased_on": said.deceased_on, "deceased_on_part": ""}
        elif said.deceased_on_part and resident.deceased_on is None:
            changes["deceased_on_part"] = said.deceased_on_part
        return changes
    if living and told_before and by_sources and not _others_say_dead(known):
        return {
            "deceased": False,
            "deceased_on": None,
            "deceased_on_part": "",
            "death_notice": "",
            "death_said_by": "",
        }
    return {}


def _without_date(resident: Resident) -> bool:
    """Whether the date of an informal death is wanting."""
    return (
        resident.death_notice == DeathNotice.INFORMAL
        and resident.deceased_on is None
        and resident.deceased_on_part == ""
    )


def _others_say_dead(known: SourcePerson) -> bool:
    return SourcePerson.objects.filter(
        ~Q(pk=known.pk),
        resident=known.resident_id,
        link=LinkState.LINKED,
        said__deceased=True,
    ).exists()


def _place(said: Said, resident: Resident) -> None:
    place, _ = ResidentPlace.objects.get_or_create(resident=resident)
    place.address_lines = list(said.address_lines) or place.address_lines
    place.postcode = said.postcode or place.postcode
    place.phone = said.phone or place.phone
    place.practice_code = said.practice_code or place.practice_code
    place.save()
