"""Every door that shows something of a record shows the same set, and every such door is here."""

from __future__ import annotations

import ast
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
from access.showing import SHOWING, shows_record
from organisations.models import StaffMember
from tests.proof.doors import DOORS, Asking
from tests.proof.making import Size, make_world
from tests.proof.reference import visible
from tests.proof.test_rows import rows
from tests.proof.worlds import NOW, Asked, Member, World
from tests.proof.writing import entry_id, resident_id, sitting_id, write

#: (staff member, resident, entry) triples that every door is asked about.
TRIPLES = 1_000
FEW = 200
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


def unregistered(of: Iterator[Callable[..., object]]) -> set[str]:
    named = {f"{view.__module__}.{view.__qualname__}" for view in of if reads_record(view)}
    return named - set(SHOWING.values())


def test_every_view_that_reads_a_record_is_registered() -> None:
    assert unregistered(views()) == set()
    assert sum(map(reads_record, views())) >= 3, "the walker finds too few to be believed"


def test_a_new_view_that_reads_a_record_is_noticed() -> None:
    @reading.reading_record
    def chart(request: Any, opened: Any, resident: Any) -> Any:
        raise NotImplementedError

    assert unregistered(iter([chart])) == {f"{chart.__module__}.{chart.__qualname__}"}


def test_every_registered_door_is_asked_below() -> None:
    assert set(SHOWING) == set(DOORS)


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
    registered = {where.rpartition(".")[0] for where in SHOWING.values()}
    assert calling == registered | COUNTS_ALONE


#: The proof of effect asks the selectors as well, and answers counts alone: it shows nothing.
COUNTS_ALONE = {"records.probing.walls"}
_SELECTORS = {
    "counts",
    "newest",
    "glance",
    "page_of",
    "entry",
    "matching",
    "named",
    "results_like",
    "extents",
    "places",
    "entries_within",
}


def _selects_entries(tree: ast.AST) -> bool:
    """Whether a module takes functions out of ``records.selectors``, under whatever name."""
    module_names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "records.selectors":
            if _SELECTORS & {alias.name for alias in node.names}:
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


def pairs(world: World, chance: Random) -> list[tuple[Asked, Member, set[int]]]:
    """Readers and residents, two that open for each that does not."""
    found = [
        (asked, member, {entry.id for entry in visible(world, asked)})
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
        asking = Asking(client, resident, entries)
        for name, way in DOORS.items():
            expected = {
                entry_id(entry.id)
                for entry in entries
                if entry.id in seen and entry.category in way.about
            }
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
