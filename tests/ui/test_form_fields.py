"""Fields render as NHS.UK components, and say what is wrong in NHS.UK words."""

from __future__ import annotations

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import engines
from django.utils.datastructures import MultiValueDict

from ui.forms import (
    CheckboxesField,
    CheckboxField,
    DateField,
    FileField,
    NhsForm,
    PasswordField,
    RadioField,
    SelectField,
    TextAreaField,
    TextField,
)


class Everything(NhsForm):
    name = TextField(label="Family name", hint="As on the letter", width=20, max_length=5)
    born = DateField(label="Date of birth", hint="For example, 3 3 1941", in_past=True)
    answer = RadioField(
        label="What they said", choices=[("yes", "Agrees", "Sharing goes on"), ("no", "Refuses")]
    )
    where = SelectField(label="Borough", choices=[("l", "Lewisham")])
    several = CheckboxesField(label="Reasons", choices=[("a", "One"), ("b", "Two")])
    sure = CheckboxField(label="I have read it out")
    words = TextAreaField(label="Explanation", required=False, rows=3)
    secret = PasswordField(label="Password", required=False)
    files = FileField(label="Files", multiple=True, accept=".json")


GOOD = {
    "name": "Li",
    "born-day": "3",
    "born-month": "Mar",
    "born-year": "1941",
    "answer": "no",
    "where": "l",
    "several": ["b"],
    "sure": "yes",
    "words": "<b>plain</b>",
    "secret": " spaces stay ",
}


def filled(**changes: object) -> Everything:
    data = MultiValueDict(
        {
            key: value if isinstance(value, list) else [value]
            for key, value in {**GOOD, **changes}.items()
        }
    )
    files = MultiValueDict({"files": [SimpleUploadedFile("a.json", b"{}")]})
    return Everything(data, files)


def page_of(form: NhsForm) -> BeautifulSoup:
    template = engines["jinja2"].from_string(
        '{% from "ui/forms.jinja" import error_summary, field %}{{ error_summary(form) }}'
        "{% for bound in form %}{{ field(bound) }}{% endfor %}"
    )
    return BeautifulSoup(template.render({"form": form}), "html.parser")


def test_good_values_are_cleaned() -> None:
    form = filled()
    assert form.is_valid(), form.errors
    assert form.cleaned_data["born"] == date(1941, 3, 3)
    assert form.cleaned_data["several"] == ["b"]
    assert form.cleaned_data["sure"] is True
    assert form.cleaned_data["secret"] == " spaces stay "
    assert [file.name for file in form.cleaned_data["files"]] == ["a.json"]


def test_every_field_is_labelled_and_keeps_what_was_typed() -> None:
    page = page_of(filled())
    for control in page.select("input:not([type=hidden]), select, textarea"):
        label = page.select_one(f'label[for="{control["id"]}"]')
        assert label is not None, control
        assert label.get_text(strip=True)
    ids = [tag["id"] for tag in page.select("[id]")]
    assert len(ids) == len(set(ids))
    assert page.select_one("#name")["value"] == "Li"
    assert page.select_one("#born-month")["value"] == "Mar"
    assert page.select_one("input[name=answer][checked]")["value"] == "no"
    assert page.select_one("input[name=several][checked]")["value"] == "b"
    assert page.select_one("#sure").has_attr("checked")
    assert page.select_one("#words").get_text() == "<b>plain</b>"
    assert page.select_one("#files").has_attr("multiple")


def test_a_password_is_never_sent_back() -> None:
    assert not page_of(filled()).select_one("#secret").get("value")


def test_hints_are_described() -> None:
    page = page_of(Everything())
    assert page.select_one("#name")["aria-describedby"] == "name-hint"
    assert "As on the letter" in page.select_one("#name-hint").get_text()
    described = page.select_one("input[name=answer][value=yes]")["aria-describedby"]
    assert "Sharing goes on" in page.select_one(f"#{described}").get_text()


def test_what_is_missing_is_asked_for_and_linked() -> None:
    form = Everything({}, {})
    assert not form.is_valid()
    page = page_of(form)
    links = {a["href"]: a.get_text(strip=True) for a in page.select(".nhsuk-error-summary a")}
    assert links == {
        "#name": "Enter family name",
        "#born-day": "Enter date of birth",
        "#answer": "Select what they said",
        "#where": "Select borough",
        "#several": "Select reasons",
        "#sure": "Select I have read it out",
        "#files": "Select files",
    }
    for href in links:
        assert page.select_one(href) is not None, href
    assert page.select_one(".nhsuk-error-summary")["data-module"] == "nhsuk-error-summary"


@pytest.mark.parametrize(
    ("parts", "words", "wrong"),
    [
        (("", "3", "1941"), "Date of birth must include a day", "born-day"),
        (("3", "", ""), "Date of birth must include a month and year", "born-month"),
        (("31", "2", "1941"), "Date of birth must be a real date", "born-day"),
        (("3", "13", "1941"), "Date of birth must be a real date", "born-month"),
        (("3", "ma", "1941"), "Date of birth must be a real date", "born-month"),
        (("x", "3", "1941"), "Date of birth must be a real date", "born-day"),
        (("0", "3", "1941"), "Date of birth must be a real date", "born-day"),
        (("3", "3", "41"), "Year must include 4 numbers", "born-year"),
        (("3", "3", "9000"), "Date of birth must be today or in the past", "born-day"),
        (("3", "3", "1500"), "Date of birth must be after 1849", "born-year"),
        (("३", "3", "1941"), "Date of birth must be a real date", "born-day"),
    ],
)
def test_a_wrong_date_says_what_to_do(parts: tuple[str, str, str], words: str, wrong: str) -> None:
    day, month, year = parts
    form = filled(**{"born-day": day, "born-month": month, "born-year": year})
    assert form.errors == {"born": [words]}
    page = page_of(form)
    assert page.select_one(".nhsuk-error-summary a")["href"] == f"#{wrong}"
    assert "nhsuk-input--error" in page.select_one(f"#{wrong}")["class"]
    assert page.select_one("#born-day")["value"] == day


@pytest.mark.parametrize("month", ["3", "03", "mar", "March", "MARCH", "Mar."])
def test_months_may_be_named(month: str) -> None:
    form = filled(**{"born-month": month})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["born"] == date(1941, 3, 3)


def test_sept_is_september() -> None:
    form = filled(**{"born-month": "Sept"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["born"].month == 9


def test_too_long_text_says_how_long_it_may_be() -> None:
    assert filled(name="Featherstone").errors == {
        "name": ["Family name must be 5 characters or fewer"]
    }


def test_labels_are_escaped() -> None:
    class Hostile(NhsForm):
        x = TextField(label="<script>alert(1)</script>", hint="<i>h</i>")

    page = page_of(Hostile({}))
    assert not page.select("script, i")


def test_options_can_be_offered_by_the_view_without_touching_the_class() -> None:
    class Late(NhsForm):
        which = RadioField(label="Which")

    form = Late({"which": "b"})
    form.offer("which", [("b", "Bee", "It hums")])
    assert form.is_valid()
    assert "It hums" in page_of(form).get_text()
    assert Late().fields["which"].choices == []


def test_a_form_does_not_offer_what_its_field_cannot_choose() -> None:
    with pytest.raises(TypeError, match="has no options"):
        Everything().offer("name", [])
