"""A worker that is killed once it has its answer: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.utils import timezone

from connectcare.environment import Profile
from identity import wanting
from identity.models import LinkState, ResidentNhsNumber, SourcePerson, Trace, TraceStep
from identity.traces import Ended
from launcher import ROOT
from launcher.valkey import Valkey
from tests.identity.pds.town import Town, ruth, steps

pytestmark = pytest.mark.filterwarnings("error")

#: As long as a process may take that starts Python and asks twice, on a machine that is busy.
PATIENCE = 300.0


def killed(town: Town, valkey: Valkey, *, moment: str, after: int) -> None:
    """Trace in a process of its own until it is killed at that moment."""
    configuration = town.world.configuration
    said = {
        "moment": moment,
        "after": after,
        "valkey": valkey.url,
        "configuration": {
            name: getattr(configuration, name)
            for name in ("base_url", "api_key", "key_id", "private_key")
        },
    }
    ended = subprocess.run(
        [sys.executable, "-m", "tests.identity.pds.dying_tracer"],
        input=json.dumps(said) + "\n",
        env={
            **os.environ,
            "CONNECTCARE_PROFILE": Profile.TEST,
            "CONNECTCARE_LOGIN": "pipeline",
            "DJANGO_SETTINGS_MODULE": "connectcare.settings",
        },
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def its_lease_ends() -> None:
    assert Trace.objects.filter(leased_until__gt=timezone.now()).count() == 1
    Trace.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("moment", ["answered", "written"])
def test_a_worker_that_is_killed_with_its_answer_loses_nothing_and_doubles_nothing(
    town: Town, valkey: Valkey, moment: str
) -> None:
    known = town.send(ruth(town))
    wanting.arrivals_and_changes()

    killed(town, valkey, moment=moment, after=1)
    assert not TraceStep.objects.exists()
    assert town.tracer().run_due() == 0, "nobody else asks while the lease lasts"
    its_lease_ends()
    killed(town, valkey, moment=moment, after=2)
    assert [step for _, step in steps(Trace.objects.get())] == ["one"]
    assert SourcePerson.objects.get().link == LinkState.ALONE
    assert not ResidentNhsNumber.objects.exists()
    its_lease_ends()

    trace = town.trace(known)
    assert trace.ended == Ended.VERIFIED
    assert steps(trace) == [("exact", "one"), ("verify", "agreeing")]
    known.refresh_from_db()
    assert known.link == LinkState.LINKED
    assert ResidentNhsNumber.objects.count() == 1
    # Each question was asked once more under its own request id, and audited as often as it was.
    asked = [line["request_id"] for line in town.world.asked.questions()]
    searched, verified = (str(step.request) for step in trace.steps.order_by("pk"))
    assert asked == [searched, searched, verified, verified]
    assert [str(event.request) for event in town.events()] == asked
