"""A browser, the portal's real processes, and a small region for them.

All of it lives as long as this folder's tests, and is gone before others run: a browser's event
loop, a worker that listens, and rows in the database are no company for them.
"""

from __future__ import annotations

import io
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserType, Playwright, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from connectcare.demo import PASSWORD
from connectcare.environment import Profile
from feeds import actions as feeds
from launcher.data import Data
from launcher.demo import processes, wait_until_ready
from launcher.given import NAMES
from organisations import actions as registry
from organisations.models import Organisation, Role, Team
from tests.brokers import database_of_our_own
from tests.browser.deliveries import CROWD, PRACTICE, ndjson, patient
from tests.browser.visitor import Visitor
from tests.conftest import AsLogin
from tests.numbers_told import of_note_in

#: Who is suspended while signed in.
LEAVER = "leaver"
#: At the council whose use of the NHS number a resident of note objects to.
LEWISHAM_WORKER = "lewisham-social-worker"
RECEPTIONIST = "receptionist"
#: Who adds an authenticator app.
WITH_APP = "with-app"
#: Who adds a passkey.
WITH_PASSKEY = "with-passkey"
NO_ROLE = "no-role"
#: Scrutinises deaths at the hospital trust.
EXAMINER = "medical-examiner"

#: Somebody who finds residents, and whom no other test needs.
SEARCHER = "searcher"
SEARCHES_PER_MINUTE = 150

#: Nudges of other tests' databases go through the same broker, in its database 0.
BROKER_DATABASE = 7

#: The portal's, and that answers name their templates.
SETTINGS = "tests.browser.settings"

HERE = Path(__file__).parent
#: What it asserts is what the others of this folder have done.
LAST = HERE / "test_every_page.py"

Visit = Callable[..., Visitor]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what is to be last be last of this folder, by whichever order it was found."""
    ours = [nth for nth, item in enumerate(items) if item.path.parent == HERE]
    ordered = sorted((items[nth] for nth in ours), key=lambda item: item.path == LAST)
    for nth, item in zip(ours, ordered, strict=True):
        items[nth] = item


@pytest.fixture
def whole_folder(request: pytest.FixtureRequest) -> bool:
    """Whether all of this folder's tests run here, and not some that somebody chose."""
    options = request.config.option
    chosen = (
        options.keyword or options.markexpr or any("::" in each for each in options.file_or_dir)
    )
    found = {item.path for item in request.session.items}
    return not chosen and found >= set(HERE.glob("test_*.py"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path, or a visible skip with the reason why there is none."""
    path = os.environ.get("TEST_CHROMIUM")
    if not path:
        pytest.skip(os.environ.get("TEST_CHROMIUM_ABSENT") or "TEST_CHROMIUM names no browser")
    return path


# The plugin's fixtures live as long as the session, and so would their event loop, in which
# Django refuses to ask the database. These four are the plugin's, for this folder alone.
@pytest.fixture(scope="package")
def playwright(chromium: str) -> Iterator[Playwright]:
    """The driver."""
    with sync_playwright() as driver, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield driver


@pytest.fixture(scope="package")
def browser_type(playwright: Playwright, browser_name: str) -> BrowserType:
    """Chromium, unless an option of the plugin says otherwise."""
    chosen: BrowserType = getattr(playwright, browser_name)
    return chosen


@pytest.fixture(scope="package")
def browser(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], chromium: str
) -> Iterator[Browser]:
    """Without its sandbox, which root and many containers refuse it: it reads our pages alone."""
    options = {"executable_path": chromium, **browser_type_launch_args}
    launched = browser_type.launch(args=["--no-sandbox", "--disable-dev-shm-usage"], **options)
    yield launched
    launched.close()


@pytest.fixture(scope="package")
def browser_context_args() -> dict[str, Any]:
    """How every context is made."""
    return {"locale": "en-GB", "timezone_id": "Europe/London"}


@pytest.fixture(scope="package")
def region(
    _migrated: dict[str, str],
    as_login: AsLogin,
    empty_database: Callable[[], None],
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The demo's registry, staff and people of note, through the real pipeline."""
    with django_db_blocker.unblock():
        try:
            with as_login("pipeline"):
                call_command("make_demo_region", residents=1, stdout=io.StringIO())
                _add_staff()
                _load(ndjson([patient(each) for each in CROWD]))
            yield
        finally:
            empty_database()


def _add_staff() -> None:
    """People whom the demo does without."""
    practice = Organisation.objects.get(ods_code=PRACTICE)
    lewisham = Organisation.objects.get(ods_code="LBL01")
    _add(LEAVER, "Noor Aziz", practice, "doctor", f"{PRACTICE}-GP")
    _add(LEWISHAM_WORKER, "Ines Duarte", lewisham, "social-worker", "LBL01-NORTH")
    _add(SEARCHER, "Wanda Pole", practice, "doctor", f"{PRACTICE}-GP")
    _add(WITH_APP, "Asha Bello", practice, "doctor", f"{PRACTICE}-GP")
    _add(WITH_PASSKEY, "Bram Achebe", practice, "doctor", f"{PRACTICE}-GP")
    trust = Organisation.objects.get(ods_code="RJ2")
    _add(EXAMINER, "Dr Olu Bankole", trust, "medical-examiner")
    _add(RECEPTIONIST, "Paul Whitcombe", practice, "receptionist")
    registry.create_staff(by=None, username=NO_ROLE, name="Mei Tan", password=PASSWORD)


def _add(username: str, name: str, at: Organisation, role: str, team: str = "") -> None:
    staff = registry.create_staff(by=None, username=username, name=name, password=PASSWORD)
    registry.add_membership(
        by=None,
        staff=staff,
        organisation=at,
        role=Role.objects.get(code=role),
        team=Team.objects.get(organisation=at, code=team) if team else None,
    )


def _load(content: bytes) -> None:
    file = feeds.File("crowd.ndjson", io.BytesIO(content))
    batch = feeds.receive([file], feed=feeds.feed_of(PRACTICE, "fhir-r4"), by=None)
    feeds.load(batch.pk)


@pytest.fixture(scope="package")
def portal(chromium: str, region: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The portal's address. The web and the worker are the demo's, on this worker's database."""
    port = _free_port()
    environment = {name: os.environ[name] for name in NAMES if name in os.environ}
    environment["CONNECTCARE_PROFILE"] = Profile.DEMO  # which every page names
    environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
    # The same few people search for all of these tests.
    environment["SEARCHES_PER_MINUTE"] = str(SEARCHES_PER_MINUTE)
    environment["REDIS_URL"] = database_of_our_own(environment["REDIS_URL"], BROKER_DATABASE)
    data = Data(tmp_path_factory.mktemp("portal") / "data")
    children = [
        child for child in processes(data, environment, port) if child.name in ("web", "worker")
    ]
    try:
        for child in children:
            child.start()
        wait_until_ready(port, children)
        yield f"http://127.0.0.1:{port}"
    finally:
        for child in reversed(children):
            child.stop()
    told = [line for child in children for line in of_note_in(child.log.read_text())]
    assert told == [], "the portal's processes logged who somebody is"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def visit(portal: str, new_context: Callable[..., Any]) -> Iterator[Visit]:
    """``visit()`` is somebody at a browser of their own; nothing may go wrong in it unseen."""
    visitors: list[Visitor] = []

    def begin(*, checked: bool = True, **options: Any) -> Visitor:
        visitors.append(Visitor(new_context(**options), portal, checked=checked))
        return visitors[-1]

    yield begin
    assert [fault for visitor in visitors for fault in visitor.faults] == []
