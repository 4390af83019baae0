"""What brings anybody to hospital or the out-of-hours doctor now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from region import community, primary_care
from region.hospital import admission, clinic, clinic_ahead, ed_attendance, image, procedure
from region.model import Coded
from region.organisations import TeamKind

if TYPE_CHECKING:
    from region.chart import Chart

_INJURIES = (
    ("Sprained ankle", "X-ray of ankle", "No bony injury.", "Supportive bandage; walk on it."),
    ("Cut hand", "", "", "Cleaned and closed with four stitches; tetanus up to date."),
    (
        "Painful wrist after a fall",
        "X-ray of wrist",
        "Undisplaced fracture of the distal radius.",
        "Plaster cast; fracture clinic in a week.",
    ),
    (
        "Chest pain, not cardiac",
        "Plain chest X-ray",
        "Normal heart and lungs.",
        "ECG normal and troponin not raised.",
    ),
    ("Abdominal pain", "", "", "Settled; bloods normal."),
    (
        "Renal colic",
        "CT of kidneys, ureters and bladder",
        "4 mm stone in the left lower ureter.",
        "Pain relieved; to strain urine.",
    ),
)
_CHILD_INJURIES = (
    ("Bumped head", "", "", "Alert throughout; head injury advice given."),
    ("Fever", "", "", "Viral illness; drinking well; safety net advice."),
    (
        "Painful arm after a fall",
        "X-ray of forearm",
        "Buckle fracture of the distal radius.",
        "Splint for three weeks.",
    ),
)


def emergency(chart: Chart) -> None:
    """One attendance for an injury or a scare."""
    chart.told.add("acute")
    life = (chart.until - chart.person.birth_date).days
    ago = chart.chance.randrange(5, max(min(1500, life - 30), 6))
    child = chart.age_on(chart.day(ago)) < 14
    what, picture, found, advice = chart.chance.pick(_CHILD_INJURIES if child else _INJURIES)
    if "inpatient" in chart.told and ago < 20:
        ago = 60
    ended = ed_attendance(chart, ago, what, letter=advice)
    if picture:
        image(chart, Coded(picture), ended, found)
    if "cardiac" in what:
        chart.labs("Troponin", ended, source=chart.acute, troponin=5)
        chart.labs("FBC", ended, source=chart.acute)


def operation(chart: Chart) -> None:
    """A planned or an urgent operation that suits the age."""
    chart.told.add("acute")
    if chart.age >= 68:
        clinic(chart, "EYE", 420, "Cataract", "Listed for the right eye.")
        at = clinic(chart, "EYE", 330, "Cataract surgery, right eye")
        procedure(chart, Coded("Cataract extraction and insertion of lens"), at, "Uneventful")
    elif chart.chance.happens(0.5):
        start = admission(
            chart,
            "BIRCH",
            700,
            stay=2,
            reason="Right iliac fossa pain",
            diagnosis=Coded("Acute appendicitis", "85189001"),
            course="Laparoscopic removal; home on day two.",
            later={"crp": 60},
        )
        procedure(chart, Coded("Appendicectomy", "80146002"), start)
    elif chart.age >= 30:
        clinic(chart, "GASTRO", 500, "Dyspepsia", "Gastroscopy arranged.")
        procedure(chart, Coded("Gastroscopy", "76009000"), chart.at(chart.weekday(470)),
                  "Mild gastritis; Helicobacter negative")  # fmt: skip
        chart.medicine("omeprazole", 480)


def clinic_waiting(chart: Chart) -> None:
    """A referral with an appointment to come, and one that was missed."""
    chart.told.add("acute")
    suffix, reason = chart.chance.pick((("ORTHOPAEDICS", "Shoulder pain"),
                                        ("GASTRO", "Change of bowel habit"),
                                        ("RESPIRATORY", "Cough for three months"),
                                        ("EYE", "Raised eye pressure")))  # fmt: skip
    if chart.age < 18:
        suffix, reason = "PAEDIATRICS", "Abdominal pain"
    if chart.chance.happens(0.3):
        clinic(chart, suffix, 45, reason, missed=True)
    clinic_ahead(chart, suffix, chart.chance.randrange(3, 60), reason)


def night_call(chart: Chart) -> None:
    """One case of the out-of-hours doctors."""
    reason, advice = chart.chance.pick((
        ("Fever and earache", "Paracetamol; see the practice if no better in two days."),
        ("Urinary symptoms", "Advice given; sample to the practice."),
        ("Back pain", "No red flags; simple pain relief and movement."),
        ("Vomiting", "Small sips; return if no urine for 12 hours."),
    ))  # fmt: skip
    life = (chart.until - chart.person.birth_date).days
    chart.told.add("night")
    primary_care.out_of_hours(chart, chart.chance.randrange(2, max(min(1200, life), 3)), reason,
                              advice)  # fmt: skip


def wound_care(chart: Chart) -> None:
    """A leg ulcer, dressed by district nurses until it healed."""
    chart.told |= {"community"}
    ago = chart.chance.randrange(200, 900)
    chart.condition(Coded("Venous ulcer of leg"), ago, status="resolved",
                    ended=chart.day(ago - 130))  # fmt: skip
    community.caseload(chart, TeamKind.DISTRICT_NURSING, ago - 4, "Leg ulcer", ended=ago - 130)
    community.visits(chart, TeamKind.DISTRICT_NURSING, "Compression dressing", first=ago - 5,
                     last=ago - 128, every=7)  # fmt: skip


def talking_therapy(chart: Chart) -> None:
    """A short course with the community mental health team."""
    chart.told |= {"community"}
    ago = chart.chance.randrange(150, 1000)
    chart.condition(Coded("Generalised anxiety disorder", "21897009"), ago + 10)
    community.caseload(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, ago, "Anxiety", ended=ago - 90)
    community.visits(chart, TeamKind.COMMUNITY_MENTAL_HEALTH, "Cognitive behavioural therapy",
                     first=ago - 5, last=ago - 88, every=14, setting="outpatient")  # fmt: skip
