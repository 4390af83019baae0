"""The forms of a delivery, and what happens to a bad one: nothing lost, nothing raised."""

import io
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.formats.fhir_r4 import LARGEST_DOCUMENT, read, resource
from feeds.formats.fhir_r4.table import DECODER, KINDS, MAPPERS, PASSED_OVER
from feeds.mapped import Held, Item, Mapped, PassedOver
from tests.feeds.fhir_r4_samples import bundle, entry, items, observation

PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Made-Up"}]}
OBSERVATION = observation()
XML = (
    '<Observation xmlns="http://hl7.org/fhir"><id value="o1"/><status value="final"/>'
    '<code><text value="pH"/></code><subject><reference value="Patient/p1"/></subject>'
    "{}</Observation>"
)


def kinds(found: list[Item]) -> list[str]:
    return [type(item.outcome).__name__ for item in found]


@pytest.mark.parametrize("kind", ["transaction", "collection", "searchset", "document", "batch"])
def test_bundle_of_any_type_gives_its_wrapper_and_its_entries(kind: str) -> None:
    found = items(bundle(PATIENT, OBSERVATION, kind=kind))
    assert [item.pointer for item in found] == ["bundle", "entry[0]", "entry[1]"]
    assert [item.is_wrapper for item in found] == [True, False, False]
    assert kinds(found) == ["PassedOver", "Mapped", "Mapped"]


def test_bundle_in_a_bundle() -> None:
    found = items(bundle(bundle(PATIENT), OBSERVATION))
    assert [item.pointer for item in found] == [
        "bundle",
        "entry[0]",
        "entry[0].entry[0]",
        "entry[1]",
    ]
    assert sum(item.is_wrapper for item in found) == 2


def test_array_and_single_resource() -> None:
    assert [item.pointer for item in items([PATIENT, OBSERVATION])] == ["[0]", "[1]"]
    assert [item.pointer for item in items(PATIENT)] == ["resource"]


def test_ndjson_with_mark_blank_lines_windows_ends_and_a_bad_line() -> None:
    lines = [
        json.dumps(PATIENT),
        "",
        '{"resourceType": "Patient", "id": tru',
        json.dumps(OBSERVATION),
    ]
    content = b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n\r\n"
    found = items(content)
    assert [item.pointer for item in found] == ["line 1", "line 3", "line 4"]
    assert kinds(found) == ["Mapped", "Held", "Mapped"]
    assert found[1].raw.startswith(b'{"resourceType"')


def test_ndjson_whose_first_line_is_bad() -> None:
    found = items(b"rubbish\n" + json.dumps(PATIENT).encode() + b"\n")
    assert kinds(found) == ["Held", "Mapped"]


def test_ndjson_lines_may_be_bundles() -> None:
    line = json.dumps(bundle(PATIENT))
    found = items(f"{line}\n{line}\n")
    assert [item.pointer for item in found] == [
        "line 1",
        "line 1.entry[0]",
        "line 2",
        "line 2.entry[0]",
    ]


def test_names_are_found_wherever_they_stand_in_ndjson() -> None:
    doctor = {
        "resourceType": "Practitioner",
        "id": "d",
        "name": [{"family": "Ray", "prefix": ["Dr"]}],
    }
    asked = observation(performer=[{"reference": "Practitioner/d"}])
    found = items("\n".join(json.dumps(r) for r in (asked, doctor)))
    assert found[0].outcome.entries[0].author == "Dr Ray"


def test_printed_document_is_one_document() -> None:
    assert kinds(items(json.dumps(bundle(PATIENT), indent=2))) == ["PassedOver", "Mapped"]


