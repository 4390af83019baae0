"""What an administrator keeps of an organisation: its pages ask the database to change it.

Each answers ``kept``, or why not (:data:`REFUSALS`). Whose it is, is asked again there
(organisations/sql/0007_places.sql).
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from organisations.models import Contact, Organisation, Site, Team
from organisations.staffing import Administrator

KEPT = "kept"

#: Why nothing was changed, in words for whoever asked.
REFUSALS = {
    "not-allowed": "This organisation is not yours to administer",
    "not-known": "It is not there any more. Go back and look again",
    "why-missing": "Say why, in 3 characters or more",
    "name-missing": "Enter the name",
    "code-missing": "Enter the code",
    "there-already": "It is there already: change that one",
    "not-reached": "Enter a telephone number or an email address",
    "site-not-known": "Select a site of this organisation that is in use",
    "in-use": "It is in use. Move those who work there first, or end their roles",
    "whole-site-not-yours": "Only an administrator of the registry lets a team serve a whole site",
}


def keep_telephones(
    by: Administrator,
    of: Organisation,
    *,
    phone: str,
    duty: str,
    out_of_hours: str,
    why: str,
    request_id: str,
) -> str:
    """Say where the organisation is rung: any time, its duty desk, and out of hours."""
    return _ask("keep_telephones", by, of, why, request_id, phone, duty, out_of_hours)


def keep_contact(
    by: Administrator,
    of: Organisation,
    contact: Contact | None,
    *,
    kind: str,
    name: str,
    phone: str,
    email: str,
    why: str,
    request_id: str,
) -> str:
    """Make a contact, or change one; without telephone and address it is removed."""
    held = contact.pk if contact else None
    return _ask("keep_contact", by, of, why, request_id, held, kind, name, phone, email)


def keep_site(
    by: Administrator,
    of: Organisation,
    site: Site | None,
    *,
    code: str,
    name: str,
    postcode: str,
    over: bool,
    why: str,
    request_id: str,
) -> str:
    """Make a site, or change one; its code is said once."""
    held = site.pk if site else None
    return _ask("keep_site", by, of, why, request_id, held, code, name, postcode, over)


def keep_team(
    by: Administrator,
    of: Organisation,
    team: Team | None,
    *,
    code: str,
    name: str,
    phone: str,
    site: int | None,
    whole_site: bool,
    over: bool,
    why: str,
    request_id: str,
) -> str:
    """Make a team, or change one; its code is said once, because deliveries name it."""
    held = team.pk if team else None
    return _ask(
        "keep_team", by, of, why, request_id, held, code, name, phone, site, whole_site, over
    )


def _ask(
    function: str, by: Administrator, of: Organisation, why: str, request_id: str, *given: Any
) -> str:
    """Ask one of the registry's own functions, by its name in this module."""
    values = [by.staff_id, by.membership_id, request_id, why, of.public_id, *given]
    with connection.cursor() as cursor:
        cursor.execute(
            f"select organisations.{function}({', '.join(['%s'] * len(values))})", values
        )
        (answer,) = cursor.fetchone()
    return str(answer)
