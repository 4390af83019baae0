"""Whatever dies while a choice is recorded: none acknowledged is lost, none doubled, none half.

Twenty faults at random moments; ``CHOICE_FAULTS=500`` for as many by hand, ``CHOICE_FAULTS_SEED``
for a run that was seen before.
"""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

from tests.consent.faults import Adviser, choices_in, events_of_choices, inject, portal

FAULTS = int(os.environ.get("CHOICE_FAULTS", "20"))
SEED = int(os.environ.get("CHOICE_FAULTS_SEED", "2026"))
ADVISERS = 3


def test_no_acknowledged_choice_is_lost_doubled_or_half_applied(tmp_path: Path) -> None:
    over = threading.Event()
    with portal(tmp_path) as own:
        origin = f"http://127.0.0.1:{own.port}"
        advisers = [Adviser(origin, who, over) for who in own.make_advisers(ADVISERS)]
        for adviser in advisers:
            adviser.start()
        happened = inject(own, advisers, FAULTS, random.Random(SEED))
        over.set()
        for adviser in advisers:
            adviser.join()
        assert [adviser.fault for adviser in advisers] == [None] * ADVISERS
        acknowledged = {
            draft: choice for adviser in advisers for draft, choice in adviser.acknowledged.items()
        }
        stored = choices_in(own)
        # None lost and none doubled: what was acknowledged is what there is, one for one.
        assert {row["draft"]: row["public_id"] for row in stored} == acknowledged
        assert len(stored) == len(acknowledged) >= FAULTS // 2
        # None half applied: each with its event and its draft, and no event without a choice.
        assert [row for row in stored if row["events"] != 1] == []
        assert [row for row in stored if row["made"] not in (row["public_id"], None)] == []
        assert events_of_choices(own) == len(stored)
    assert len(happened) == FAULTS
    assert sum(adviser.interrupted for adviser in advisers) > 0, "nothing was interrupted"
