"""Searching through the page: who is found, what is shown of them, what is kept of the search."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.urls import reverse

from audit.models import Event
from organisations.models import Membership, Organisation
from tests import factories
from tests.conftest import AsLogin

BORN = date(1941, 3, 3)
BORN_TYPED = {"birth_date-day": "3", "birth_date-month": "3", "birth_date-year": "1941"}


@dataclass(frozen=True)
class People:
    """Who searches, and at which trust."""

    trust: Organisation
    nurse: Membership
    adviser: Membership
    receptionist: Membership


@pytest.fixture
def people(database: dict[str, str], as_login: AsLogin) -> People:
    with as_login("pipeline"):
        trust = factories.organisation("Lewisham and Greenwich NHS Trust")
        return People(
            trust=trust,
            nurse=factories.membership(at=trust, as_role="nurse"),
            adviser=factories.membership(at=trust, as_role="contact-centre-adviser"),
            receptionist=factories.membership(at=trust, as_role="receptionist"),
        )


def signed_in(membership: Membership) -> Client:
    client = Client()
    client.force_login(membership.staff)
    return client


def search(by: Membership, **typed: str) -> BeautifulSoup:
    response = signed_in(by).post(reverse("find-resident"), typed)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def by_name(by: Membership, family_name: str = "Carter", **typed: str) -> BeautifulSoup:
    return search(by, family_name=family_name, **BORN_TYPED, **typed)


def results(page: BeautifulSoup) -> list[Tag]:
    return page.select(".app-results article")


def identifiers(result: Tag) -> dict[str, str]:
    return {
        row.dt.get_text(strip=True): row.dd.get_text(strip=True).replace("\u00a0", " ")
        for row in result.select("dl > div")
    }


def heading(page: BeautifulSoup) -> str:
    found = page.select_one("#results")
    assert found is not None
    return found.get_text(strip=True)


def searches(as_login: AsLogin) -> list[Event]:
    with as_login("owner"):
        return list(Event.objects.filter(action="search").order_by("id"))


def test_the_form_is_empty_at_first_and_searches_nothing(people: People, as_login: AsLogin) -> None:
    response = signed_in(people.nurse).get(reverse("find-resident"))
    page = BeautifulSoup(response.content, "html.parser")
    assert page.h1.get_text() == "Find a resident"
    assert not page.select("#results")
    fields = page.select("main input[type=text]")
    assert len(fields) == 7
    assert not any(field.get("value") for field in fields)
    assert searches(as_login) == []


def test_a_number_finds_one_resident_with_their_identifiers(
    people: People, as_login: AsLogin
) -> None:
    number = factories.made_up_nhs_number()
    with as_login("pipeline"):
        ruth = factories.resident("Carter", "Ruth", birth_date=BORN, nhs_number=number)
        factories.resident("Carter", "Rose", birth_date=BORN)
    typed = f"{number[:3]}-{number[3:6]}-{number[6:]}"
    page = search(people.nurse, nhs_number=typed)
    assert heading(page) == "1 resident found"
    assert page.title.get_text() == "1 resident found - Find a resident - Connect Care"
    (result,) = results(page)
    assert result.h3.get_text() == "CARTER, Ruth"
    shown = identifiers(result)
    assert shown["Born"].startswith("03-Mar-1941 (8")
    assert shown["Gender"] == "Female"
    assert shown["NHS No."] == f"{number[:3]} {number[3:6]} {number[6:]}"
    assert shown["Postcode"] == "SE13 6LH"
    (event,) = searches(as_login)
    assert event.residents == [ruth.pk]
    assert event.reason == "number"


def test_who_asks_people_who_they_are_is_not_told_before(people: People, as_login: AsLogin) -> None:
    """An adviser types what the caller says: the page does not say it first."""
    number = factories.made_up_nhs_number()
    with as_login("pipeline"):
        ruth = factories.resident("Carter", "Ruth", birth_date=BORN, nhs_number=number)
    (result,) = results(search(people.adviser, nhs_number=number))
    assert result.h3.get_text() == "CARTER, Ruth"
    assert identifiers(result) == {"Gender": "Female"}
    give = signed_in(people.adviser).get(reverse("give-number", args=[ruth.public_id]))
    number_page = "".join(BeautifulSoup(give.content, "html.parser").get_text().split())
    for told in (number, "1941", "SE136LH"):
        assert told not in number_page
        assert told not in "".join(result.get_text().split())


def test_everyone_whom_a_list_shows_is_in_its_audit_event(
    people: People, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        found = [factories.resident("Carter", name, birth_date=BORN) for name in ("Ruth", "Rose")]
        factories.resident("Carter", "Ruth", birth_date=date(1941, 3, 4))
        factories.resident("Cartier", "Ruth", birth_date=BORN)
    page = by_name(people.nurse)
    assert [result.h3.get_text() for result in results(page)] == ["CARTER, Rose", "CARTER, Ruth"]
    (event,) = searches(as_login)
    assert sorted(event.residents) == sorted(resident.pk for resident in found)
    assert event.staff_id == people.nurse.staff_id
    assert event.organisation_id == people.trust.pk
    assert event.request is not None
    assert "Carter" not in str(event.detail)


def test_accents_case_and_hyphens_do_not_matter(people: People, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.resident("Núñez-O'Brien", "Zoë", birth_date=BORN)
    page = by_name(people.nurse, "NUNEZ OBRIEN", given_name="zo")
    assert heading(page) == "1 resident found"


def test_ten_are_shown_and_eleven_are_too_many(people: People, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        for nth in range(10):
            factories.resident("Carter", f"Ruth{'abcdefghij'[nth]}", birth_date=BORN)
    assert len(results(by_name(people.nurse))) == 10
    with as_login("pipeline"):
        factories.resident("Carter", "Rose", birth_date=BORN)
    page = by_name(people.nurse)
    assert heading(page) == "Too many residents found"
    assert results(page) == []
    assert "Add more: the given name, the postcode or the gender" in page.get_text()
    assert "Ruth" not in page.get_text()
    assert searches(as_login)[-1].residents == []
    assert heading(by_name(people.nurse, given_name="Ro")) == "1 resident found"


def test_who_does_not_exist_and_who_may_not_be_known_get_the_same_page(
    people: People, as_login: AsLogin
) -> None:
    unknown, hidden = factories.made_up_nhs_number(), factories.made_up_nhs_number()
    with as_login("pipeline"):
        factories.resident("Hidden", birth_date=BORN, nhs_number=hidden, known_to_all=False)
    for first, second in [
        (search(people.nurse, nhs_number=unknown), search(people.nurse, nhs_number=hidden)),
        (by_name(people.nurse, "Nobody"), by_name(people.nurse, "Hidden")),
    ]:
        assert heading(first) == heading(second) == "No resident found"
        assert _without_what_was_typed(first) == _without_what_was_typed(second)
    assert all(event.residents == [] for event in searches(as_login))


def _without_what_was_typed(page: BeautifulSoup) -> str:
    for field in page.select("input"):
        field.attrs.pop("value", None)
    for script in page.select("script"):
        script.attrs.pop("nonce", None)
    return str(page)


def test_the_source_of_an_unlinked_person_finds_them(people: People, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        hidden = factories.resident("Hidden", birth_date=BORN, known_to_all=False)
        factories.source_person(hidden, people.trust, link="alone")
    assert heading(by_name(people.nurse, "Hidden")) == "1 resident found"


def test_a_protected_resident_is_marked_and_has_no_place(people: People, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.resident("Carter", birth_date=BORN, postcode="SE9 9ZZ", protection="R")
    page = by_name(people.nurse)
    (result,) = results(page)
    assert "Protected: address not shown" in result.get_text()
    assert "Postcode" not in identifiers(result)
    assert "SE9 9ZZ" not in page.get_text()


def test_the_dead_are_marked_in_words(people: People, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.resident("Carter", birth_date=BORN, deceased=True, deceased_on=date(2024, 2, 29))
    (result,) = results(by_name(people.nurse))
    assert "Died 29-Feb-2024" in result.get_text()
    assert identifiers(result)["Born"] == "03-Mar-1941 (82y at death)"


def test_an_opted_out_resident_has_neither_place_nor_number_and_no_word_of_it(
    people: People, as_login: AsLogin
) -> None:
    number = factories.made_up_nhs_number()
    with as_login("pipeline"):
        resident = factories.resident("Carter", birth_date=BORN, nhs_number=number)
        factories.choice(resident, effective_from=datetime(2026, 1, 1, tzinfo=UTC))
    page = by_name(people.nurse)
    (result,) = results(page)
    assert identifiers(result).keys() == {"Born", "Gender", "NHS No."}
    assert identifiers(result)["NHS No."] == "Not shown"
    words = page.get_text()
    assert "SE13" not in words
    assert number[3:6] + "\u00a0" + number[6:] not in words
    assert "opt" not in result.get_text().lower().replace("(optional)", "")


@pytest.mark.parametrize(
    ("who", "opens", "records"), [("nurse", True, False), ("adviser", False, True)]
)
def test_what_may_be_done_next_is_what_the_role_may_do(
    people: People, as_login: AsLogin, who: str, opens: bool, records: bool
) -> None:
    with as_login("pipeline"):
        resident = factories.resident("Carter", birth_date=BORN)
    page = by_name(getattr(people, who))
    (result,) = results(page)
    form = result.select_one("form")
    assert (form is not None) == opens
    if form is not None:
        assert form["method"] == "post"
        assert form["action"] == reverse("open-record")
        assert form.select_one("input[name=resident]")["value"] == str(resident.public_id)
        assert form.select_one("input[name=csrfmiddlewaretoken]") is not None
    link = result.select_one("a")
    assert (link is not None) == records
    if link is not None:
        assert link["href"] == reverse("resident-choices", args=[resident.public_id])


def test_a_role_without_the_activity_is_refused(people: People, as_login: AsLogin) -> None:
    client = signed_in(people.receptionist)
    for response in (
        client.get(reverse("find-resident")),
        client.post(reverse("find-resident"), {"nhs_number": factories.made_up_nhs_number()}),
    ):
        assert response.status_code == 403
    assert searches(as_login) == []


def test_nobody_searches_without_signing_in(database: dict[str, str]) -> None:
    response = Client().post(reverse("find-resident"), {"nhs_number": "999 123 4567"})
    assert response.status_code == 302
    assert response.url.startswith(reverse("sign-in"))
    assert "999" not in response.url


def test_what_is_wrong_is_listed_on_top_and_what_was_typed_is_kept(people: People) -> None:
    page = search(people.nurse, family_name="Carter", given_name="Ruth")
    assert page.title.get_text().startswith("Error: ")
    summary = page.select_one(".nhsuk-error-summary a")
    assert summary.get_text(strip=True) == "Enter the date of birth"
    assert page.select_one(summary["href"]) is not None
    assert page.select_one("#family_name")["value"] == "Carter"
    assert not page.select("#results")


def test_a_number_alone_is_no_match_where_the_rest_differs(
    people: People, as_login: AsLogin
) -> None:
    number = factories.made_up_nhs_number()
    with as_login("pipeline"):
        factories.resident("Carter", birth_date=date(1950, 1, 1), nhs_number=number)
    page = search(people.nurse, nhs_number=number, family_name="Smith", **BORN_TYPED)
    words = [note.get_text(" ", strip=True) for note in page.select(".app-result__differs")]
    assert words == [
        "Check: The family name is not the one you entered.",
        "Check: The date of birth is not the one you entered.",
    ]


def test_what_is_not_exact_is_said_in_words(people: People, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.resident("Carter-Smith", "William", birth_date=date(1941, 4, 3))
        factories.resident("Carter", "Bill", birth_date=date(1941, 3, 4))
    typed = {"birth_date-day": "4", "birth_date-month": "3", "birth_date-year": "1941"}
    page = search(people.nurse, family_name="Carter", given_name="Bill", **typed)
    exact, inexact = results(page)
    assert exact.h3.get_text() == "CARTER, Bill"
    assert "Not an exact match" not in exact.get_text()
    assert "Not an exact match" in inexact.get_text()
    words = [note.get_text(" ", strip=True) for note in inexact.select(".app-result__differs")]
    assert words == [
        "Check: The family name is not the one you entered.",
        "Check: The given name is not the one you entered.",
        "Check: The day and month of birth are the other way round.",
    ]


def test_a_search_too_many_gets_a_page_that_says_what_to_do(
    people: People, as_login: AsLogin, settings
) -> None:
    settings.SEARCHES_PER_MINUTE = 1
    with as_login("pipeline"):
        factories.resident("Carter", birth_date=BORN)
    assert len(results(by_name(people.nurse))) == 1
    response = signed_in(people.nurse).post(
        reverse("find-resident"), {"family_name": "Carter", **BORN_TYPED}
    )
    assert response.status_code == 429
    page = BeautifulSoup(response.content, "html.parser")
    assert page.h1.get_text() == "You have searched too often"
    assert "Wait a minute, then search again." in page.main.get_text()
    assert "carter" not in page.get_text().casefold()
    assert searches(as_login)[-1].outcome == "refused"


def test_no_page_about_one_resident_tells_that_somebody_is_there(
    people: People, as_login: AsLogin
) -> None:
    """Who does not exist, and who may not be known of, are answered in the same bytes."""
    with as_login("pipeline"):
        hidden = factories.resident("Hidden", birth_date=BORN, known_to_all=False)
    nobody = uuid4()
    for who, name in ((people.nurse, "record"), (people.adviser, "resident-choices")):
        client = signed_in(who)
        answers = []
        for resident in (hidden.public_id, nobody):
            response = client.get(reverse(name, args=[resident]))
            words = _without_what_was_typed(BeautifulSoup(response.content, "html.parser"))
            answers.append((response.status_code, words.replace(str(resident), "")))
        assert answers[0] == answers[1]
        assert "Hidden" not in answers[0][1]
    client = signed_in(people.nurse)
    opened = [
        client.post(reverse("open-record"), {"resident": str(resident)}, follow=True)
        for resident in (hidden.public_id, nobody)
    ]
    assert [answer.status_code for answer in opened] == [404, 404]


def test_neither_an_address_nor_a_log_line_holds_who_was_looked_for(
    people: People,
    as_login: AsLogin,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    number = factories.made_up_nhs_number()
    with as_login("pipeline"):
        factories.resident("Zzyzx", "Canary", birth_date=BORN, nhs_number=number)
    with caplog.at_level(logging.DEBUG):
        pages = [search(people.nurse, nhs_number=number), by_name(people.adviser, "Zzyzx")]
    for page in pages:
        assert heading(page) == "1 resident found"
        for element in page.select("[href], [action], [src]"):
            for address in (element.get("href"), element.get("action"), element.get("src")):
                assert not _tells(address or "", number)
    # Statements with their parameters are for developers and are never logged: DEBUG is off.
    assert not _tells(caplog.text, number)
    written = capsys.readouterr()
    assert not _tells(written.out + written.err, number)


def _tells(text: str, number: str) -> bool:
    folded = text.casefold()
    return number in folded or "zzyzx" in folded or "canary" in folded
