"""The words of states, items, the overview and the banner, as values."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from access.decision import SectionState
from access.facts import Source
from organisations.categories import Category
from records.banner import banner_of
from records.documents import parts_of
from records.entries import EntrySeen
from records.items import flag_of, item_of, normal_range, status_of, when_of
from records.overview import AllergyLabel, Block, allergy_label
from records.presenters import SectionView
from records.sections import LIVE, SECTION_OF, SECTIONS
from records.standings import (
    Standing,
    StateLine,
    UnlabelledSection,
    standing_of,
)

DAY = datetime(2026, 3, 3, 14, 2, tzinfo=UTC)


def seen(**fields: Any) -> EntrySeen:
    given: dict[str, Any] = {
        "public_id": uuid4(),
        "category": Category.LAB_RESULTS,
        "source_id": 1,
        "kind": "Observation",
        "status": "current",
        "source_status": "",
        "effective": DAY,
        "precision": "day",
        "ends": None,
        "recorded": None,
        "code": "",
        "display": "Potassium",
        "detail": "",
        "value": None,
        "value_text": "",
        "unit": "",
        "range_low": None,
        "range_high": None,
        "range_text": "",
        "interpretation": "",
        "author": "",
        "author_role": "",
        "place": "",
        "phone": "",
        "contact_class": "",
        "negation": False,
        "notes": [],
        "received": DAY,
    }
    return EntrySeen(**{**given, **fields})


def source(**fields: Any) -> Source:
    given: dict[str, Any] = {
        "id": 1,
        "name": "Test practice",
        "kind": "gp_practice",
        "area": "",
        "duty_phone": "",
        "sends": frozenset(Category),
        "agreed": frozenset(Category),
        "late_since": None,
        "updated": DAY,
    }
    return Source(**{**given, **fields})


def test_every_category_has_one_section_and_every_live_status_a_group() -> None:
    assert sorted(section.category for section in SECTIONS) == sorted(Category)
    assert len({section.slug for section in SECTIONS}) == len(SECTIONS)
    for section in SECTIONS:
        shown = [status for group in section.groups for status in group.statuses]
        assert sorted(shown) == sorted(LIVE), section.slug
        assert "entered-in-error" not in shown


COUNCIL = {"kind": "adult_social_care"}
STATES = [
    ({}, "shown", True, Standing.SHOWN),
    ({}, "shown", False, Standing.NONE_SENT),
    ({}, "none-recorded", False, Standing.NONE_SENT),
    ({}, "not-held", False, Standing.NOT_SENT_HERE),
    ({}, "not-for-role", False, Standing.NOT_FOR_ROLE),
    ({}, "unavailable", False, Standing.BEING_CHECKED),
    ({}, "withheld", False, Standing.NOT_DISCLOSED),
    ({"late_since": DAY}, "shown", True, Standing.SHOWN_LATE),
    ({"late_since": DAY}, "shown", False, Standing.LATE),
    ({"late_since": DAY}, "none-recorded", False, Standing.LATE),
    (COUNCIL, "shown", True, Standing.SHOWN),
    (COUNCIL, "shown", False, Standing.MAY_BE_SUPPORT),
    (COUNCIL, "none-recorded", False, Standing.MAY_BE_SUPPORT),
    (COUNCIL, "withheld", False, Standing.MAY_BE_SUPPORT),
    (COUNCIL, "unavailable", False, Standing.MAY_BE_SUPPORT),
    (COUNCIL, "not-held", False, Standing.MAY_BE_SUPPORT),
    ({**COUNCIL, "late_since": DAY}, "withheld", False, Standing.MAY_BE_SUPPORT),
    ({**COUNCIL, "late_since": DAY}, "none-recorded", False, Standing.MAY_BE_SUPPORT),
]


@pytest.mark.parametrize(("fields", "state", "shows", "told"), STATES)
def test_what_a_reader_is_told_of_a_source(
    fields: dict[str, Any], state: str, shows: bool, told: Standing
) -> None:
    section = SECTION_OF[Category.SOCIAL_CARE_SERVICES]
    found = standing_of(section, source(**fields), SectionState(state), own=False, shows=shows)
    assert found is told


def test_a_council_that_sends_no_laboratory_results_is_not_rung_about_them() -> None:
    section = SECTION_OF[Category.LAB_RESULTS]
    state = SectionState.NOT_HELD
    told = standing_of(section, source(**COUNCIL), state, own=False, shows=False)
    assert told is Standing.NOT_SENT_HERE


def test_a_section_or_block_without_words_is_refused() -> None:
    with pytest.raises(UnlabelledSection):
        StateLine(Standing.NONE_SENT, " ", frozenset({1}))
    with pytest.raises(UnlabelledSection):
        StateLine(Standing.NONE_SENT, "words", frozenset())
    with pytest.raises(UnlabelledSection):
        SectionView("alerts", "Alerts", 0, (), "", ())
    with pytest.raises(UnlabelledSection):
        Block("Alerts", "alerts", (), 0, "")


def line(standing: Standing) -> tuple[StateLine, ...]:
    return (StateLine(standing, "words", frozenset({1})),)


@pytest.mark.parametrize(
    ("current", "standing", "label"),
    [
        ([seen(display="Penicillin")], Standing.SHOWN, AllergyLabel.KNOWN),
        ([seen(), seen(negation=True)], Standing.SHOWN, AllergyLabel.KNOWN),
        ([seen(negation=True, code="716186003")], Standing.SHOWN, AllergyLabel.NONE_KNOWN),
        ([seen(negation=True, code="409137002")], Standing.SHOWN, AllergyLabel.NOT_RECORDED),
        ([], Standing.NONE_SENT, AllergyLabel.NOT_RECORDED),
        ([], Standing.LATE, AllergyLabel.UNAVAILABLE),
        ([], Standing.NOT_FOR_ROLE, AllergyLabel.UNAVAILABLE),
        ([], Standing.NOT_SENT_HERE, AllergyLabel.UNAVAILABLE),
        ([], Standing.BEING_CHECKED, AllergyLabel.UNAVAILABLE),
    ],
)
def test_the_four_labels_of_allergies(
    current: list[EntrySeen], standing: Standing, label: AllergyLabel
) -> None:
    assert allergy_label(current, line(standing)) is label


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"interpretation": "H"}, "High"),
        ({"interpretation": "LL"}, "Low, critically"),
        ({"interpretation": "N", "value": Decimal(9), "range_high": Decimal(5)}, None),
        ({"value": Decimal("6.1"), "range_high": Decimal("5.3")}, "High: above the range given"),
        ({"value": Decimal(3), "range_low": Decimal("3.5")}, "Low: below the range given"),
        ({"value": Decimal("5.3"), "range_high": Decimal("5.3")}, None),
        ({"value": Decimal(5), "value_text": "<5 mg/L", "range_high": Decimal(3)}, None),
        ({"value": None, "range_high": Decimal(3)}, None),
    ],
)
def test_high_and_low(fields: dict[str, Any], words: str | None) -> None:
    flag = flag_of(seen(**fields))
    assert (flag.words if flag else None) == words


def test_ranges_in_words() -> None:
    low, high = Decimal("3.50"), Decimal("5.3")
    assert normal_range(seen(range_low=low, range_high=high, unit="g/L")) == "3.5 to 5.3 g/L"
    assert normal_range(seen(range_high=high)) == "5.3 or lower"
    assert normal_range(seen(range_low=low)) == "3.5 or higher"
    assert normal_range(seen(range_text="under 40", range_high=high)) == "under 40"
    assert normal_range(seen()) == ""


@pytest.mark.parametrize(
    ("effective", "precision", "ends", "words"),
    [
        (DAY, "time", None, "03-Mar-2026 14:02"),
        (DAY, "day", None, "03-Mar-2026"),
        (DAY, "month", None, "Mar-2026"),
        (DAY, "year", None, "2026"),
        (DAY, "day", DAY, "03-Mar-2026"),
        (DAY, "day", datetime(2026, 3, 9, tzinfo=UTC), "03-Mar-2026 to 09-Mar-2026"),
        (None, "", None, "Date not recorded"),
        (None, "", DAY, "Until 03-Mar-2026"),
    ],
)
def test_when_is_no_more_precise_than_its_source(
    effective: datetime | None, precision: str, ends: datetime | None, words: str
) -> None:
    assert when_of(effective, precision, ends) == words


def test_status_is_our_word_with_the_sources() -> None:
    medicine = Category.MEDICATIONS
    assert status_of(seen(category=medicine, source_status="active")) == "Current"
    assert status_of(seen(category=medicine, source_status="onhold")) == "Current (on hold)"
    assert status_of(seen(category=medicine, status="past", source_status="")) == "Past"
    assert status_of(seen(category=medicine, status="unknown")) == "Status not known"
    assert status_of(seen(source_status="final")) == "Final"
    assert status_of(seen(status="cancelled", source_status="not-done")) == "Cancelled (not done)"


def test_an_item_always_names_its_source_and_says_when_no_author_is_known() -> None:
    item = item_of(seen(), {1: source()})
    assert (item.source, item.author) == ("Test practice", "Author not recorded")
    involved = seen(category=Category.PEOPLE_INVOLVED, author="A Worker")
    assert item_of(involved, {1: source()}).author == "", "who is involved is no author"


@pytest.mark.parametrize(
    ("content_type", "data", "text"),
    [
        ("text/plain", "SGVsbG8=", "Hello"),
        ("text/plain", "SGVsb", None),
        ("text/plain", "", None),
        ("text/plain; charset=none-such", "SA==", None),
        ("text/plain", "6Q==", "\N{REPLACEMENT CHARACTER}"),
        ("text/plain; charset=iso-8859-1", "6Q==", "é"),
        ("text/html", "SGVsbG8=", None),
        (None, "SGVsbG8=", None),
    ],
)
@pytest.mark.parametrize("where", ["content", "presentedForm"])
def test_only_plain_text_in_the_resource_is_read(
    where: str, content_type: str | None, data: str, text: str | None
) -> None:
    attachment = {"contentType": content_type, "data": data}
    held = {"attachment": attachment} if where == "content" else attachment
    (part,) = parts_of({where: [held]})
    assert part.text == text


@pytest.mark.parametrize(
    "resource", [{}, {"content": "nonsense"}, {"content": [{"attachment": None}, 7]}]
)
def test_a_resource_without_attachments_has_no_parts(resource: dict[str, Any]) -> None:
    assert parts_of(resource) == ()


def test_banner_of_someone_of_whom_little_is_known() -> None:
    from identity.selectors import ResidentSeen

    who = ResidentSeen(
        id=1,
        public_id=uuid4(),
        title="",
        family_name="",
        given_names="",
        birth_date=None,
        sex="Not known",
        deceased=True,
        deceased_on=None,
        protected=False,
        nhs_number=None,
        nhs_number_status=None,
        address_lines=(),
        postcode="",
        phone="",
        practice_code="",
        language="",
        interpreter_needed=False,
    )
    banner = banner_of(who, date(2026, 3, 3))
    assert banner.name == "NOT KNOWN, Not known"
    assert banner.born == "Not known"
    assert banner.died == "Date not known"
    assert banner.number == "Not known"
