"""The pages that anybody may read: true to the registry and the rule, and without a cookie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from access import rules
from access.described import sentence_of
from consent.effects import EFFECTS
from consent.second_person import to_you
from consent.vocabulary import Answer, Kind
from organisations.categories import Category
from tests import factories
from tests.conftest import AsLogin

PAGES = (
    "about",
    "participating-organisations",
    "what-is-shared",
    "your-choices",
    "opt-out",
    "privacy-notice",
    "policies",
    "access-rules",
    "accessibility-statement",
)


def page(name: str, query: str = "") -> html.HtmlElement:
    response = Client().get(reverse(name) + query)
    assert response.status_code == 200
    return html.fromstring(response.content)


def words(found: html.HtmlElement) -> str:
    (main,) = found.xpath("//main")
    return " ".join(main.text_content().split())


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("database")
def test_a_page_sets_no_cookie_and_needs_none(name: str) -> None:
    client = Client()
    for query in ("", "?size=large"):
        response = client.get(reverse(name) + query)
        assert response.status_code == 200
        assert not response.cookies
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("database")
def test_large_print_is_kept_from_page_to_page(name: str) -> None:
    large = page(name, "?size=large")
    assert "app-large-print" in large.get("class", "")
    addresses = {reverse(each) for each in PAGES}
    leading = [
        link
        for link in large.xpath("//main//a/@href | //footer//a/@href")
        if re.split("[?#]", link)[0] in addresses and link != reverse(name)
    ]
    assert leading
    assert all("size=large" in link for link in leading)
    assert "app-large-print" not in page(name).get("class", "")


@pytest.mark.usefixtures("database")
def test_all_are_led_to_from_where_staff_sign_in() -> None:
    found = page("sign-in").xpath("//footer//a/@href")
    assert {reverse(name) for name in PAGES if name != "access-rules"} <= set(found)
    assert reverse("access-rules") in page("policies").xpath("//main//a/@href")


def test_the_controllers_are_those_of_the_registry(
    database: dict[str, str], as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        council = factories.organisation(
            name="Borough of Testing (social care)",
            kind="adult_social_care",
            participates=True,
            phone="020 7946 0001",
            postcode="DA6 7AT",
        )
        factories.organisation(name="Left last year", participates=True, state="ended")
    told = words(page("privacy-notice"))
    assert "Borough of Testing (social care), phone 020 7946 0001, DA6 7AT" in told
    assert "Left last year" not in told
    assert "Data Protection Act 2018" in told
    assert "UK GDPR" in told
    assert "1998" not in told
    with as_login("pipeline"):
        council.participates = False
        council.save()
    assert "Borough of Testing" not in words(page("privacy-notice"))


def test_roles_and_agreements_are_those_in_force(
    database: dict[str, str], as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        one = factories.organisation(name="One Trust")
        other = factories.organisation(name="Other Trust")
        gone = factories.organisation(name="Gone Trust")
        factories.membership(at=one, as_role="nurse")
        factories.agreement(one, other, categories=[Category.ALLERGIES])
        factories.agreement(one, gone, categories=[Category.IMAGING], state="ended")
    told = words(page("policies"))
    assert "What One Trust shows to 1 others" not in told
    assert "What One Trust shows to 1 other" in told
    assert "Other Trust" in told
    assert "Gone Trust" not in told
    shared = page("what-is-shared")
    readers = {
        " ".join(part.xpath(".//summary")[0].text_content().split()): part.text_content()
        for part in shared.xpath("//main//details")
    }
    assert set(readers) == {category.label for category in Category}
    assert "Nurse" in readers[Category.ALLERGIES.label]


@pytest.mark.usefixtures("database")
def test_the_rule_is_told_in_the_words_of_the_code() -> None:
    told = words(page("access-rules"))
    for rule in (*rules.RECORD_RULES, *rules.SECTION_RULES, rules.grants_of):
        sentence = sentence_of(rule)
        assert sentence.words in told, sentence.rule


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("answer", [Answer.REFUSES, Answer.CONSENTS])
@pytest.mark.usefixtures("database")
def test_each_choice_is_told_with_its_whole_effect(kind: Kind, answer: Answer) -> None:
    told = words(page("your-choices"))
    effect = EFFECTS[kind, answer]
    for sentence in (effect.says, *effect.does, effect.for_whom, *effect.keeps, *effect.limits):
        said = sentence.replace("{council}", "your council")
        if "{default}" not in said:
            assert " ".join(to_you(said).split()) in told
    assert "national data opt-out is a different choice" in told


def test_no_page_names_a_law_that_is_gone() -> None:
    for template in Path("templates/public").glob("*.jinja"):
        assert "1998" not in template.read_text(encoding="utf-8"), template.name
