"""A day in the region: what happens is coherent, names nobody of note, and goes on after a stop."""

from __future__ import annotations

import http.server
import io
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from feeds.acknowledging import answer, judge
from feeds.formats import FORMATS
from feeds.mapped import Held, Mapped
from region.day.__main__ import PEOPLE, keep_state, read_state
from region.day.happenings import MOST_VISITS, Day, Happening, State, Wire
from region.day.wires import Fhir, Folder, Mllp, NotTaken
from region.make_region import residents
from region.organisations import DEFAULT_ORGANISATIONS, TEAMS
from region.people_of_note import PEOPLE_OF_NOTE

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MANY = 300
FORMS = {Wire.MLLP: "hl7v2", Wire.FHIR: "fhir-r4", Wire.FOLDER: "council-csv"}


@pytest.fixture(scope="module")
def day() -> Day:
    return Day.of(
        list(residents(2016, PEOPLE, TODAY)), DEFAULT_ORGANISATIONS, seed=2016,
        practice="Y99901", out_of_hours="SEL01", council="RBG01",
    )  # fmt: skip


@pytest.fixture(scope="module")
def happened(day: Day) -> list[tuple[Happening, State]]:
    """A long day, a minute at a time."""
    state, found = State(), []
    for number in range(MANY):
        happening, state = day.next(state, NOW + timedelta(minutes=number))
        found.append((happening, state))
    return found


def test_it_begins_with_an_admission_to_the_ward_that_is_watched(
    happened: list[tuple[Happening, State]],
) -> None:
    first, state = happened[0]
    assert first.words == "ADT A01: somebody comes to Cedar ward (older people)"
    assert [each.team for each in state.visits] == ["RJ2-CEDAR"]


def test_every_wire_and_kind_of_message_is_used(happened: list[tuple[Happening, State]]) -> None:
    kinds = Counter(each.words.partition(":")[0] for each, _ in happened)
    wanted = {"ADT A01", "ADT A02", "ADT A03", "ADT A04", "ORU R01", "SIU S12", "FHIR", "CSV"}
    assert set(kinds) == wanted
    assert {each.source for each, _ in happened} == {"RJ2", "RPG", "Y99901", "SEL01", "RBG01"}


def test_readers_take_all_of_it(happened: list[tuple[Happening, State]]) -> None:
    for each, _ in happened:
        read = FORMATS[FORMS[each.wire]].read
        items = list(read(io.BytesIO(each.content), name=each.name))
        assert not [item for item in items if isinstance(item.outcome, Held)], each.words
        assert any(isinstance(item.outcome, Mapped) for item in items)


def test_nobody_of_note_is_in_it(happened: list[tuple[Happening, State]]) -> None:
    for each, _ in happened:
        for note in PEOPLE_OF_NOTE:
            assert note.nhs_number.encode() not in each.content
    # Nobody is told of in words that stand in a log.
    families = {each.person.family for each in residents(2016, 40, TODAY)}
    names = {family for family in families if len(family) > 4}
    assert not [words for each, _ in happened for words in names if words in each.words]


def test_whoever_comes_goes_and_the_wards_do_not_overflow(
    happened: list[tuple[Happening, State]],
) -> None:
    wards = {each.code for each in TEAMS}
    for _, state in happened:
        assert len(state.visits) <= MOST_VISITS
        assert len({each.person for each in state.visits}) == len(state.visits)
        assert {each.team for each in state.visits} <= wards
    begun = {each.number for _, state in happened for each in state.visits}
    assert len(begun) > 2 * MOST_VISITS


def test_it_goes_on_where_it_stood(
    day: Day, happened: list[tuple[Happening, State]], tmp_path: Path
) -> None:
    kept = tmp_path / "day.json"
    assert read_state(kept) == State()
    _, state = happened[40]
    keep_state(kept, state)
    again = read_state(kept)
    assert again == state
    assert day.next(again, NOW + timedelta(minutes=41))[0] == happened[41][0]


def test_nobody_who_is_in_hospital_already_comes(day: Day) -> None:
    stays = {
        resident.person.key
        for resident in residents(2016, PEOPLE, TODAY)
        for fact in resident.facts
        if getattr(fact, "status", "") == "in-progress" and fact.source == "RJ2"
    }
    assert stays
    assert not stays & {each.person.key for each in day.people}


# ── Wires ───────────────────────────────────────────────────────────────────────────────────


@contextmanager
def listener(code: str = "") -> Iterator[tuple[int, list[bytes]]]:
    """Somebody who listens for one connection after another, and answers each message."""
    taken: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as stream:
                    while message := _frame(stream):
                        taken.append(message)
                        said = judge(message)
                        if code:
                            said = said.instead(code, "so it is")
                        connection.sendall(b"\x0b" + answer(said) + b"\x1c\r")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], taken


def _frame(stream: io.BufferedIOBase) -> bytes:
    got = b""
    while not got.endswith(b"\x1c\r"):
        piece = stream.read(1)
        if not piece:
            return b""
        got += piece
    return got.strip(b"\x0b\x1c\r") + b"\r"


def test_a_message_is_sent_once_it_is_acknowledged(
    happened: list[tuple[Happening, State]],
) -> None:
    message = happened[0][0].content
    with listener() as (port, taken):
        wire = Mllp("127.0.0.1", port)
        wire.send(message)
        wire.send(message)
        wire.close()
    assert taken == [message, message]


def test_what_is_not_taken_is_said_and_sent_anew(
    happened: list[tuple[Happening, State]],
) -> None:
    message = happened[0][0].content
    with listener("AE") as (port, _):
        wire = Mllp("127.0.0.1", port)
        with pytest.raises(NotTaken, match="answered AE"):
            wire.send(message)
        wire.close()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(NotTaken, match="away"):
        Mllp("127.0.0.1", port).send(message)


class _Portal(http.server.BaseHTTPRequestHandler):
    """Takes what has the right key."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.rfile.read(length)
        right = self.headers["Authorization"] == "Bearer right"
        self.send_response(202 if right and self.path == "/fhir/R4" else 401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


def test_fhir_is_posted_with_a_key() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Portal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        Fhir("127.0.0.1", port, "right").send(b"{}")
        with pytest.raises(NotTaken, match="answered 401"):
            Fhir("127.0.0.1", port, "wrong").send(b"{}")
        server.shutdown()
    assert "right" not in repr(Fhir("127.0.0.1", port, "right"))


def test_a_file_appears_whole(tmp_path: Path) -> None:
    Folder(tmp_path).put("people.csv", b"a,b\n")
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]
    assert (tmp_path / "people.csv").read_bytes() == b"a,b\n"
    with pytest.raises(NotTaken, match="cannot be written"):
        Folder(tmp_path / "absent").put("people.csv", b"")


def test_state_is_kept_as_text_that_names_nobody(
    happened: list[tuple[Happening, State]], tmp_path: Path
) -> None:
    keep_state(tmp_path / "day.json", happened[20][1])
    said = json.loads((tmp_path / "day.json").read_text())
    assert all(each["person"].startswith("h") for each in said["visits"])
