"""What is in no public file: codes and telephone numbers of participants, from a TOML file.

::

    [organisations.lewisham-council]
    code = "LBL01"
    duty_phone = "020 7946 0301"

``deploy/registry.example.toml`` is such a file, and holds what the demo uses.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from organisations.models import OrganisationKind, SharingDefault
from organisations.ods import is_ods_code
from organisations.places import ODS_CODE
from organisations.shipped import PARTICIPANTS


class ConfigurationError(ValueError):
    """The file cannot be used. The message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is configured of one participant.

    ``sharing`` is a council's: ``only-after-yes`` where nothing of its social care is shown before
    the resident has agreed; empty for what is shipped, shared unless refused.
    """

    code: str = ""
    phone: str = ""
    duty_phone: str = ""
    out_of_hours_phone: str = ""
    postcode: str = ""
    sharing: str = ""


#: The demo's own: made-up codes, and telephone numbers that Ofcom keeps for drama.
DEMO: Mapping[str, Details] = {
    "lewisham-gp-practices": Details(),
    "greenwich-gp-practices": Details(),
    "bexley-gp-practices": Details(),
    "lewisham-and-greenwich-trust": Details(phone="020 7946 0101"),
    "oxleas": Details(phone="020 7946 0102"),
    "lewisham-council": Details(
        "LBL01", "020 7946 0201", "020 7946 0301", out_of_hours_phone="020 7946 0401"
    ),
    "greenwich-council": Details(
        "RBG01", "020 7946 0202", "020 7946 0302", out_of_hours_phone="020 7946 0402"
    ),
    "bexley-council": Details(
        "LBB01", "020 7946 0203", "020 7946 0303", out_of_hours_phone="020 7946 0403"
    ),
    "greenbrook": Details("GRB01", "020 7946 0501"),
    "seldoc": Details("SEL01", "020 7946 0502"),
}


def read(path: Path) -> dict[str, Details]:
    """The configuration in a file.

    :raises ConfigurationError: if it is not TOML, names what does not exist, or lacks a code.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError("The configuration is not a TOML file in UTF-8.") from error
    given = raw.get("organisations")
    if not isinstance(given, dict):
        raise ConfigurationError("The configuration has no table [organisations.…].")
    known = {participant.key for participant in PARTICIPANTS}
    _refuse_unknown(set(given) - known, "organisation", known)
    found = {key: _details(key, table) for key, table in given.items()}
    return {key: found.get(key, Details()) for key in known} | check(found)


def check(configured: Mapping[str, Details]) -> dict[str, Details]:
    """The same, if every participant that needs a code has one.

    :raises ConfigurationError: naming the first that has none, or one that is no ODS code.
    """
    for participant in PARTICIPANTS:
        code = configured.get(participant.key, Details()).code or participant.code
        if participant.is_group:
            continue
        if not code:
            message = (
                f"Give the code of [organisations.{participant.key}]: it is in no public file."
            )
            raise ConfigurationError(message)
        sharing = configured.get(participant.key, Details()).sharing
        if sharing and sharing not in SharingDefault.values:
            message = (
                f"[organisations.{participant.key}]: sharing must be one of: "
                f"{', '.join(SharingDefault.values)}."
            )
            raise ConfigurationError(message)
        if sharing and participant.kind is not OrganisationKind.ADULT_SOCIAL_CARE:
            message = f"[organisations.{participant.key}]: sharing is for councils only."
            raise ConfigurationError(message)
        if not is_ods_code(code):
            message = f"[organisations.{participant.key}]: {ODS_CODE.message}"
            raise ConfigurationError(message)
    return dict(configured)


def _details(key: str, table: object) -> Details:
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        message = f"[organisations.{key}] must be a table of texts."
        raise ConfigurationError(message)
    known = {field.name for field in fields(Details)}
    _refuse_unknown(set(table) - known, f"setting of [organisations.{key}]", known)
    return Details(**table)


def _refuse_unknown(unknown: set[str], what: str, known: set[str]) -> None:
    if unknown:
        message = f"No such {what}: {min(unknown)}. There are: {', '.join(sorted(known))}."
        raise ConfigurationError(message)
