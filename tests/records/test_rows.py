"""An entry as a row of COPY: every column in its place, every sign as it was sent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from msgspec.structs import replace

from feeds.mapped import EntryStatus, MappedEntry, Precision
from organisations.categories import Category
from records.rows import COLUMNS, row_of, uuids

_AT = datetime(2026, 3, 2, 18, 0, 0, 123456, tzinfo=UTC)
#: Every field differs, so that none can stand in another's column.
_FULL = MappedEntry(
    identifier="Observation/1",
    person="Patient/1",
    category=Category.LAB_RESULTS,
    kind="Observation",
    status=EntryStatus.CURRENT,
    display="Sodium",
    resource=b'{"resourceType": "Observation", "note": "a\\\\b \\" \\n"}',
    person_nhs_number="9990000018",
    version=_AT,
    effective=_AT.replace(day=3),
    effective_precision=Precision.TIME,
    ends=_AT.replace(day=4),
    recorded=_AT.replace(day=5),
    code_system="a system",
    code="a code",
    detail="a detail",
    source_status="final",
    value=Decimal("1.50"),
    value_text="1.50 mmol/L",
    unit="mmol/L",
    range_low=Decimal("1E+2"),
    range_high=Decimal("0.0000001"),
    range_text="a range",
    interpretation="H",
    author="an author",
    author_role="a role",
    place="a place",
    phone="a phone",
    contact_class="a class",
    team_code="a team",
    recipient_code="a recipient",
    recipient_team="its team",
    negation=True,
    sensitive=True,
    notes=("one", "two"),
)


def copied(entry: MappedEntry) -> dict[str, Any]:
    """A row as PostgreSQL reads it, back from a table of the same columns."""
    row = row_of(entry)
    with connection.cursor() as cursor:
        cursor.execute(
            f"create temporary table copied as select {', '.join(COLUMNS)} from records_entry"
            " limit 0"
        )
        with cursor.copy("copy copied from stdin") as copy:
            copy.write(row.text + b"\n")
        cursor.execute("select *, resource::text from copied")
        (values,) = cursor.fetchall()
        cursor.execute("drop table copied")
    assert bytes(values[COLUMNS.index("fingerprint")]) == row.fingerprint
    return dict(zip(COLUMNS, values, strict=False))


@pytest.fixture
def pipeline(database: object, as_login: Any) -> Any:
    with as_login("pipeline"):
        yield


@pytest.mark.usefixtures("pipeline")
def test_every_field_comes_into_its_column() -> None:
    found = copied(_FULL)
    for name in set(COLUMNS) - {"resource", "fingerprint"}:
        sent = getattr(_FULL, name)
        assert found[name] == (list(sent) if isinstance(sent, tuple) else sent), name


@pytest.mark.usefixtures("pipeline")
def test_what_was_not_sent_is_empty_or_null() -> None:
    found = copied(
        MappedEntry("Flag/1", None, Category.ALERTS, "Flag", EntryStatus.UNKNOWN, "An alert", b"{}")
    )
    absent = {name for name, value in found.items() if value is None}
    moments = {"version", "effective", "ends", "recorded"}
    assert absent == moments | {"value", "range_low", "range_high"}
    assert found["effective_precision"] == found["contact_class"] == found["team_code"] == ""
    assert found["notes"] == []


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize(
    "words",
    ["\\N", "\\.", "a\tb", "a\nb", "a\r\nb", "\\", "\\\\t", '"{},', "\\x41", "é ↑ 😀", "'; --"],
)
def test_signs_with_a_meaning_are_words(words: str) -> None:
    entry = replace(_FULL, identifier=words, detail=words, recipient_team=words, notes=(words, ""))
    found = copied(entry)
    assert found["identifier"] == found["detail"] == found["recipient_team"] == words
    assert found["notes"] == [words, ""]
    assert (found["display"], found["category"]) == ("Sodium", Category.LAB_RESULTS)


@pytest.mark.usefixtures("pipeline")
@pytest.mark.parametrize(
    "resource", [rb'{"a": "\\ \n \t \" \u00e9"}', b'{\n\t"a":\r\n 1}', b'{"a": "\\\\N"}']
)
def test_a_resource_is_given_back_as_it_was_mapped(resource: bytes) -> None:
    entry = replace(_FULL, resource=resource)
    assert row_of(entry).resource == resource
    assert copied(entry)["resource"] is not None


def test_half_a_character_is_left_for_the_database_to_refuse() -> None:
    assert b"\xed\xa0\x80" in row_of(replace(_FULL, detail="\ud800")).text


def test_only_a_version_makes_no_difference() -> None:
    same = row_of(replace(_FULL, version=_AT.replace(year=2027), person="Patient/2"))
    assert same.fingerprint == row_of(_FULL).fingerprint
    for changed in (
        {"display": "Potassium"},
        {"value": Decimal("1.5")},
        {"sensitive": False},
        {"notes": ("one",)},
        {"ends": None},
        {"category": Category.ALERTS},
        {"resource": b"{}"},
        {"code": "a codea", "detail": " detail"},
    ):
        assert row_of(replace(_FULL, **changed)).fingerprint != row_of(_FULL).fingerprint, changed


def test_ids_are_of_version_7_and_never_twice_the_same() -> None:
    made = [UUID(each.decode()) for each in islice(uuids(), 1000)]
    assert {(one.version, one.variant) for one in made} == {(7, UUID(int=0x8 << 60).variant)}
    assert len(set(made)) == 1000
