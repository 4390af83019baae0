"""Mental health and learning disability: the practice, Oxleas, and the council."""

from __future__ import annotations

from typing import TYPE_CHECKING

from region import community, primary_care, social_care
from region.hospital import ed_attendance
from region.model import Coded
from region.organisations import TeamKind
from region.primary_care import surgery

if TYPE_CHECKING:
    from region.chart import Chart


def depression(chart: Chart) -> None:
    """Depression: talking therapy, sertraline, PHQ-9 that falls."""
    chart.told.add("depression")
    since = chart.chance.randrange(200, 1500)
    ended = since - 400 if since > 700 and chart.chance.happens(0.4) else None
    chart.condition(Coded("Depressive disorder", "35489007"), since,
                    status="resolved" if ended else "active",
                    ended=chart.day(ended) if ended else None)  # fmt: skip
    # An SSRI with a blood thinner bleeds.
    choice = "mirtazapine" if "anticoagulated" in chart.told else "sertraline"
    chart.medicine(choice, since - 14, stopped=ended)
    for number, ago in enumerate(range(since, max(since - 400, 5), -70)):
        at = surgery(chart, ago, "Low mood review")
        score = max(18 - 3 * number + chart.chance.randrange(-1, 2), 2)
        chart.measure(primary_care.PHQ9, at, score, "{score}", kind="survey")


def schizophrenia(chart: Chart) -> None:
    """Schizophrenia under the community team with clozapine and its blood counts."""
    chart.told |= {"community", "depression"}
    what = Coded("Schizophrenia", "58214004")
    since = min(chart.chance.randrange(1200, 4000), (chart.age - 18) * 365)
    chart.condition(what, since, source=chart.community)
    chart.condition(what, since)
    began = min(900, since)
    chart.medicine("clozapine", began)
    chart.moves("neutrophils", 4.6, 3.9)
    manager = community.caseload(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, since,
                                 "Community mental health care")  # fmt: skip
    # MHRA: weekly counts for 18 weeks, fortnightly to a year, then every four weeks.
    ago = began
    while ago > 2:
        at = chart.at(chart.weekday(ago), 9, 12)
        chart.labs("FBC", at, source=chart.community, note="Green: clozapine may be dispensed")
        taken = began - ago
        ago -= 7 if taken < 126 else 14 if taken < 365 else 28
    for level in range(40, began, 180):
        chart.labs("Clozapine", chart.at(chart.weekday(level)), source=chart.community)
    community.visits(
        chart,
        TeamKind.COMMUNITY_MENTAL_HEALTH,
        "Care coordination",
        first=min(since, 1200),
        last=4,
        every=21,
        setting="outpatient",
        by=manager,
    )
    community.plan(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, 150, "Care plan and crisis plan",
                   "Signs of relapse: poor sleep, not answering the door. Ring the team first.",
                   "Clozapine clinic every four weeks", "Smoking: tell the team of any change",
                   "Bowel habit asked at each visit")  # fmt: skip
    social_care.alert(
        chart,
        chart.community,
        began,
        "Clozapine: no doses after a gap of 48 hours without advice",
        "clinical",
    )
    community.letter(
        chart,
        TeamKind.COMMUNITY_MENTAL_HEALTH,
        150,
        "Care programme review",
        "Settled on clozapine 300 mg a day. Works two days a week. Bloods green.",
    )
    if chart.chance.happens(0.5):
        chart.told.add("social care")
        social_care.assessment(chart, 500, "Care Act needs assessment",
                               "Primary support reason: mental health support.")  # fmt: skip
        social_care.service(chart, "Community supported living", social_care.LONG_TERM, 470,
                            "10 hours a week")  # fmt: skip
        social_care.allocated_worker(chart, 300)


def bipolar(chart: Chart) -> None:
    """Bipolar disorder under the community team."""
    chart.told |= {"community", "depression"}
    what = Coded("Bipolar disorder", "13746004")
    chart.condition(what, 1400, source=chart.community)
    chart.condition(what, 1400)
    chart.medicine("aripiprazole", 1300)
    community.caseload(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, 1400, "Community mental health")
    community.visits(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, "Review of mood and medicines",
                     first=1390, last=10, every=60, setting="outpatient")  # fmt: skip
    for ago in (1000, 640, 280):
        at = surgery(chart, ago, "Physical health check, severe mental illness",
                     by="Practice nurse")  # fmt: skip
        for panel in ("HbA1c", "Lipids"):
            chart.labs(panel, at)
        primary_care.weigh(chart, at)


def crisis(chart: Chart) -> None:
    """An overdose and the help that followed."""
    chart.told |= {"community", "acute"}
    ago = chart.chance.randrange(120, 900)
    ed_attendance(
        chart,
        ago,
        "Overdose of paracetamol",
        outcome="Discharged home with the mental health team",
        letter="Levels below the treatment line. Seen by mental health liaison.",
    )
    chart.told.add("paracetamol overdose")
    community.caseload(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, ago - 1, "Support after crisis",
                       ended=max(ago - 100, 3))  # fmt: skip
    community.visits(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, "Support after crisis",
                     first=ago - 2, last=max(ago - 95, 4), every=9)  # fmt: skip


def learning_disability(chart: Chart) -> None:
    """A learning disability: annual check, hospital passport, supported living."""
    chart.told |= {"community", "social care"}
    born = (chart.until - chart.person.birth_date).days
    chart.condition(Coded("Learning disability (intellectual disability)", "110359009"),
                    max(born - 1400, 10))  # fmt: skip
    community.caseload(chart, TeamKind.LEARNING_DISABILITY, 1500, "Health facilitation")
    community.visits(chart, TeamKind.LEARNING_DISABILITY, "Health action plan", first=1480,
                     last=10, every=120)  # fmt: skip
    for ago in (1200, 830, 460, 95):
        at = surgery(chart, ago, "Learning disability annual health check")
        primary_care.weigh(chart, at)
        primary_care.blood_pressure(chart, at, 122, 76)
        chart.labs("FBC", at)
        chart.labs("TFT", at)
    social_care.alert(chart, chart.acute, 700, "Reasonable adjustments: hospital passport, quiet "
                      "room, first appointment of the day, carer stays", "clinical")  # fmt: skip
    social_care.assessment(chart, 900, "Care Act needs assessment",
                           "Primary support reason: learning disability support.")  # fmt: skip
    social_care.service(chart, "Community supported living", social_care.LONG_TERM, 880,
                        "24 hours, shared house")  # fmt: skip
    social_care.service(chart, "Day support", social_care.LONG_TERM, 860, "Three days a week")
    social_care.allocated_worker(chart, 400)
    social_care.assessment(chart, 170, "Annual review of care and support plan",
                           "Goes swimming now; fully met.")  # fmt: skip
