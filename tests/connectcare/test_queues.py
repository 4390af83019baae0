"""Each queue has a worker, in the demo and in production, and what is urgent has one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from celery.schedules import crontab
from django.conf import settings
from django.core import mail
from django.test import Client, override_settings

from connectcare import timetable
from connectcare.celery import app
from connectcare.health import NOT_SEALED
from connectcare.mail import NO_SERVER, NoMailServer
from launcher import ROOT
from launcher.checks import production_environment
from launcher.data import Data
from launcher.demo import processes
from tests.launcher.compose import compose

QUEUES = {timetable.ORDINARY_QUEUE, timetable.URGENT_QUEUE}
URGENT_TASKS = {
    "access.tasks.notify",
    "access.tasks.sweep_alerts",
    "access.tasks.notify_of_disclosure",
    "access.tasks.sweep_disclosures",
    "access.tasks.remind",
    "access.tasks.send_invitation",
    "access.tasks.sweep_invitations",
    "access.tasks.look_for_fishing",
    "access.tasks.detect",
    "access.tasks.escalate",
    "access.tasks.tell_of_proofs",
    "notifications.tasks.tell_teams",
    "records.tasks.prove",
    "records.tasks.sweep_probes",
    "records.tasks.prove_canaries",
    "records.tasks.tell_of_report",
    "records.tasks.sweep_reports",
}


def queue_of(task: str) -> str:
    route = app.amqp.router.route({}, task)
    return str(route["queue"].name)


def test_what_somebody_waits_for_is_urgent_and_nothing_else() -> None:
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    assert ours >= URGENT_TASKS
    assert {name for name in ours if queue_of(name) == "urgent"} == URGENT_TASKS
    assert {queue_of(name) for name in ours} == QUEUES


def test_whatever_the_timer_sends_exists_and_is_not_kept_for_ever() -> None:
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        schedule = entry["schedule"]
        every = 24 * 3600 if isinstance(schedule, crontab) else schedule.total_seconds()
        assert entry["options"]["expires"] <= every


def test_each_queue_has_a_worker_in_the_demo(tmp_path: Path) -> None:
    commands = {
        child.name: [str(word) for word in child.command]
        for child in processes(Data(tmp_path / "data"), {}, port=0)
    }
    served = {
        name: words[words.index("--queues") + 1]
        for name, words in commands.items()
        if "--queues" in words
    }
    assert served == {"worker": "ordinary", "urgent-worker": "urgent"}


def test_each_queue_has_a_worker_in_production() -> None:
    served = {
        name: word.removeprefix("--queues=")
        for name, service in compose()["services"].items()
        for word in service.get("command", [])
        if word.startswith("--queues=")
    }
    assert served == {"worker": "ordinary", "urgent-worker": "urgent"}


@pytest.mark.parametrize("queues", [["--queues=urgent"], ["--queues=ordinary,urgent"], []])
def test_a_worker_that_could_tell_nobody_does_not_start(queues: list[str]) -> None:
    environment = {"PATH": os.environ["PATH"], "CONNECTCARE_LOGIN": "pipeline"}
    done = subprocess.run(
        [sys.executable, "-m", "celery", "--app=connectcare", "worker", "--pool=solo", *queues],
        cwd=ROOT,
        env=environment | production_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert f"error: {NO_SERVER}" in done.stderr
    assert "EMAIL_HOST" in done.stderr


@override_settings(EMAIL_BACKEND="connectcare.mail.Nowhere")
def test_without_a_server_a_notice_is_not_taken_for_sent() -> None:
    with pytest.raises(NoMailServer, match="EMAIL_HOST"):
        mail.send_mail("subject", "body", None, ["officer@trust.example"])


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("mail.example", {"status": "ready", "sealing": NOT_SEALED}),
        (
            "",
            {
                "status": "ready",
                "notices": "no mail server configured",
                "sealing": NOT_SEALED,
            },
        ),
    ],
)
def test_health_says_that_nobody_would_be_told(
    database: object, host: str, answer: dict[str, str]
) -> None:
    with override_settings(EMAIL_HOST=host):
        response = Client().get("/health/ready")
    assert (response.status_code, response.json()) == (200, answer)
