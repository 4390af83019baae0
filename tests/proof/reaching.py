"""Which functions of the house come to a given one, read from the sources: by calls, by decorators.

A name that a function's text mentions is taken as one that it uses. So more is found than is so,
where a name is mentioned and never called, and nothing less but what is called by an object's own
method.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def reaching(root: Path, apps: Iterable[str], targets: set[str]) -> set[str]:
    """Everything that is defined at the top of a module and comes to one of these, by dotted name.

    :param targets: dotted names, such as ``access.gate.consider``.
    """
    users: dict[str, set[str]] = defaultdict(set)
    for app in apps:
        for path in sorted((root / app).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            for user, used in uses(module, ast.parse(path.read_text(encoding="utf-8"))):
                users[used].add(user)
    found: set[str] = set()
    waiting = set(targets)
    while waiting:
        new = users[waiting.pop()] - found
        found |= new
        waiting |= new
    return found


def uses(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each thing at the top of a module, with the dotted names that its text mentions."""
    known = _known(module, tree)
    for defined in tree.body:
        if isinstance(defined, Defined):
            for node in ast.walk(defined):
                for dotted in _mentioned(node, known):
                    yield f"{module}.{defined.name}", dotted


def _known(module: str, tree: ast.Module) -> dict[str, str]:
    """What the names of a module stand for, wherever in it they are imported."""
    known = {each.name: f"{module}.{each.name}" for each in tree.body if isinstance(each, Defined)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
    return known


def _mentioned(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    if isinstance(node, ast.Name) and node.id in known:
        yield known[node.id]
    elif isinstance(node, ast.Attribute):
        names = [node.attr]
        inner = node.value
        while isinstance(inner, ast.Attribute):
            names.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in known:
            yield ".".join([known[inner.id], *reversed(names)])
