"""Every door that shows something of a record shows the same set, and every such door is here."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from access import reading, sittings
from access.middleware import SESSION_KEY
from access.showing import NAMES_PEOPLE_ALONE, SHOWING, shows_record, where_of
from organisations.models import StaffMember
from records import selectors
from records.probing import walls
from tests.proof.doors import DOORS, Asking, nothing
from tests.proof.making import Size, make_world
from tests.proof.reaching import reaching
from tests.proof.reference import visible
from tests.proof.test_rows import rows
from tests.proof.worlds import NOW, Asked, Entry, Member, World
from tests.proof.writing import entry_id, resident_id, sitting_id, write

#: (staff member, resident, entry) triples that every door is asked about.
TRIPLES = 1_000
FEW = 200
#: Whoever comes to one of these decides about a resident.
THE_GATE = {"access.gate.consider", "access.gate.consider_many", "access.gate.open_record"}
#: Tasks that do, and why nothing of a record is in what they send.
TASKS_THAT_ASK = {
    "notifications.tasks.tell_teams": "the same words to each team, if there is anything at all",
}
SIZE = Size(bodies=6, members=12, residents=10, entries=6)


# ── The registry ────────────────────────────────────────────────────────────────────────────


def views() -> Iterator[Callable[..., object]]:
    def walk(resolver: URLResolver) -> Iterator[URLPattern]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern)
            else:
                yield pattern

    for pattern in walk(get_resolver()):
        yield pattern.callback


def reads_record(view: Any) -> bool:
    """Whether ``@reading_record`` is among a view's decorators."""
    while view is not None:
        code = getattr(view, "__code__", None)
        if code is not None and code.co_filename == reading.__file__:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def asking_the_gate(targets: set[str] = THE_GATE) -> set[str]:
    """Everything of the house that comes to the gate, by decorators and calls."""
    root = Path(settings.BASE_DIR)
    apps = [app for app in settings.INSTALLED_APPS if (root / app).is_dir()]
    return reaching(root, apps, targets)


def unregistered(of: Iterator[Callable[..., object]]) -> set[str]:
    asking = asking_the_gate()
    named = {where_of(view) for view in of if reads_record(view) or where_of(view) in asking}
    return named - set(SHOWING.values())


def test_every_view_that_asks_the_gate_about_a_resident_is_registered() -> None:
    assert unregistered(views()) == set()
    assert sum(map(reads_record, views())) >= 3, "the walker finds too few to be believed"
    # Found by calls alone: none of them is a decorator of a view.
    assert asking_the_gate({"access.gate.consider_many"}) >= {
        "notifications.views.inbox",
        "access.views_mine.mine",
    }


def test_a_new_view_that_reads_a_record_is_noticed() -> None:
    @reading.reading_record
    def chart(request: Any, opened: Any, resident: Any) -> Any:
        raise NotImplementedError

    assert unregistered(iter([chart])) == {where_of(chart)}


def test_a_new_view_that_asks_by_way_of_another_module_is_noticed(tmp_path: Path) -> None:
    for name, words in {
        "lists": "from access import gate as wall\n\ndef known(who):\n"
        "    return [wall.consider(who, each) for each in who]\n",
        "views": "from letters import lists\n\ndef letter(request):\n"
        "    return page(lists.known(request))\n\ndef about(request):\n    return 1\n",
    }.items():
        path = tmp_path / "letters" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(words, encoding="utf-8")
    found = reaching(tmp_path, ["letters"], THE_GATE)
    assert found == {"letters.lists.known", "letters.views.letter"}


def test_what_works_in_the_background_and_asks_the_gate_shows_nothing() -> None:
    """A task or command has no page that could be asked about once more: each says why not."""
    asking = {each for each in asking_the_gate() if re.search(r"\.(tasks|management)\.", each)}
    assert asking == set(TASKS_THAT_ASK)


@pytest.fixture(autouse=True)
def _views_are_loaded() -> None:
    """What registers itself does so when it is imported."""
    assert list(views())


def test_every_registered_door_is_asked_below() -> None:
    assert set(SHOWING) == set(DOORS)


def test_what_names_people_alone_is_to_show_no_entry_and_nothing_else_is() -> None:
    assert {name for name, way in DOORS.items() if way.shows is nothing} == NAMES_PEOPLE_ALONE


def test_the_proof_of_effect_asks_every_selector() -> None:
    assert set(walls.SELECTORS) == selector_names()


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="another name"):
        shows_record("record")(lambda: None)


