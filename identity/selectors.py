"""Reads of who residents are, as far as this transaction's glimpses let them be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from identity.models import Protection, Sex, VerifiedAddress
from identity.protected import Redaction, is_protected, of_protected
from statements import prepared


@of_protected(
    keep=(
        "id",
        "public_id",
        "title",
        "family_name",
        "given_names",
        "birth_date",
        "sex",
        "deceased",
        "deceased_on",
        "protected",
        "nhs_number",
        "nhs_number_status",
        "language",
        "interpreter_needed",
        "birth_date_part",
        "deceased_on_part",
        "death_notice",
    ),
    empty=("address_lines", "postcode", "phone", "practice_code", "practice_name"),
)
@dataclass(frozen=True, slots=True)
class ResidentSeen:
    """A resident as a page may show them. What row security keeps back is ``None`` or empty."""

    id: int
    public_id: UUID
    title: str
    family_name: str
    given_names: str
    birth_date: date | None
    sex: str
    deceased: bool
    deceased_on: date | None
    protected: bool
    nhs_number: str | None
    nhs_number_status: str | None
    address_lines: tuple[str, ...]
    postcode: str
    phone: str
    practice_code: str
    language: str
    interpreter_needed: bool
    birth_date_part: str = ""
    deceased_on_part: str = ""
    death_notice: str = ""
    practice_name: str = ""


_FIELDS = tuple(each.name for each in fields(ResidentSeen))
_SEX = dict(Sex.choices)
#: In SQL, since it is read for every page of a record: Django would take longer to write it than
#: PostgreSQL to answer.
_RESIDENTS = """
    select resident.id, resident.public_id, title, family_name, given_names, birth_date, sex,
        deceased, deceased_on, protection, number.number, number.status,
        coalesce(address_lines, '{}'), coalesce(place.postcode, ''), coalesce(place.phone, ''),
        coalesce(practice_code, ''), language, interpreter_needed, birth_date_part,
        deceased_on_part, death_notice, coalesce(practice.name, '')
    from identity_resident resident
    left join identity_residentnhsnumber number
        on number.resident_id = resident.id and number.valid_until is null
    left join identity_residentplace place on place.resident_id = resident.id
    left join organisations_organisation practice on practice.ods_code = place.practice_code
    where resident.id = any (%s::bigint[])
    order by family_folded, given_folded, birth_date, resident.id
"""


def residents(ids: Iterable[int]) -> list[ResidentSeen]:
    """These residents, in the order of their names; those not glimpsed are not among them.

    One statement. Row security is asked for each of its tables; what is kept back joins nothing.
    """
    with prepared() as cursor:
        cursor.execute(_RESIDENTS, [list(ids)])
        return [_shown(_seen(row)) for row in cursor.fetchall()]


def resident(resident_id: int) -> ResidentSeen | None:
    """One resident, or ``None`` if this transaction did not glimpse them."""
    found = residents([resident_id])
    return found[0] if found else None


def _shown(seen: ResidentSeen) -> ResidentSeen:
    """Without the place of one who is protected. Row security has kept it back already."""
    return Redaction(protected=seen.protected).of(seen)


def _seen(row: Sequence[Any]) -> ResidentSeen:
    """From a row of that query, whose columns are the fields in their order."""
    said = dict(zip(_FIELDS, row, strict=True))
    said["sex"] = _SEX.get(said["sex"], said["sex"])
    said["protected"] = is_protected(said["protected"])
    said["address_lines"] = tuple(said["address_lines"])
    return ResidentSeen(**said)


@dataclass(frozen=True, slots=True, repr=False)
class LetterAddress:
    """Where a letter to a resident may go, as the Personal Demographics Service said."""

    lines: tuple[str, ...]
    postcode: str
    checked: datetime


def verified_address(resident_id: int) -> LetterAddress | None:
    """The address for letters, asked at the moment of sending; ``None`` where none may be sent.

    None for somebody protected or dead, and where no trace gave an address. Asked by the
    pipeline's login.
    """
    held = (
        VerifiedAddress.objects.select_related("resident")
        .filter(
            resident_id=resident_id,
            resident__protection=Protection.UNRESTRICTED,
            resident__deceased=False,
        )
        .first()
    )
    if held is None:
        return None
    return LetterAddress(tuple(held.lines), held.postcode, held.checked)
