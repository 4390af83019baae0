"""Each wall asked by itself, so that none hides behind another that still stands.

- The **decision** withholds, whatever the database would do.
- **Keys in force**: an opening that a decision without the choice would have written grants nothing
  that is withheld. The database counts that by itself.
- **Rows**: not one comes out of the entry table, neither to such an opening nor without any.
- The **selectors** ask for granted keys alone, also for a login that row security does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from django.db import connection

from access import facts as facts_of
from access.acting import Acting
from access.decision import Decision
from access.gate import Opened
from access.possible_readers import with_glass
from access.rules import decide
from identity.protected import Redaction
from organisations.categories import Category
from records import selectors
from records.probing.question import Sample
from records.sections import SECTION_OF


def decided(acting: Acting, resident: UUID, *, glass: bool = False) -> tuple[Decision, Decision]:
    """What the rule says now, and what it would say if the resident had said nothing.

    :param glass: the second with glass broken, though that may have been refused.
    """
    facts = facts_of.read(
        staff_id=acting.staff_id,
        membership_id=acting.membership_id,
        resident=resident,
        sitting=acting.sitting,
    )
    silent = replace(facts, refusals=frozenset())
    return decide(facts), decide(with_glass(silent) if glass and not facts.glasses else silent)


def granted(decision: Decision, withheld: set[int]) -> int:
    """How many withheld keys a decision grants."""
    return len(withheld.intersection(decision.keys))


def forge_opening(acting: Acting, forged: Decision) -> None:
    """Write the opening of a decision that knew of no choice, as the gate would.

    :raises ValueError: if the decision does not open.
    """
    facts, basis = forged.facts, forged.basis
    if basis is None or facts.resident is None:
        raise ValueError("Only a decision that opens can be forged.")
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.open_record(%s, %s, %s, %s, %s, %s::bigint[], %s, %s, %s::jsonb,"
            " %s::uuid, %s, %s::uuid, %s::bigint[], make_interval(secs => %s))",
            [
                acting.staff_id,
                acting.membership_id,
                facts.resident.id,
                uuid4(),
                basis.id,
                forged.keys,
                facts.resident_epoch,
                facts.rules_epoch,
                json.dumps({"purpose": "probe"}),
                uuid4(),
                basis.kind,
                acting.sitting,
                [disclosure.id for disclosure in forged.disclosures],
                facts.after_death.total_seconds(),
            ],
        )


def keys_in_force(withheld: set[int]) -> int:
    """How many withheld keys the database lets this transaction read."""
    with connection.cursor() as cursor:
        cursor.execute("select access.keys_in_force()")
        (keys,) = cursor.fetchone()
    return len(withheld.intersection(keys or ()))


def rows(resident_id: int, withheld: set[int]) -> int:
    """How many withheld rows come out of the entry table to this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from records_entry"
            " where resident_id = %s and grant_key = any (%s::bigint[])",
            [resident_id, sorted(withheld)],
        )
        (found,) = cursor.fetchone()
    return int(found)


def selected(
    decision: Decision, resident_id: int, withheld: set[int], samples: Sequence[Sample]
) -> int:
    """How many withheld entries the selectors answer for a decision, with row security away.

    By the pipeline's login, which it does not hold.
    """
    opened = Opened(decision, resident_id, uuid4(), Redaction(protected=False))
    wanted = {sample.public_id for sample in samples}
    sections = {SECTION_OF[Category(sample.category)] for sample in samples}
    groups = [(section, group) for section in sections for group in section.groups]
    found = [
        *selectors.newest(
            opened, [(section.category, group) for section, group in groups]
        ).values(),
        *(selectors.page_of(opened, section, group, 1) for section, group in groups),
    ]
    return (
        sum(
            count
            for (category, source, _status), count in selectors.counts(opened).by_key.items()
            # Sensitive or not: what a choice withholds it withholds of a source and category.
            if withheld.intersection((source * 64 + category * 2, source * 64 + category * 2 + 1))
        )
        + sum(entry.public_id in wanted for entries in found for entry in entries)
        + len(selectors.matching(opened, lambda entry: entry.public_id in wanted))
        + sum(selectors.entry(opened, each) is not None for each in wanted)
        + sum(len(selectors.results_like(opened, each)) for each in wanted)
    )
