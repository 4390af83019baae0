"""A plain world's facts in the shape in which ``access.read_facts`` answers, without a database.

What PostgreSQL answers itself is tested against rows in ``test_rows.py``; this feeds the rule a
million times without one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.proof.worlds import NOW, Asked, Span, World

_ORIGIN = datetime(2026, 11, 22, tzinfo=UTC)


def moment(hour: int) -> str:
    """An hour of the world, as PostgreSQL writes it in JSON."""
    return (_ORIGIN + timedelta(hours=hour - NOW)).isoformat()


def facts_json(world: World, asked: Asked) -> dict[str, Any]:
    """What the gate's function would answer to this question."""
    member = next(
        (m for m in world.members if (m.id, m.staff) == (asked.membership, asked.staff)), None
    )
    known = asked.resident in world.residents
    persons = [p for p in world.persons if p.resident == asked.resident]
    links: dict[str, bool] = {}
    for person in persons:
        linked = links.get(str(person.source), True)
        links[str(person.source)] = linked and person.link == "linked"
    return {
        "at": moment(asked.at),
        "rules_epoch": 1,
        "resident_epoch": 1 if known else None,
        "staff": (
            {"id": asked.staff, "name": "S", "active": world.staff[asked.staff]}
            if asked.staff in world.staff
            else None
        ),
        "membership": member and _membership(world, member),
        "resident": {
            "id": asked.resident,
            "known_to_all": world.residents[asked.resident],
            "protection": "U",
            **_death(world, asked.resident),
            "may_be_known": (
                world.residents[asked.resident] or any(p.source == member.body for p in persons)
                if member
                else None
            ),
        }
        if known
        else None,
        "links": links,
        "refusals": list(_refusals(world, asked)),
        "relationships": [
            {
                "id": care.id,
                "kind": care.kind,
                "team": care.team,
                "from": moment(care.start),
                "until": None if care.end is None else moment(care.end),
                "membership": care.member,
            }
            for care in sorted(world.care, key=lambda care: (-care.start, -care.id))
            if care.resident == asked.resident
            and member
            and care.body == member.body
            and care.member in {None, member.id}
        ],
        "glasses": [
            {
                "id": glass.id,
                "began": moment(glass.start),
                "ends_at": moment(glass.end),
                "ended_at": moment(glass.start) if glass.ended else None,
            }
            for glass in world.glasses
            if (glass.resident, glass.sitting) == (asked.resident, asked.sitting)
            and member
            and glass.member == member.id
        ],
        "disclosures": [
            {
                "id": each.id,
                "categories": sorted(each.names),
                "from": moment(each.start),
                "until": moment(each.end),
                "confirmed": None if each.confirmed is None else moment(each.confirmed),
                "confirm_by": None if each.due is None else moment(each.due),
                "ended": moment(each.start) if each.ended else None,
            }
            for each in world.disclosures
            if each.resident == asked.resident and member and member.id in each.members
        ],
        "watches": [
            {
                "id": each.id,
                "began": moment(each.start),
                "ends_at": moment(each.end),
                "answered": any(
                    each.start <= said.at
                    and (said.member, said.sitting) == (member.id, asked.sitting)
                    for said in world.said
                    if said.resident == asked.resident and member
                ),
            }
            for each in world.watches
            if each.resident == asked.resident and not each.ended
        ],
        "sources": list(_sources(world, asked.at, links, member.body if member else None)),
        "trials": _trials(world, asked.at, member),
    }


def _death(world: World, resident: int) -> dict[str, Any]:
    death = next((each for each in world.deaths if each.resident == resident), None)
    if death is None:
        return {"deceased": False, "deceased_on": None, "deceased_since": None}
    day = None if death.days is None else (_ORIGIN.date() - timedelta(days=death.days)).isoformat()
    return {"deceased": True, "deceased_on": day, "deceased_since": moment(death.heard)}


def _period(span: Span) -> dict[str, Any]:
    until = None if span.end is None else moment(span.end)
    return {"state": span.state, "from": moment(span.start), "until": until}


def _in_force(span: Span, at: int) -> bool:
    return span.state == "active" and span.start <= at and (span.end is None or span.end > at)


def _membership(world: World, member: Any) -> dict[str, Any]:
    body = next(each for each in world.bodies if each.id == member.body)
    team = next((each for each in world.teams if each.id == member.team), None)
    role = next(each for each in world.roles if each.id == member.role)
    return {
        "id": member.id,
        "period": _period(member.span),
        "organisation": {
            "id": body.id,
            "name": f"Body {body.id}",
            "kind": body.kind,
            "period": _period(body.span),
        },
        "team": team
        and {"id": team.id, "whole_site": team.whole_site, "period": _period(team.span)},
        "role": {
            "code": f"role-{role.id}",
            "name": f"Role {role.id}",
            "categories": sorted(role.reads),
            "activities": sorted(role.activities),
            "period": _period(role.span),
        },
    }


def _refusals(world: World, asked: Asked) -> Iterable[dict[str, Any]]:
    """As ``consent.refusals`` has it: the newest answer of each kind and council."""
    newest: dict[tuple[str, int | None], tuple[int, bool]] = {}
    for choice in world.choices:
        if choice.resident != asked.resident or choice.since > asked.at:
            continue
        if choice.answer == "could-not-be-asked":
            continue
        about = (choice.kind, choice.council)
        newest[about] = max(
            newest.get(about, (-1, False)), (choice.since, choice.answer == "refuses")
        )
    for (kind, council), (_, refuses) in newest.items():
        if refuses:
            yield {"kind": kind, "council": council}


def _trials(world: World, at: int, member: Any) -> dict[str, list[list[int]]]:
    """What each source shows to this member by name, as ``access.trials`` answers."""
    if member is None:
        return {}
    inside = [(row.group, row.member) for row in world.grouped if _in_force(row.span, at)]
    ours = {member.body} | {group for group, body in inside if body == member.body}
    found: dict[str, list[list[int]]] = {}
    for each in world.agreements:
        if member.id in each.testers and each.recipient in ours and _in_force(each.span, at):
            for source in [each.source, *(body for group, body in inside if group == each.source)]:
                found.setdefault(str(source), []).append(sorted(each.trial))
    return found


def _sources(
    world: World, at: int, links: dict[str, bool], own: int | None
) -> Iterable[dict[str, Any]]:
    of_own = {own} | {g.group for g in world.grouped if g.member == own and _in_force(g.span, at)}
    for body in world.bodies:
        if not (body.participates or str(body.id) in links or body.id == own):
            continue
        names = {body.id} | {
            g.group for g in world.grouped if g.member == body.id and _in_force(g.span, at)
        }
        agreed = {
            category
            for agreement in world.agreements
            if agreement.source in names
            and agreement.recipient in of_own
            and _in_force(agreement.span, at)
            for category in agreement.covers
        }
        sends = {
            category
            for feed in world.feeds
            if feed.body == body.id and _in_force(feed.span, at)
            for category in feed.sends
        }
        yield {
            "id": body.id,
            "name": f"Body {body.id}",
            "kind": body.kind,
            "area": "",
            "duty_phone": "",
            "sends": [sorted(sends)],
            "agreed": [sorted(agreed)],
            "late_since": None,
            "updated": None,
        }
