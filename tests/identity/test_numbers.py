"""Numbers of residents: whose, from–to, how far verified, on whose word; nothing forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from identity.models import NumberStatus, NumberStatusChange, ResidentNhsNumber, SaidBy
from tests import factories
from tests.conftest import AsLogin

Connect = Callable[[str], psycopg.Connection]


@pytest.fixture(autouse=True)
def _as_pipeline(database: object, as_login: AsLogin) -> Any:
    with as_login("pipeline"):
        yield


def history(number: ResidentNhsNumber) -> list[tuple[str, str]]:
    rows = NumberStatusChange.objects.filter(number=number).order_by("pk")
    return list(rows.values_list("status", "said_by"))


def test_there_are_the_eight_statuses_of_the_data_dictionary() -> None:
    assert [status.value for status in NumberStatus] == [f"0{n}" for n in range(1, 9)]


def test_every_status_is_kept_with_who_said_it() -> None:
    ruth = factories.resident(nhs_number=None)
    number = ResidentNhsNumber.objects.create(
        resident=ruth, number=factories.made_up_nhs_number(), status="02", said_by=SaidBy.CARER
    )
    for status in NumberStatus:
        number.status, number.said_by = status, SaidBy.TRACE
        number.save()
        number.save()  # the same again is no change
    # Whoever writes past the model is noted as well.
    with connection.cursor() as cursor:
        cursor.execute("update identity_residentnhsnumber set status = '05'")
    assert history(number) == [
        ("02", "carer"),
        *((status.value, "trace") for status in NumberStatus),
        ("05", "trace"),
    ]
    ResidentNhsNumber.objects.update(valid_until=timezone.now(), ended_because="superseded")
    assert len(history(number)) == 10, "an end is no status"


@pytest.mark.parametrize("statement", ["update {} set status = '01'", "delete from {}"])
def test_the_history_is_never_changed(statement: str, run_sql: Connect) -> None:
    ResidentNhsNumber.objects.create(
        resident=factories.resident(nhs_number=None),
        number=factories.made_up_nhs_number(),
        status="02",
    )
    for login in ("owner", "pipeline"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            run_sql(login).execute(statement.format("identity_numberstatuschange"))


@pytest.mark.parametrize("said_by", [SaidBy.RESIDENT, SaidBy.CARER])
def test_a_number_on_a_residents_or_carers_word_is_never_verified(said_by: SaidBy) -> None:
    ruth = factories.resident(nhs_number=None)
    number = factories.made_up_nhs_number()
    made = ResidentNhsNumber.objects.create(
        resident=ruth, number=number, status="02", said_by=said_by
    )
    with pytest.raises(IntegrityError, match="number_is_verified_by_who_can"):
        ResidentNhsNumber.objects.filter(pk=made.pk).update(status="01")
    ResidentNhsNumber.objects.filter(pk=made.pk).update(status="01", said_by=SaidBy.TRACE)


def test_a_verified_number_is_one_residents_and_an_unverified_one_may_be_anybodys() -> None:
    number = factories.made_up_nhs_number()
    factories.resident(nhs_number=number)
    other = factories.resident(nhs_number=None)
    claimed = ResidentNhsNumber.objects.create(
        resident=other, number=number, status="02", said_by=SaidBy.RESIDENT
    )
    with pytest.raises(IntegrityError, match="number_live_once"):
        ResidentNhsNumber.objects.filter(pk=claimed.pk).update(status="01", said_by="trace")
    with pytest.raises(IntegrityError, match="resident_has_one_live_number"):
        ResidentNhsNumber.objects.create(
            resident=other, number=factories.made_up_nhs_number(), status="02"
        )


def test_a_number_ends_for_a_reason_and_only_then() -> None:
    ruth = factories.resident()
    with pytest.raises(IntegrityError, match="number_ends_for_a_reason"):
        ResidentNhsNumber.objects.filter(resident=ruth).update(ended_because="superseded")
