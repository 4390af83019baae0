"""What a resident is told of one look: one plain sentence, generated from the event.

Which lines are held until an officer has decided is a rule of its own here, so that it can be read
and tested without a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from access.look_words import because, done_otherwise, listed, opened
from access.looked import Did, LookSeen
from access.models import BasisKind
from audit.models import Action
from organisations.categories import Category
from ui.formatting import prose_time

#: What is not an opening, said to the resident.
_TO_YOU: Mapping[str, str] = {
    Action.SEARCH: "saw you in a list of search results",
    Action.GLIMPSE: "saw your name and details",
    Action.REFUSAL: "asked for your record and was refused",
    Action.RELATIONSHIP_DECLARED: "said why they are involved in your care",
    Action.GLASS_BROKEN: "opened your record in an emergency",
    Action.GLASS_ENDED: "ended an emergency opening of your record",
    Action.ALERTS_READ: "checked whether your record was opened rightly",
    Action.ALERT_REVIEWED: "reviewed whether your record was opened rightly",
    Action.ACCESS_EXPLAINED: "asked who could open your record",
    Action.AUDIT_READ: "read who had looked at your record",
    Action.ACCOUNT_MADE: "told who had looked at your record, after a check of who was asking",
    Action.SUBJECT_ACCESS: "dealt with a request for all that is held about you",
    Action.IDENTITY_CHECKED: "checked who was asking about you",
    Action.CHOICE_RECORDED: "recorded what you said about sharing",
    Action.RECORD_PRINTED: "printed your record",
    Action.NOTICES_READ: "read notices of their team that were about you",
    Action.REFERRALS_READ: "read a list of referrals that you are on",
    Action.REFERRAL_SENT: "referred you to a service",
}


#: What was done about a watch on the record, by the reason of its event.
_OF_WATCH: Mapping[str, str] = {
    "begun": "asked that whoever opens your record says why",
    "ended": "asked no longer that whoever opens your record says why",
    "said-why": "said why they opened your record, because they were asked to",
}


class HeldBecause(StrEnum):
    """Why a line waits for an officer: telling it could endanger somebody."""

    SAFEGUARDING = "safeguarding"
    DISCLOSURE = "lawful-disclosure"
    OFFICER = "by-officer"


#: For the officer who decides.
HELD_WORDS: Mapping[str, str] = {
    HeldBecause.SAFEGUARDING: "Safeguarding information was opened",
    HeldBecause.DISCLOSURE: "It is part of a lawful disclosure",
    HeldBecause.OFFICER: "An officer holds it: telling it could put somebody in danger",
}
#: On every account, whether or not a line is held, so that it tells nothing of that.
HOLDING = (
    "A line is left out for as long as a privacy officer has not decided, where telling it could "
    "put somebody in danger. This is on every account."
)


def held_because(look: LookSeen) -> HeldBecause | None:
    """Why a line is held until an officer has decided; ``None`` where it is told at once."""
    if look.basis == BasisKind.LAWFUL_DISCLOSURE or any(
        did.action.startswith("disclosure") for did in look.did
    ):
        return HeldBecause.DISCLOSURE
    if any(did.part is Category.SAFEGUARDING for did in look.did):
        return HeldBecause.SAFEGUARDING
    return None


def sentence(look: LookSeen) -> str:
    """``A nurse at … opened your medicines and allergies on … at 02:14 because you were …``."""
    what = opened(look)
    clauses = ([f"opened your {listed(what)}"] if what else []) + _other(look)
    done = f"{_who(look)} {listed(clauses or ['looked'])} on {prose_time(look.first)}"
    why = because(look, "you")
    return f"{done} because {why}." if why else f"{done}."


def _other(look: LookSeen) -> list[str]:
    told = [said for did in look.did if (said := _told(did))]
    if told:
        return list(dict.fromkeys(told))
    return [f"did this about your record: {clause}" for clause in done_otherwise(look)]


def _told(did: Did) -> str:
    if did.action is Action.RECORD_WATCHED:
        return _OF_WATCH.get(did.reason, "")
    return _TO_YOU.get(did.action, "")


def _who(look: LookSeen) -> str:
    role = look.role or "member of staff"
    named = role if role[:2].isupper() else role[:1].lower() + role[1:]
    article = "An" if named[:1].lower() in "aeiou" else "A"
    place = look.organisation
    if place.startswith(("A ", "An ")):  # a kind stands for the name of a protected resident's
        place = place[:1].lower() + place[1:]
    return f"{article} {named} at {place}" if place else f"{article} {named}"
