"""Frailty, falls, dementia, stroke, hip fracture, and the social care that goes with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from region import community, model, primary_care, social_care
from region.hospital import admission, clinic, clinic_ahead, ed_attendance, image, procedure
from region.model import Coded
from region.organisations import TeamKind
from region.places import drama_mobile
from region.primary_care import surgery

if TYPE_CHECKING:
    from region.chart import Chart

_RELATIONS = (("Daughter", 4.0), ("Son", 3.0), ("Niece", 1.0), ("Nephew", 0.5))
_HER, _HIS = ("Angela", "Denise", "Marcia", "Sandra", "Tracey"), (
    "Adrian", "Colin", "Julian", "Nigel", "Trevor")  # fmt: skip


def next_of_kin(chart: Chart, *, carer: bool = False, source: str | None = None) -> str:
    """Someone close to the resident, named after the family; returns the name."""
    relation = chart.chance.weighted(_RELATIONS)
    given = chart.chance.pick(_HER if relation in ("Daughter", "Niece") else _HIS)
    name = f"{given} {chart.person.family}"
    social_care.contact(chart, name, relation, drama_mobile(chart.chance), 900, carer=carer,
                        source=source or chart.gp)  # fmt: skip
    return name


def frailty(chart: Chart) -> None:
    """Frailty with falls: score, clinic, therapy, bone protection."""
    if "frailty" in chart.told:
        return
    chart.told |= {"frailty", "acute", "community"}
    severe = chart.age >= 85
    what = Coded("Severe frailty", "925861000000102") if severe else Coded(
        "Moderate frailty", "925831000000107")  # fmt: skip
    chart.condition(what, 600)
    at = surgery(chart, 598, "Falls and frailty assessment")
    chart.measure(primary_care.FRAILTY, at, 7 if severe else 6, "{score}", kind="survey")
    chart.condition(Coded("Recurrent falls", "279992002"), 590)
    ago = chart.chance.randrange(250, 580)
    ended = ed_attendance(chart, ago, "Fall at home",
                          letter="No head injury. Mobilising with a frame.")  # fmt: skip
    image(chart, Coded("X-ray of pelvis"), ended, "No fracture seen.")
    clinic(chart, "FALLS", ago - 30, "Falls", "Postural drop of 24 mmHg; amlodipine reviewed; "
           "bone protection advised.")  # fmt: skip
    chart.medicine("colecalciferol", ago - 40)
    if "ckd" not in chart.told:
        chart.medicine("alendronic", ago - 40)
    community.caseload(chart, TeamKind.COMMUNITY_THERAPY, ago - 10, "Strength and balance",
                       ended=max(ago - 110, 5))  # fmt: skip
    community.visits(chart, TeamKind.COMMUNITY_THERAPY, "Strength and balance programme",
                     first=ago - 12, last=max(ago - 100, 6), every=14)  # fmt: skip
    next_of_kin(chart)


def home_care(chart: Chart, *, paused: bool = False) -> None:
    """A Care Act assessment and a package of care at home, with its worker and equipment."""
    if "social care" in chart.told:
        return
    chart.told.add("social care")
    since = chart.chance.randrange(150, 1300)
    calls = chart.chance.pick(
        (
            "30 minutes twice a day",
            "45 minutes three times a day",
            "30 minutes every morning",
            "Four calls a day, two carers",
        )
    )
    reason = ("Support with memory and cognition" if "dementia" in chart.told
              else "Physical support: Personal care support")  # fmt: skip
    social_care.assessment(
        chart, since + 20, "Care Act needs assessment",
        f"Primary support reason: {reason}. Eligible needs: washing, dressing, meals and keeping "
        "the home safe. Wishes to stay at home. Outcome: progress to support planning or "
        "services.",
    )  # fmt: skip
    social_care.service(chart, social_care.HOME_SUPPORT, social_care.LONG_TERM, since, calls,
                        status="onhold" if paused else "active")  # fmt: skip
    if chart.chance.happens(0.5):
        social_care.service(chart, "Reablement", social_care.REABLEMENT, since + 60,
                            "Daily for six weeks", ended=since + 18)  # fmt: skip
    if chart.chance.happens(0.3):
        social_care.service(chart, "Meals", social_care.LOW_LEVEL, since - 30, "Hot meal, daily")
    if chart.chance.happens(0.3) and not paused:
        social_care.service(chart, "Day support", social_care.LONG_TERM, since - 60,
                            "Tuesdays and Thursdays")  # fmt: skip
    if chart.chance.happens(0.55) or paused:
        social_care.allocated_worker(chart, min(since, 300))
    if since > 400:
        social_care.assessment(chart, since - 365, "Annual review of care and support plan",
                               "Needs partially met; one evening call added. Method: service "
                               "user and carer.")  # fmt: skip
    for what in chart.chance.sample(("Commode", "Perching stool", "Key safe", "Grab rails",
                                     "Walking frame", "Raised toilet seat", "Pendant alarm",
                                     "Profiling bed", "Bath board"), 3):  # fmt: skip
        social_care.equipment(chart, what, since - 5)
    if chart.chance.happens(0.4):
        kin = next_of_kin(chart, carer=True, source=chart.council)
        social_care.assessment(
            chart,
            since - 20,
            "Carer's assessment",
            f"{kin} gives some 25 hours of care a week; respite offered.",
        )
    social_care.alert(chart, chart.council, since, "Key safe: ask the duty desk for the number",
                      "contact")  # fmt: skip


def dementia(chart: Chart) -> None:
    """Alzheimer's disease: memory service, donepezil, social care, an attorney."""
    chart.told |= {"dementia", "community"}
    since = chart.chance.randrange(400, 1400)
    surgery(chart, since + 120, "Memory problems noticed by the family")
    image(
        chart,
        Coded("CT of head", "303653007"),
        chart.at(chart.weekday(since + 60)),
        "Generalised involutional change with medial temporal volume loss. No mass or bleed.",
    )
    what = Coded("Alzheimer's disease", "26929004") if chart.chance.happens(0.65) else Coded(
        "Vascular dementia", "429998004")  # fmt: skip
    chart.condition(what, since, source=chart.community)
    chart.condition(what, since - 20)
    if "Alz" in what.text:
        chart.medicine("donepezil", since - 30)
    community.caseload(chart, TeamKind.MEMORY_SERVICE, since + 60, "Memory assessment",
                       ended=since - 120)  # fmt: skip
    for ago, score in ((since, 21), (since - 180, 19)):
        at = chart.at(chart.weekday(ago))
        chart.measure(Coded("Montreal Cognitive Assessment score"), at, score - 3, "{score}",
                      source=chart.community, kind="survey")  # fmt: skip
    community.letter(chart, TeamKind.MEMORY_SERVICE, since, "Memory service diagnosis letter",
                     f"Diagnosis: {what.text.lower()}, shared with the family. Driving and "
                     "lasting power of attorney discussed.")  # fmt: skip
    social_care.decision(chart, since - 100, "Lasting power of attorney: health and welfare",
                         "Registered with the Office of the Public Guardian. Attorney: "
                         f"{next_of_kin(chart)}.")  # fmt: skip
    social_care.alert(
        chart,
        chart.acute,
        since - 30,
        "Living with dementia: see 'This is me'; approach calmly",
        "clinical",
    )
    if chart.chance.happens(0.65):
        home_care(chart)
    if chart.chance.happens(0.15):
        social_care.alert(chart, chart.council, 80,
                          "Section 42 enquiry open: concern about financial abuse",
                          "safeguarding")  # fmt: skip


