"""Every page's frame has what the design system's own page has."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup, Tag
from django.template.loader import render_to_string
from django.test import RequestFactory
from jinja2 import ChainableUndefined, Environment, PackageLoader

#: What of a page the design system's scripts and styles, and the browser, go by.
FRAME = (
    "html[lang]",
    "meta[charset]",
    "meta[name=viewport]",
    "meta[name=theme-color]",
    "body > script:not([src])",
    "body > a[href='#maincontent']",
    "main#maincontent",
)


@pytest.fixture(scope="module")
def ours() -> BeautifulSoup:
    return BeautifulSoup(
        render_to_string("layout.jinja", {}, RequestFactory().get("/")), "html.parser"
    )


@pytest.fixture(scope="module")
def theirs() -> BeautifulSoup:
    jinja = Environment(
        autoescape=True,
        loader=PackageLoader("nhsuk_frontend_jinja"),
        undefined=ChainableUndefined,
    )
    return BeautifulSoup(jinja.get_template("nhsuk/template.jinja").render(), "html.parser")


@pytest.mark.parametrize("part", FRAME)
def test_a_page_has_what_the_design_systems_has(
    part: str, ours: BeautifulSoup, theirs: BeautifulSoup
) -> None:
    wanted, has = the_one(theirs, part), the_one(ours, part)
    assert wanted.attrs.items() <= has.attrs.items()
    if part.startswith("body"):
        assert has.get_text().split() == wanted.get_text().split()


def the_one(page: BeautifulSoup, part: str) -> Tag:
    (found,) = page.select(part)
    return found
