"""What templates may call: addresses as they are reversed, and markup of equal values."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.template import engines
from django.urls import NoReverseMatch, reverse

from connectcare.jinja import alike


def rendered(source: str, **context: object) -> str:
    return str(engines["jinja2"].from_string(source).render(context))


def test_an_address_of_ids_is_the_one_that_is_reversed() -> None:
    for _ in range(3):
        ids = {"item": uuid4(), "resident": uuid4()}
        told = rendered("{{ url('record-item', resident=resident, item=item) }}", **ids)
        assert told == reverse("record-item", kwargs=ids)
        other = rendered("{{ url('record-item', item=item, resident=resident) }}", **ids)
        assert other == told


def test_an_address_of_words_is_reversed_and_one_that_is_none_is_refused() -> None:
    told = rendered("{{ url('record-section', resident=of, category='alerts') }}", of=uuid4())
    assert told.endswith("/alerts")
    with pytest.raises(NoReverseMatch):
        rendered("{{ url('record-item', resident=of) }}", of=uuid4())


LINES = "{% from 'access/explained.jinja' import rule_ids %}{{ alike(rule_ids, ids) }}"


def test_equal_values_are_drawn_once_and_others_anew() -> None:
    before = alike.cache_info().hits
    first, again, other = (rendered(LINES, ids=ids) for ids in (("R1",), ("R1",), ("R2", "<b>")))
    assert first == again == '<span class="app-explained__rules">(rule R1)</span>'
    assert "(rules R2, &lt;b&gt;)" in other
    assert alike.cache_info().hits == before + 1
