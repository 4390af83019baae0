"""The forms in which deliveries arrive. Each one reads bytes and gives items; none writes.

May import ``feeds.mapped`` and the list of categories, and nothing that touches a database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from feeds.formats import council_csv, edifact, fhir_r4, gp_connect, hl7v2
from feeds.formats.reader import Reader
from feeds.mapped import MappedEntry


class Composer(Protocol):
    """Makes entries of everything that was told of one thing so far."""

    def __call__(
        self,
        identifier: str,
        said: Mapping[str, Any],
        *,
        source_kind: str = "",
        sensitive_codes: frozenset[str] = frozenset(),
    ) -> tuple[MappedEntry, ...]:
        """Give the entries; none where too little is known to show anything."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """A form that a feed may have: the words that a page shows, and its reader.

    ``whole_record`` says that each delivery has all that its source holds of a person, so that an
    older delivery says nothing once a newer one has come; ``full_extracts`` that one may have all
    that its source holds of everybody (:class:`feeds.mapped.WholeExtract`). ``compose`` makes the
    entry of what its items tell (:class:`feeds.mapped.Told`), where they tell anything. ``mapped``
    gives the reader of a feed that has a mapping file, where a form can have one; ``lowest_match``
    the share of rows under which a delivery stops for a person, by that file. A form without has no
    such share. ``highest_retired`` gives the share above which one that would retire so much stops,
    where that file says one.
    """

    words: str
    read: Reader
    whole_record: bool = False
    full_extracts: bool = False
    compose: Composer | None = None
    mapped: Callable[[str], Reader] | None = None
    lowest_match: Callable[[str], float] | None = None
    highest_retired: Callable[[str], float | None] | None = None


#: Formats that can be given in, by the code that the registry keeps with a feed.
FORMATS: Mapping[str, Format] = {
    "fhir-r4": Format("FHIR R4 (bundles, NDJSON, JSON or XML resources)", fhir_r4.read),
    "gp-connect": Format(
        "GP Connect structured record (FHIR STU3, all of one person)",
        gp_connect.read,
        whole_record=True,
    ),
    "council-csv": Format(
        "Council CSV (Client Level Data, and the person extract beside it)",
        council_csv.read,
        full_extracts=True,
        mapped=council_csv.read_mapped,
        lowest_match=council_csv.lowest_match,
        highest_retired=council_csv.highest_retired,
    ),
    "edifact": Format("EDIFACT reports (NHS002, NHS003, NHS004)", edifact.read),
    "hl7v2": Format(
        "HL7 v2 messages (as files, batches or by MLLP)", hl7v2.read, compose=hl7v2.compose
    ),
}


def reader_of(code: str, mapping: str | None) -> Reader:
    """What reads a feed of a form, by its mapping file where it has one."""
    form = FORMATS[code]
    return form.mapped(mapping) if form.mapped and mapping is not None else form.read
