"""Long-term conditions of adults, each with its medicines, results and reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING

from region import primary_care
from region.chart import FIVE_YEARS, Chart
from region.hospital import admission, clinic, clinic_ahead, ed_attendance, image, procedure
from region.model import Coded
from region.primary_care import surgery
from region.social_care import alert

if TYPE_CHECKING:
    from datetime import datetime

_REVIEW_EVERY = 182


def _reviews(
    chart: Chart, title: str, since: float, every: float = _REVIEW_EVERY
) -> list[tuple[float, datetime]]:
    """Regular reviews at the practice: how many days ago, and when exactly."""
    when = []
    ago = min(since, FIVE_YEARS) - chart.chance.randrange(5, 60)
    while ago > 3:
        by = chart.chance.pick(("Practice nurse", "GP", "Pharmacist"))
        when.append((ago, surgery(chart, ago, title, by=by, in_person=True)))
        ago -= every + chart.chance.randrange(-14, 30)
    return when


def hypertension(chart: Chart) -> None:
    """Blood pressure above 140/90 confirmed at home, then what NICE NG136 has first."""
    if chart.told & {"hypertension", "pregnant"}:
        return
    chart.told.add("hypertension")
    since = chart.chance.randrange(700, 5000)
    chart.condition(Coded("Essential hypertension", "59621000"), since)
    first = "amlodipine" if chart.age >= 55 and "diabetes" not in chart.told else "ramipril"
    chart.medicine(first, since - 20)
    if chart.chance.happens(0.4):
        chart.medicine("losartan" if first == "amlodipine" else "amlodipine", since / 2)
    for ago, at in _reviews(chart, "Hypertension review", since, 300):
        primary_care.blood_pressure(chart, at, 138 if ago < 900 else 148, 82)
        chart.labs("U&E", at)
        if ago < 800:
            chart.labs("Lipids", at)


def type2_diabetes(chart: Chart) -> None:
    """Metformin, HbA1c that climbs and is brought down, eyes, feet, kidneys."""
    chart.told.add("diabetes")
    since = chart.chance.randrange(1100, 4800)
    chart.condition(Coded("Type 2 diabetes mellitus", "44054006"), since)
    chart.moves("hba1c", chart.chance.around(72, 6), chart.chance.around(56, 5))
    chart.moves("cholesterol", 5.4, 3.9)
    weak = "ckd" in chart.told
    chart.medicine("metformin_low" if weak else "metformin", since - 30)
    chart.medicine("atorvastatin20", since - 60)
    if chart.chance.happens(0.5):
        chart.medicine(
            "gliclazide", min(1500, since - 200), stopped=420, why="type 2 diabetes: stopped, hypos"
        )
    chart.medicine("empagliflozin", 420)
    for _, at in _reviews(chart, "Diabetes review", since):
        for panel in ("HbA1c", "U&E", "Lipids", "ACR"):
            chart.labs(panel, at)
        primary_care.weigh(chart, at)
        primary_care.blood_pressure(chart, at, 134, 78)
    first = chart.chance.randrange(20, 330)
    for year in range(4):
        at = chart.at(chart.weekday(min(year * 365 + first, since - 30)))
        if year * 365 + first > since:
            break
        grade = "R1 M0 (background)" if year < 2 and since > 2500 else "R0 M0 (none)"
        procedure(chart, Coded("Diabetic retinal screening", "134395001"), at,
                  f"Both eyes {grade}; recall in a year", source=chart.gp)  # fmt: skip
        procedure(chart, Coded("Diabetic foot examination", "401191002"), at,
                  "Pulses and sensation present; low risk", source=chart.gp)  # fmt: skip
    if chart.chance.happens(0.45) or "diabetes clinic" in chart.told:
        clinic(chart, "DIABETES", 500, "Type 2 diabetes above target",
               "HbA1c above target on two medicines. Empagliflozin advised in place of "
               "gliclazide; sick-day rules explained.")  # fmt: skip
        clinic_ahead(chart, "DIABETES", chart.chance.randrange(10, 80), "Diabetes follow-up")


def type1_diabetes(chart: Chart) -> None:
    """Insulin from the day of diagnosis; hospital clinic."""
    chart.told.add("diabetes")
    since = min(chart.chance.randrange(900, 4000), (chart.age - 6) * 365)
    chart.condition(Coded("Type 1 diabetes mellitus", "46635009"), since)
    chart.moves("hba1c", 74, 61)
    chart.medicine("insulin_basal", since)
    chart.medicine("insulin_rapid", since)
    for ago in range(60, min(since, FIVE_YEARS), 190):
        at = clinic(chart, "DIABETES" if chart.age >= 18 else "PAEDIATRICS", ago,
                    "Type 1 diabetes", "Continues on basal bolus insulin with sensor.")  # fmt: skip
        chart.labs("HbA1c", at, source=chart.acute)


def kidney_disease(chart: Chart) -> None:
    """Chronic kidney disease stage 3: an eGFR that falls slowly."""
    chart.told |= {"ckd"}
    now = chart.chance.around(44, 5)
    chart.moves("egfr", now + 11, now)
    chart.moves("hb", 132, 121)
    chart.condition(Coded("Chronic kidney disease stage 3", "433144002"), FIVE_YEARS)
    for _, at in _reviews(chart, "Chronic kidney disease review", FIVE_YEARS, 330):
        for panel in ("U&E", "FBC", "ACR"):
            chart.labs(panel, at)


def copd(chart: Chart) -> None:
    """COPD in a former smoker: inhalers, winter flares, a stay in hospital for some."""
    chart.told.add("copd")
    since = chart.chance.randrange(1500, 4000)
    chart.condition(Coded("Chronic obstructive pulmonary disease", "13645005"), since)
    chart.medicine("salbutamol", since)
    chart.medicine("tiotropium", min(since, 1200))
    for _, at in _reviews(chart, "COPD annual review", since, 360):
        chart.measure(Coded("FEV1 percent of predicted"), at, chart.chance.around(52, 6), "%",
                      kind="exam")  # fmt: skip
        chart.measure(Coded("MRC breathlessness scale grade"), at, chart.chance.randrange(2, 5),
                      "{grade}", kind="survey")  # fmt: skip
    for _ in range(chart.chance.randrange(1, 5)):
        at = surgery(chart, chart.chance.randrange(20, 1500), "Flare of COPD")
        chart.course("prednisolone", at)
        chart.course("doxycycline", at)
    if chart.chance.happens(0.6) and "inpatient" not in chart.told:
        chart.told.add("acute")
        ward = "ELM" if chart.person.borough == "Lewisham" else "ROWAN"
        start = admission(chart, ward, chart.chance.randrange(120, 1200), stay=5,
                          reason="Infective exacerbation of COPD",
                          diagnosis=Coded("Acute exacerbation of COPD", "195951007"),
                          course="Nebulisers, prednisolone and doxycycline; oxygen weaned to "
                          "room air.")  # fmt: skip
        image(chart, Coded("Plain chest X-ray", "399208008"), start,
              "Hyperexpanded lungs. No consolidation or pneumothorax.")  # fmt: skip


def asthma(chart: Chart) -> None:
    """Asthma of an adult."""
    chart.told.add("asthma")
    since = min(chart.chance.randrange(2000, 6000), (chart.age - 5) * 365)
    chart.condition(Coded("Asthma", "195967001"), since)
    chart.medicine("salbutamol", since)
    chart.medicine("budesonide", min(since, 1500))
    for _, at in _reviews(chart, "Asthma annual review", since, 380):
        chart.measure(Coded("Peak expiratory flow rate"), at,
                      chart.chance.around(390 if chart.female else 510, 25), "L/min",
                      kind="exam")  # fmt: skip
    if chart.chance.happens(0.3):
        ed_attendance(
            chart,
            chart.chance.randrange(60, 1400),
            "Acute asthma",
            letter="Salbutamol by spacer and prednisolone; peak flow 80% at the end.",
        )


def heart_disease(chart: Chart) -> None:
    """Ischaemic heart disease after a heart attack with a stent."""
    chart.medicine("aspirin", 1700)
    chart.told |= {"heart disease", "acute"}
    chart.condition(Coded("Ischaemic heart disease", "414545008"), 1740)
    chart.moves("cholesterol", 5.6, 3.6)
    chart.medicine("atorvastatin80", 1700)
    chart.medicine("bisoprolol", 1700)
    start = admission(chart, "OAK", 1736, stay=4, reason="Chest pain: NSTEMI",
                      diagnosis=Coded("Non-ST segment elevation myocardial infarction",
                                      "401314000"), panels=("U&E", "FBC", "Lipids"),
                      course="Angiogram: tight LAD stenosis, one drug-eluting stent.",
                      arrival={}, later={})  # fmt: skip
    chart.labs("Troponin", start, source=chart.acute, troponin=412)
    procedure(chart, Coded("Percutaneous coronary intervention", "415070008"), start,
              "One stent to LAD")  # fmt: skip
    for ago in (1500, 1130, 700, 330):
        clinic(chart, "CARDIOLOGY", ago, "Ischaemic heart disease", "No angina. Continue.")
    for _, at in _reviews(chart, "Heart disease annual review", 1700, 370):
        primary_care.blood_pressure(chart, at, 128, 74)
        chart.labs("Lipids", at)


def atrial_fibrillation(chart: Chart) -> None:
    """Atrial fibrillation with apixaban, at the lower dose where two of three reasons hold."""
    chart.told |= {"anticoagulated"}
    since = chart.chance.randrange(500, 3000)
    chart.condition(Coded("Atrial fibrillation", "49436004"), since)
    low = chart.age >= 80 and chart.weight_kg <= 60
    chart.medicine("apixaban2" if low else "apixaban", since - 10)
    chart.medicine("bisoprolol", since - 10)
    for _, at in _reviews(chart, "Anticoagulation review", since, 200):
        chart.labs("U&E", at)
        chart.labs("FBC", at)
        chart.measure(primary_care.PULSE, at, chart.chance.around(76, 7), "/min")


def heart_failure(chart: Chart) -> None:
    """Heart failure: diuretics, NT-proBNP, weights, one stay in hospital and the clinic."""
    chart.told |= {"heart failure", "acute"}
    since = chart.chance.randrange(500, 1500)
    chart.condition(Coded("Heart failure", "84114007"), since)
    chart.moves("bnp", 2600, 1500)
    chart.labs("BNP", chart.at(chart.weekday(since + 20)), bnp=chart.chance.around(3200, 600))
    image(
        chart,
        Coded("Echocardiography", "40701008"),
        chart.at(chart.weekday(since)),
        "Moderately impaired left ventricle, ejection fraction 38%. Mild mitral regurgitation.",
    )
    chart.medicine("furosemide", since)
    chart.medicine("ramipril2", since - 20)
    chart.medicine("bisoprolol", since - 10)
    chart.medicine("dapagliflozin", since - 60)
    if "ckd" not in chart.told:
        chart.medicine("spironolactone", since - 90)
    for ago in range(30, since, 150):
        at = clinic(chart, "CARDIOLOGY", ago, "Heart failure", "Weight steady; medicines "
                    "unchanged. Weigh every day.")  # fmt: skip
        chart.labs("U&E", at, source=chart.acute)
        primary_care.weigh(chart, at)
    if "inpatient" not in chart.told:
        start = admission(
            chart,
            "OAK",
            since / 2,
            stay=7,
            reason="Decompensated heart failure",
            panels=("U&E", "FBC", "BNP"),
            course="Intravenous furosemide, 6 kg lost; renal function watched.",
        )
        image(chart, Coded("Plain chest X-ray", "399208008"), start,
              "Cardiomegaly, upper lobe diversion and small bilateral effusions.")  # fmt: skip


def hypothyroidism(chart: Chart) -> None:
    """Underactive thyroid on levothyroxine."""
    chart.told.add("thyroid")
    since = chart.chance.randrange(900, 5000)
    chart.condition(Coded("Hypothyroidism", "40930008"), since)
    chart.medicine("levothyroxine" if chart.age > 65 else "levothyroxine100", since)
    for _, at in _reviews(chart, "Thyroid review", since, 370):
        chart.labs("TFT", at)


def osteoarthritis(chart: Chart) -> None:
    """Knees that wear; a new one for some."""
    since = chart.chance.randrange(800, 4000)
    chart.condition(Coded("Osteoarthritis of knee", "239873007"), since)
    chart.medicine("paracetamol", since)
    at = surgery(chart, min(since, 1400), "Knee pain")
    image(chart, Coded("X-ray of knee", "74016001"), at,
          "Loss of joint space in the medial compartment with osteophytes.")  # fmt: skip
    if chart.chance.happens(0.35):
        chart.told.add("acute")
        clinic(chart, "ORTHOPAEDICS", 900, "Osteoarthritis of the knee", "Listed for surgery.")
        start = admission(chart, "HAZEL", 640, stay=3, reason="Elective total knee replacement",
                          panels=("U&E", "FBC"), planned=True,
                          course="Uncomplicated; walking with two sticks.")  # fmt: skip
        procedure(chart, Coded("Total replacement of knee joint", "609588000"), start)
        clinic(chart, "ORTHOPAEDICS", 560, "Six weeks after knee replacement", "Wound healed.")


def prostate(chart: Chart) -> None:
    """Benign enlargement of the prostate, watched with PSA."""
    if chart.female:
        return
    since = chart.chance.randrange(400, 2500)
    chart.condition(Coded("Benign prostatic hyperplasia", "266569009"), since)
    chart.medicine("tamsulosin", since)
    chart.moves("psa", 2.1, 2.8)
    for ago in range(100, min(since, 1500), 370):
        chart.labs("PSA", surgery(chart, ago, "Prostate symptoms review"))


def rheumatoid_arthritis(chart: Chart) -> None:
    """Methotrexate once a week with its blood tests every three months."""
    if "pregnant" in chart.told:
        return
    chart.told |= {"immunity", "acute"}
    chart.condition(Coded("Rheumatoid arthritis", "69896004"), 1600)
    chart.medicine("methotrexate", 1500)
    chart.medicine("folic", 1500, dose="One tablet once a week on Fridays",
                   why="with methotrexate")  # fmt: skip
    for ago in range(20, 1500, 91):
        at = chart.at(chart.weekday(ago))
        for panel in ("FBC", "LFT", "U&E", "CRP"):
            chart.labs(panel, at)
    for ago in (1600, 1200, 800, 400):
        clinic(chart, "RHEUMATOLOGY", ago, "Rheumatoid arthritis", "DAS28 2.4: low activity.")
    clinic_ahead(chart, "RHEUMATOLOGY", 40, "Rheumatoid arthritis")


def epilepsy(chart: Chart) -> None:
    """Epilepsy, mostly free of seizures."""
    since = chart.chance.randrange(1200, 4000)
    chart.condition(Coded("Epilepsy", "84757009"), since)
    chart.medicine("levetiracetam", since)
    _reviews(chart, "Epilepsy annual review", since, 380)
    ed_attendance(chart, chart.chance.randrange(100, 1200), "Seizure, now recovered",
                  letter="Typical brief seizure after missed tablets. CT not needed.")  # fmt: skip
    clinic(chart, "NEUROLOGY", 80, "Epilepsy", "No further seizures. Not driving.")


def breast_cancer(chart: Chart) -> None:
    """Breast cancer treated with surgery and letrozole."""
    if not chart.female:
        return
    chart.told |= {"acute", "cancer"}
    chart.condition(Coded("Malignant neoplasm of breast", "254837009"), 1300)
    clinic(chart, "ONCOLOGY", 1310, "New diagnosis", "Grade 2 ductal carcinoma, ER positive.")
    start = admission(chart, "BIRCH", 1260, stay=1, reason="Wide local excision of left breast",
                      panels=("FBC", "U&E"), planned=True,
                      course="Clear margins, sentinel node negative.")  # fmt: skip
    procedure(chart, Coded("Wide local excision of breast lesion"), start)
    if chart.age >= 50:
        chart.medicine("letrozole", 1200)
    for ago in (1100, 900, 540, 180):
        at = clinic(chart, "ONCOLOGY", ago, "Breast cancer follow-up", "No sign of recurrence.")
        chart.labs("FBC", at, source=chart.acute)
        chart.labs("LFT", at, source=chart.acute)
    clinic_ahead(chart, "ONCOLOGY", 170, "Annual follow-up")


def prostate_cancer(chart: Chart) -> None:
    """Prostate cancer under active surveillance."""
    if chart.female:
        return
    chart.told |= {"acute", "cancer"}
    chart.condition(Coded("Malignant tumour of prostate", "399068003"), 900)
    chart.moves("psa", 9.5, 6.8)
    for ago in range(60, 900, 180):
        at = clinic(chart, "UROLOGY", ago, "Prostate cancer, active surveillance", "PSA stable.")
        chart.labs("PSA", at, source=chart.acute)


def sickle_cell(chart: Chart) -> None:
    """Sickle cell disease: hydroxycarbamide, crises, clinic."""
    chart.told |= {"acute", "immunity"}
    chart.condition(Coded("Sickle cell disease"), min(FIVE_YEARS, (chart.age - 1) * 365))
    chart.moves("hb", 84, 88)
    chart.moves("wbc", 12, 9)
    chart.medicine("folic", FIVE_YEARS, why="sickle cell disease")
    chart.medicine("hydroxycarbamide", 1400)
    for ago in range(40, 1600, 95):
        at = clinic(chart, "HAEMATOLOGY", ago, "Sickle cell disease", "Continues well.")
        for panel in ("FBC", "LFT", "U&E"):
            chart.labs(panel, at, source=chart.acute)
    for ago in (1300, 760, 250):
        admission(chart, "MAPLE", ago, stay=4, reason="Painful crisis",
                  course="Morphine, fluids and warmth; no chest signs.",
                  arrival={"crp": 24}, later={"crp": 15})  # fmt: skip
    text = "Sickle cell disease: give pain relief within 30 minutes; see the personal plan"
    alert(chart, chart.acute, 1000, text, "clinical")
