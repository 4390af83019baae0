"""What nearly everybody has: registration, minor illness, screening, vaccinations."""

from __future__ import annotations

from datetime import date, timedelta

from region import model, primary_care
from region.chart import FIVE_YEARS, Chart
from region.hospital import procedure
from region.medicines import FORBIDDEN
from region.model import Coded
from region.primary_care import surgery

_MINOR = (
    ("Upper respiratory tract infection", "54150009", None),
    ("Low back pain", "279039007", "naproxen"),
    ("Hay fever", "", "cetirizine"),
    ("Tonsillitis", "90176007", "phenoxymethyl"),
    ("Migraine", "37796009", None),
    ("Skin rash, self-limiting", "", None),
    ("Shoulder pain", "", "naproxen"),
)
_MINOR_OLD = (
    ("Upper respiratory tract infection", "54150009", None),
    ("Low back pain", "279039007", "paracetamol"),
    ("Constipation", "14760008", "senna"),
    ("Urinary tract infection", "68566005", "nitrofurantoin"),
    ("Skin rash, self-limiting", "", None),
    ("Shoulder pain", "", "paracetamol"),
)
_MINOR_CHILD = (
    ("Upper respiratory tract infection", "54150009", "paracetamol_child"),
    ("Otitis media", "65363002", "amoxicillin_child"),
    ("Viral gastroenteritis", "111843007", None),
    ("Eczema", "43116000", "emollient"),
    ("Chickenpox", "38907003", "paracetamol_child"),
)
_REASONS = (
    "Medication query", "Test results discussed", "Fit note requested", "Travel advice",
    "Tiredness", "Knee pain", "Ear wax", "Sleep problem", "Skin lesion checked",
)  # fmt: skip
_REASONS_OLD = (
    "Medication query", "Test results discussed", "Tiredness", "Knee pain", "Ear wax",
    "Sleep problem", "Dizziness on standing", "Skin lesion checked", "Repeat prescription review",
)  # fmt: skip
#: What nobody has twice, and what comes only in the pollen season.
_ONCE = {"Chickenpox"}
_POLLEN = range(4, 9)
_SIX_IN_ONE = Coded("DTaP/IPV/Hib/HepB (6-in-1) vaccine")
#: UK routine childhood schedule before 2025: age in days, vaccine, number of the dose.
_CHILDHOOD = (
    (56, _SIX_IN_ONE, 1), (56, Coded("Rotavirus vaccine"), 1), (56, Coded("MenB vaccine"), 1),
    (84, _SIX_IN_ONE, 2), (84, Coded("Pneumococcal conjugate vaccine"), 1),
    (112, _SIX_IN_ONE, 3), (112, Coded("MenB vaccine"), 2),
    (368, Coded("MMR vaccine"), 1), (368, Coded("Hib/MenC vaccine"), 1),
    (1230, Coded("MMR vaccine"), 2), (1230, Coded("4-in-1 pre-school booster vaccine"), 1),
    (4750, Coded("HPV vaccine"), 1), (5200, Coded("3-in-1 teenage booster vaccine"), 1),
)  # fmt: skip
_FLU = Coded("Seasonal influenza vaccine")
_COVID = Coded("COVID-19 vaccine")


