"""What the officers' pages of keeping and deleting say, in words."""

from __future__ import annotations

from keeping.deciding import Share
from keeping.holding import PortalRuleSeen, Rule
from keeping.models import ListedState, Start
from ui.formatting import count, prose_date

MONTHS_OF_A_YEAR = 12
#: What the counts of a stub are of, one and several.
COUNTED = {
    "entries": ("entry", "entries"),
    "reports": ("report", "reports"),
    "courses": ("message course", "message courses"),
    "relationships": ("care relationship", "care relationships"),
    "places": ("address", "addresses"),
}


def name_of(share: Share) -> str:
    """By what the controller finds the person, or the share's reference where that is gone."""
    if not share.identifier:
        return f"Reference {share.id}"
    others = [each for each in share.local if each != share.identifier]
    return f"{share.identifier} ({', '.join(others)})" if others else share.identifier


def clock(share: Share) -> str:
    """When the clock started, since when it is due, and how much it is."""
    return (
        f"Clock started {prose_date(share.started)}. Due since {prose_date(share.due)}. "
        f"{_of(share.entries, 'entry', 'entries')}."
    )


def standing(share: Share) -> str:
    """Where a share stands, for the officer who reads."""
    if share.held:
        return "On hold: it stays until the hold ends."
    match share.state:
        case ListedState.LISTED:
            return "Waits for a first officer."
        case ListedState.APPROVED if share.mine:
            return "You approved it. Another officer must confirm it."
        case ListedState.APPROVED:
            return f"{share.approver} approved it. It waits for a second officer."
        case ListedState.CONFIRMED:
            return f"{share.approver} approved it and {share.confirmer} confirmed it. It goes next."
        case ListedState.DERIVED_GONE:
            return "Destroyed. Its raw bytes go next."
        case ListedState.KEPT:
            return f"Kept until {prose_date(share.kept_until)}: {share.kept_because}"
        case ListedState.DESTROYED:
            return f"Approved by {share.approver}, confirmed by {share.confirmer}."
        case _:
            return f"{ListedState.RETURNED.label}."


def hint(share: Share) -> str:
    """All that the list says beside the name."""
    return f"{standing(share)} {clock(share)} {share.because}."


def stub(share: Share) -> str:
    """What went, as the stub counts it."""
    went = [
        _of(number, *COUNTED[what])
        for what, number in share.counts.items()
        if number and what in COUNTED
    ]
    files = [f"raw bytes out of {_of(share.files, 'file', 'files')}"] if share.files else []
    return f"{', '.join(went + files) or 'Nothing was left of it'}."


def years(rule: Rule) -> str:
    """How long, in a sentence."""
    start = Start(rule.starts).label
    child = (
        f" If they were under 18 then: until their {rule.child_until}th birthday,"
        " or a year more if they were 17."
        if rule.child_until
        else ""
    )
    return f"{rule.years} years from {start}.{child}"


def months(rule: PortalRuleSeen) -> str:
    """How long, in a sentence."""
    if rule.months % MONTHS_OF_A_YEAR:
        return f"{_of(rule.months, 'month', 'months')} after it was over."
    return f"{_of(rule.months // MONTHS_OF_A_YEAR, 'year', 'years')} after it was over."


def raw_bytes(days: int) -> str:
    """How long deliveries are kept as they came (``RAW_KEPT_DAYS``; 0: no day is set)."""
    own = "One person’s part goes with the rest of that person."
    if not days:
        return f"As long as what was made of them. {own}"
    ends = f"{_of(days, 'day', 'days')} after they were loaded"
    return f"{ends}, unless a hold covers anybody of your organisation. {own}"


def _of(number: int, one: str, several: str) -> str:
    return f"{count(number)} {one if number == 1 else several}"
