"""The demo asks a stand-in, which lets its worker in and nobody else."""

from __future__ import annotations

import stat
import time
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
import redis

from connectcare.environment import Environment
from identity.nhs_number import NhsNumber
from identity.pds.client import Call, PdsClient
from identity.pds.comparing import Evidence, Held
from identity.pds.configuration import Service, read
from identity.pds.rate import RateLimit
from launcher.data import Data
from launcher.demo import processes
from launcher.sources import MadeUpRegion
from launcher.stand_in import pds_environment, stand_in

REGION = MadeUpRegion(20, date(2026, 11, 22))


@pytest.fixture
def data(tmp_path: Path) -> Data:
    folder = Data(tmp_path / "demo")
    (tmp_path / "demo").mkdir()
    return folder


def test_the_demos_worker_is_let_in(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = pds_environment(data)
    key = Path(environment["PDS_KEY_FILE"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    configuration = read(Environment().text, production=False)
    assert configuration is not None
    assert configuration.service is Service.STAND_IN
    server = redis.Redis.from_url(Environment().redis())
    name = f"test:{uuid4()}"
    rate = RateLimit(server, name=name, limit=300, window=0.01, lease=0.1)
    running = stand_in(data, environment, REGION)
    running.start()
    try:
        deadline = time.monotonic() + 60
        while "answers at" not in running.log.read_text():
            assert running.is_running(), running.last_words()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with PdsClient(configuration, server, test_ranges=True, rate=rate) as client:
            outcome = client.retrieve(
                NhsNumber("9990001022"),
                held=Held("Patel", "Rajesh", date(1967, 9, 2)),
                by=Evidence.NUMBER,
                call=Call(request_id=uuid4(), correlation_id=uuid4(), organisation="RJ2"),
                may_send=lambda: True,
            )
        assert outcome.kind == "agreeing"
    finally:
        running.stop()
        server.delete(f"{name}:permits", "pds:stand-in:circuit")
        server.close()
    # The key stays the same for the demo's next start.
    before = key.read_text()
    assert pds_environment(data)["PDS_KEY_FILE"] == str(key)
    assert key.read_text() == before


def test_only_the_worker_that_traces_may_ask(data: Data) -> None:
    environment = dict.fromkeys(("PDS_BASE_URL", "PDS_API_KEY", "PDS_KEY_ID", "PDS_KEY_FILE"), "x")
    for child in processes(data, environment, port=0):
        given = {name for name in child.env or {} if name.startswith("PDS_")}
        assert given == (set(environment) if child.name == "worker" else set())
    address = {"PDS_BASE_URL": "http://127.0.0.1:1/personal-demographics/FHIR/R4"}
    own = stand_in(data, address, REGION)
    assert not [name for name in own.env or {} if name.startswith(("PDS_", "DATABASE_", "SECRET"))]
