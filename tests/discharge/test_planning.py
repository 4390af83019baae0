"""The page for planning a discharge, through the web's login and the gate."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from organisations.categories import Category
from organisations.models import Organisation, Role
from tests import factories
from tests.records.conftest import Ward, page_of, text_of

DUTY, NIGHT = "020\N{NO-BREAK SPACE}7946\N{NO-BREAK SPACE}0123", "020 7946 0456"


def planning(ward: Ward) -> Any:
    """The page, with a look at the resident."""
    ward.open()
    response = ward.get("discharge-planning")
    assert response.status_code == 200
    return response


def block(response: Any, slug: str) -> str:
    found = page_of(response).find(id=slug)
    assert found is not None, slug
    return " ".join(found.get_text(" ").split())


def supported(ward: Ward) -> None:
    """All that a council sends of somebody with care at home that is paused."""
    council = ward.person(ward.council)
    ward.entry(
        council,
        Category.SOCIAL_CARE_SERVICES,
        "Home support",
        kind="EpisodeOfCare",
        source_status="onhold",
        detail="Paused; 30 minutes twice a day; Provider: Larkfield",
    )
    ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Commode", kind="DeviceUseStatement")
    ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Meals", kind="EpisodeOfCare", status="past")
    ward.entry(council, Category.SOCIAL_CARE_ASSESSMENTS, "Care Act needs assessment")
    ward.entry(
        council,
        Category.PEOPLE_INVOLVED,
        "North locality",
        kind="CareTeam",
        author="Ama Boateng",
        author_role="Social worker",
        phone="020 7946 0777",
    )
    ward.entry(council, Category.PEOPLE_INVOLVED, "Denise (Daughter)", kind="RelatedPerson")
    ward.entry(council, Category.ALERTS, "Key safe at the back door")


def night_number(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        Organisation.objects.filter(pk=ward.council.pk).update(out_of_hours_phone=NIGHT)


def test_one_glance_says_which_council_which_worker_and_what_is_paused(ward: Ward) -> None:
    supported(ward)
    night_number(ward)
    page = planning(ward)
    words = text_of(page)
    assert "Adult social care shown below" in words
    assert f"Test council: social care is shown below. To speak to the team, ring {DUTY}" in (
        page.content.decode().replace("</strong>", "")
    )
    assert f"At night and at weekends ring {NIGHT.replace(' ', chr(160))}" in page.content.decode()
    assert "North locality" in block(page, "workers")
    assert "020 7946 0777" in block(page, "workers")
    services = block(page, "services")
    assert "Home support" in services
    assert "Paused 1 of these is paused" in services
    assert "No longer current (1)" in services
    assert "Meals" in services
    assert "Commode" not in services
    assert "Commode" in block(page, "equipment")
    assert "Care Act needs assessment" in block(page, "assessments")
    assert "Denise (Daughter)" in block(page, "carers")
    assert "Denise" not in block(page, "workers")
    assert "Key safe" in block(page, "alerts")


def test_an_admission_that_goes_on_is_shown_and_no_other(ward: Ward) -> None:
    trust = ward.person(ward.trust)
    for what, fields in (
        ("Hip fracture", {"contact_class": "inpatient"}),
        ("Old stay", {"contact_class": "inpatient", "status": "past"}),
        ("A clinic", {"contact_class": "outpatient"}),
    ):
        ward.entry(trust, Category.CONTACTS, what, kind="Encounter", **fields)
    words = text_of(planning(ward))
    assert "Hip fracture" in words
    assert "Old stay" not in words
    assert "A clinic" not in words


def test_the_page_is_reached_from_the_record(ward: Ward) -> None:
    link = page_of(ward.open()).find("a", string=re.compile("^Discharge planning"))
    assert link["href"] == reverse("discharge-planning", args=[ward.resident.public_id])


def nothing(ward: Ward) -> None:
    """The council sent nothing of anybody."""


def known(ward: Ward) -> None:
    ward.person(ward.council)


def refused(ward: Ward) -> None:
    supported(ward)
    ward.refuse("social-care-sharing", ward.council)


def objected(ward: Ward) -> None:
    supported(ward)
    ward.refuse("nhs-number", ward.council)


def doubted(ward: Ward) -> None:
    with ward.as_login("pipeline"):
        person = factories.source_person(ward.resident, ward.council, link="in-doubt")
        factories.entry(
            person,
            Category.SOCIAL_CARE_SERVICES,
            "Home support",
            from_feed=ward.feeds[ward.council.pk],
        )


NOT_SHOWN = (nothing, known, refused, objected, doubted)


def of_the_council(ward: Ward) -> str:
    """What the page says of the council: all of its markup."""
    found = [
        re.sub(r"[ \n]+", " ", str(item))
        for item in page_of(planning(ward)).find_all("li", class_="discharge-council")
        if "Test council" in item.get_text()
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("why", NOT_SHOWN, ids=lambda why: why.__name__)
def test_where_no_social_care_is_shown_the_words_are_the_same(ward: Ward, why: Any) -> None:
    night_number(ward)
    why(ward)
    assert of_the_council(ward) == EXPECTED


def test_where_the_role_does_not_read_it_the_words_are_the_same_too(ward: Ward) -> None:
    night_number(ward)
    supported(ward)
    with ward.as_login("pipeline"):
        Role.objects.filter(pk=ward.nurse.role_id).update(categories=[Category.MEDICATIONS])
    assert of_the_council(ward) == EXPECTED


EXPECTED = (
    '<li class="discharge-council"> '
    f"Test council: no social care shown. There may still be support: ring {DUTY}. "
    f"At night and at weekends ring {NIGHT.replace(' ', chr(160))}. </li>"
)


def test_of_a_protected_resident_neither_the_council_nor_a_number_is_named(ward: Ward) -> None:
    supported(ward)
    night_number(ward)
    with ward.as_login("pipeline"):
        type(ward.resident).objects.filter(pk=ward.resident.pk).update(protection="R")
    main = " ".join(page_of(planning(ward)).find("main").get_text(" ").split())
    assert "An adult social care service: social care is shown below" in main
    for told in ("Test council", "North locality", "Ama Boateng", "0777", "0456", "0123", "Denise"):
        assert told not in main


def test_who_may_not_open_the_record_may_not_open_this(ward: Ward) -> None:
    supported(ward)
    ward.open()
    ward.refuse("connect-care")
    response = ward.get("discharge-planning")
    assert response.status_code == 403
    assert "Home support" not in text_of(response)
