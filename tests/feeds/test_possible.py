"""Days that cannot be are left out, and the person is taken in without them."""

from datetime import date
from typing import Any

import pytest

from feeds.mapped import MappedPerson
from feeds.possible import with_possible_days
from identity.models import SourcePerson
from tests.feeds.conftest import Deliver, ndjson, patient

RECEIVED = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("born", "died", "born_kept", "died_kept"),
    [
        (date(1941, 3, 3), date(2026, 2, 1), True, True),
        (date(2026, 3, 2), None, True, True),  # in another zone it is that day
        (date(2026, 3, 3), None, False, True),
        (date(1941, 3, 3), date(1941, 3, 2), True, False),
        (date(1941, 3, 3), date(1941, 3, 3), True, True),
        (date(1941, 3, 3), date(2026, 3, 3), True, False),
        (date(2190, 1, 1), date(2026, 2, 1), False, True),
        (None, date(2026, 2, 1), True, True),
    ],
)
def test_days_that_cannot_be_are_left_out(
    born: date | None, died: date | None, born_kept: bool, died_kept: bool
) -> None:
    sent = MappedPerson("Patient/1", birth_date=born, deceased_on=died)
    kept = with_possible_days(sent, RECEIVED)
    assert kept.birth_date == (born if born_kept else None)
    assert kept.deceased_on == (died if died_kept else None)
    assert kept.deceased or died_kept


def test_the_loader_leaves_them_out(deliver: Deliver, as_login: Any) -> None:
    sent = patient(birthDate="2190-01-01", deceasedDateTime="1900-01-01")
    assert deliver(ndjson(sent)).total("loaded") == 1
    with as_login("pipeline"):
        said = SourcePerson.objects.get(identifier="Patient/p1").said
    assert (said["birth_date"], said["deceased"]) == (None, True)
    assert deliver(ndjson(sent)).total("unchanged") == 1
