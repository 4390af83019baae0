"""A record of 20,000 entries: as many statements and as many items as a short one's."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from organisations.categories import Category
from records.sections import PAGE, SECTIONS
from tests import factories
from tests.records.conftest import Ward, page_of

ENTRIES = 20_000
#: What a record's page shows at most of every group, and of the overview's blocks.
MOST_ITEMS = 2 * sum(group.most for section in SECTIONS for group in section.groups)


@pytest.fixture
def long_record(ward: Ward) -> Ward:
    """Three quarters results, the rest medicines: copies of one entry each, a minute apart."""
    person = ward.person(ward.practice)
    for category, share in ((Category.LAB_RESULTS, 3), (Category.MEDICATIONS, 1)):
        made = ward.entry(person, category, "Potassium", interpretation="H", source_status="final")
        with ward.as_login("pipeline"), connection.cursor() as cursor:
            factories.copy_entry(cursor, made, ENTRIES * share // 4 - 1, apart="1 minute")
    return ward


def test_its_pages_are_bounded(long_record: Ward) -> None:
    ward = long_record
    ward.open()
    with CaptureQueriesContext(connection) as statements:
        response = ward.get()
    work = [
        query["sql"]
        for query in statements.captured_queries
        if query["sql"].split()[0] not in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}
    ]
    assert len(work) <= 12, "\n".join(work)
    page = page_of(response)
    assert 0 < len(page.select(".record-item")) <= MOST_ITEMS
    assert f"All {ENTRIES * 3 // 4:,}" in page.select_one("section#results").get_text()
    last = ENTRIES * 3 // 4 // PAGE
    address = reverse(
        "record-section", kwargs={"resident": ward.resident.public_id, "category": "results"}
    )
    section = page_of(ward.client.get(f"{address}?page={last}"))
    assert len(section.select(".record-item")) == PAGE
    assert f"page {last} of {last}" in section.title.get_text()


def test_a_word_is_found_in_all_of_it(long_record: Ward) -> None:
    ward = long_record
    ward.open()
    address = reverse("find-in-record", kwargs={"resident": ward.resident.public_id})
    all_of_it = page_of(ward.client.post(address, {"words": "potassium"}))
    assert f"{ENTRIES:,} entries have these words" in all_of_it.get_text()
    assert len(all_of_it.select(".record-item")) == PAGE
    one = page_of(ward.client.post(address, {"words": f"potassium {ENTRIES * 3 // 4 - 1}"}))
    assert "1 entry has these words" in one.get_text()
