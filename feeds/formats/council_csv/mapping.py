"""A council's own extract: its columns and words said to be ours, in a file of TOML.

::

    [columns]
    "Our ref" = "LA_Person_Unique_Identifier"

    [values.Sharing_Answer]
    "Cons" = "agrees"

    [limits]
    lowest_match = 0.95

Whatever it does not name is found by its name, as in any council's CSV.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from feeds.formats.council_csv.columns import COLUMNS, OF_PERSONS, column_of, folded, named_twice

#: A mapping is small: whatever is larger is something else.
LARGEST = 65_536
#: Fewer rows than this share would load, and a person has a look first.
LOWEST_MATCH = 0.9
_TABLES = frozenset({"columns", "values", "limits"})


class MappingFault(ValueError):
    """A mapping that cannot be used. The message says where and what to do."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The council's headers (folded) to our columns, its words to ours, and its limits."""

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lowest_match: float = LOWEST_MATCH

    def columns_of(self, headers: tuple[str, ...]) -> list[str | None]:
        """The columns of a file. One that the mapping names is found by no other header."""
        by_mapping = [self.columns.get(folded(header)) for header in headers]
        return [
            mapped or (None if (found := column_of(header)) in by_mapping else found)
            for header, mapped in zip(headers, by_mapping, strict=True)
        ]

    def value_of(self, column: str, sent: str) -> str:
        """A cell in our words; as it was sent where the mapping says nothing of it."""
        return self.values.get(column, {}).get(sent.strip().casefold(), sent)


def read_mapping(text: str) -> ColumnMapping:
    """Read a mapping file.

    :raises MappingFault: for what is no TOML, and for a table, a column or a limit that there is
        not.
    """
    if len(text) > LARGEST:
        raise MappingFault("The mapping file is larger than 64 KiB. Name only what differs.")
    try:
        said = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise MappingFault(f"The mapping file is not TOML: {error}.") from error
    if unknown := sorted(said.keys() - _TABLES):
        raise MappingFault(f"[{unknown[0]}] is not known. Use [columns], [values.…] and [limits].")
    columns = {
        folded(header): _known(column, "[columns]")
        for header, column in _table(said, "columns").items()
    }
    if twice := named_twice(columns.values()):
        raise MappingFault(f"[columns]: two headers are said to be {twice}. Name one of them.")
    values = {}
    for column, words in _table(said, "values").items():
        _known(column, "[values]")
        if not isinstance(words, dict) or not all(isinstance(each, str) for each in words.values()):
            raise MappingFault(f'[values.{column}]: write each line as "their word" = "our word".')
        values[column] = {theirs.strip().casefold(): ours for theirs, ours in words.items()}
    return ColumnMapping(columns, values, _limit(_table(said, "limits")))


def _table(said: Mapping[str, object], name: str) -> dict[str, object]:
    table = said.get(name, {})
    if not isinstance(table, dict):
        raise MappingFault(f"[{name}] must be a table.")
    return table


def _known(column: object, where: str) -> str:
    if not isinstance(column, str) or column not in COLUMNS:
        names = ", ".join(list(OF_PERSONS)[:6])
        raise MappingFault(
            f"{where}: {column!r} is no column of ours. Ours are the fields of Client Level Data "
            f"and of the person extract ({names} …)."
        )
    return column


def _limit(limits: Mapping[str, object]) -> float:
    if unknown := sorted(limits.keys() - {"lowest_match"}):
        raise MappingFault(f"[limits]: {unknown[0]} is not known. Use lowest_match.")
    lowest = limits.get("lowest_match", LOWEST_MATCH)
    if not isinstance(lowest, int | float) or isinstance(lowest, bool) or not 0 < lowest <= 1:
        raise MappingFault("[limits]: lowest_match is a share, above 0 and at most 1.")
    return float(lowest)
