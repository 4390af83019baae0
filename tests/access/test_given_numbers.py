"""NHS numbers on a resident's or carer's word, as staff enter them."""

from __future__ import annotations

from django.urls import reverse

from identity.models import (
    ResidentNhsNumber,
)
from tests import factories
from tests.access.records_officer import NUMBER, OTHER, Officer, Region, events
from tests.conftest import AsLogin

# ── Numbers on a resident's or carer's word ─────────────────────────────────────────────────


def test_a_number_that_a_carer_gives_is_kept_unverified_with_who_typed_it(
    region: Region, as_login: AsLogin
) -> None:
    whose = factories.resident("Bello", "Ada", nhs_number=None)
    adviser = Officer(region.adviser, as_login)
    found = adviser.posts(
        "find-resident", status=200, family_name="Bello",
        **{"birth_date-day": "3", "birth_date-month": "3", "birth_date-year": "1941"},
    )  # fmt: skip
    assert found.select_one(f'a[href="{reverse("give-number", args=[whose.public_id])}"]')
    page = adviser.posts("give-number", whose.public_id, status=200, nhs_number="1")
    assert "has 10 digits" in page.get_text()
    assert "Select who gave it" in page.get_text()
    typed = {"nhs_number": f"{OTHER[:3]} {OTHER[3:6]} {OTHER[6:]}", "said_by": "carer"}
    adviser.posts("give-number", whose.public_id, **typed)
    number = ResidentNhsNumber.objects.get(resident=whose)
    assert (number.number, number.status, number.said_by) == (OTHER, "02", "carer")
    assert number.entered_as_id == region.adviser.pk
    page = adviser.gets("number-given", whose.public_id)
    assert "It is not verified" in page.get_text()
    assert OTHER not in "".join(page.get_text().split()), "who asks for it is not told it"
    page = adviser.posts("give-number", whose.public_id, status=200, **typed)
    assert "has already" in page.get_text()
    adviser.posts("give-number", whose.public_id, nhs_number=NUMBER, said_by="resident")
    assert ResidentNhsNumber.objects.get(resident=whose, valid_until=None).number == NUMBER
    given = events(as_login, "number-changed")
    assert [event.reason for event in given] == ["carer", "resident"]
    assert all(OTHER not in str(event.detail) for event in given)


def test_a_verified_number_stands_against_any_word(region: Region, as_login: AsLogin) -> None:
    adviser = Officer(region.adviser, as_login)
    page = adviser.posts(
        "give-number", region.ruth.public_id, status=200, nhs_number=OTHER, said_by="resident"
    )
    assert "has a verified NHS number" in page.get_text()
    assert ResidentNhsNumber.objects.get(resident=region.ruth).number == NUMBER
