"""Whatever dies while deliveries are loaded: the end state is that of one clean run, row for row.

Twenty faults at random moments; ``IMPORT_FAULTS=500`` for as many by hand, ``IMPORT_FAULTS_SEED``
for a run that was seen before. Five sources of five formats send at once, to two workers.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from feeds.formats import FORMATS
from feeds.formats.council_csv import read_mapped
from tests.conftest import AsLogin
from tests.feeds.faults import pipeline
from tests.feeds.stories import Story, stories

FAULTS = int(os.environ.get("IMPORT_FAULTS", "20"))
SEED = int(os.environ.get("IMPORT_FAULTS_SEED", "2026"))
PEOPLE = 40
#: So many faults at most while one set of deliveries is loaded; then all begins anew.
AT_ONCE = 10


def items_of(story: Story, files: tuple[bytes, ...]) -> int:
    """How many items a batch has, as its format reads it."""
    reader = read_mapped(story.mapping) if story.mapping else FORMATS[story.format].read
    return sum(
        not item.is_wrapper
        for content in files
        for item in reader(io.BytesIO(content), name="", source_kind=story.kind)
    )


def test_the_end_state_under_faults_is_that_of_a_clean_run(
    tmp_path: Path, as_login: AsLogin, django_db_blocker: DjangoDbBlocker
) -> None:
    told = stories(PEOPLE, apart=True)
    with django_db_blocker.unblock(), pipeline(tmp_path, as_login, SEED) as own:
        clean = own.tell(told, faults=0)
        assert {row[1] for row in clean["tallies"]} == {
            "loaded", "unchanged", "retired", "passed-over", "held", "stopped"
        }, "the deliveries are such that everything may become of an item"  # fmt: skip
        _counts_add_up(told, clean)
        while len(own.happened) < FAULTS:
            state = own.tell(told, faults=min(AT_ONCE, FAULTS - len(own.happened)))
            for name, rows in clean.items():
                assert state[name] == rows, (name, own.happened[-AT_ONCE:])
        happened = Counter(own.happened)
    assert sum(happened.values()) == FAULTS


def _counts_add_up(told: tuple[Story, ...], state: dict[str, list[tuple[object, ...]]]) -> None:
    """Read = loaded + unchanged + retired + passed over + held + stopped.

    What is retired was in no file: it is what was not; and that nothing can be retired by a file is
    an item of its own.
    """
    read = Counter[str]()
    for _, outcome, kind, _, count in state["tallies"]:
        if kind != "Extract":
            read["retired" if outcome == "retired" else "read"] += int(str(count))
    sent = sum(items_of(story, files) for story in told for files in story.batches)
    assert read["read"] == sent
    assert read["retired"] > 0


@pytest.mark.parametrize("story", stories(3), ids=str)
def test_a_story_has_what_may_become_of_an_item(story: Story) -> None:
    assert all(items_of(story, files) for files in story.batches)