def care_home(chart: Chart) -> None:
    """Long term residential or nursing care."""
    if "social care" in chart.told:
        return
    chart.told |= {"social care", "community"}
    since = chart.chance.randrange(200, 1200)
    social_care.assessment(chart, since + 30, "Care Act needs assessment",
                           "Needs can no longer be met at home by day and night.")  # fmt: skip
    nursing = chart.chance.happens(0.4)
    social_care.service(chart, "Long term nursing care" if nursing else
                        "Long term residential care", social_care.NURSING if nursing else
                        social_care.RESIDENTIAL, since, "24 hours")  # fmt: skip
    respect(chart, since - 60)
    community.caseload(chart, TeamKind.DISTRICT_NURSING, 300, "Skin and continence care")
    community.visits(chart, TeamKind.DISTRICT_NURSING, "Pressure area check", first=290,
                     last=5, every=21)  # fmt: skip


def respect(chart: Chart, days_ago: float, *, comfort: bool = False) -> None:
    """A ReSPECT form with its recommendation on resuscitation."""
    aim = "comfort" if comfort else "treatment of what can be reversed, in hospital if needed"
    social_care.decision(
        chart, max(days_ago, 1), "ReSPECT: do not attempt cardiopulmonary resuscitation",
        f"Priority: {aim}. CPR attempts NOT recommended. Discussed with the resident and family.",
    )  # fmt: skip


