"""Who sends what in which form, and that the importer's own readers find it there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from feeds.formats import FORMATS
from feeds.mapped import Held, Item, Mapped, MappedEntry, MappedPerson, Told
from region import model
from region.make_region import MOST_RESIDENTS, make_region, residents
from region.model import Resident
from region.organisations import DEFAULT_ORGANISATIONS, SourceKind
from region.sending import Form, forms_of, sendings
from region.taken import Taken
from region.writers.deliveries import Delivery, write

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def people() -> list[Resident]:
    return list(residents(7, 150, TODAY))


@pytest.fixture(scope="module")
def deliveries(people: list[Resident], tmp_path_factory: pytest.TempPathFactory) -> list[Delivery]:
    return write_to(tmp_path_factory.mktemp("region") / "out", people)


def write_to(folder: Path, people: list[Resident], seed: int = 7) -> list[Delivery]:
    return write(people, folder, seed=seed, today=TODAY, organisations=DEFAULT_ORGANISATIONS)


def read(delivery: Delivery) -> list[Item]:
    kind = DEFAULT_ORGANISATIONS.kind_of(delivery.source).value
    found: list[Item] = []
    for path in delivery.files:
        with path.open("rb") as content:
            read_by = FORMATS[delivery.form].read
            found += read_by(content, name=path.name, source_kind=kind)
    return found


def of(items: list[Item]) -> tuple[list[MappedPerson], list[MappedEntry], list[Told]]:
    mapped = [each.outcome for each in items if isinstance(each.outcome, Mapped)]
    return (
        [each.person for each in mapped if each.person],
        [entry for each in mapped for entry in each.entries],
        [told for each in mapped for told in each.told],
    )


def only(deliveries: list[Delivery], form: Form, source: str = "") -> list[Delivery]:
    return [each for each in deliveries if each.form is form and source in ("", each.source)]


# ── Who sends what ──────────────────────────────────────────────────────────────────────────


def test_sources_send_in_the_forms_of_their_kind(deliveries: list[Delivery]) -> None:
    sent = {(each.source, each.form) for each in deliveries}
    declared = {
        (each.code, form)
        for each in DEFAULT_ORGANISATIONS.all()
        for form in forms_of(each.code, DEFAULT_ORGANISATIONS)
    }
    assert sent == declared
    forms = defaultdict(set)
    for source, form in sent:
        forms[DEFAULT_ORGANISATIONS.kind_of(source)].add(form)
    assert forms == {
        SourceKind.GP_PRACTICE: {Form.FHIR_R4, Form.GP_CONNECT},
        SourceKind.NHS_TRUST: {Form.HL7V2, Form.EDIFACT, Form.FHIR_R4},
        SourceKind.ADULT_SOCIAL_CARE: {Form.COUNCIL_CSV, Form.FHIR_R4},
        SourceKind.OUT_OF_HOURS: {Form.FHIR_R4},
    }


def test_every_fact_is_sent_once(people: list[Resident]) -> None:
    for resident in people:
        sent = [fact for each in sendings(resident, DEFAULT_ORGANISATIONS) for fact in each.facts]
        assert sorted(each.key for each in sent) == sorted(each.key for each in resident.facts)


def test_people_of_note_and_what_is_struck_out_or_sensitive_come_as_fhir(
    people: list[Resident],
) -> None:
    assert any(each.of_note for each in people)
    for resident in people:
        for sending in sendings(resident, DEFAULT_ORGANISATIONS):
            if resident.of_note or any(f.entered_in_error or f.sensitive for f in sending.facts):
                assert sending.form is Form.FHIR_R4


# ── What readers find ───────────────────────────────────────────────────────────────────────


def test_readers_set_nothing_aside(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        held = Counter(
            each.outcome.reason for each in read(delivery) if isinstance(each.outcome, Held)
        )
        assert not held, (delivery.source, delivery.form)


def test_readers_take_note_of_nothing(deliveries: list[Delivery]) -> None:
    """A note is what a reader says of something that is not as it ought to be.

    But for EDIFACT, whose times have no zone.
    """
    for delivery in deliveries:
        if delivery.form is Form.EDIFACT:
            continue
        persons, entries, _ = of(read(delivery))
        notes = Counter(note for each in [*persons, *entries] for note in each.notes)
        assert not notes, (delivery.source, delivery.form)


def test_every_form_says_the_same_of_a_person(
    people: list[Resident], deliveries: list[Delivery]
) -> None:
    """Name, birth date and number, so that nobody is taken for somebody else."""
    known = {
        (source.source, source.local_id): (resident.person, source)
        for resident in people
        for source in resident.known
    }
    seen = Counter[Form]()
    for delivery in deliveries:
        persons, _, _ = of(read(delivery))
        for each in persons:
            person, source = known[delivery.source, each.local_identifiers[0].rpartition("|")[2]]
            assert (each.family_name, each.given_names) == (person.family, " ".join(person.given))
            assert (each.nhs_number, each.birth_date) == (source.nhs_number, source.birth_date)
            assert each.sex == person.sex
            seen[delivery.form] += 1
    assert set(seen) == set(Form)


def test_visits_by_message_have_their_ward_and_team(
    people: list[Resident], deliveries: list[Delivery]
) -> None:
    (acute,) = only(deliveries, Form.HL7V2, "RJ2")
    compose = FORMATS[Form.HL7V2].compose
    assert compose is not None
    said: dict[str, dict[str, tuple[str, Any]]] = defaultdict(dict)
    for told in of(read(acute))[2]:
        for name, (at, value) in told.said.items():
            said[told.identifier][name] = max((at, value), said[told.identifier].get(name, ("",)))
    entries = [
        entry
        for identifier, each in said.items()
        if identifier.startswith("Encounter/")
        for entry in compose(
            identifier,
            {name: value for name, (_, value) in each.items()},
            source_kind=SourceKind.NHS_TRUST,
        )
    ]
    expected = Counter(
        (fact.team, fact.at, fact.ended if fact.setting != "outpatient" else None)
        for resident in people
        for sending in sendings(resident, DEFAULT_ORGANISATIONS)
        if sending.form is Form.HL7V2 and sending.known.source == "RJ2"
        for fact in sending.facts
        if isinstance(fact, model.Encounter)
    )
    found = Counter(
        (e.team_code, e.effective, e.ends if e.contact_class != "outpatient" else None)
        for e in entries
    )
    assert found == expected
    assert any("Cedar ward (older people)" in e.place for e in entries)


@pytest.mark.parametrize("form", [Form.HL7V2, Form.EDIFACT, Form.GP_CONNECT])
def test_results_keep_their_figures(
    people: list[Resident], deliveries: list[Delivery], form: Form
) -> None:
    def figures(entry: MappedEntry) -> tuple[object, ...]:
        return entry.display, entry.value, entry.range_low, entry.range_high, entry.effective

    found = Counter(
        figures(entry)
        for delivery in only(deliveries, form)
        for entry in of(read(delivery))[1]
        if entry.kind == "Observation" and entry.category == 6
    )
    expected = Counter(
        (fact.what.text, fact.value, fact.low, fact.high, fact.at)
        for resident in people
        for sending in sendings(resident, DEFAULT_ORGANISATIONS)
        if sending.form is form
        for fact in sending.facts
        if isinstance(fact, model.LabResult)
    )
    assert expected
    assert found == expected


def test_allergies_by_message_are_as_grave_as_they_are(
    people: list[Resident], deliveries: list[Delivery]
) -> None:
    (acute,) = only(deliveries, Form.HL7V2, "RJ2")
    entries = [e for e in of(read(acute))[1] if e.kind == "AllergyIntolerance"]
    facts = [
        fact
        for resident in people
        for sending in sendings(resident, DEFAULT_ORGANISATIONS)
        if sending.form is Form.HL7V2
        for fact in sending.facts
        if isinstance(fact, model.Allergy)
    ]
    assert Counter(e.display for e in entries) == Counter(f.what.text for f in facts)
    assert Counter(e.negation for e in entries) == Counter(f.none_known for f in facts)
    grave = sum("High risk" in e.detail for e in entries)
    assert grave == sum(f.criticality == "high" for f in facts) > 0


# ── Any size ────────────────────────────────────────────────────────────────────────────────


def bytes_of(deliveries: list[Delivery]) -> dict[str, bytes]:
    return {
        f"{each.source}/{each.form}/{path.name}": path.read_bytes()
        for each in deliveries
        for path in each.files
    }


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    """In another process, whose hashes are others."""
    program = (
        "import sys, pathlib, datetime\n"
        "from region.make_region import residents\n"
        "from region.organisations import DEFAULT_ORGANISATIONS as them\n"
        "from region.writers.deliveries import write\n"
        "day = datetime.date(2026, 11, 22)\n"
        "write(residents(7, 40, day), pathlib.Path(sys.argv[1]), seed=7, today=day, "
        "organisations=them)\n"
    )
    found = []
    for name in ("one", "two"):
        command = [sys.executable, "-c", program, str(tmp_path / name)]
        subprocess.run(command, check=True)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        found.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert found[0] == found[1]
    other = bytes_of(write_to(tmp_path / "three", list(residents(8, 40, TODAY)), seed=8))
    assert {content for _, content in found[0]}.isdisjoint(other.values())


def test_a_large_bundle_is_several(
    people: list[Resident], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("region.writers.deliveries.LARGEST_BUNDLE", 100_000)
    bundles = only(write_to(tmp_path, people), Form.FHIR_R4, "Y99903")
    (delivery,) = bundles
    assert len(delivery.files) > 2
    entries = [json.loads(path.read_bytes())["entry"] for path in delivery.files]
    assert sum(map(len, entries)) == delivery.items


def test_residents_come_one_at_a_time_and_are_those_of_the_whole_region() -> None:
    some = residents(7, MOST_RESIDENTS, TODAY)
    first = [next(some) for _ in range(60)]
    whole = make_region(7, 60, TODAY)
    assert [each.person for each in first] == list(whole.people[:60])
    facts = [fact for each in first for fact in each.facts]
    assert facts == list(whole.facts[: len(facts)])


def test_more_residents_than_there_are_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="500,000 residents at most"):
        next(residents(7, MOST_RESIDENTS + 1, TODAY))


def test_numbers_are_taken_once() -> None:
    taken = Taken(10, 30)
    assert 12 not in taken
    taken.add(12)
    assert 12 in taken
    assert [number for number in range(40) if number in taken] == [12]
    assert "12" not in taken
    with pytest.raises(IndexError, match="outside"):
        taken.add(30)
