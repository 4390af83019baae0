"""HL7 v2: visits, appointments, documents, problems and allergies; any order, one end state."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from feeds import courses
from feeds.formats.hl7v2 import compose
from feeds.mapped import Mapped, MappedEntry, Snapshot
from records.statuses import EntryStatus
from tests.feeds.hl7v2_messages import PID, entries, held, items, message, people

NO_VISIT = "PV1-19: the visit has no number; send it there, or in PV1-50 or PID-18"


def visit(
    ward: str = "T10", bed: str = "1", *, kind: str = "I", admitted: str = "", ended: str = ""
) -> str:
    """PV1 of visit V1."""
    fields = [""] * 46
    fields[0], fields[2], fields[3] = "PV1", kind, f"{ward}^^{bed}"
    fields[7], fields[10], fields[19] = "C1^Brown^Mary", "CARD^Cardiology", "V1^^^RJ2"
    fields[44], fields[45] = admitted, ended
    return "|".join(fields)


def adt(event: str, at: str, *segments: str, **changed: Any) -> bytes:
    """An event recorded at an hour of 2 March, ``happened`` at another one where given."""
    changed.setdefault("recorded", f"20260302{at}")
    return message(f"ADT^{event}", *(segments or (visit(),)), at="20260302230000", **changed)


def siu(event: str, at: str, *segments: str, status: str = "") -> bytes:
    sch = f"SCH|P1|A1^RJ2|||||^Review of asthma||||{'^' * 3}20260401100000^20260401103000"
    sch += "|" * 14 + status if status else ""
    return message(f"SIU^{event}", sch, *segments, at=f"20260302{at}")


def end_state(messages: Iterable[bytes]) -> list[MappedEntry]:
    """What all of them make, one after another."""
    held_so_far: dict[str, courses.Registers] = {}
    for content in messages:
        for item in items(content):
            assert isinstance(item.outcome, Mapped), item
            for told in item.outcome.told:
                courses.fold(held_so_far.setdefault(told.identifier, {}), told.said)
    return [
        entry
        for each in sorted(held_so_far)
        for entry in compose(each, courses.values(held_so_far[each]), source_kind="nhs_trust")
    ]


def only(messages: Sequence[bytes]) -> MappedEntry:
    """The one entry that they make, the same in every order."""
    orders: Iterable[Sequence[bytes]] = permutations(messages)
    if len(messages) > 5:
        shuffler = random.Random(6)
        orders = [shuffler.sample(messages, len(messages)) for _ in range(100)]
    states = [end_state(each) for each in orders]
    assert all(state == states[0] for state in states)
    (entry,) = states[0]
    return entry


ADMIT = adt("A01", "090000", visit("AMU", admitted="202603020855"))
MOVE = adt("A02", "110000", visit("T10", "4"))
LEAVE = adt("A03", "150000", visit("T10", "4", ended="202603021450"))


def test_an_admission_a_transfer_and_a_discharge_in_any_order() -> None:
    entry = only([ADMIT, MOVE, LEAVE])
    assert entry.identifier == "Encounter/visit|RJ2|V1"
    assert (entry.status, entry.contact_class) == (EntryStatus.PAST, "inpatient")
    assert entry.display == "Inpatient stay, Cardiology"
    assert entry.place == "T10, bed 4"
    assert entry.author == "Mary Brown"
    assert entry.effective == datetime(2026, 3, 2, 8, 55, tzinfo=UTC)
    assert entry.ends == datetime(2026, 3, 2, 14, 50, tzinfo=UTC)
    assert entry.person == "Patient/RJ2|40001"


def test_a_discharge_that_is_cancelled_leaves_the_visit_open() -> None:
    # As London's trusts send it: EVN-6 of a cancel is older than all, PV1-45 is still filled.
    reopen = adt(
        "A13", "160000", visit("T10", "4", ended="202603021450"), happened="20100916110000"
    )
    entry = only([ADMIT, MOVE, LEAVE, reopen])
    assert (entry.status, entry.ends) == (EntryStatus.CURRENT, None)
    again = adt("A03", "170000", visit("T10", "4", ended="202603021655"))
    assert only([ADMIT, LEAVE, reopen, again]).ends == datetime(2026, 3, 2, 16, 55, tzinfo=UTC)


def test_an_admission_that_is_cancelled_is_no_visit_until_it_is_made_again() -> None:
    void = adt("A11", "100000", happened="20260302090000")
    assert only([ADMIT, void]).status == EntryStatus.CANCELLED
    assert only([ADMIT, void, adt("A08", "103000")]).status == EntryStatus.CANCELLED
    assert only([ADMIT, void, adt("A01", "120000")]).status == EntryStatus.CURRENT
    # As London's trusts send it: EVN-6 is older than the admission.
    older = adt("A11", "100000", happened="20100914162700")
    assert only([ADMIT, MOVE, older]).status == EntryStatus.CURRENT, "moved after it was cancelled"
    assert only([ADMIT, older]).status == EntryStatus.CANCELLED


def test_a_transfer_that_is_cancelled_leaves_them_where_they_were() -> None:
    back = adt("A12", "113000", visit("AMU"), happened="20260302110000")
    moved = adt("A02", "110000", visit("T10", "4"), happened="20260302110000")
    assert only([ADMIT, moved, back]).place == "AMU, bed 1"


def test_a_transfer_recorded_late_does_not_move_them_back() -> None:
    late = adt("A02", "140000", visit("T08"), happened="20260302100000")
    assert only([ADMIT, MOVE, late]).place == "T10, bed 4"


def test_the_discharge_that_was_recorded_last_is_the_one() -> None:
    first = adt("A03", "150000", visit(), happened="20260302145000")
    corrected = adt("A03", "170000", visit(), happened="20260302133000")
    assert only([ADMIT, first, corrected]).ends == datetime(2026, 3, 2, 13, 30, tzinfo=UTC)


def test_of_one_second_the_cancel_comes_last() -> None:
    assert only([ADMIT, LEAVE, adt("A13", "150000")]).ends is None
    assert only([ADMIT, adt("A11", "090000")]).status == EntryStatus.CANCELLED
    assert only([ADMIT, MOVE, adt("A12", "110000", visit("AMU"))]).place == "AMU, bed 1"


def test_a_planned_admission_and_a_change_of_class() -> None:
    plan = adt("A05", "080000", visit(kind="P"), "PV2||||||||20260305")
    assert only([plan]).status == EntryStatus.PLANNED
    assert only([plan]).effective == datetime(2026, 3, 5, tzinfo=UTC)
    attend = adt("A04", "090000", visit(kind="E"))
    admit = adt("A06", "120000", visit(kind="I"))
    assert only([attend]).contact_class == "emergency"
    assert only([attend, admit]).contact_class == "inpatient"


def test_an_outpatient_attendance_is_over_when_it_has_begun() -> None:
    entry = only([adt("A04", "090000", visit(kind="O", admitted="20260302090000"))])
    assert (entry.status, entry.contact_class) == (EntryStatus.PAST, "outpatient")
    assert entry.ends == entry.effective


def test_a_name_that_cannot_be_found_by_is_held() -> None:
    long = adt("A08", "100000", person=PID.replace("Carter", "C" * 501))
    assert held(items(long)) == ["PID-5: longer than 500 characters"]


def test_two_who_swap_beds_are_two_items() -> None:
    other = PID.replace("40001", "40002")
    swap = message("ADT^A17", visit("A", "1"), other, visit("B", "2").replace("V1^", "V2^"))
    found = items(swap)
    assert [i.pointer for i in found] == ["message 1, PID 1", "message 1, PID 2"]
    assert [entry.place for entry in end_state([swap])] == ["A, bed 1", "B, bed 2"]


def test_a_visit_moved_to_another_record() -> None:
    moved = adt(
        "A45", "120000", "MRG|40001^^^RJ2^MR||||V1", visit(), person=PID.replace("40001", "2")
    )
    assert only([ADMIT, moved]).person == "Patient/RJ2|2"


def test_every_visit_that_a_message_moves_is_moved() -> None:
    second = visit().replace("V1^^^RJ2", "V2^^^RJ2")
    here, there = ADMIT, adt("A01", "080000", second)
    mrg = "MRG|40001^^^RJ2^MR||||{}"
    moved = adt(
        "A45", "120000", mrg.format("V1"), visit(), mrg.format("V2"), second,
        person=PID.replace("40001", "2"),
    )  # fmt: skip
    for order in permutations([here, there, moved]):
        assert [one.person for one in end_state(order)] == ["Patient/RJ2|2", "Patient/RJ2|2"]


def test_a_visit_that_only_mrg_names_is_moved() -> None:
    moved = adt("A45", "120000", "MRG|40001||||V1^^^RJ2", person=PID.replace("40001", "2"))
    assert only([ADMIT, moved]).person == "Patient/RJ2|2"
    nameless = adt("A45", "120000", "MRG|40001", person=PID.replace("40001", "2"))
    assert held(items(nameless)) == [NO_VISIT]


def test_records_that_are_joined_and_a_number_that_is_changed() -> None:
    for event in ("A40", "A47"):
        (item,) = items(message(f"ADT^{event}", "MRG|777"))
        assert isinstance(item.outcome, Mapped)
        assert item.outcome.replaces == ("Patient/RJ2|777",)
    two = message("ADT^A40", "MRG|777", PID.replace("40001", "3"), "MRG|888^^^RJ2")
    assert [i.outcome.replaces for i in items(two)] == [  # type: ignore[union-attr]  # both are
        ("Patient/RJ2|777",),
        ("Patient/RJ2|888",),
    ]
    assert "MRG-1" in held(items(message("ADT^A40", "MRG|40001^^^RJ2")))[0]


def test_a_person_who_is_deleted_has_nothing_left() -> None:
    (item,) = items(message("ADT^A29", recorded="20260302100000"))
    assert item.outcome == Snapshot(
        "Patient/RJ2|40001", frozenset(), datetime(2026, 3, 2, 10, tzinfo=UTC)
    )


def test_a_trust_speaks_for_its_person_and_others_only_name_them() -> None:
    (spoken,) = people(items(adt("A08", "100000")))
    assert (spoken.version, spoken.in_passing) == (datetime(2026, 3, 2, 10, tzinfo=UTC), False)
    (named,) = people(items(message("ADT^A60")))
    assert (named.version, named.in_passing) == (None, True)


def test_an_admission_without_a_number_is_held_and_an_update_is_not() -> None:
    without = visit().replace("V1^^^RJ2", "")
    assert held(items(adt("A01", "090000", without))) == [NO_VISIT]
    assert held(items(adt("A08", "090000", without))) == []


# ── Appointments ────────────────────────────────────────────────────────────────────────────


def test_an_appointment_booked_moved_and_cancelled_in_any_order() -> None:
    booked = siu("S12", "090000", "AIS|1|A|ASTHMA^Asthma clinic", "AIL|1||CLIN^^^^Room 3")
    (one,) = end_state([booked])
    assert one.identifier == "Appointment/appointment|RJ2|A1"
    assert (one.status, one.display) == (EntryStatus.PLANNED, "Asthma clinic")
    assert one.effective == datetime(2026, 4, 1, 9, tzinfo=UTC)
    assert one.ends == datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
    assert "Review of asthma" in one.detail
    moved = siu("S13", "100000").replace(b"20260401", b"20260402")
    assert only([booked, moved]).effective == datetime(2026, 4, 2, 9, tzinfo=UTC)
    cancelled = siu("S15", "110000")
    assert only([booked, moved, cancelled]).status == EntryStatus.CANCELLED


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("S17", EntryStatus.ENTERED_IN_ERROR),
        ("S26", EntryStatus.PAST),
        ("S14", EntryStatus.PLANNED),
    ],
)
def test_what_becomes_of_an_appointment(event: str, status: EntryStatus) -> None:
    assert only([siu("S12", "090000"), siu(event, "100000")]).status == status


# ── Documents, problems, allergies ──────────────────────────────────────────────────────────


def mdm(event: str, at: str, *lines: str, number: str = "D1", parent: str = "") -> bytes:
    txa = [""] * 20
    txa[0], txa[2], txa[4], txa[9] = "TXA", "DS^Discharge summary", "20260302090000", "W1^Green^Ann"
    txa[12], txa[13] = number, parent
    return message(f"MDM^{event}", "|".join(txa), *lines, at=f"20260302{at}")


def test_a_document_keeps_its_text_when_only_its_status_changes() -> None:
    new = mdm("T02", "100000", "OBX|1|TX|||Went home well.||||||F", "OBX|2|TX|||No follow-up.")
    entry = only([new, mdm("T03", "110000")])
    assert entry.display == "Discharge summary"
    assert entry.detail == "Went home well.\nNo follow-up."
    assert entry.author == "Ann Green"
    assert only([new, mdm("T11", "110000")]).status == EntryStatus.ENTERED_IN_ERROR


def test_the_point_of_care_is_the_team_and_its_description_what_is_shown() -> None:
    described = "RJ2-CEDAR^^4^&Woolwich^^^^^Cedar ward"
    stay = only([adt("A01", "080000", visit().replace("T10^^1", described))])
    assert (stay.team_code, stay.place) == ("RJ2-CEDAR", "Cedar ward, bed 4, Woolwich")
    moved = visit("RJ2-OAK")
    assert only([ADMIT, adt("A02", "120000", moved)]).team_code == "RJ2-OAK"
    booked = siu("S12", "090000", "AIL|1||RJ2-OP^^^&Woolwich^^^^^Eye clinic")
    assert (only([booked]).team_code, only([booked]).place) == ("RJ2-OP", "Eye clinic, Woolwich")


def test_a_document_that_is_replaced_is_past() -> None:
    states = {
        tuple((e.identifier[-2:], e.status) for e in end_state(order))
        for order in permutations(
            [mdm("T02", "100000"), mdm("T10", "110000", number="D2", parent="D1")]
        )
    }
    assert states == {(("D1", EntryStatus.PAST), ("D2", EntryStatus.CURRENT))}


def test_a_problem_is_resolved_or_deleted() -> None:
    prb = "PRB|AD|20260302100000|J45^Asthma^I10|77|||20260301||||||ACTIVE|||20260201"
    (problem,) = entries(items(message("PPR^PC1", prb, "NTE|1||Since childhood")), "Condition")
    assert (problem.display, problem.status) == ("Asthma", EntryStatus.CURRENT)
    assert problem.detail == "Since childhood"
    gone = prb.replace("|AD|", "|DE|")
    (deleted,) = entries(items(message("PPR^PC3", gone)), "Condition")
    assert deleted.status == EntryStatus.ENTERED_IN_ERROR
    assert deleted.identifier == problem.identifier
    assert problem.version is not None
    assert deleted.version is not None
    assert deleted.version > problem.version


def test_an_allergy_is_added_and_deleted() -> None:
    iam = "IAM|1|DRUG|^PENICILLIN|SV|R^Rash|A|5||Allergy||20260101||20260302100000|C1^Brown^Mary"
    (added,) = entries(items(message("ADT^A60", iam)))
    assert (added.display, added.status) == ("PENICILLIN", EntryStatus.CURRENT)
    assert "Rash (severe)" in added.detail
    (gone,) = entries(items(message("ADT^A60", iam.replace("|A|5|", "|D|5|"))))
    assert (gone.identifier, gone.status) == (added.identifier, EntryStatus.ENTERED_IN_ERROR)


def listed(messages: Sequence[bytes], kind: str) -> set[tuple[str, EntryStatus]]:
    """The entries of a kind that they make, the same in every order."""
    states = [
        {(e.display, e.status) for e in end_state(order) if e.kind == kind}
        for order in permutations(messages)
    ]
    assert all(state == states[0] for state in states)
    return states[0]


def allergies(messages: Sequence[bytes]) -> set[tuple[str, EntryStatus]]:
    return listed(messages, "AllergyIntolerance")


def diagnoses(messages: Sequence[bytes]) -> set[tuple[str, EntryStatus]]:
    return listed(messages, "Condition")


PENICILLIN, EGG = "AL1|1|DA|^PENICILLIN|SV|Rash", "AL1|2|FA|^EGG|MO|Hives"


def test_a_list_of_allergies_replaces_the_one_before_it() -> None:
    """HL7 v2, chapter 2, snapshot mode; in any order one end state."""
    both = adt("A01", "090000", visit(), PENICILLIN, EGG)
    one = adt("A08", "100000", visit(), EGG)
    silent = adt("A02", "110000", visit("T11"))
    assert allergies([both, one, silent]) == {
        ("PENICILLIN", EntryStatus.RETIRED),
        ("EGG", EntryStatus.CURRENT),
    }
    again = adt("A03", "120000", visit(), PENICILLIN)
    assert allergies([both, one, silent, again]) == {
        ("PENICILLIN", EntryStatus.CURRENT),
        ("EGG", EntryStatus.RETIRED),
    }


def test_a_message_without_allergies_says_nothing_of_them_and_one_of_null_that_there_are_none() -> (
    None
):
    some = adt("A01", "090000", visit(), PENICILLIN)
    assert allergies([some, adt("A08", "100000", visit())]) == {("PENICILLIN", EntryStatus.CURRENT)}
    none = adt("A08", "100000", visit(), 'AL1|1|""|""')
    assert allergies([some, none]) == {("PENICILLIN", EntryStatus.RETIRED)}
    blank = adt("A08", "100000", visit(), "AL1|1||")
    assert allergies([some, blank]) == {("PENICILLIN", EntryStatus.CURRENT)}


def test_whoever_only_names_a_person_does_not_list_their_allergies() -> None:
    (entry,) = entries(items(message("ADT^A60", PENICILLIN)))
    assert entry.display == "PENICILLIN"
    (item,) = items(message("ADT^A60", PENICILLIN))
    assert isinstance(item.outcome, Mapped)
    assert not item.outcome.told


FALL, HIP = "DG1|1||W19^Fall^I10|||A", "DG1|2||S72^Hip fracture^I10|||W"


def test_the_diagnoses_of_a_visit_replace_those_before_them() -> None:
    """HL7 v2, chapter 2, snapshot mode: what the later message does not have is there no more."""
    admitted = adt("A01", "090000", visit(), FALL)
    worked_up = adt("A08", "100000", visit(), FALL, HIP)
    left = adt("A03", "120000", visit(ended="20260302120000"), HIP.replace("|W", "|F"))
    silent = adt("A02", "110000", visit("T11"))
    assert diagnoses([admitted, worked_up, silent]) == {
        ("Fall", EntryStatus.CURRENT),
        ("Hip fracture", EntryStatus.CURRENT),
    }
    assert diagnoses([admitted, worked_up, silent, left]) == {
        ("Fall", EntryStatus.RETIRED),
        ("Hip fracture", EntryStatus.CURRENT),
    }


def test_the_diagnoses_of_another_visit_stand_beside_them() -> None:
    other = visit().replace("V1^^^RJ2", "V2^^^RJ2")
    both = [adt("A01", "090000", visit(), FALL), adt("A01", "100000", other, HIP)]
    assert diagnoses(both) == {
        ("Fall", EntryStatus.CURRENT),
        ("Hip fracture", EntryStatus.CURRENT),
    }


def test_null_is_that_a_visit_has_no_diagnosis_and_an_action_is_of_one_alone() -> None:
    some = adt("A01", "090000", visit(), FALL, HIP)
    none = adt("A08", "100000", visit(), 'DG1|1||""')
    assert diagnoses([some, none]) == {
        ("Fall", EntryStatus.RETIRED),
        ("Hip fracture", EntryStatus.RETIRED),
    }
    deleted = FALL + "|" * 15 + "D"
    (entry,) = entries(items(adt("A08", "100000", visit(), deleted)), "Condition")
    assert (entry.display, entry.status) == ("Fall", EntryStatus.ENTERED_IN_ERROR)
    (same,) = [e for e in end_state([some]) if e.display == "Fall"]
    assert same.identifier == entry.identifier


def test_the_expected_discharge_shows_until_the_visit_has_ended() -> None:
    def expects(at: str, day: str, event: str = "A08") -> bytes:
        return adt(event, at, visit(), "PV2||" + "|" * 7 + day)

    first, later = expects("090000", "20260305"), expects("110000", "202603081400")
    assert "Expected to leave: 5 March 2026" in only([ADMIT, first]).detail
    assert "Expected to leave: 8 March 2026" in only([ADMIT, first, later]).detail
    assert "Expected to leave" not in only([ADMIT, first, expects("120000", '""')]).detail
    assert "Expected to leave: 5 March 2026" in only([ADMIT, first, expects("120000", "")]).detail
    gone = adt("A03", "180000", visit(ended="20260302180000"))
    assert "Expected to leave" not in only([ADMIT, first, gone]).detail


@pytest.mark.parametrize(
    ("event", "action", "status"),
    [
        ("PC1", "AD", EntryStatus.CURRENT),
        ("PC2", "UP", EntryStatus.CURRENT),
        ("PC2", "CO", EntryStatus.CURRENT),
        ("PC2", "UC", EntryStatus.CURRENT),
        ("PC2", "LI", EntryStatus.CURRENT),
        ("PC2", "UN", EntryStatus.CURRENT),
        ("PC1", "DE", EntryStatus.ENTERED_IN_ERROR),
        ("PC3", "", EntryStatus.ENTERED_IN_ERROR),
        ("PC2", "", EntryStatus.CURRENT),
    ],
)
def test_what_is_done_with_a_problem(event: str, action: str, status: EntryStatus) -> None:
    prb = f"PRB|{action}|20260302100000|J45^Asthma^I10|77|||20260301||||||ACTIVE"
    (problem,) = entries(items(message(f"PPR^{event}", prb)), "Condition")
    assert problem.status == status


ATTACHED = "Attached at the source, and not shown here:"


@pytest.mark.parametrize(
    ("obx", "shown"),
    [
        ("ED|||^TEXT^PLAIN^Base64^V2VudCBob21lIHdlbGwu", "Went home well."),
        ("ED|||^TEXT^^A^Went home well.", "Went home well."),
        (
            f"ED|||^AP^PDF^Base64^{'JVBE' * 1024}",
            f"{ATTACHED} a PDF of 3 KiB.",
        ),
        (
            "ED|||^TEXT^RTF^Base64^e1xydGYx",
            f"{ATTACHED} a word processor's document (RTF) of 1 KiB.",
        ),
        (
            "ED|||^AP^PDF^Base64^%%%",
            f"{ATTACHED} a PDF that cannot be read.",
        ),
        ("RP|||x.dcm^^IM^DICOM", f"{ATTACHED} a file."),
    ],
)
def test_a_file_in_a_document_is_read_or_said_to_be_there(obx: str, shown: str) -> None:
    (entry,) = end_state([mdm("T02", "100000", f"OBX|1|{obx}||||||F")])
    assert entry.detail == shown
    passed_over = [note for note in entry.notes if note.startswith("OBX-5")]
    assert bool(passed_over) == shown.startswith("Attached")


def test_words_beside_a_file_are_kept() -> None:
    lines = ["OBX|1|TX|||See the letter.||||||F", "OBX|2|ED|||^AP^PDF^Base64^JVBERi0x||||||F"]
    (entry,) = end_state([mdm("T02", "100000", *lines)])
    assert entry.detail.startswith("See the letter.\nAttached at the source")


# ── The shared samples ──────────────────────────────────────────────────────────────────────


def test_every_sample_of_two_makers_is_read_without_a_hold(shared_data: Path) -> None:
    for name in ("hl7v2-uclh-emap", "hl7v2-ms-fhir-converter"):
        files = [path for path in (shared_data / "feeds" / name).rglob("*") if path.is_file()]
        found = [item for path in files for item in items(path.read_bytes())]
        assert len({item.pointer for item in found}) >= 1
        assert held(found) == []


def test_the_trusts_record_that_was_joined(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "hl7v2-uclh-emap" / "Adt" / "generic"
    (item,) = items((folder / "A40.txt").read_bytes())
    assert isinstance(item.outcome, Mapped)
    assert item.outcome.replaces == ("Patient/MRENTR|40800000",)
    assert item.outcome.person is not None
    assert item.outcome.person.identifier == "Patient/MRENTR|40800001"


def test_the_trusts_visit_in_any_order(shared_data: Path) -> None:
    folder = shared_data / "feeds" / "hl7v2-uclh-emap" / "Adt" / "generic"
    names = ("A01", "A02", "A03", "A06", "A08_v1", "A12", "A13")
    contents = [(folder / f"{name}.txt").read_bytes() for name in names]
    shuffler = random.Random(6)
    states = [end_state(shuffler.sample(contents, len(contents))) for _ in range(60)]
    assert all(state == states[0] for state in states)