def test_entries_are_selected_where_doors_are_registered_and_nowhere_else() -> None:
    """A task or an export would not be a view: whoever calls the selectors is registered too."""
    root = Path(settings.BASE_DIR)
    calling = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for app in settings.INSTALLED_APPS
        if (root / app).is_dir()
        for path in (root / app).rglob("*.py")
        if _selects_entries(ast.parse(path.read_text(encoding="utf-8")))
    }
    reading_records = {where_of(view).rpartition(".")[0] for view in views() if reads_record(view)}
    assert calling == reading_records | COUNTS_ALONE


#: The proof of effect asks the selectors as well, and answers counts alone: it shows nothing.
COUNTS_ALONE = {"records.probing.walls"}


def selector_names() -> set[str]:
    """Whatever ``records.selectors`` reads of an open record."""
    return {
        name
        for name, function in inspect.getmembers(selectors, inspect.isfunction)
        if function.__module__ == selectors.__name__
        and not name.startswith("_")
        and next(iter(inspect.signature(function).parameters), "") == "opened"
    }


def _selects_entries(tree: ast.AST) -> bool:
    """Whether a module takes functions out of ``records.selectors``, under whatever name."""
    module_names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "records.selectors":
            if selector_names() & {alias.name for alias in node.names}:
                return True
        elif isinstance(node, ast.ImportFrom) and node.module == "records":
            module_names |= {
                alias.asname or alias.name for alias in node.names if alias.name == "selectors"
            }
        elif isinstance(node, ast.Import) and "records.selectors" in {
            alias.name for alias in node.names
        }:
            return True
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in module_names
        for node in ast.walk(tree)
    )


# ── One set ─────────────────────────────────────────────────────────────────────────────────


def reader(member: Member) -> Client:
    client = Client()
    client.force_login(StaffMember.objects.get(pk=member.staff))
    session = client.session
    session[SESSION_KEY] = member.id
    session[sittings.SESSION_KEY] = str(sitting_id(1))
    session.save()
    return client


def pairs(world: World, chance: Random) -> list[tuple[Asked, Member, frozenset[Entry]]]:
    """Readers and residents, two that open for each that does not."""
    found = [
        (asked, member, visible(world, asked))
        for member in world.members
        for resident in world.residents
        for asked in [Asked(member.staff, member.id, resident, NOW)]
    ]
    chance.shuffle(found)
    shown = [each for each in found if each[2]]
    return shown + [each for each in found if not each[2]][: len(shown) // 2]


def ask_every_door(world: World, most: int) -> int:
    """Compare what every door shows with the second model; how many triples that were."""
    triples = 0
    for asked, member, seen in pairs(world, Random(1)):
        entries = [entry for entry in world.entries if entry.resident == asked.resident]
        client = reader(member)
        resident = resident_id(asked.resident)
        client.post(reverse("open-record"), {"resident": str(resident)})
        asking = Asking(client, resident, entries, world, asked)
        for name, way in DOORS.items():
            shown = seen if way.shows is visible else way.shows(world, asked)
            expected = {entry_id(entry.id) for entry in shown if entry.category in way.about}
            assert way.ask(asking) == expected, (name, asked)
        triples += len(entries)
        if triples >= most:
            break
    return triples


def test_every_door_shows_one_set(database: object, as_login: Any) -> None:
    world = make_world(Random(3), SIZE)
    write(world, as_login)
    assert ask_every_door(world, TRIPLES) >= TRIPLES


def test_with_row_security_switched_off_every_door_shows_the_same_set(
    database: object, as_login: Any, run_sql: Callable[[str], psycopg.Connection]
) -> None:
    """The gate withholds by itself: the wall is down, and nothing more is shown."""
    world = make_world(Random(3), SIZE)
    write(world, as_login)
    walls = run_sql("admin")
    tables = [
        name
        for (name,) in walls.execute(
            "select relname from pg_class where relrowsecurity and relkind = 'r'"
        ).fetchall()
    ]
    try:
        for table in tables:
            walls.execute(f"alter table {table} disable row level security")
        walls.commit()
        assert len(rows()) == len(world.entries), "the wall is down"
        assert ask_every_door(world, FEW) >= FEW
    finally:
        for table in tables:
            walls.execute(f"alter table {table} enable row level security")
        walls.commit()
    assert rows() == set(), "the wall is up again"
