"""What is known of visits, appointments and documents from all their messages so far.

A course is a register for each thing that can be told: its latest value, and for when it was told.
Folding messages in is the same in any order, and the same message again changes nothing: of two
tellings the later counts, and of two for one instant always the same one. See ADR 20.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from feeds.formats import Composer
from feeds.mapped import Item, Mapped, Told
from feeds.models import Course
from identity.sealed import seal, unseal
from organisations.models import Organisation

#: By name: for when it was told, as text that sorts, and the value.
Registers = dict[str, tuple[str, Any]]

_PURPOSE = "course"


def fold(held: Registers, told: Mapping[str, tuple[str, Any]]) -> bool:
    """Take in what a message tells; whether anything changed."""
    changed = False
    for name, (at, value) in told.items():
        before = held.get(name)
        if before is None or _order(at, value) > _order(*before):
            held[name] = (at, value)
            changed = True
    return changed


def _order(at: str, value: Any) -> tuple[str, str]:
    return at, json.dumps(value, sort_keys=True)


def values(held: Registers) -> dict[str, Any]:
    """What is known, without the times for which it was told."""
    return {name: value for name, (_, value) in held.items()}


def composed(
    items: list[Item],
    *,
    source: Organisation,
    compose: Composer | None,
    sensitive_codes: frozenset[str],
) -> tuple[list[Item], set[int]]:
    """The items with the entries of what they told, and where those stand that told news.

    Run inside the transaction that writes the entries, under the source's lock.
    """
    said = [each for item in items for each in _told(item)] if compose is not None else []
    if compose is None or not said:
        return items, set()
    held = _read(source.pk, said)
    made = list(items)
    news: set[int] = set()
    changed: set[str] = set()
    for position, item in enumerate(items):
        outcome = item.outcome
        if not isinstance(outcome, Mapped) or not outcome.told:
            continue
        entries = list(outcome.entries)
        for told in outcome.told:
            if fold(held[told.identifier], told.said):
                changed.add(told.identifier)
                news.add(position)
            entries += compose(
                told.identifier,
                values(held[told.identifier]),
                source_kind=source.kind,
                sensitive_codes=sensitive_codes,
            )
        made[position] = replace(item, outcome=replace(outcome, entries=tuple(entries)))
    _write(source.pk, {each: held[each] for each in changed})
    return made, news


def _told(item: Item) -> tuple[Told, ...]:
    return item.outcome.told if isinstance(item.outcome, Mapped) else ()


def _read(source: int, told: Iterable[Told]) -> dict[str, Registers]:
    """The courses that these messages are of, as they are held; empty ones for new ones."""
    wanted = {each.identifier for each in told}
    found: dict[str, Registers] = {identifier: {} for identifier in wanted}
    for course in Course.objects.filter(source=source, identifier__in=wanted):
        kept = json.loads(unseal(course.state, purpose=_PURPOSE))
        found[course.identifier] = {name: (at, value) for name, (at, value) in kept.items()}
    return found


def _write(source: int, courses: Mapping[str, Registers]) -> None:
    """Keep what changed. Run inside the transaction that writes the entries, under their lock."""
    Course.objects.bulk_create(
        [
            Course(
                source_id=source,
                identifier=identifier,
                state=seal(json.dumps(held).encode(), purpose=_PURPOSE),
            )
            for identifier, held in sorted(courses.items())
        ],
        update_conflicts=True,
        unique_fields=["source", "identifier"],
        update_fields=["state"],
    )
