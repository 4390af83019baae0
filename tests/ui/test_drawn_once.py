"""Fields that are as declared are drawn once; whatever was given is drawn for this page alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import engines

from ui.forms import DateField, NhsForm, RadioField, TextField, as_declared


class _Form(NhsForm):
    name = TextField(label="Name", required=False)
    born = DateField(label="Born", required=False)
    which = RadioField(label="Which", required=False, choices=[("a", "A"), ("", "Any")])


def drawn(form: NhsForm, name: str) -> str:
    source = '{% from "ui/forms.jinja" import field %}{{ field(form[name]) }}'
    return engines["jinja2"].from_string(source).render({"form": form, "name": name})


@pytest.mark.parametrize("name", ["name", "born", "which"])
def test_a_field_without_anything_is_as_declared(name: str) -> None:
    assert as_declared(_Form()[name]) == (_Form, name)
    assert as_declared(_Form({})[name]) == (_Form, name)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("name", {"data": {"name": "Ruth"}}),
        ("name", {"data": {"name": "0"}}),
        ("born", {"data": {"born-day": "3"}}),
        ("which", {"data": {"which": "a"}}),
        ("name", {"initial": {"name": "Ruth"}}),
        ("name", {"prefix": "other"}),
    ],
)
def test_what_was_given_is_drawn_anew(name: str, given: dict[str, Any]) -> None:
    assert as_declared(_Form(**given)[name]) is None


def test_what_is_wrong_is_drawn_anew() -> None:
    class Required(NhsForm):
        name = TextField(label="Name")

    assert as_declared(Required({})["name"]) is None


def test_labels_hints_and_options_made_for_a_page_are_drawn_anew() -> None:
    form = _Form()
    form.offer("which", [("ruth", "Ruth Carter")])
    assert as_declared(form["which"]) is None
    form.fields["name"].label = "Name of Ruth's daughter"
    assert as_declared(form["name"]) is None
    form.fields["born"].help_text = "Ruth was born in 1941"
    assert as_declared(form["born"]) is None


def test_the_markup_kept_is_of_the_same_form_and_look_and_holds_nothing_given() -> None:
    class Other(NhsForm):
        name = TextField(label="Another name", required=False)

    before = drawn(_Form(), "name")
    assert "Ruth" in drawn(_Form({"name": "Ruth"}), "name")
    assert drawn(_Form(), "name") == before
    assert "Another name" in drawn(Other(), "name")
