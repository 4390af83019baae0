"""Who names the entry table in a statement of its own: import-linter sees the model alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

_ENTRIES = re.compile(r"\brecords_entry\b")

#: The modules that may, and why each of them does.
ALLOWED = {
    "records.selectors": "reads what an opening grants; the only way to a page",
    "records.actions": "writes what a delivery brings, in one copy",
    "records.retiring": "ends what a full extract has no more, in one update; shows nothing",
    "records.probing.walls": "asks whether row security lets out what is withheld; counts alone",
    "records.probing.question": "finds what a probe looks for, with the pipeline's login",
    "records.probing.canaries": "makes the entries of the canaries, who are made up",
    "subject_access.held": "reads a person's own record for themselves, with the pipeline's login",
    "connectcare.health": "asks the catalogue whether the table is walled; reads no row",
}
#: SQL of the table itself. The gate may not read it (tests/proof/test_catalogue.py).
ALLOWED_SQL = {
    "records/sql": "the table's own",
    "keeping/sql/0002_retention.sql": "tells whose time is over; lets none go without it",
}


def naming_entries(tree: ast.AST) -> bool:
    """Whether any text of a module names the table, be it a part of an f-string."""
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _ENTRIES.search(node.value) is not None
        for node in ast.walk(tree)
    )


def sources(suffix: str) -> Iterator[tuple[str, Path]]:
    """Every file of the house, without its migrations, which run once and as the owner."""
    root = Path(settings.BASE_DIR)
    for app in [*settings.INSTALLED_APPS, "connectcare", "launcher", "region", "fhir"]:
        if (root / app).is_dir():
            for path in (root / app).rglob(f"*{suffix}"):
                relative = path.relative_to(root)
                if "migrations" not in relative.parts:
                    yield relative.as_posix(), path


def test_only_these_modules_name_the_entry_table_in_a_statement() -> None:
    found = {
        name.removesuffix(".py").replace("/", ".")
        for name, path in sources(".py")
        if naming_entries(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set(ALLOWED), "go through records.selectors or records.actions"


def test_only_this_sql_names_it() -> None:
    found = {
        name if name in ALLOWED_SQL else name.rpartition("/")[0]
        for name, path in sources(".sql")
        if _ENTRIES.search(re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8")))
    }
    assert found == set(ALLOWED_SQL)


def test_a_statement_in_pieces_is_found() -> None:
    assert naming_entries(ast.parse('x = f"select {columns} from records_entry where {more}"'))
    assert not naming_entries(ast.parse('x = "select * from records_entryreport"'))
