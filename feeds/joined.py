"""Records that a source says are one person's: joined by the one path of ``identity``."""

from __future__ import annotations

from collections.abc import Iterable

from access import actions as access
from feeds.mapped import Item, Mapped
from identity.joining import SourceMerged, merge_source_persons
from identity.models import SourcePerson
from organisations.models import Organisation

#: Of several answers to one item the first of these tells what became of it.
_FIRST = (SourceMerged.NOT_KNOWN, SourceMerged.MERGED, SourceMerged.ASKED, SourceMerged.SAME)


def replaced_in(items: Iterable[Item]) -> set[str]:
    """The identifiers of records that items say are another's, to be locked with the others."""
    return {
        prior
        for item in items
        if isinstance(item.outcome, Mapped)
        for prior in item.outcome.replaces
    }


def join_records(items: list[Item], source: Organisation) -> dict[int, SourceMerged]:
    """Join what items of these say is joined; by position, what came of it.

    Both records stay, and the residents are joined or a question is asked
    (:func:`identity.joining.merge_source_persons`). Run inside the transaction that is open, after
    the persons were received.
    """
    found: dict[int, SourceMerged] = {}
    merged: list[str] = []
    for position, item in enumerate(items):
        outcome = item.outcome
        if not isinstance(outcome, Mapped) or outcome.person is None or not outcome.replaces:
            continue
        surviving = outcome.person.identifier
        answers = [
            merge_source_persons(source=source, prior=prior, surviving=surviving)
            for prior in outcome.replaces
        ]
        found[position] = next(each for each in _FIRST if each in answers)
        if SourceMerged.MERGED in answers:
            merged.append(surviving)
    if merged:
        persons = SourcePerson.objects.filter(source=source, identifier__in=merged)
        access.relationships_are_due(list(persons.values_list("resident", flat=True)))
    return found
