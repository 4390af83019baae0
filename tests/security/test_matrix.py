"""Walks every address of the portal as every persona, and compares with the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from access.doors import Door, door_of
from organisations.models import StaffMember
from organisations.shipped import ROLES
from tests import factories
from tests.security.matrix import MATRIX, Persona, Row

AsLogin = Callable[[str], AbstractContextManager[None]]

#: There are at least so many addresses: a resolver that found none would pass every other test.
FEWEST_ADDRESSES = 100


def every_pattern(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            yield from every_pattern(pattern)
        else:
            yield pattern


@pytest.fixture
def people(database: dict[str, str], as_login: AsLogin) -> dict[Persona, StaffMember]:
    """One of each persona, at one trust."""
    with as_login("pipeline"):
        trust = factories.organisation()
        roles = {
            each.code: factories.role(
                each.code,
                name=each.name,
                categories=each.categories,
                activities=each.activities,
            )
            for each in ROLES
        }
        found = {}
        for persona in Persona:
            if persona is Persona.ANONYMOUS:
                continue
            found[persona] = factories.staff(persona)
            if persona is Persona.NO_MEMBERSHIP:
                factories.membership(found[persona], trust, "nurse", state="ended")
            elif persona in (Persona.UNDECIDED, Persona.SUSPENDED):
                factories.membership(found[persona], trust, "nurse")
            else:
                factories.membership(found[persona], trust, roles[persona.value])
        factories.membership(found[Persona.UNDECIDED], trust, "doctor")
    return found


@pytest.fixture
def ask(people: dict[Persona, StaffMember], as_login: AsLogin) -> Callable[..., HttpResponse]:
    """``ask(persona, row)``: the answer to a request of their own session."""
    clients: dict[Persona, Client] = {}
    for persona in Persona:
        clients[persona] = client = Client()
        if persona in people:
            client.force_login(people[persona])
    cookies = {persona: client.cookies.output() for persona, client in clients.items()}
    with as_login("pipeline"):
        StaffMember.objects.filter(username=Persona.SUSPENDED).update(is_active=False)

    def request(persona: Persona, row: Row, method: str = "") -> HttpResponse:
        client = clients[persona]
        if persona in people and row.name == "sign-out":
            client = Client()  # this request ends a session; not the others'
            client.force_login(people[persona])
        return client.generic(method or row.method, reverse(row.name, kwargs=row.ids))

    assert len(set(cookies.values())) == len(people) + 1
    return request


def test_every_role_that_is_shipped_asks() -> None:
    assert {role.code for role in ROLES} <= set(Persona)


def test_every_address_has_a_door() -> None:
    patterns = list(every_pattern())
    assert len(patterns) >= FEWEST_ADDRESSES
    closed = [str(pattern.pattern) for pattern in patterns if door_of(pattern.callback) is None]
    assert closed == [], "declare @public, @signed_in or @needs(…) on these views"


def test_only_these_doors_are_public() -> None:
    public = {
        pattern.name
        for pattern in every_pattern()
        if isinstance(door := door_of(pattern.callback), Door) and door.public
    }
    assert public == {
        "participating-organisations",
        "about",
        "what-is-shared",
        "your-choices",
        "opt-out",
        "privacy-notice",
        "policies",
        "access-rules",
        "accessibility-statement",
        "sign-in",
        "sign-in-code",
        "first-sign-in",
        "first-sign-in-link",
        "sign-in-recovery",
        "add-app",
        "sign-in-passkey",
        "add-passkey",
        "sign-in-by",
        "launch",
        "sign-in-answer",
        "link-sign-in",
        "sign-out",
        "signed-out",
        "health-live",
        "health-ready",
        "health-proof",
        "health-feeds",
        "fhir-r4-metadata",
        "fhir-stu3-metadata",
    }


def test_the_table_has_every_address_and_no_other() -> None:
    there = {(pattern.name, method) for pattern in every_pattern() for method in ("GET", "POST")}
    assert all(name for name, _ in there), "every address has a name"
    rows = [(row.name, row.method) for row in MATRIX]
    assert len(rows) == len(set(rows))
    assert there - set(rows) == set(), "add rows for these to tests/security/matrix.py"
    assert set(rows) - there == set(), "these rows' addresses are gone: remove them"


def test_every_address_answers_every_persona_as_the_table_says(ask) -> None:
    wrong = []
    for row in MATRIX:
        for persona in Persona:
            answer = ask(persona, row)
            if answer.status_code != row.expected(persona):
                wrong.append(
                    f"{row.method} {row.name} as {persona}: {answer.status_code}, "
                    f"not {row.expected(persona)}"
                )
    assert wrong == []


def test_nobody_passes_a_door_with_another_method(ask) -> None:
    wrong = []
    for row in MATRIX:
        if row.method == "GET":
            for persona in Persona:
                for method in ("PUT", "DELETE"):
                    status = ask(persona, row, method).status_code
                    if status not in (302, 401, 403, 404, 405):
                        wrong.append(f"{method} {row.name} as {persona}: {status}")
    assert wrong == []


def test_no_answer_is_stored_or_runs_what_is_not_ours(ask) -> None:
    wrong = []
    for row in MATRIX:
        for persona in (Persona.ANONYMOUS, *row.allowed[:1], Persona.RECEPTIONIST):
            answer = ask(persona, row)
            policy = answer.get("Content-Security-Policy", "")
            stored = answer.get("Cache-Control", "") != "no-store"
            loose = "default-src 'none'" not in policy or "unsafe" in policy
            cookies = [
                each for each in answer.cookies.values() if each.value and not each["httponly"]
            ]
            if stored or loose or cookies or "http://" in policy or "https://" in policy:
                wrong.append(f"{row.method} {row.name} as {persona}")
    assert wrong == []
