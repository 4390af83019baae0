"""Proofs that failed: once in the list of every officer, told, handed up, closed when they hold."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import failed_proofs
from access.failed_proof_rows import FailedProof, ProofKind
from access.failed_proofs import PREFIX
from access.references import new_reference
from organisations.models import Membership
from records.probing import jobs
from tests import factories
from tests.access.watches import privacy_officer

CHOICE = "CC-ABC1234"
FOUND = "changed 0190c1de-0000-7000-8000-000000000001"


@pytest.fixture
def officer(database: object, as_login: Any) -> Membership:
    with as_login("pipeline"):
        trust = factories.organisation("Test trust", kind="nhs_trust")
    return privacy_officer(trust, as_login)


@pytest.fixture
def client(officer: Membership) -> Client:
    client = Client()
    client.force_login(officer.staff)
    return client


def row(as_login: Any) -> FailedProof:
    with as_login("pipeline"):
        return FailedProof.objects.get()


def fails(as_login: Any, kind: ProofKind = ProofKind.CHOICE) -> FailedProof:
    with as_login("pipeline"):
        failed_proofs.failed(kind, CHOICE)
    return row(as_login)


def tell(as_login: Any, days: int = 0) -> int:
    with as_login("pipeline"):
        return failed_proofs.tell(timezone.now() + timedelta(days=days))


def page(client: Client, name: str, *arguments: UUID) -> str:
    answer = client.get(reverse(name, args=arguments))
    assert answer.status_code == 200
    main = BeautifulSoup(answer.content, "html.parser").main
    assert main is not None
    return " ".join(main.get_text(" ").split())


def test_one_is_open_however_often_it_fails_and_is_told_once(client: Client, as_login: Any) -> None:
    fails(as_login)
    assert fails(as_login).times == 2
    assert [tell(as_login), tell(as_login)] == [1, 0]
    (message,) = mail.outbox
    assert message.to == ["anita@officers.example"]
    assert CHOICE not in message.body, "a reference of its own"
    listed = page(client, "failed-proofs")
    assert row(as_login).reference in listed
    assert CHOICE in listed


def test_the_clock_hands_it_up_once(client: Client, as_login: Any) -> None:
    fails(as_login)
    assert [tell(as_login), tell(as_login, 7), tell(as_login, 8)] == [1, 1, 0]
    assert "is late" in mail.outbox[-1].subject


def test_it_is_looked_into_and_closed_once_it_holds_again(client: Client, as_login: Any) -> None:
    proof = fails(as_login)
    address = reverse("failed-proof", args=[proof.public_id])
    words = {"words": "A release took a wall away"}
    client.post(address, {"outcome": "investigate", **words})
    assert "looked into by Anita Rao" in page(client, "failed-proofs")
    refused = client.post(address, {"outcome": "repaired", **words}).content.decode()
    assert "not yet found to hold again" in refused
    with as_login("pipeline"):
        failed_proofs.held(ProofKind.CHOICE, CHOICE)
    assert client.post(address, {"outcome": "repaired", **words}).status_code == 302
    assert row(as_login).closed is not None
    assert "Repaired, and proven again" in page(client, "failed-proof", proof.public_id)
    with as_login("pipeline"):
        failed_proofs.failed(ProofKind.CHOICE, CHOICE)
        assert FailedProof.objects.filter(closed__isnull=True).count() == 1, "and it is a new one"


@pytest.mark.parametrize(
    ("shown", "faults", "readers", "kinds"),
    [
        ({"row-security": 2}, 0, 3, {ProofKind.CHOICE}),
        ({}, 1, 3, {ProofKind.PROBE}),
        ({}, 0, 3, set()),
        ({}, 0, 0, set()),
    ],
)
def test_probes_say_what_they_found(
    officer: Membership,
    as_login: Any,
    shown: dict[str, int],
    faults: int,
    readers: int,
    kinds: set[ProofKind],
) -> None:
    findings: Any = SimpleNamespace(shown=shown, faults=faults, readers=readers)
    with as_login("pipeline"):
        jobs._note_for_officers(CHOICE, findings)
        raised = FailedProof.objects.filter(closed__isnull=True)
        assert set(raised.values_list("kind", flat=True)) == kinds


def test_whoever_verifies_the_audit_says_what_was_found_and_no_more(
    client: Client, as_login: Any, run_sql: Any
) -> None:
    sealer = run_sql("sealer")
    for found in (FOUND, FOUND, ""):
        sealer.execute("select access.audit_was_verified(%s, %s)", [found, new_reference(PREFIX)])
        sealer.commit()
    proof = row(as_login)
    assert (proof.kind, proof.about, proof.times) == (ProofKind.AUDIT, FOUND, 2)
    assert proof.held is not None
    assert "it holds again" in page(client, "failed-proof", proof.public_id)
    for statement in (
        "select * from access_failedproof",
        "select access.note_failed_proof(1, 1, null, 'repaired', 'It is nothing.', null)",
    ):
        with pytest.raises(Exception, match="permission denied"):
            sealer.execute(statement)
        sealer.rollback()


def test_the_web_reaches_neither_table(officer: Membership) -> None:
    for table in ("access_failedproof", "access_failedproofnote"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"select * from {table}")
