"""Facts as a decision keeps them, and facts out of what was kept: short, and without a name.

What is shown of sources (names, telephone numbers, when they were last heard of) is the registry's
and no part of any rule: a source is kept by its id and kind. Sources that stand alike stand
together, a set of categories is one number, a period one text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from access.facts import Facts, MembershipFacts, Period, ResidentFacts, Source, from_json
from identity.protected import kind_of_organisation
from organisations.categories import Category

#: What stands where a period has no end.
_OPEN = "-"


def as_kept(facts: Facts) -> dict[str, Any]:
    """All that the rule asks about, but the moment and the epochs, which a decision keeps itself.

    Periods are ``state from until``, sets of categories numbers with a bit for each, and sources
    ``kind sends agreed`` → ids. What there is none of is left out.
    """
    disclosures = [
        [
            each.id,
            bits(each.categories),
            *map(_text, (each.valid_from, each.valid_until, each.confirmed, each.confirm_by)),
            _text(each.ended),
        ]
        for each in facts.disclosures
    ]
    parts = {
        "staff": facts.staff_active,
        "membership": facts.membership and _membership(facts.membership),
        "resident": facts.resident and _resident(facts.resident),
        "links": {
            state: shortly(source for source, linked in facts.links.items() if linked is certain)
            for state, certain in (("linked", True), ("in-doubt", False))
            if certain in facts.links.values()
        },
        "refusals": sorted([refusal.kind, refusal.council or 0] for refusal in facts.refusals),
        "relationships": [
            [
                each.id,
                each.kind,
                each.team,
                _text(each.valid_from),
                _text(each.valid_until),
                each.membership,
            ]
            for each in facts.relationships
        ],
        "glasses": [
            [each.id, *map(_text, (each.began, each.ends_at, each.ended_at))]
            for each in facts.glasses
        ],
        "disclosures": disclosures,
        "watches": [
            [each.id, *map(_text, (each.began, each.ends_at)), each.answered]
            for each in facts.watches
        ],
        "sources": _sources(facts.sources),
        "late": {
            str(source.id): source.late_since.isoformat()
            for source in facts.sources
            if source.late_since is not None
        },
        "after_death": facts.after_death.total_seconds(),
    }
    return {name: part for name, part in parts.items() if part not in (None, {}, [], 0.0)}


def from_kept(decision: Mapping[str, Any]) -> Facts:
    """The facts of a decision as it was kept (:meth:`access.decision.Decision.as_json`).

    Names are wanting, and a source is called by its kind.

    :raises KeyError: if the decision kept no facts.
    """
    kept = decision["facts"]
    facts = from_json(
        {
            "at": decision["at"],
            "rules_epoch": decision["rules_epoch"],
            "resident_epoch": decision["resident_epoch"],
            "staff": {"active": kept.get("staff", False)},
            "membership": _raw_membership(kept.get("membership")),
            "resident": _raw_resident(kept.get("resident")),
            "links": {
                source: state == "linked"
                for state, sources in kept.get("links", {}).items()
                for source in sources.split()
            },
            "refusals": [
                {"kind": kind, "council": council or None}
                for kind, council in kept.get("refusals", ())
            ],
            "relationships": [
                dict(zip(_RELATIONSHIP, each, strict=True))
                for each in kept.get("relationships", ())
            ],
            "glasses": [dict(zip(_GLASS, each, strict=True)) for each in kept.get("glasses", ())],
            "disclosures": [
                dict(zip(_DISCLOSURE, (number, numbers(named), *moments), strict=True))
                for number, named, *moments in kept.get("disclosures", ())
            ],
            "watches": [dict(zip(_WATCH, each, strict=True)) for each in kept.get("watches", ())],
            "sources": [],
        },
        after_death=timedelta(seconds=kept.get("after_death", 0)),
    )
    return replace(facts, sources=tuple(_raw_sources(kept)))


_RELATIONSHIP = ("id", "kind", "team", "from", "until", "membership")
_GLASS = ("id", "began", "ends_at", "ended_at")
_WATCH = ("id", "began", "ends_at", "answered")
_DISCLOSURE = ("id", "categories", "from", "until", "confirmed", "confirm_by", "ended")


def shortly(numbers: Iterable[int]) -> str:
    """Numbers in one text, in their order."""
    return " ".join(map(str, numbers))


def bits(numbers: Iterable[int]) -> int:
    """A set of categories as one number, with a bit for each."""
    return sum(map((1).__lshift__, numbers))


def numbers(of: int) -> list[int]:
    """The categories of :func:`bits`, in order, whatever they are called today."""
    return [number for number in range(of.bit_length()) if of >> number & 1]


def together(standing: Mapping[int, str]) -> dict[str, str]:
    """Sources → how each stands, turned about: how they stand → the sources, in order."""
    alike: dict[str, list[int]] = {}
    for source in sorted(standing):
        alike.setdefault(standing[source], []).append(source)
    return {how: shortly(sources) for how, sources in alike.items()}


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _period(of: Period) -> str:
    return f"{of.state} {of.valid_from.isoformat()} {_text(of.valid_until) or _OPEN}"


def _raw_period(text: str) -> dict[str, Any]:
    state, begins, ends = text.split()
    return {"state": state, "from": begins, "until": None if ends == _OPEN else ends}


def _membership(of: MembershipFacts) -> dict[str, Any]:
    organisation, team, role = of.organisation, of.team, of.role
    return {
        "id": of.id,
        "period": _period(of.period),
        "organisation": [organisation.id, organisation.kind, _period(organisation.period)],
        "team": team and [team.id, team.serves_whole_site, _period(team.period)],
        "role": [
            role.code,
            bits(role.categories),
            " ".join(sorted(role.activities)),
            _period(role.period),
        ],
    }


def _raw_membership(kept: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    body, kind, body_period = kept["organisation"]
    code, reads, activities, role_period = kept["role"]
    team = kept["team"]
    return {
        "id": kept["id"],
        "period": _raw_period(kept["period"]),
        "organisation": {"id": body, "name": "", "kind": kind, "period": _raw_period(body_period)},
        "team": team and {"id": team[0], "whole_site": team[1], "period": _raw_period(team[2])},
        "role": {
            "code": code,
            "name": "",
            "categories": numbers(reads),
            "activities": activities.split(),
            "period": _raw_period(role_period),
        },
    }


def _resident(of: ResidentFacts) -> list[Any]:
    died = None if of.deceased_on is None else of.deceased_on.isoformat()
    death = [died, _text(of.deceased_since)] if of.deceased else []
    return [of.id, of.known_to_all, of.may_be_known, of.protection, *death]


def _raw_resident(kept: list[Any] | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    number, known_to_all, may_be_known, protection, *death = kept
    died, heard = death or (None, None)
    return {
        "id": number,
        "known_to_all": known_to_all,
        "may_be_known": may_be_known,
        "protection": protection,
        "deceased": bool(death),
        "deceased_on": died,
        "deceased_since": heard,
    }


def _sources(sources: Iterable[Source]) -> dict[str, str]:
    return together(
        {
            source.id: f"{source.kind} {bits(source.sends)} {bits(source.agreed)}"
            for source in sources
        }
    )


def _raw_sources(kept: Mapping[str, Any]) -> Iterable[Source]:
    late = kept.get("late", {})
    for standing, ids in kept.get("sources", {}).items():
        kind, sends, agreed = standing.split()
        for number in ids.split():
            yield Source(
                id=int(number),
                name=kind_of_organisation(kind),
                kind=kind,
                area="",
                duty_phone="",
                sends=frozenset(map(Category, numbers(int(sends)))),
                agreed=frozenset(map(Category, numbers(int(agreed)))),
                late_since=_moment_or_day(late.get(number)),
                updated=None,
            )


def _moment_or_day(text: str | None) -> datetime | date | None:
    """A moment, or of a protected resident the day."""
    if text is None:
        return None
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