def stroke(chart: Chart) -> None:
    """An ischaemic stroke with rehabilitation and care at home."""
    chart.told |= {"acute", "community", "stroke"}
    ago = chart.chance.randrange(200, 1500)
    start = admission(
        chart,
        "WILLOW",
        ago,
        stay=14,
        reason="Sudden weakness of the left side",
        diagnosis=Coded("Cerebral infarction", "432504007"),
        panels=("U&E", "FBC", "Lipids", "HbA1c"),
        arrival={},
        later={},
        course="Thrombolysed. Left arm weakness remains; walks with one.",
    )
    image(
        chart,
        Coded("CT of head", "303653007"),
        start,
        "Early ischaemic change in the right middle cerebral artery territory. No haemorrhage.",
    )
    chart.condition(Coded("History of stroke", "275526006"), ago - 14)
    chart.medicine("clopidogrel", ago - 14)
    chart.medicine("atorvastatin80", ago - 14)
    community.caseload(chart, TeamKind.COMMUNITY_THERAPY, ago - 15, "Stroke rehabilitation",
                       ended=max(ago - 150, 5))  # fmt: skip
    community.visits(chart, TeamKind.COMMUNITY_THERAPY, "Stroke rehabilitation", first=ago - 17,
                     last=max(ago - 120, 6), every=7)  # fmt: skip
    clinic(chart, "NEUROLOGY", ago - 60, "Six weeks after stroke", "Good progress.")
    if chart.chance.happens(0.6):
        home_care(chart)


def hip_fracture(chart: Chart, *, days_ago: int = 5) -> None:
    """In hospital now with a broken hip; home care paused; discharge being planned."""
    chart.told |= {"inpatient", "acute"}
    ward = "ALDER" if chart.person.borough == "Lewisham" else "HAZEL"
    lewisham = chart.person.borough == "Lewisham"
    ward = ward if days_ago < 5 else ("LAUREL" if lewisham else "CEDAR")
    home_care(chart, paused=True)
    start = admission(
        chart,
        ward,
        days_ago,
        stay=None,
        reason="Fall at home, painful hip",
        diagnosis=Coded("Fracture of neck of femur", "5913000"),
        expected=4,
    )
    image(chart, Coded("X-ray of pelvis"), start,
          "Displaced intracapsular fracture of the neck of the right femur.")  # fmt: skip
    procedure(chart, Coded("Hemiarthroplasty of hip"), chart.at(chart.day(days_ago - 1), 10, 14),
              "Cemented hemiarthroplasty; full weight bearing")  # fmt: skip
    _discharge_plan(chart, "Home with double-handed care four times a day, or a rehabilitation "
                    "bed if not safe on stairs by the weekend.")  # fmt: skip


def _discharge_plan(chart: Chart, destination: str) -> None:
    """The hospital's discharge plan and the council's part in it."""
    team = chart.team(chart.acute, TeamKind.HOSPITAL_DISCHARGE)
    chart.add(
        model.CarePlan, chart.acute, chart.day(1), title="Discharge plan", category="Discharge",
        summary=destination, team=team.code, author=chart.staff(team.code, "Discharge coordinator"),
        steps=("Therapy assessment on stairs", "Assessment notice sent to the council",
               "Medicines to take home", "Key safe and care restart confirmed"),
    )  # fmt: skip
    chart.add(
        model.Referral, chart.acute, chart.day(1), status="active", to="Adult social care",
        to_code=chart.council,
        to_team=chart.team(chart.council, TeamKind.SOCIAL_CARE_HOSPITAL).code,
        what=Coded("Assessment notice (Care Act 2014, schedule 3)"), priority="urgent",
        reason="Needs care and support to be discharged safely", team=team.code,
        author=chart.staff(team.code, "Discharge coordinator"),
    )  # fmt: skip
    social_care.allocated_worker(chart, 1, hospital=True)
    social_care.assessment(
        chart,
        0,
        "Hospital discharge assessment",
        "Assessment begun on the ward with the family.",
        status="in-progress",
    )


@dataclass(frozen=True, slots=True)
class _Stay:
    """A common reason to be in hospital: the two hospitals' wards, tests and treatment."""

    diagnosis: Coded
    reason: str
    wards: tuple[str, str]
    arrival: dict[str, float]
    later: dict[str, float]
    treatment: str = ""
    chest_film: str = ""


