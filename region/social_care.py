"""What a council's adult social care writes: assessments, services, workers, equipment.

Words for services and their categories are those of the Client Level Data set, release 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from region import model
from region.organisations import TeamKind

if TYPE_CHECKING:
    from datetime import date

    from region.chart import Chart

LONG_TERM = "Long term support: Community"
RESIDENTIAL = "Long term support: Residential care"
NURSING = "Long term support: Nursing care"
REABLEMENT = "Short term support: ST-Max"
CARER = "Unpaid carer support: Direct to unpaid carer"
LOW_LEVEL = "Short term support: Ongoing low level"
HOME_SUPPORT = "Home support or domiciliary care"

_AGENCIES = (
    "Kestrel Home Care", "Thameside Carers", "Larkfield Domiciliary", "Willowbrook Care at Home",
)  # fmt: skip
_HOMES = ("Ferncroft House", "Almondbury Lodge", "The Old Rectory care home")


def assessment(
    chart: Chart, days_ago: float, title: str, summary: str, *, status: str = "completed"
) -> date:
    """An assessment by the council; returns its date."""
    team = chart.team(chart.council, TeamKind.SOCIAL_CARE_LOCALITY)
    day = chart.weekday(days_ago)
    chart.add(
        model.SocialCareAssessment, chart.council, day, title=title, summary=summary,
        status=status, team=team.code, author=chart.staff(team.code, "Social worker"),
    )  # fmt: skip
    return day


def service(
    chart: Chart, component: str, category: str, days_ago: float, frequency: str, *,
    status: str = "active", ended: float | None = None,
) -> None:  # fmt: skip
    """A service: active, onhold (paused, as during a stay in hospital) or finished."""
    team = chart.team(chart.council, TeamKind.SOCIAL_CARE_LOCALITY)
    if not chart.alive and ended is None:
        ended = 0
    home = category in (RESIDENTIAL, NURSING)
    chart.add(
        model.SocialCareService, chart.council, chart.day(days_ago), component=component,
        category=category, frequency=frequency, team=team.code,
        status="finished" if ended is not None else status,
        ended=chart.day(ended) if ended is not None else None,
        provider=chart.chance.pick(_HOMES if home else _AGENCIES),
        author=chart.staff(team.code, "Social worker"),
    )  # fmt: skip


def allocated_worker(
    chart: Chart, days_ago: float, *, hospital: bool = False, role: str = "Social worker"
) -> str:
    """The worker allocated by the council; returns the name."""
    kind = TeamKind.SOCIAL_CARE_HOSPITAL if hospital else TeamKind.SOCIAL_CARE_LOCALITY
    team = chart.team(chart.council, kind)
    author = chart.staff(team.code, role)
    chart.add(
        model.AllocatedWorker, chart.council, chart.day(days_ago), name=author.split(",")[0],
        role=role, phone=team.phone, team_name=team.name, author=author, team=team.code,
        status="active" if chart.alive else "inactive",
        ended=None if chart.alive else chart.until,
    )  # fmt: skip
    return author.split(",")[0]


def equipment(chart: Chart, what: str, days_ago: float, note: str = "") -> None:
    """Equipment lent or an adaptation made by the council."""
    team = chart.team(chart.council, TeamKind.OCCUPATIONAL_THERAPY)
    chart.add(
        model.Equipment, chart.council, chart.day(days_ago), what=what, note=note,
        author=chart.staff(team.code, "Occupational therapist"),
    )  # fmt: skip


def contact(
    chart: Chart, name: str, relationship: str, phone: str, days_ago: float, *,
    source: str | None = None, carer: bool = False,
) -> None:  # fmt: skip
    """Next of kin or carer, as the source has them."""
    source = source or chart.council
    chart.add(
        model.RelatedContact, source, chart.day(days_ago), name=name, relationship=relationship,
        phone=phone, carer=carer, author=chart.author(source),
    )  # fmt: skip


def alert(
    chart: Chart, source: str, days_ago: float, text: str, category: str = "safety", *,
    ended: float | None = None,
) -> None:  # fmt: skip
    """Something to know first. Category ``safeguarding`` goes to the safeguarding section."""
    chart.add(
        model.Alert, source, chart.day(days_ago), text=text, category=category,
        status="active" if ended is None else "inactive",
        ended=None if ended is None else chart.day(ended), author=chart.author(source),
    )  # fmt: skip


def decision(
    chart: Chart, days_ago: float, title: str, summary: str, *, source: str | None = None
) -> None:
    """A decision about future care, from the practice unless another source is named."""
    source = source or chart.gp
    chart.add(
        model.Decision, source, chart.day(days_ago), title=title, summary=summary,
        author=chart.author(source),
    )  # fmt: skip
