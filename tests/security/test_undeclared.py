"""A view that does not say who may open it opens for nobody: in production, not only in tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.conf import LazySettings
from django.test import Client

from launcher import ROOT
from launcher.checks import production_environment
from tests import factories
from tests.security.undeclared_urls import SECRET, UNDECLARED

AsLogin = Callable[[str], AbstractContextManager[None]]
ADDRESSES = [f"/undeclared/{name}" for name in UNDECLARED]
WITHOUT_PERMISSION = "/undeclared/api-without-permission"

#: Asks each address as production would, before any database is needed; prints what it answered.
IN_PRODUCTION = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.test import Client
settings.ROOT_URLCONF = "tests.security.undeclared_urls"
client = Client(headers={"host": "connect-care.example"})
found = {}
for address in sys.argv[1:]:
    for ask in (client.get, client.post):
        answer = ask(address, secure=True)
        found[f"{ask.__name__} {address}"] = [answer.status_code, answer.content.decode()]
print(json.dumps({"production": settings.PRODUCTION, "found": found}))
"""


@pytest.fixture
def _among_undeclared(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = "tests.security.undeclared_urls"


@pytest.mark.usefixtures("_among_undeclared")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "nurse"])
def test_a_view_without_a_door_is_refused(
    database: object, as_login: AsLogin, method: str, *, signed_in: bool
) -> None:
    client = Client()
    if signed_in:
        with as_login("pipeline"):
            nurse = factories.membership(as_role="nurse")
        client.force_login(nurse.staff)
    for address in ADDRESSES:
        answer = getattr(client, method)(address)
        words = answer.content.decode()
        assert answer.status_code == 403, address
        assert "Reason code: undeclared" in words, address
        assert SECRET not in words


@pytest.mark.usefixtures("_among_undeclared")
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_api_view_that_names_no_permission_denies_everybody(
    database: object, as_login: AsLogin, method: str
) -> None:
    with as_login("pipeline"):
        nurse = factories.membership(as_role="nurse")
    signed_in = Client()
    signed_in.force_login(nurse.staff)
    for client in (Client(), signed_in):
        answer = getattr(client, method)(WITHOUT_PERMISSION)
        assert answer.status_code == 403
        assert SECRET not in answer.content.decode()


def test_in_the_production_profile_nothing_undeclared_opens_either() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_PRODUCTION, *ADDRESSES, WITHOUT_PERMISSION],
        cwd=ROOT,
        env=os.environ
        | production_environment()
        | {"DJANGO_SETTINGS_MODULE": "connectcare.settings", "CONNECTCARE_LOGIN": "web"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    answered = json.loads(done.stdout)
    assert answered["production"]
    assert len(answered["found"]) == 2 * (len(ADDRESSES) + 1)
    for address, (status, words) in answered["found"].items():
        assert status == 403, address
        assert SECRET not in words
        if WITHOUT_PERMISSION not in address:
            assert "Reason code: undeclared" in words, address
