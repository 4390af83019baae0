"""Small wrongs in the pure modules of ``access``, one at a time, and whether the tests notice.

    MUTANTS=all bin/test tests/proof/test_mutants.py -n 0

Each mutant is a module with one change of its syntax tree. A fork of this process, which is
nobody's test run, puts it in the module's place before anything imports it, runs the tests that
need no database, and says by its exit code whether one failed.
"""

from __future__ import annotations

import ast
import copy
import importlib.abc
import importlib.util
import os
import resource
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import django
import hypothesis  # noqa: F401 - once here, and not in every fork
import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    "access.rules",
    "access.bases",
    "access.relationships",
    "access.decision",
    "access.kept_facts",
)
#: Tests that need no database, the quickest first.
TESTS = (
    "tests/access/test_rules.py",
    "tests/access/test_relationships.py",
    "tests/access/test_disclosure_rule.py",
    "tests/access/test_glass_rule.py",
    "tests/access/test_kept_facts.py",
    "tests/proof/test_pure.py",
)
#: The share that must be noticed.
SHARE = 0.95
#: A mutant that runs for ever is noticed as well.
SECONDS = 60

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
}


@dataclass(frozen=True)
class Mutant:
    """One module with one change."""

    module: str
    line: int
    what: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.what}"


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its text."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = _annotations(tree)
    for number, node in enumerate(ast.walk(tree)):
        if node in said:
            continue
        for change in range(_changes(node)):
            copied = copy.deepcopy(tree)
            place = next(each for n, each in enumerate(ast.walk(copied)) if n == number)
            before = ast.unparse(place)
            _change(place, change)
            what = f"{before!r} → {ast.unparse(place)!r}"
            yield Mutant(
                module, getattr(node, "lineno", 0), what, ast.fix_missing_locations(copied)
            )


def _annotations(tree: ast.Module) -> set[ast.AST]:
    """What types say, and names of types: nothing of it runs."""
    types = [
        getattr(node, field)
        for node in ast.walk(tree)
        for field in ("annotation", "returns")
        if getattr(node, field, None) is not None
    ]
    aliases = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
    ]
    return {part for each in (*types, *aliases) for part in ast.walk(each)}


def _changes(node: ast.AST) -> int:
    """In how many ways a node is changed; words are not."""
    if isinstance(node, ast.Compare):
        return sum(type(each) in _COMPARED for each in node.ops)
    if isinstance(node, ast.BoolOp | ast.IfExp):
        return 1
    if isinstance(node, ast.BinOp):
        return int(type(node.op) in _COUNTED)
    if isinstance(node, ast.UnaryOp):
        return int(isinstance(node.op, ast.Not))
    if isinstance(node, ast.Constant):
        return int(isinstance(node.value, bool | int))
    if isinstance(node, ast.Return):
        return int(isinstance(node.value, ast.Call | ast.Attribute | ast.IfExp))
    if isinstance(node, ast.Continue):
        return 1
    if isinstance(node, ast.Tuple | ast.Set):
        return len(node.elts) if isinstance(getattr(node, "ctx", ast.Load()), ast.Load) else 0
    return 0


def _change(node: Any, number: int) -> None:
    match node:
        case ast.Compare():
            node.ops[number] = _COMPARED[type(node.ops[number])]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
        case ast.BinOp():
            node.op = _COUNTED[type(node.op)]()
        case ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant():
            node.value = not node.value if isinstance(node.value, bool) else node.value + 1
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Continue():
            node.__class__ = ast.Pass
        case ast.Tuple() | ast.Set():
            del node.elts[number]


#: What holds on to the modules that are changed, if importing the applications imported it.
_STANDING = {*MODULES, "access.facts", "access.gate", "access.actions"}


class _InPlace(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the mutant where its module is asked for."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self.mutant.module:
            return None
        return importlib.util.spec_from_loader(name, self, origin="a mutant")

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.mutant.tree, "a mutant", "exec"), module.__dict__)


def survivors(tried: Sequence[Mutant], *, at_once: int) -> list[Mutant]:
    """The mutants that no test notices; each is asked about in a fork of this process."""
    found, running = [], dict[int, Mutant]()
    waiting = list(tried)
    while waiting or running:
        while waiting and len(running) < at_once:
            mutant = waiting.pop(0)
            child = os.fork()
            if child == 0:
                os._exit(_run(mutant))
            running[child] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        if status == 0:
            found.append(mutant)
    return found


def _run(mutant: Mutant) -> int:
    """In the child: the exit code of the tests with the mutant in place."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    for name in _STANDING & set(sys.modules):
        del sys.modules[name]
    sys.meta_path.insert(0, _InPlace(mutant))
    try:
        options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore"]
        return int(pytest.main([*options, *(str(ROOT / test) for test in TESTS)]))
    except BaseException:  # noqa: BLE001 - whatever stops the tests is a mutant that was noticed
        traceback.print_exc()
        return 1


def main(few: int) -> int:
    """Try all mutants, or a few; print the share that was noticed and name the survivors."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "connectcare.settings"
    django.setup()
    unchanged = ast.parse((ROOT / "access" / "rules.py").read_text(encoding="utf-8"))
    if not survivors([Mutant("access.rules", 0, "unchanged", unchanged)], at_once=1):
        sys.stdout.write("The tests fail where nothing is changed.\n")
        return 2
    every = [mutant for module in MODULES for mutant in mutants(module)]
    tried = Random(few).sample(every, few) if few else every
    left = survivors(tried, at_once=os.cpu_count() or 1)
    share = 1 - len(left) / len(tried)
    sys.stdout.write(
        f"{len(tried)} of {len(every)} mutants tried, {share:.1%} noticed.\n"
        + "".join(f"survived: {mutant}\n" for mutant in left)
    )
    return int(share < SHARE)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
