"""The record's page, through the web's login and the gate."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import localdate

from organisations.categories import Category
from organisations.models import Role
from records.sections import SECTIONS
from tests import factories
from tests.records.conftest import Ward, late, page_of, text_of
from ui.formatting import LONDON, clinical_date


def section(response: Any, slug: str) -> Any:
    found = page_of(response).find(id=slug)
    assert found is not None, slug
    return found


def words(element: Any) -> str:
    return " ".join(element.get_text(" ").split())


def test_practitioner_with_relationship_sees_entries_with_source_date_and_author(
    ward: Ward,
) -> None:
    practice = ward.person(ward.practice)
    ward.entry(
        practice,
        Category.MEDICATIONS,
        "Apixaban 5 mg tablets",
        detail="Take ONE tablet twice a day with food, and " * 20,
        effective=datetime(2026, 3, 3, 9, tzinfo=UTC),
        author="Dr P Okafor",
        author_role="GP",
    )
    response = ward.open()
    assert response.status_code == 200
    shown = words(section(response, "overview"))
    assert "Apixaban 5 mg tablets" in shown
    assert shown.count("Take ONE tablet twice a day") == 20
    assert "03-Mar-2026" in shown
    assert "Test practice" in shown
    assert "Dr P Okafor, GP" in shown
    assert "1 shown to you" in words(section(response, "medicines"))


def test_banner_names_the_resident_in_the_order_of_the_standard(ward: Ward) -> None:
    banner = page_of(ward.open()).find(class_="record-banner")
    printed = banner.find(class_="record-printed").extract()
    number = ward_number(ward)
    assert words(banner) == (
        f"CARTER, Ruth (Mrs) Born 03-Mar-1941 ({age_today()}y) Gender Female NHS No. {number}"
    )
    today = clinical_date(datetime.now(LONDON))
    assert words(printed).startswith(
        f"Printed by {ward.nurse.staff.name}, Nurse, Test trust at {today}"
    )


def ward_number(ward: Ward) -> str:
    with ward.as_login("pipeline"):
        digits = ward.resident.nhs_numbers.get().number
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def age_today() -> int:
    today = datetime.now(UTC).date()
    return today.year - 1941 - ((today.month, today.day) < (3, 3))


def test_banner_of_the_dead_says_so_in_words(ward: Ward) -> None:
    yesterday = localdate() - timedelta(days=1)
    with ward.as_login("pipeline"):
        type(ward.resident).objects.filter(pk=ward.resident.pk).update(
            deceased=True, deceased_on=yesterday
        )
    banner = page_of(ward.open()).find(class_="record-banner--died")
    lived = yesterday.year - 1941 - ((yesterday.month, yesterday.day) < (3, 3))
    assert f"Died {clinical_date(yesterday)} (age at death {lived}y)" in words(banner)


def test_no_name_in_the_title_which_stays_in_histories(ward: Ward) -> None:
    response = ward.open()
    assert "carter" not in page_of(response).title.string.lower()
    assert response["Cache-Control"] == "no-store"


def test_protected_resident_shows_kinds_and_no_place(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(
        practice,
        Category.MEDICATIONS,
        "Sertraline",
        author="Dr P Okafor",
        author_role="GP",
        place="Elm Surgery",
        phone="020 7946 0999",
    )
    with ward.as_login("pipeline"):
        type(ward.resident).objects.filter(pk=ward.resident.pk).update(protection="R")
    response = ward.open()
    main = words(page_of(response).find("main"))
    assert "Protected details" in words(page_of(response).find(class_="record-banner"))
    assert "Sertraline" in main
    assert "From a GP practice, updated" in main
    assert "and an out-of-hours service have sent no" in main
    assert "ring the privacy officer of your organisation" in words(
        page_of(response).find(class_="record-protected")
    )
    for secret in ("Test practice", "Elm Surgery", "0999", "Okafor", "Sample Street", "0123"):
        assert secret not in main, secret
    item = page_of(response).find("a", class_="record-item__name")["href"]
    assert "Elm Surgery" not in text_of(ward.client.get(item))
    assert "Okafor" not in text_of(ward.client.get(item))


def test_protected_resident_keeps_back_words_that_may_say_where(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    attachment = {
        "contentType": "text/plain",
        "title": "Elm",
        "data": base64.b64encode(b"Seen at Elm Surgery").decode(),
    }
    items = [
        ward.entry(
            practice,
            category,
            "Mr Elm" if category is Category.PEOPLE_INVOLVED else "Something",
            detail="Elm Surgery sent her",
            notes=["Elm Surgery noted"],
            author="Dr Elm",
            author_role="Key worker",
            resource=json.dumps({"presentedForm": [attachment]}),
        )
        for category in (
            Category.CONTACTS,
            Category.APPOINTMENTS,
            Category.DOCUMENTS,
            Category.PEOPLE_INVOLVED,
        )
    ]
    with ward.as_login("pipeline"):
        type(ward.resident).objects.filter(pk=ward.resident.pk).update(protection="V")
    assert "Elm" not in text_of(ward.open())
    page = text_of(ward.get("print-record"))
    assert "Elm" not in page
    assert page.count("Details are not shown: they may say where this person is.") >= len(items)
    for item in items:
        shown = text_of(ward.get("record-item", item=item))
        assert "A key worker" in shown
        assert "Elm" not in shown


def test_every_section_has_a_labelled_state_for_every_source(ward: Ward) -> None:
    ward.person(ward.practice)
    response = ward.open()
    for each in SECTIONS:
        found = section(response, each.slug)
        states = found.find_all(class_="record-state")
        assert states, each.slug
        said = words(found)
        if each.category is Category.SAFEGUARDING:
            assert "Your role does not include safeguarding information." in said
            assert len(states) == 1
            continue
        for source in (ward.trust, ward.practice, ward.council, ward.out_of_hours):
            assert source.name in said, (each.slug, source.name)
        for state in states:
            assert state.find(class_="record-state__label").get_text()
            assert state.find("svg") is not None


def test_the_six_states_have_their_words(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.ALLERGIES, "Penicillin")
    ward.person(ward.trust)
    late(ward.feeds[ward.trust.pk], ward.as_login)
    doubtful = ward.person(ward.out_of_hours, link="in-doubt")
    ward.entry(doubtful, Category.CONTACTS, "Called about a rash")
    response = ward.open()
    allergies = words(section(response, "allergies"))
    assert "Shown From Test practice, updated" in allergies
    assert "Late Test trust: nothing since" in allergies
    assert (
        "Not sent here Test council and Test out of hours do not send allergies or adverse "
        "reactions here." in allergies
    )
    contacts = words(section(response, "contacts"))
    assert "Being checked Test out of hours: being checked." in contacts
    assert "rash" not in text_of(response)
    assert "None sent Test practice has sent no admissions" in contacts
    services = words(section(response, "social-care-services"))
    assert (
        "Ring to ask Test council: no social care services shown. There may still be support: "
        "ring 020 7946 0123." in services
    )
    safeguarding = words(section(response, "safeguarding"))
    assert "Your role does not include safeguarding information." in safeguarding


def test_refused_social_care_is_the_same_bytes_as_none_known(ward: Ward) -> None:
    def main() -> str:
        ward.get()  # so that both are second requests
        response = ward.get()
        assert response.status_code == 200
        return str(page_of(response).find("main").find_all("section"))

    ward.open()
    never_known = main()
    council = ward.person(ward.council)
    linked_with_nothing = main()
    for category in (
        Category.SOCIAL_CARE_SERVICES,
        Category.SOCIAL_CARE_ASSESSMENTS,
        Category.PEOPLE_INVOLVED,
        Category.ALERTS,
    ):
        ward.entry(council, category, "Home support twice a day")
        ward.entry(council, category, "Sent by mistake", status="entered-in-error")
    assert "Home support twice a day" in main()
    ward.refuse("social-care-sharing", ward.council)
    refused = main()
    assert "There may still be support: ring 020\N{NO-BREAK SPACE}7946" in refused
    assert refused == never_known
    assert linked_with_nothing == never_known


def test_a_link_in_doubt_says_no_more_of_a_council(ward: Ward) -> None:
    ward.open()
    before = str(section(ward.get(), "social-care-services"))
    council = ward.person(ward.council, link="in-doubt")
    ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Home support")
    assert str(section(ward.get(), "social-care-services")) == before


def test_a_late_council_is_late_for_everyone_alike(ward: Ward) -> None:
    late(ward.feeds[ward.council.pk], ward.as_login)
    ward.open()
    before = str(section(ward.get(), "social-care-services"))
    assert "Nothing has come from it since" in before
    council = ward.person(ward.council)
    ward.entry(council, Category.SOCIAL_CARE_SERVICES, "Home support")
    ward.refuse("social-care-sharing", ward.council)
    assert str(section(ward.get(), "social-care-services")) == before


def test_who_records_choices_is_led_to_them(ward: Ward) -> None:
    link = reverse("resident-choices", args=[ward.resident.public_id])
    assert link not in ward.open().content.decode()
    with ward.as_login("pipeline"):
        worker = factories.membership(at=ward.council, as_role="social-worker")
        factories.relationship(ward.resident, ward.council)
    ward.client.force_login(worker.staff)
    assert link in ward.open().content.decode()


def test_entered_in_error_is_never_shown_as_live(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    right = ward.entry(practice, Category.MEDICATIONS, "Ramipril")
    wrong = ward.entry(practice, Category.MEDICATIONS, "Warfarin", status="entered-in-error")
    response = ward.open()
    medicines = words(section(response, "medicines"))
    assert "Warfarin" not in text_of(response)
    assert "1 shown to you" in medicines
    assert "1 entry that its source marked as entered in error is not shown." in medicines
    assert "Warfarin" not in text_of(ward.get("record-section", category="medicines"))
    assert ward.get("record-item", item=right).status_code == 200
    assert ward.get("record-item", item=wrong).status_code == 404


def test_what_is_no_longer_in_its_sources_record_leaves_no_trace(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    before = str(section(ward.open(), "medicines"))
    gone = ward.entry(practice, Category.MEDICATIONS, "Warfarin", status="retired")
    assert str(section(ward.open(), "medicines")) == before
    assert ward.get("record-item", item=gone).status_code == 404


def test_past_medicines_stand_apart_from_current_ones(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.MEDICATIONS, "Ramipril")
    ward.entry(practice, Category.MEDICATIONS, "Amoxicillin", status="past")
    _, over = section(ward.open(), "medicines").find_all(class_="record-section__all")
    assert words(over) == "Past medicines: All 1 : medicines, past medicines"
    assert "Amoxicillin" in text_of(ward.client.get(over.find("a")["href"]))
    medicines = section(ward.get("print-record"), "medicines")
    current, past = medicines.find_all("h3")
    assert (words(current), words(past)) == ("Current medicines (1)", "Past medicines (1)")
    lists = medicines.find_all(class_="record-items")
    assert "Ramipril" in words(lists[0])
    assert "Amoxicillin" not in words(lists[0])
    assert "Amoxicillin" in words(lists[1])


def test_a_long_section_shows_its_newest_and_goes_on_in_pages(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    for day in range(1, 29):
        for month in (1, 2):
            ward.entry(
                practice,
                Category.LAB_RESULTS,
                f"Test of {day}/{month}",
                effective=datetime(2026, month, day, 12, tzinfo=UTC),
            )
    results = section(ward.open(), "results")
    assert results.find_all(class_="record-item") == [], "the overview has the latest"
    results = section(ward.get("print-record"), "results")
    shown = [words(each) for each in results.find_all(class_="record-item__name")]
    assert len(shown) == 10
    assert shown[0].startswith("Test of 28/2 ,")
    assert "The newest 10 of 56." in words(results)
    more = results.find(class_="record-section__all").find("a")["href"]
    first = ward.client.get(more)
    assert "1 to 50 of 56, newest first" in text_of(first)
    assert page_of(first).title.string == (
        "Blood and other laboratory results (page 1 of 2) - Connect Care"
    )
    onwards = page_of(first).find("a", rel="next")["href"]
    second = ward.client.get(more.partition("?")[0] + onwards)
    assert "51 to 56 of 56, newest first" in text_of(second)
    assert "Test of 1/1 ," in text_of(second)
    beyond = ward.client.get(more.partition("?")[0] + "?page=99")
    assert "51 to 56 of 56" in text_of(beyond)


@pytest.mark.parametrize(
    "query", ["?page=x", "?page=-1", "?page=0", "?page=²", f"?page={'9' * 5000}", "?show=none"]
)
def test_a_made_up_query_shows_the_first_page(ward: Ward, query: str) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.LAB_RESULTS, "Potassium")
    ward.open()
    address = reverse("record-section", args=[ward.resident.public_id, "results"])
    assert "1 to 1 of 1" in text_of(ward.client.get(address + query))


def test_an_unknown_section_or_item_is_not_found(ward: Ward) -> None:
    ward.open()
    assert ward.get("record-section", category="nonsense").status_code == 404
    assert ward.get("record-item", item=uuid4()).status_code == 404


def test_an_item_of_another_resident_is_not_found(ward: Ward) -> None:
    other = ward.another_resident()
    with ward.as_login("pipeline"):
        person = other.source_persons.get()
    theirs = ward.entry(person, Category.DIAGNOSES, "Someone else's")
    ward.open()
    assert ward.get("record-item", item=theirs).status_code == 404


def test_an_item_page_shows_all_fields_and_the_text_of_a_letter(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    letter = base64.b64encode("Dear Dr Okafor,\n<b>Æ</b> improved.".encode()).decode()
    item = ward.entry(
        practice,
        Category.DOCUMENTS,
        "Clinic letter",
        resource=json.dumps(
            {
                "content": [
                    {"attachment": {"contentType": "text/plain; charset=UTF-8", "data": letter}},
                    {"attachment": {"contentType": "application/pdf", "title": "Scan"}},
                ]
            }
        ),
    )
    ward.open()
    response = ward.get("record-item", item=item)
    assert b"&lt;b&gt;\xc3\x86&lt;/b&gt; improved." in response.content
    shown = text_of(response)
    assert "Received by Connect Care" in shown
    assert "This document (application/pdf) is not shown here. It is at its source" in shown


def test_high_result_says_so_in_words_and_symbol(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(
        practice,
        Category.LAB_RESULTS,
        "Potassium",
        value="6.1",
        value_text="6.1 mmol/L",
        unit="mmol/L",
        range_low="3.5",
        range_high="5.3",
        interpretation="H",
        source_status="final",
    )
    item = section(ward.open(), "overview").select_one(".record-block--results .record-item")
    assert "6.1 mmol/L ▲ High Range: 3.5 to 5.3 mmol/L" in words(item)
    assert "Final" in words(item)
    assert "Current" not in words(item)


def test_sensitive_entries_of_others_do_not_come_out(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.DIAGNOSES, "Kept at the source", sensitive=True)
    problems = words(section(ward.open(), "problems"))
    assert "Kept at the source" not in problems
    assert (
        "Test practice and Test trust have sent no diagnoses or problems. There may be" in problems
    )


def test_a_role_without_a_category_is_told_once_and_shown_nothing(ward: Ward) -> None:
    practice = ward.person(ward.practice)
    ward.entry(practice, Category.LAB_RESULTS, "Potassium")
    with ward.as_login("pipeline"):
        Role.objects.filter(code="nurse").update(categories=[int(Category.ALLERGIES)])
    response = ward.open()
    assert "Potassium" not in text_of(response)
    states = section(response, "results").find_all(class_="record-state")
    for state in states:
        state.find(class_="record-why").extract()
    assert [words(state) for state in states] == [
        "Not for your role Your role does not include laboratory results."
    ]


@pytest.mark.parametrize("entries", [0, 60])
def test_the_page_takes_at_most_twelve_statements_whatever_its_size(
    ward: Ward, entries: int
) -> None:
    practice = ward.person(ward.practice)
    for category in (Category.LAB_RESULTS, Category.MEDICATIONS, Category.DIAGNOSES):
        for nth in range(entries):
            ward.entry(practice, category, f"Entry {nth}")
    ward.open()
    with CaptureQueriesContext(connection) as statements:
        response = ward.get()
    assert response.status_code == 200
    work = [
        query["sql"]
        for query in statements.captured_queries
        if query["sql"].split()[0] not in {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}
    ]
    assert len(work) <= 12, "\n".join(work)
    assert sum("records_entry" in sql for sql in work) == 2
    assert "select access.still_open()" in work[-2:]
    assert not any(
        "records_entry" in sql for sql in work[work.index("select access.still_open()") :]
    )


def test_the_record_can_be_read_without_scripts(ward: Ward) -> None:
    main = page_of(ward.open()).find("main")
    assert main.find("script") is None
    assert not main.find_all(attrs={"onclick": True})