def registration(chart: Chart) -> None:
    """What a practice asks when someone registers: allergies, habits, a first blood pressure."""
    registered = min(FIVE_YEARS + chart.chance.randrange(100, 4000), _days_of_life(chart) - 60)
    if registered < 2:
        return
    _allergies(chart, registered)
    if chart.age < 16:
        return
    at = chart.at(chart.weekday(chart.chance.randrange(30, 700)))
    chart.seen_by[at] = chart.staff(f"{chart.gp}-GP", "Practice nurse")
    smoking = chart.chance.weighted(
        [("Never smoked tobacco", 0.58), ("Ex-smoker", 0.27), ("Current smoker", 0.15)]
    )
    if chart.told & {"copd", "heart disease"} or (chart.age >= 75 and "Current" in smoking):
        smoking = "Ex-smoker"
    chart.measure(primary_care.SMOKING, at, kind="social-history", words=smoking)
    if chart.age >= 18:
        units = max(chart.chance.around(6, 4), 0)
        chart.measure(Coded("Alcohol units consumed per week"), at, units, "{units}/wk",
                      kind="social-history")  # fmt: skip
        chart.measure(primary_care.HEIGHT, at, chart.height_cm, "cm")
        primary_care.weigh(chart, at)
        if not chart.told & {"hypertension", "ckd", "diabetes"}:
            primary_care.blood_pressure(chart, at, 122 + chart.age * 0.15, 76)


def _days_of_life(chart: Chart) -> int:
    return (chart.until - chart.person.birth_date).days


def _allergies(chart: Chart, registered: int) -> None:
    """About one in six has an allergy; most were asked; some were never asked."""
    if any(each.startswith("allergy:") for each in chart.told):
        return
    draw = chart.chance.random()
    if draw < 0.17:
        names = ("egg", "peanut") if chart.age < 16 else (
            "penicillin", "penicillin", "trimethoprim", "codeine", "latex", "aspirin")  # fmt: skip
        name = chart.chance.pick(names)
        taken = FORBIDDEN.get(name, frozenset())
        if not taken & set(chart.current_medicines) and "medicated" not in chart.told:
            primary_care.allergy(chart, name, registered)
            if chart.chance.happens(0.5) and chart.age >= 16 and "acute" in chart.told:
                primary_care.allergy(chart, name, 200, source=chart.acute)
            return
    if draw < 0.85:
        primary_care.no_known_allergies(chart, min(registered, chart.chance.randrange(100, 2500)))


def minor_illness(chart: Chart) -> None:
    """Consultations for passing illness, more in the old and the very young."""
    rate = 1.2 if 5 <= chart.age < 50 else 2.6
    count = max(round(chart.chance.around(rate * 5, 2)), 1)
    for _ in range(count):
        ago = chart.chance.randrange(3, FIVE_YEARS)
        if ago >= _days_of_life(chart) - 60:
            continue
        if chart.chance.happens(0.45):
            _passing_illness(chart, ago)
            continue
        age = chart.age_on(chart.day(ago))
        reason = chart.chance.pick(_REASONS_OLD if age >= 70 else _REASONS)
        if age < 16:
            reason = "Child health query"
        by = chart.chance.pick(("GP", "GP", "Practice nurse"))
        surgery(chart, ago, reason, by=by)


def _passing_illness(chart: Chart, ago: int) -> None:
    """One illness that passes, with its treatment where there is one."""
    age = chart.age_on(chart.day(ago))
    pool = _MINOR_CHILD if age < 13 else _MINOR_OLD if age >= 70 else _MINOR
    words, code, treatment = chart.chance.pick(pool)
    # The same illness comes back after months, if at all.
    season = ago // 150
    near = {f"{words} {each}" for each in (season - 1, season, season + 1)}
    once = words in _ONCE and words in chart.told
    if once or near & chart.told or (words == "Hay fever" and chart.day(ago).month not in _POLLEN):
        return
    chart.told |= {words, f"{words} {season}"}
    at = surgery(chart, ago, words)
    ended = min(at.date() + timedelta(days=14), chart.until)
    chart.condition(Coded(words, code), ago, on=at, status="resolved", ended=ended)
    if treatment and _suits(chart, treatment):
        chart.told.add("medicated")
        chart.course(treatment, at)


def _suits(chart: Chart, medicine: str) -> bool:
    """Neither naproxen nor nitrofurantoin where kidneys, heart, blood or a child forbid it."""
    unsafe = {
        "naproxen": {"anticoagulated", "ckd", "heart failure", "pregnant"},
        "nitrofurantoin": {"ckd"},
    }
    return not chart.told & unsafe.get(medicine, set())


