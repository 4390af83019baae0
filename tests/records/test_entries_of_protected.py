"""Which words of an entry are shown of a protected resident."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from identity.protected import KEPT_BACK, Known, Redaction
from organisations.categories import Category
from records.entries import DETAIL_KEPT_BACK, REST_KEPT_BACK, EntrySeen
from records.plain_words import is_plain
from tests.records.test_record_parts import seen

KNOWN = Known.of(["Elm Tree Surgery"], ["G85001"])
WHERE = (
    Category.CONTACTS,
    Category.APPOINTMENTS,
    Category.DOCUMENTS,
    Category.SOCIAL_CARE_SERVICES,
    Category.SOCIAL_CARE_ASSESSMENTS,
    Category.PEOPLE_INVOLVED,
)


def shown(**fields: Any) -> EntrySeen:
    return Redaction(protected=True, known=KNOWN).of(seen(**fields))


@pytest.mark.parametrize("category", WHERE)
def test_what_tells_which_service_it_is_is_called_by_its_kind(category: Category) -> None:
    entry = shown(
        category=category,
        display="Memory clinic, Elm",
        detail="Once daily",
        value_text="3 at Elm",
        unit="visits to Elm",
        range_text="2 to 3 at Elm",
        source_status="moved to Elm",
        author="Dr Elm",
        author_role="Nurse at Elm",
        place="Elm",
        phone="020 7946 0999",
        notes=["Elm"],
    )
    assert "elm" not in repr(entry).casefold()
    assert "0999" not in repr(entry)
    assert entry.display.startswith(("A ", "An "))
    assert entry.detail == DETAIL_KEPT_BACK
    assert entry.author_role == "A nurse"


@pytest.mark.parametrize("category", [Category.MEDICATIONS, Category.ALLERGIES, Category.DIAGNOSES])
@pytest.mark.parametrize("code", ["", "195967001"])
def test_what_treatment_needs_is_named_with_a_code_or_without(
    category: Category, code: str
) -> None:
    assert shown(category=category, display="Penicillin", code=code).display == "Penicillin"


@pytest.mark.parametrize("category", [Category.ALERTS, Category.SAFEGUARDING, Category.CARE_PLANS])
def test_what_is_written_by_hand_is_named_only_by_a_code(category: Category) -> None:
    assert shown(category=category, display="Falls risk", code="129839007").display == "Falls risk"
    written = shown(category=category, display="Lives with her aunt at Elm", code="").display
    assert "Elm" not in written


@pytest.mark.parametrize(
    "display", ["Asthma, seen at Elm Tree Surgery", "Per Dr Okafor", "At Ward Oak"]
)
def test_a_name_that_tells_is_not_shown(display: str) -> None:
    entry = shown(
        category=Category.DIAGNOSES, display=display, author="Dr Okafor", place="Ward Oak"
    )
    assert entry.display == "A diagnosis or problem"


@pytest.mark.parametrize(
    ("detail", "left"),
    [
        ("", ""),
        ("Take 1 tablet twice a day, after food", "Take 1 tablet twice a day, after food"),
        ("Reaction: Rash (mild); High risk of serious harm",) * 2,
        ("1 tablet at night; Collect from Elm", f"1 tablet at night; {REST_KEPT_BACK}"),
        ("Collect from Elm", DETAIL_KEPT_BACK),
        ("10 mg daily; ring 020 7946 0999", f"10 mg daily; {REST_KEPT_BACK}"),
    ],
)
def test_of_a_detail_known_words_are_left(detail: str, left: str) -> None:
    assert shown(category=Category.MEDICATIONS, detail=detail).detail == left


def test_a_figure_stays_where_its_words_tell() -> None:
    result = Category.LAB_RESULTS
    told = shown(category=result, value_text="48 at Elm Tree Surgery", value=Decimal(48))
    assert (told.value, told.value_text) == (Decimal(48), "")
    assert shown(category=result, value_text="G85001").value_text == KEPT_BACK
    assert shown(category=result, value_text="Negative").value_text == "Negative"


@pytest.mark.parametrize(
    "words",
    ["Ruled out", "Not confirmed", "Intolerance", "Not given", "Refuted: found not to be so"],
)
def test_our_own_words_of_doubt_are_plain(words: str) -> None:
    assert is_plain(words), "feeds write these; a refuted diagnosis must not look like one"


@pytest.mark.parametrize("words", ["Elm", "take to Elm", "café", "Łódź", "SE13"])
def test_a_word_that_nobody_thought_of_is_not_plain(words: str) -> None:
    assert not is_plain(words)


def test_a_role_behind_a_name_says_the_kind_of_worker() -> None:
    assert shown(author="Dr A Elm, GP", author_role="").author_role == "A GP"
    assert shown(author="Elm Nurse", author_role="").author_role == "A worker"
    assert shown(author="", author_role="").author_role == ""
