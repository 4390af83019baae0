"""A council's own extract: its columns and words said to be ours, in a file of TOML.

::

    [columns]
    "Our ref" = "LA_Person_Unique_Identifier"

    [values.Sharing_Answer]
    "Cons" = "agrees"

    [extract]
    full = true

    [limits]
    lowest_match = 0.95
    highest_retired = 0.1

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
_TABLES = frozenset({"columns", "values", "extract", "limits"})
_LIMITS = ("lowest_match", "highest_retired")


class MappingFault(ValueError):
    """A mapping that cannot be used. The message says where and what to do."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The council's headers (folded) to our columns, its words to ours, and its limits.

    ``full`` says that each file has everybody: what a newer one has no more is retired.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    full: bool = False
    lowest_match: float = LOWEST_MATCH
    highest_retired: float | None = None

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
        raise MappingFault(
            f"[{unknown[0]}] is not known. Use [columns], [values.…], [extract] and [limits]."
        )
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
    limits = _limits(_table(said, "limits"))
    return ColumnMapping(
        columns,
        values,
        full=_full(_table(said, "extract")),
        lowest_match=limits.get("lowest_match", LOWEST_MATCH),
        highest_retired=limits.get("highest_retired"),
    )


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


def _full(extract: Mapping[str, object]) -> bool:
    if unknown := sorted(extract.keys() - {"full"}):
        raise MappingFault(f"[extract]: {unknown[0]} is not known. Use full.")
    full = extract.get("full", False)
    if not isinstance(full, bool):
        raise MappingFault("[extract]: full is true or false.")
    return full


def _limits(limits: Mapping[str, object]) -> dict[str, float]:
    if unknown := sorted(limits.keys() - set(_LIMITS)):
        raise MappingFault(f"[limits]: {unknown[0]} is not known. Use {' and '.join(_LIMITS)}.")
    shares = {}
    for name, share in limits.items():
        if not isinstance(share, int | float) or isinstance(share, bool) or not 0 < share <= 1:
            raise MappingFault(f"[limits]: {name} is a share, above 0 and at most 1.")
        shares[name] = float(share)
    return shares
