"""Calls of the gate's functions about who residents are: as whom one asks, and JSON as it comes."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.db import connection

from access.acting import Acting


def ask(statement: str, acting: Acting, *parameters: Any) -> Any:
    """What a function answers in JSON; ``None`` where it answers nobody."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [acting.staff_id, acting.membership_id, *parameters])
        (found,) = cursor.fetchone()
    return None if found is None else json.loads(found)


def answer(statement: str, acting: Acting, *parameters: Any) -> str:
    """The word that a function answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [acting.staff_id, acting.membership_id, *parameters])
        (found,) = cursor.fetchone()
    return str(found)


def moment(text: str | None) -> datetime | None:
    """A moment as JSON has it."""
    return None if text is None else datetime.fromisoformat(text)


def day(text: str | None) -> date | None:
    """A day as JSON has it."""
    return date.fromisoformat(text) if text else None