class Endless(io.RawIOBase):
    """NDJSON of a given size that is never in memory at once, and cannot be read twice."""

    def __init__(self, line: bytes, count: int) -> None:
        self.line, self.left, self.largest = line, count, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        lines = min(self.left, max(1, size // len(self.line)))
        self.left -= lines
        return self.line * lines


def test_ndjson_streams_in_bounded_memory() -> None:
    import tracemalloc

    line = json.dumps(observation(note=[{"text": "x" * 2000}])).encode() + b"\n"
    content = Endless(line, 20_000)  # 44 MB
    tracemalloc.start()
    count = sum(1 for _ in read(content, name="long"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 12_000_000


def test_a_document_beyond_the_limit_is_held_with_advice() -> None:
    class Zeros(io.RawIOBase):
        def __init__(self) -> None:
            self.left = LARGEST_DOCUMENT + 2

        def read(self, size: int = -1) -> bytes:
            taken = min(size, self.left)
            self.left -= taken
            return (b"[" + b" " * (taken - 1)) if taken else b""

    (only,) = list(read(Zeros(), name="big"))
    assert isinstance(only.outcome, Held)
    assert "NDJSON" in only.outcome.reason
    assert only.raw == b""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"  \n\n ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "document type"),
        (b"<html><body>Sign in</body></html>", "not FHIR's"),
        (b"<unclosed", "not well-formed XML"),
        (b"a,b\n1,2", "neither JSON nor XML"),
        (b'{"resourceType": "Bundle", "entry": [{"resour', "not valid JSON"),
        ('{"resourceType": "Patient"}'.encode("utf-16"), "UTF-8"),
        (b'{"resourceType": "Patient", "id": "\xff"}', "UTF-8"),
        (b'{"resourceType": "Patient", "id": "\x00"}', "byte"),
        (b"[1, 2", "not valid JSON"),
        (b'{"a":' + b"[" * 100_000, "too deeply"),
        (b"{}", "resourceType"),
        (b'{"resourceType": 4}', "resourceType"),
    ],
)
def test_a_file_that_is_none_is_held_as_one_item(content: bytes, says: str) -> None:
    (only,) = items(content)
    assert isinstance(only.outcome, Held)
    assert says in only.outcome.reason
    assert only.raw == content.removeprefix(b"\xef\xbb\xbf") or says == "empty"


def test_truncated_json_names_the_byte() -> None:
    (only,) = items(b'{"resourceType": "Patient", }')
    assert isinstance(only.outcome, Held)
    assert "byte 28" in only.outcome.reason


def test_one_bad_entry_does_not_hold_its_neighbours() -> None:
    made = bundle(PATIENT, OBSERVATION)
    made["entry"][1:1] = [
        5,
        {"resource": 5},
        {"fullUrl": 5, "resource": PATIENT},
        {"resource": {"resourceType": "Patient", "name": "Made-Up"}},
        {"request": {"method": "DELETE", "url": "Observation/1"}},
        {"request": {"method": "GET", "url": "Patient/1"}},
        {"resource": None},
    ]
    found = items(made)
    assert kinds(found) == ["PassedOver", "Mapped", *["Held"] * 5, *["PassedOver"] * 2, "Mapped"]
    assert found[5].outcome == Held("$.name: expected array, got str")


def test_unknown_and_passed_over_kinds_are_counted_with_a_reason() -> None:
    found = items([{"resourceType": "Claim", "id": "1"}, {"resourceType": "Basic", "id": "2"}])
    assert [item.resource_type for item in found] == ["Claim", "Basic"]
    assert kinds(found) == ["PassedOver", "PassedOver"]
    assert all(item.outcome.reason for item in found)


def test_modifier_extension_is_held() -> None:
    (only,) = items(observation(modifierExtension=[{"url": "https://example.org/not-so"}]))
    assert isinstance(only.outcome, Held)
    assert "modifierExtension" in only.outcome.reason


def test_the_same_id_twice_gives_two_items() -> None:
    found = items([OBSERVATION, OBSERVATION])
    assert kinds(found) == ["Mapped", "Mapped"]


def test_without_an_id_the_same_content_has_the_same_identity() -> None:
    one = entry(observation(id=None))
    assert one.identifier == entry(observation(id=None)).identifier
    assert one.identifier != entry(observation(id=None, status="amended")).identifier


def test_identity_without_an_id_comes_from_the_address_then_a_business_identifier() -> None:
    resource = observation(id=None, identifier=[{"system": "https://example.org/r", "value": "7"}])
    made = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1", "resource": resource}]}
    outcome = items(made)[1].outcome
    assert outcome.entries[0].identifier == "Observation?identifier=https://example.org/r|7"
    made["entry"][0]["fullUrl"] = "https://example.org/fhir/Observation/o9"
    assert items(made)[1].outcome.entries[0].identifier == "Observation/o9"


def test_characters_that_postgresql_refuses_are_replaced_and_noted() -> None:
    text = json.dumps(observation(valueString="PLACE 😀 \\u0000"))
    for lost in ("\\u0000", "\\ud800", "\\udc00"):
        (only,) = items(text.replace("PLACE", lost))
        assert isinstance(only.outcome, Mapped)
        (made,) = only.outcome.entries
        assert made.value_text == "\ufffd 😀 \\u0000"
        assert b"\\u0000" not in made.resource.replace(b"\\\\u0000", b"")
        json.loads(made.resource)["valueString"].encode()
        assert made.notes == ("some characters could not be kept and were replaced",)


@pytest.mark.parametrize("number", ["1e5000", "-1E-9999", "9" * 5000, "0." + "1" * 5000])
def test_numbers_that_postgresql_refuses_hold_the_resource(number: str) -> None:
    text = json.dumps(observation(extension=[{"url": "x", "valueDecimal": 0.5}]))
    (only,) = items(text.replace("0.5", number))
    assert only.outcome == Held("a number is too large or too long to be kept")


def test_text_that_looks_like_a_large_number_is_no_number() -> None:
    note = [{"text": "ratio, 1e5000 and uuid 12e45678-1e12345"}]
    assert entry(observation(note=note)).detail.startswith("ratio")


def test_confidentiality_and_codes_mark_an_entry_as_sensitive() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    for code, expected in (("R", True), ("V", True), ("N", False), ("made up", True)):
        label = {"security": [{"system": system, "code": code}]}
        assert entry(observation(meta=label)).sensitive is expected
    act = {
        "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]
    }
    assert entry(observation(meta=act)).sensitive
    codes = frozenset({"165816005"})
    coded = observation(code={"coding": [{"code": "165816005", "display": "A test"}]})
    assert entry(coded, sensitive_codes=codes).sensitive
    assert not entry(coded).sensitive
    hidden = json.dumps(coded).replace('"165816005"', '"\\u0031\\u00365816005"')
    assert items(hidden, sensitive_codes=codes)[0].outcome.entries[0].sensitive


def test_impossible_dates_leave_the_resource_standing() -> None:
    made = entry(
        observation(
            effectiveDateTime="2026-13-01", issued="2026-01-01T00:00:00", meta={"lastUpdated": "x"}
        )
    )
    assert made.version is None
    assert made.notes == (
        "effectiveDateTime: no such date, left out",
        "issued: a time without a zone, read as London time",
        "meta.lastUpdated: no such date, left out",
    )
    assert made.effective == made.recorded is not None


def test_every_kind_is_either_mapped_or_passed_over() -> None:
    mapped = {kind.__name__ for kind in MAPPERS} | {"Patient"}
    assert not mapped & PASSED_OVER.keys()
    assert set(KINDS) <= mapped | PASSED_OVER.keys()
    assert DECODER.decode(b'{"resourceType":"Patient"}') is not None


@pytest.mark.parametrize("size", [1, 900_000, 1_500_000, 5_000_000])
def test_ndjson_may_begin_with_a_long_line(size: int) -> None:
    """A letter with its file in it comes before whom it is of."""
    letter = {"resourceType": "Basic", "id": "b1", "text": {"div": "x" * size}}
    found = items(json.dumps(letter).encode() + b"\n" + json.dumps(letter).encode() + b"\n")
    assert [item.pointer for item in found] == ["line 1", "line 2"]
    (alone,) = items(json.dumps(letter).encode() + b"\n")
    assert alone.pointer == "resource"


def test_xml_keeps_digits_extensions_and_impossible_dates() -> None:
    (only,) = items(
        XML.format(
            '<effectiveDateTime value="2026-02-30"><extension url="https://example.org/x">'
            '<valueBoolean value="true"/></extension></effectiveDateTime>'
            '<valueQuantity><value value="7.40"/><unit value="pH"/></valueQuantity>'
        )
    )
    assert isinstance(only.outcome, Mapped)
    (made,) = only.outcome.entries
    assert made.value_text == "7.40 pH"
    assert made.effective is None
    assert made.notes == ("effectiveDateTime: no such date, left out",)
    assert json.loads(made.resource)["_effectiveDateTime"]["extension"][0]["valueBoolean"] is True
    assert b"7.40" in made.resource


def test_xml_that_fhir_does_not_have_is_held_with_its_path() -> None:
    (only,) = items(XML.format("<secret><inner/></secret>"))
    assert only.outcome == Held("Observation.secret: no such element in FHIR R4")


def test_xml_entities_are_never_expanded(tmp_path: Any) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("TOPSECRET")
    external = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{file.as_uri()}">]>' + XML.format("")
    bomb = "<!DOCTYPE x [<!ENTITY a0 'lol'>"
    for level in range(1, 12):
        bomb += f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>"
    bomb += "]>" + XML.format("<issued>&a11;</issued>")
    for content in (external.replace("pH", "&e;"), bomb, external):
        start = time.perf_counter()
        (only,) = items(content)
        assert isinstance(only.outcome, Held)
        assert "TOPSECRET" not in repr(only.outcome)
        assert time.perf_counter() - start < 2


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FIELDS = """
    id code status subject patient identifier meta contained extension participant reference
    category valueQuantity component dosageInstruction period name birthDate entry resource
    medicationReference class text coding display value system
"""
resource_like = st.recursive(
    json_values,
    lambda inner: st.dictionaries(
        st.sampled_from(FIELDS.split()), inner | st.lists(inner, max_size=3)
    ),
    max_leaves=25,
).flatmap(
    lambda value: st.sampled_from([*KINDS, "Bundle", "Claim", "Nonsense"]).map(
        lambda kind: {**(value if isinstance(value, dict) else {"x": value}), "resourceType": kind}
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(resource_like | json_values, max_size=4))
def test_any_json_gives_an_outcome_for_every_member(members: list[Any]) -> None:
    found = items(json.dumps(members))
    if members:
        tops = [item for item in found if "entry" not in item.pointer]
        assert [item.pointer for item in tops] == [f"[{n}]" for n in range(len(members))]
    for item in found:
        assert isinstance(item.outcome, Mapped | PassedOver | Held)
        for made in item.outcome.entries if isinstance(item.outcome, Mapped) else ():
            assert made.display
            assert "\x00" not in made.display + made.detail + made.value_text


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_raising(content: bytes) -> None:
    assert items(content)


@settings(max_examples=200, deadline=None)
@given(st.lists(resource_like, min_size=2, max_size=5), st.data())
def test_nothing_is_lost_in_ndjson(resources: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = [json.dumps(resource) for resource in resources]
    bad = data.draw(st.integers(0, len(lines) - 1))
    lines[bad] = lines[bad][: data.draw(st.integers(1, len(lines[bad]) - 1))]
    found = items("\n".join(lines))
    numbers = {int(item.pointer.split()[1].split(".")[0]) for item in found}
    assert numbers == set(range(1, len(lines) + 1))


def test_what_is_decoded_twice_becomes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a large document only a part stays decoded until it is mapped."""
    document: dict[str, Any] = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": {"resourceType": "Patient", "id": "p1", "name": [{"family": "Carter"}]}},
            *(
                {
                    "resource": {
                        "resourceType": "Condition",
                        "id": f"c{number}",
                        "subject": {"reference": "Patient/p1"},
                        "code": {"text": "Asthma"},
                        "recorder": {"reference": "Practitioner/d1"},
                    }
                }
                for number in range(3)
            ),
            {"resource": {"resourceType": "Practitioner", "id": "d1", "name": [{"text": "Dr A"}]}},
            {"resource": {"resourceType": "Condition", "id": 7}},
            {
                "fullUrl": "urn:uuid:8b7a2c1e-0000-4000-8000-000000000001",
                "resource": {
                    "resourceType": "Condition",
                    "subject": {"reference": "Patient?identifier=https://trust.example/mrn|1"},
                    "code": {"text": "Gout"},
                },
            },
        ],
    }
    document["entry"][0]["resource"]["identifier"] = [
        {"system": "https://trust.example/mrn", "value": "1"}
    ]
    named = '<performer><reference value="Practitioner/d1"/></performer>'
    xml = (
        f'<Bundle xmlns="http://hl7.org/fhir"><entry><resource>{XML.format(named)}</resource>'
        '</entry><entry><resource><Practitioner><id value="d1"/><name><text value="Dr A"/></name>'
        "</Practitioner></resource></entry></Bundle>"
    )
    contents = [
        json.dumps(document).encode(),
        f"{json.dumps(document)}\n{json.dumps(PATIENT)}\n".encode(),
        xml.encode(),
    ]

    def items_now() -> list[list[Item]]:
        return [list(read(io.BytesIO(content), name="x")) for content in contents]

    at_once = items_now()
    monkeypatch.setattr(resource, "_KEPT_DECODED", 0)
    assert items_now() == at_once
    assert [len(found) for found in at_once] == [8, 9, 3]
    of_number = at_once[0][7].outcome
    assert isinstance(of_number, Mapped)
    assert of_number.entries[0].person == "Patient/p1"
    of_name = at_once[2][1].outcome
    assert isinstance(of_name, Mapped)
    assert of_name.entries[0].author == "Dr A"
