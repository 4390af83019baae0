"""What the community and mental health trust writes: caseloads, visits, care plans."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from region import model
from region.model import Coded
from region.organisations import TeamKind

if TYPE_CHECKING:
    from region.chart import Chart

_ROLES = {
    TeamKind.DISTRICT_NURSING: "District nurse",
    TeamKind.COMMUNITY_THERAPY: "Physiotherapist",
    TeamKind.COMMUNITY_MENTAL_HEALTH: "Care coordinator",
    TeamKind.MEMORY_SERVICE: "Memory nurse",
    TeamKind.LEARNING_DISABILITY: "Learning disability nurse",
}


def caseload(
    chart: Chart, kind: TeamKind, days_ago: float, what: str, *, ended: float | None = None
) -> str:
    """On the caseload of the borough's team; returns who coordinates the care."""
    team = chart.team(chart.community, kind)
    manager = chart.staff(team.code, _ROLES[kind])
    since = chart.day(days_ago)
    chart.add(
        model.Caseload, chart.community, since, what=what, manager=manager, team=team.code,
        status="active" if ended is None else "finished", author=manager,
        ended=None if ended is None else chart.day(ended),
    )  # fmt: skip
    chart.add(
        model.Referral, chart.community, since, what=Coded(f"Referral to {team.name}"),
        status="active" if ended is None else "completed", to=team.name, reason=what,
        team=team.code, author=chart.author(chart.gp),
    )  # fmt: skip
    if ended is None and chart.alive:
        chart.add(
            model.AllocatedWorker, chart.community, since, name=manager.split(",")[0],
            role=_ROLES[kind], phone=team.phone, team_name=team.name, author=manager,
        )  # fmt: skip
    return manager


def visits(
    chart: Chart, kind: TeamKind, reason: str, *, first: int, last: int, every: float,
    setting: str = "home", by: str = "",
) -> list[str]:  # fmt: skip
    """Contacts of the team from ``first`` to ``last`` days ago, ``every`` so many days.

    Returns the keys of the contacts.
    """
    team = chart.team(chart.community, kind)
    keys = []
    ago = float(first)
    while ago >= last:
        at = chart.at(chart.weekday(ago), 9, 16)
        author = by or chart.staff(team.code, _ROLES[kind])
        words = "Home visit" if setting == "home" else "Clinic contact"
        fact = chart.add(
            model.Encounter, chart.community, at, what=Coded(words), setting=setting,
            ended=at + timedelta(minutes=30), reason=reason, team=team.code, author=author,
            place="Home" if setting == "home" else team.name,
        )  # fmt: skip
        keys.append(fact.key)
        ago -= every
    return keys


def plan(
    chart: Chart, kind: TeamKind, days_ago: float, title: str, summary: str, *steps: str
) -> None:
    """A care plan of the team."""
    team = chart.team(chart.community, kind)
    chart.add(
        model.CarePlan, chart.community, chart.day(days_ago), title=title, summary=summary,
        category="Care plan", steps=steps, team=team.code,
        author=chart.staff(team.code, _ROLES[kind]),
    )  # fmt: skip


def letter(chart: Chart, kind: TeamKind, days_ago: float, title: str, text: str) -> None:
    """A letter of the team to the practice."""
    team = chart.team(chart.community, kind)
    chart.add(
        model.Document, chart.community, chart.at(chart.weekday(days_ago), 10, 16), title=title,
        text=f"Dear Doctor,\n\n{text}\n", author=chart.staff(team.code, _ROLES[kind]),
    )  # fmt: skip