def screening(chart: Chart) -> None:
    """National screening and the NHS Health Check, for those who are of an age for it."""
    day = chart.chance.randrange(40, 1000)
    age = chart.age_on(chart.day(day))
    if chart.female and 25 <= age < 65 and "pregnant" not in chart.told:
        at = chart.at(chart.weekday(day))
        procedure(chart, Coded("Cervical screening", "171149006"), at,
                  "HPV not detected; recall in five years", source=chart.gp)  # fmt: skip
    if chart.female and 50 <= age < 71:
        chart.add(
            model.Imaging,
            chart.acute,
            chart.at(chart.weekday(day + 50)),
            what=Coded("Mammography", "71651007"),
            conclusion="No evidence of malignancy. Routine recall.",
            author=chart.staff(chart.acute, "Consultant radiologist"),
        )
    if 54 <= age < 75:
        surgery(chart, day + 9, "Bowel screening kit result: normal", by="Practice nurse")
    if 40 <= age < 75 and not chart.told & {"diabetes", "ckd", "heart disease"}:
        at = surgery(chart, day + 20, "NHS Health Check", by="Practice nurse")
        for panel in ("HbA1c", "Lipids", "U&E"):
            chart.labs(panel, at)


def vaccinations(chart: Chart) -> None:
    """The childhood schedule, influenza each autumn and COVID-19, as age and illness call."""
    born = chart.person.birth_date
    if chart.age < 20:
        for days, what, dose in _CHILDHOOD:
            day = born + timedelta(days=days + chart.chance.randrange(0, 9))
            if day <= chart.until and chart.chance.happens(0.95):
                primary_care.vaccinate(chart, what, day, dose=dose)
    at_risk = chart.age >= 65 or bool(
        chart.told & {"diabetes", "copd", "asthma", "heart failure", "ckd", "immunity"}
    )
    for year in range(chart.until.year - 4, chart.until.year + 1):
        autumn = date(year, 10, 1) + timedelta(days=chart.chance.randrange(0, 45))
        if born + timedelta(days=1000) < autumn <= chart.until:
            if at_risk and chart.chance.happens(0.8):
                primary_care.vaccinate(chart, _FLU, autumn)
            if chart.age_on(autumn) >= 75 and chart.chance.happens(0.8):
                primary_care.vaccinate(chart, _COVID, autumn, dose=year - chart.until.year + 8)
    if chart.age >= 67 and chart.chance.happens(0.7):
        day = born.replace(year=born.year + 66, day=min(born.day, 28))
        if day <= chart.until:
            primary_care.vaccinate(chart, Coded("Pneumococcal polysaccharide vaccine"), day)


def sensitive_item(chart: Chart) -> None:
    """An item of the national exclusion set, which its source marks and keeps to itself."""
    if chart.female and 30 <= chart.age < 46:
        at = chart.at(chart.weekday(600))
        procedure(chart, Coded("In vitro fertilisation", "52637005"), at, sensitive=True)
    elif 18 <= chart.age < 60:
        chart.condition(Coded("Chlamydial infection", "105629000"), 700, status="resolved",
                        ended=chart.day(680), sensitive=True)  # fmt: skip


def filed_in_error(chart: Chart) -> None:
    """Something filed under the wrong person, which the source has since struck out."""
    if chart.chance.happens(0.5):
        chart.condition(Coded("Type 1 diabetes mellitus", "46635009"), 400, entered_in_error=True,
                        note="Filed in the wrong record")  # fmt: skip
    else:
        what, kind, criticality, reaction = primary_care.ALLERGIES["latex"]
        chart.add(model.Allergy, chart.gp, chart.day(300), what=what, kind=kind,
                  criticality=criticality, reactions=(reaction,), entered_in_error=True,
                  author=chart.author(chart.gp))  # fmt: skip
