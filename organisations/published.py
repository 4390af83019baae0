"""What the national directory publishes of organisations: a file, or its FHIR API's answer.

Read for putting the registry right (:func:`refresh`). Pure but for that: roles, kinds and codes
that nobody here knows are passed over, and a resource that cannot be used is told apart from one
that can. The FHIR answer is the ODS API's: ``Organization`` with the code as its identifier, and
when it is active as extensions (STU3: ``Extension-ODSAPI-ActivePeriod-1``, whose kind is an
extension of the period; R4: ``Extension-England-TypedPeriod`` with ``dateType`` and ``period``).
What stands within its roles is about those alone.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction

from organisations.models import Organisation
from organisations.ods import in_words, is_ods_code, practices_in
from organisations.periods import State
from organisations.staffing import Administrator

_CODE_SYSTEM = "ods-organization-code"
_ACTIVE_PERIOD, _DATE_TYPE = "Extension-ODSAPI-ActivePeriod", "Extension-ODSAPI-DateType"
_TYPED_PERIOD = "Extension-England-TypedPeriod"
#: A body works in its operational period; the legal one may end before, or alone be said.
_OPERATIONAL = "Operational"
#: Bytes. The whole published file of practices has about three million.
LARGEST = 20_000_000


class NotPublished(ValueError):
    """The content is neither of the two. The message says what it should be."""


@dataclass(frozen=True, slots=True)
class Published:
    """One organisation as it is published. ``closed_on`` is its last day, where that is known."""

    code: str
    name: str
    postcode: str = ""
    phone: str = ""
    closed: bool = False
    closed_on: date | None = None

    def as_row(self) -> dict[str, Any]:
        """As the database takes it."""
        return asdict(self) | {"closed_on": self.closed_on and self.closed_on.isoformat()}


@dataclass(frozen=True, slots=True)
class Difference:
    """What was put right of one organisation, or would be."""

    code: str
    name: str
    part: str
    was: str
    is_now: str


@dataclass(frozen=True, slots=True)
class Directory:
    """What was read: the organisations, and how many items could not be used."""

    organisations: tuple[Published, ...]
    unusable: int


def read(content: bytes) -> Directory:
    """Read a file of practices (27 columns, no header) or an answer of the directory's FHIR API.

    :raises NotPublished: if it is neither.
    """
    if content.lstrip()[:1] in {b"{", b"["}:
        return _read_fhir(content)
    found = practices_in(content)
    if not found.practices:
        raise NotPublished("This is neither a published file of practices nor a FHIR answer")
    return Directory(
        tuple(
            Published(
                each.code,
                each.name,
                each.postcode,
                each.phone,
                closed=each.state == State.ENDED,
                closed_on=each.closed,
            )
            for each in found.practices
        ),
        len(found.bad_rows),
    )


def _read_fhir(content: bytes) -> Directory:
    try:
        raw = json.loads(content)
    except (ValueError, UnicodeDecodeError) as error:
        raise NotPublished("The FHIR answer is not JSON in UTF-8") from error
    resources = list(_resources(raw))
    if not resources:
        raise NotPublished("The FHIR answer holds no organisation")
    found = {each.code: each for each in map(_organisation, resources) if each is not None}
    return Directory(tuple(found.values()), len(resources) - len(found))


def _resources(raw: Any) -> Iterator[dict[str, Any]]:
    """The organisations of a bundle, or the one that it is."""
    if isinstance(raw, dict) and raw.get("resourceType") == "Bundle":
        entries = raw.get("entry")
        for entry in entries if isinstance(entries, list) else []:
            yield from _resources(entry.get("resource") if isinstance(entry, dict) else None)
    elif isinstance(raw, dict) and raw.get("resourceType") == "Organization":
        yield raw


def _organisation(raw: dict[str, Any]) -> Published | None:
    code = _code(raw)
    name = raw.get("name")
    if code is None or not isinstance(name, str) or not name.strip():
        return None
    addresses = [each for each in _all(raw.get("address")) if isinstance(each, dict)]
    closed_on = _closed_on(raw)
    return Published(
        code=code,
        name=in_words(name.strip())[:200],
        postcode=_text(addresses[0].get("postalCode"))[:8] if addresses else "",
        phone=_phone(raw)[:30],
        closed=raw.get("active") is False or closed_on is not None,
        closed_on=closed_on,
    )


def _code(raw: dict[str, Any]) -> str | None:
    for identifier in _all(raw.get("identifier")):
        if isinstance(identifier, dict) and _CODE_SYSTEM in _text(identifier.get("system")):
            code = _text(identifier.get("value")).upper()
            return code if is_ods_code(code) else None
    return None


def _phone(raw: dict[str, Any]) -> str:
    for telecom in _all(raw.get("telecom")):
        if isinstance(telecom, dict) and telecom.get("system") == "phone":
            return _text(telecom.get("value"))
    return ""


def _closed_on(raw: dict[str, Any]) -> date | None:
    """The last day on which it works: of the operational period, or else of the legal one."""
    periods = dict(_periods(raw))
    return periods[_OPERATIONAL] if _OPERATIONAL in periods else periods.get("")


def _periods(raw: dict[str, Any]) -> Iterator[tuple[str, date | None]]:
    """The periods of the body itself: ``Operational`` or nothing, and the last day."""
    for extension in _extensions(raw):
        url = _text(extension.get("url"))
        if _ACTIVE_PERIOD in url:
            period = extension.get("valuePeriod")
            kinds = [
                _text(each.get("valueString"))
                for each in _extensions(period)
                if _DATE_TYPE in _text(each.get("url"))
            ]
        elif _TYPED_PERIOD in url:
            parts = {_text(each.get("url")): each for each in _extensions(extension)}
            period = parts.get("period", {}).get("valuePeriod")
            coding = parts.get("dateType", {}).get("valueCoding")
            kinds = [_text(coding.get("code"))] if isinstance(coding, dict) else []
        else:
            continue
        yield _OPERATIONAL if _OPERATIONAL in kinds else "", _end(period)


def _extensions(raw: Any) -> list[dict[str, Any]]:
    found = _all(raw.get("extension")) if isinstance(raw, dict) else []
    return [each for each in found if isinstance(each, dict)]


def _end(period: Any) -> date | None:
    try:
        return date.fromisoformat(_text(period.get("end"))[:10])
    except (AttributeError, ValueError):
        return None


def _all(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def known_here(published: Iterable[Published]) -> list[Published]:
    """Those that the registry has, by their codes; others are tolerated, and left out."""
    listed = {each.code: each for each in published}
    codes = Organisation.objects.filter(ods_code__in=list(listed)).order_by("ods_code")
    return [listed[code] for code in codes.values_list("ods_code", flat=True) if code is not None]


def refresh(
    by: Administrator | None,
    published: Collection[Published],
    *,
    why: str = "",
    request_id: str | None = None,
    preview: bool = False,
) -> list[Difference]:
    """Put the registry right, and answer what differed; with ``preview`` nothing stays changed.

    :param by: ``None`` for the command line, with the pipeline's login.
    """
    rows = json.dumps([each.as_row() for each in published])
    with transaction.atomic():
        with connection.cursor() as cursor:
            if by is None:
                cursor.execute("select * from organisations.put_right(%s::jsonb)", [rows])
            else:
                cursor.execute(
                    "select * from organisations.refresh(%s, %s, %s::uuid, %s, %s::jsonb)",
                    [by.staff_id, by.membership_id, request_id, why, rows],
                )
            found = [Difference(*row) for row in cursor.fetchall()]
        if preview:
            transaction.set_rollback(True)
    return found
