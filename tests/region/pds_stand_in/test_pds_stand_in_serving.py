"""The stand-in on its socket: faults as ordered, its log, and the command that runs it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import ROOT
from region.pds_stand_in.faults import Fault
from region.pds_stand_in.people import Register
from region.pds_stand_in.service import BASE_PATH, Quota, Service
from region.pds_stand_in.serving import FAULTS_PATH, Pace, StandIn
from region.pds_stand_in.tokens import TokenService


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    service = Service(Register(), TokenService("ours", {}), Quota())
    pace = Pace(slow=0, stalled=0)
    with StandIn(service, log=tmp_path / "log", pace=pace) as running:
        yield running


def send(stand_in: StandIn, method: str, path: str, body: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(stand_in.address.removeprefix("http://"), timeout=10)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        assert response.headers["PDS-Stand-In"]
        return response.status, response.read()
    finally:
        connection.close()


PERSON = f"{BASE_PATH}/Patient/9990001014"


@pytest.mark.parametrize("fault", ["408", "429", "429-wait", "500", "502", "503"])
def test_a_status_is_ordered_over_the_socket(stand_in: StandIn, fault: str) -> None:
    order = json.dumps({"next": [fault, None]})
    assert send(stand_in, "POST", FAULTS_PATH, order) == (200, b"{}")
    assert send(stand_in, "GET", PERSON)[0] == int(fault[:3])
    assert send(stand_in, "GET", PERSON)[0] == 401


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.CUT, Fault.STALLED])
def test_a_connection_breaks(stand_in: StandIn, fault: Fault) -> None:
    stand_in.faults.order({"always": fault})
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        send(stand_in, "GET", PERSON)


def test_garbled_is_no_json(stand_in: StandIn) -> None:
    stand_in.faults.order({"next": ["garbled"]})
    with pytest.raises(json.JSONDecodeError):
        json.loads(send(stand_in, "GET", PERSON)[1])


def test_a_share_of_faults_is_the_same_for_a_seed(stand_in: StandIn) -> None:
    def draw() -> list[Fault | None]:
        stand_in.faults.order({"share": 0.5, "kinds": ["503", "slow"], "seed": 7})
        return [stand_in.faults.take() for _ in range(40)]

    assert draw() == draw()
    assert set(draw()) == {None, Fault.UNAVAILABLE, Fault.SLOW}


@pytest.mark.parametrize(
    "order", ["no json", "[]", '{"next": ["fire"]}', '{"share": "x"}', '{"next": 5}']
)
def test_an_order_that_is_none_is_refused(stand_in: StandIn, order: str) -> None:
    assert send(stand_in, "POST", FAULTS_PATH, order)[0] == 400


def test_the_log_has_a_line_for_each_request_and_no_number(
    stand_in: StandIn, tmp_path: Path
) -> None:
    send(stand_in, "GET", PERSON)
    send(stand_in, "GET", f"{BASE_PATH}/Patient?family=Zzyzx")
    log = (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["kind"] for line in lines] == ["retrieval", "search"]
    assert "999" not in str([{**line, "at": None} for line in lines])  # a clock may show it
    assert "Zzyzx" not in log


def test_the_command_runs_it_until_it_is_told_to_stop(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a public key")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--api-key", "a", "--key-id", "k", "--residents", "1",
             "--public-key", str(tmp_path / "key")]  # fmt: skip
    command = [sys.executable, "-m", "region.pds_stand_in", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f":{port}{BASE_PATH}" in process.stdout.readline()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", PERSON)
        assert connection.getresponse().status == 401
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