_STAYS = (
    _Stay(Coded("Community-acquired pneumonia", "385093006"), "Cough, fever and confusion",
          ("MAPLE", "ROWAN"), {"crp": 164, "wbc": 16.2, "neutrophils": 13.4},
          {"crp": 71, "wbc": 11.4, "neutrophils": 8.6}, "doxycycline",
          "Right lower zone consolidation."),
    _Stay(Coded("Urinary tract infection", "68566005"), "Confusion and fever",
          ("LAUREL", "CEDAR"), {"crp": 88, "wbc": 13.8, "neutrophils": 11.1}, {"crp": 30},
          "co_amoxiclav"),
    _Stay(Coded("Acute heart failure", "56675007"), "Breathlessness and swollen legs",
          ("MAPLE", "OAK"), {"crp": 8}, {"crp": 6}, "furosemide",
          "Cardiomegaly with small bilateral effusions and upper lobe diversion."),
    _Stay(Coded("Cellulitis of lower limb"), "Red, hot and swollen leg", ("MAPLE", "ROWAN"),
          {"crp": 112, "wbc": 14.1, "neutrophils": 11.6}, {"crp": 44}, "flucloxacillin"),
    _Stay(Coded("Acute kidney injury", "14669001"), "Vomiting and not drinking",
          ("MAPLE", "ROWAN"), {"crp": 9, "egfr": 21}, {"crp": 5, "egfr": 34}),
    _Stay(Coded("Gastrointestinal haemorrhage", "74474003"), "Black stools", ("BIRCH", "ROWAN"),
          {"crp": 4, "hb": 79, "urea": 17.2}, {"crp": 6, "hb": 88}, "omeprazole"),
)  # fmt: skip


def current_stay(chart: Chart) -> None:
    """In hospital now with something common."""
    if "inpatient" in chart.told:
        return
    chart.told |= {"inpatient", "acute"}
    stay = chart.chance.pick(_STAYS)
    ward = stay.wards[0] if chart.person.borough == "Lewisham" else stay.wards[1]
    planning = chart.age >= 72 and chart.chance.happens(0.6)
    if planning:
        home_care(chart, paused=True)
    start = admission(chart, ward, chart.chance.randrange(2, 12), stay=None, reason=stay.reason,
                      diagnosis=stay.diagnosis, expected=chart.chance.randrange(2, 7),
                      arrival=stay.arrival, later=stay.later)  # fmt: skip
    if stay.treatment:
        chart.ward_medicine(stay.treatment, start + timedelta(hours=4))
    if stay.chest_film:
        image(chart, Coded("Plain chest X-ray", "399208008"), start, stay.chest_film)
    if planning:
        _discharge_plan(chart, "Home with the package of care restarted.")


def parkinsons(chart: Chart) -> None:
    """Parkinson's disease: time-critical medicine and a specialist clinic."""
    chart.told |= {"acute"}
    since = chart.chance.randrange(900, 2500)
    chart.condition(Coded("Parkinson's disease", "49049000"), since)
    chart.medicine("co_careldopa", since - 30)
    chart.medicine("macrogol", since - 200)
    social_care.alert(chart, chart.acute, 700, "Parkinson's: time-critical medicine, never omit",
                      "clinical")  # fmt: skip
    for ago in range(90, min(since, 1500), 200):
        clinic(chart, "NEUROLOGY", ago, "Parkinson's disease", "On time all day with few "
               "dyskinesias. No change.")  # fmt: skip
    clinic_ahead(chart, "NEUROLOGY", 60, "Parkinson's disease")


def palliative(chart: Chart) -> None:
    """Advanced lung cancer: a ReSPECT form, anticipatory medicines, nurses at home."""
    chart.told |= {"acute", "community", "cancer"}
    chart.condition(Coded("Primary malignant neoplasm of lung", "93880001"), 400)
    image(chart, Coded("CT of thorax", "169069000"), chart.at(chart.weekday(405)),
          "Right upper lobe mass of 58 mm with liver metastases.")  # fmt: skip
    clinic(chart, "ONCOLOGY", 390, "New diagnosis", "Stage IV. Palliative chemotherapy declined.")
    chart.medicine("morphine", 180)
    chart.medicine("senna", 180)
    chart.medicine("lactulose", 180)
    for name in ("morphine_inj", "midazolam", "glycopyrronium"):
        chart.medicine(name, 40)
    respect(chart, 90, comfort=True)
    social_care.decision(chart, 85, "Preferred place of death", "Home, with family.")
    community.caseload(chart, TeamKind.DISTRICT_NURSING, 120, "End of life care at home",
                       ended=None if chart.alive else 0)  # fmt: skip
    community.visits(chart, TeamKind.DISTRICT_NURSING, "Comfort and symptom check", first=115,
                     last=2, every=6)  # fmt: skip
    community.plan(chart, TeamKind.DISTRICT_NURSING, 100, "End of life care plan",
                   "Comfort at home; ring the nurses before 999 when it can wait.",
                   "Just-in-case medicines in the house", "Family know who to ring")  # fmt: skip
    primary_care.out_of_hours(chart, 50, "Breathless in the night",
                              "Oral morphine 2.5 mg given with relief; nurses told.")  # fmt: skip
    next_of_kin(chart, carer=True)
