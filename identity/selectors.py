"""Reads of who residents are, as far as this transaction's glimpses let them be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Prefetch

from identity.models import Resident, ResidentNhsNumber, ResidentPlace
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


def residents(ids: Iterable[int]) -> list[ResidentSeen]:
    """These residents, in the order of their names; those not glimpsed are not among them."""
    wanted = list(ids)
    numbers = ResidentNhsNumber.objects.filter(valid_until__isnull=True)
    rows = (
        Resident.objects.filter(pk__in=wanted)
        .prefetch_related(Prefetch("nhs_numbers", queryset=numbers, to_attr="live_numbers"))
        .order_by("family_folded", "given_folded", "birth_date", "pk")
    )
    places = {place.resident_id: place for place in ResidentPlace.objects.filter(pk__in=wanted)}
    return [_shown(_seen(row, places.get(row.pk))) for row in rows]


def resident(resident_id: int) -> ResidentSeen | None:
    """One resident, or ``None`` if this transaction did not glimpse them."""
    found = residents([resident_id])
    return found[0] if found else None


def _shown(seen: ResidentSeen) -> ResidentSeen:
    """Without the place of one who is protected. Row security has kept it back already."""
    return Redaction(protected=seen.protected).of(seen)


def _seen(row: Resident, place: ResidentPlace | None) -> ResidentSeen:
    live = next(iter(row.live_numbers), None)  # type: ignore[attr-defined]  # prefetched above
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
        nhs_number=live.number if live else None,
        nhs_number_status=live.status if live else None,
        address_lines=tuple(place.address_lines) if place else (),
        postcode=place.postcode if place else "",
        phone=place.phone if place else "",
        practice_code=place.practice_code if place else "",
        language=row.language,
        interpreter_needed=row.interpreter_needed,
    )
