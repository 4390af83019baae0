"""Reads of who residents are, as far as this transaction's glimpses let them be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import F, FilteredRelation, Q

from identity.models import Protection, Resident, ResidentPlace, VerifiedAddress
from identity.protected import Redaction, is_protected, of_protected


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
    empty=("address_lines", "postcode", "phone", "practice_code"),
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


def residents(ids: Iterable[int]) -> list[ResidentSeen]:
    """These residents, in the order of their names; those not glimpsed are not among them.

    One statement. Row security is asked for each of its tables; what is kept back joins nothing.
    """
    rows = (
        Resident.objects.filter(pk__in=list(ids))
        .select_related("place")
        .annotate(
            live=FilteredRelation("nhs_numbers", condition=Q(nhs_numbers__valid_until__isnull=True))
        )
        .annotate(live_number=F("live__number"), live_status=F("live__status"))
        .order_by("family_folded", "given_folded", "birth_date", "pk")
    )
    return [_shown(_seen(row)) for row in rows]


def resident(resident_id: int) -> ResidentSeen | None:
    """One resident, or ``None`` if this transaction did not glimpse them."""
    found = residents([resident_id])
    return found[0] if found else None


def _shown(seen: ResidentSeen) -> ResidentSeen:
    """Without the place of one who is protected. Row security has kept it back already."""
    return Redaction(protected=seen.protected).of(seen)


def _seen(row: Any) -> ResidentSeen:
    """From a row of that query, which adds attributes to the model's."""
    place: ResidentPlace | None = getattr(row, "place", None)
    return ResidentSeen(
        id=row.pk,
        public_id=row.public_id,
        title=row.title,
        family_name=row.family_name,
        given_names=row.given_names,
        birth_date=row.birth_date,
        sex=row.get_sex_display(),
        deceased=row.deceased,
        deceased_on=row.deceased_on,
        protected=is_protected(row.protection),
        nhs_number=row.live_number,
        nhs_number_status=row.live_status,
        address_lines=tuple(place.address_lines) if place else (),
        postcode=place.postcode if place else "",
        phone=place.phone if place else "",
        practice_code=place.practice_code if place else "",
        language=row.language,
        interpreter_needed=row.interpreter_needed,
        birth_date_part=row.birth_date_part,
        deceased_on_part=row.deceased_on_part,
        death_notice=row.death_notice,
    )


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
