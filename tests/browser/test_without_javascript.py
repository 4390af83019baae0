"""The same work where scripts do not run: giving in, reading, searching, opting out."""

from __future__ import annotations

import pytest

from tests.browser import journeys
from tests.browser.conftest import Visit
from tests.browser.deliveries import (
    ALLERGY,
    CLINICAL_WORDS,
    MEDICINE,
    PRACTICE_NAME,
    WITHOUT_SCRIPT,
    record,
)

pytestmark = pytest.mark.browser


def test_the_whole_story_without_scripts(visit: Visit) -> None:
    person = WITHOUT_SCRIPT
    support, gp, adviser = (visit(checked=False, java_script_enabled=False) for _ in range(3))

    support.signs_in("support")
    journeys.give_in(support, "plain.ndjson", record(person))
    journeys.look_until_loaded(support)
    journeys.watch_it_load(support)

    gp.signs_in("gp", at=PRACTICE_NAME)
    gp.finds(person.banner, family=person.family, born=person.born)
    gp.opens_record_of(person.banner).arrives("Shared care record").sees(ALLERGY, MEDICINE)
    gp.page.get_by_text("organisations have sent no").first.click()  # what is folded away opens
    gp.sees("Oxleas NHS Foundation Trust")
    gp.follows(MEDICINE).arrives(MEDICINE).follows("Back to the record")

    adviser.signs_in("adviser")
    adviser.finds(person.banner, family=person.family, born=person.born)
    journeys.begin_choice(adviser, person.banner, journeys.CONNECT_CARE)
    question = "What do they say about Connect Care as a whole?"
    adviser.presses("Continue").arrives(question).sees("Select what they say")
    journeys.answer_all(adviser, question, "Opt out", person)
    journeys.assert_read_back(adviser, "connect-care", "refuses")
    assert journeys.confirm(adviser)

    gp.reloads().arrives("This record is not shared on Connect Care")
    gp.sees_nothing_of(*CLINICAL_WORDS, person.family)
