"""The medicines of the region: names as dm+d writes them, with doses an adult is given.

A code is given only where it is certain; elsewhere the name alone is sent, as many sources do.
``least_age`` keeps adult medicines from children.
"""

from __future__ import annotations

from dataclasses import dataclass

from region.model import DMD, Coded


@dataclass(frozen=True, slots=True)
class Medicine:
    """A product, its usual dose and what it is for."""

    name: str
    dose: str
    reason: str = ""
    least_age: int = 18
    code: str = ""

    @property
    def coded(self) -> Coded:
        """The product as words and code."""
        return Coded(self.name, self.code, DMD) if self.code else Coded(self.name)


_DAILY = "One tablet once a day"
_TWICE = "One tablet twice a day"

MEDICINES = {
    "alendronic": Medicine(
        "Alendronic acid 70mg tablets",
        "One tablet once a week, on the same day, 30 minutes before breakfast, sitting up",
        "bone protection",
    ),
    "amlodipine": Medicine("Amlodipine 5mg tablets", _DAILY, "high blood pressure"),
    "amoxicillin_child": Medicine(
        "Amoxicillin 250mg/5ml oral suspension",
        "10 ml (500 mg) three times a day for 5 days",
        "ear infection",
        5,
    ),
    "apixaban": Medicine("Apixaban 5mg tablets", _TWICE, "atrial fibrillation: stroke prevention"),
    "apixaban2": Medicine(
        "Apixaban 2.5mg tablets", _TWICE, "atrial fibrillation: stroke prevention (reduced dose)"
    ),
    "aripiprazole": Medicine("Aripiprazole 10mg tablets", _DAILY, "bipolar disorder"),
    "aspirin": Medicine("Aspirin 75mg dispersible tablets", _DAILY, "heart disease"),
    "atorvastatin20": Medicine("Atorvastatin 20mg tablets", "One tablet at night", "cholesterol"),
    "atorvastatin80": Medicine(
        "Atorvastatin 80mg tablets", "One tablet at night", "secondary prevention"
    ),
    "bisoprolol": Medicine("Bisoprolol 2.5mg tablets", _DAILY, "heart rate control"),
    "beclometasone_child": Medicine(
        "Clenil Modulite 50micrograms/dose inhaler",
        "Two puffs twice a day through a spacer",
        "asthma prevention",
        4,
    ),
    "budesonide": Medicine(
        "Fostair 100micrograms/dose / 6micrograms/dose inhaler", "Two puffs twice a day", "asthma"
    ),
    "cetirizine": Medicine("Cetirizine 10mg tablets", _DAILY, "hay fever", 12),
    "clopidogrel": Medicine("Clopidogrel 75mg tablets", _DAILY, "stroke prevention"),
    "clozapine": Medicine(
        "Clozapine 100mg tablets",
        "One tablet in the morning and two at night",
        "schizophrenia (supplied by Oxleas)",
    ),
    "co_amoxiclav": Medicine(
        "Co-amoxiclav 500mg/125mg tablets", "One tablet three times a day for 7 days", "infection"
    ),
    "codeine": Medicine(
        "Codeine 15mg tablets", "One or two tablets up to four times a day when needed", "pain"
    ),
    "colecalciferol": Medicine(
        "Colecalciferol 800unit capsules", "One capsule once a day", "vitamin D"
    ),
    "co_careldopa": Medicine(
        "Co-careldopa 25mg/100mg tablets",
        "One tablet four times a day at 08:00, 12:00, 16:00 and 20:00: time critical",
        "Parkinson's disease",
    ),
    "dapagliflozin": Medicine("Dapagliflozin 10mg tablets", _DAILY, "heart failure or diabetes"),
    "donepezil": Medicine("Donepezil 10mg tablets", "One tablet at night", "dementia"),
    "doxycycline": Medicine(
        "Doxycycline 100mg capsules",
        "Two capsules on the first day, then one a day for 4 days",
        "chest infection",
    ),
    "empagliflozin": Medicine("Empagliflozin 10mg tablets", _DAILY, "type 2 diabetes"),
    "levetiracetam": Medicine("Levetiracetam 500mg tablets", _TWICE, "epilepsy"),
    "ferrous": Medicine("Ferrous fumarate 210mg tablets", _DAILY, "iron deficiency", 12),
    "flucloxacillin": Medicine(
        "Flucloxacillin 500mg capsules", "One capsule four times a day for 7 days", "cellulitis"
    ),
    "folic": Medicine("Folic acid 5mg tablets", _DAILY, "pregnancy or sickle cell disease", 12),
    "furosemide": Medicine("Furosemide 40mg tablets", "One tablet in the morning", "fluid"),
    "gliclazide": Medicine(
        "Gliclazide 80mg tablets", "One tablet twice a day with meals", "type 2 diabetes"
    ),
    "glycopyrronium": Medicine(
        "Glycopyrronium bromide 200micrograms/1ml solution for injection ampoules",
        "200 micrograms under the skin when needed for secretions, up to every 4 hours",
        "end of life (anticipatory)",
    ),
    "hydroxycarbamide": Medicine(
        "Hydroxycarbamide 500mg capsules",
        "Two capsules once a day",
        "sickle cell disease (hospital)",
    ),
    "insulin_basal": Medicine(
        "Insulin glargine 100units/ml solution for injection 3ml pre-filled pens",
        "18 units under the skin once a day",
        "diabetes",
    ),
    "insulin_rapid": Medicine(
        "Insulin aspart 100units/ml solution for injection 3ml pre-filled pens",
        "As adjusted for carbohydrate, with meals",
        "type 1 diabetes",
        6,
    ),
    "lactulose": Medicine(
        "Lactulose 3.1-3.7g/5ml oral solution", "15 ml twice a day", "constipation"
    ),
    "letrozole": Medicine("Letrozole 2.5mg tablets", _DAILY, "breast cancer"),
    "levothyroxine": Medicine(
        "Levothyroxine sodium 50microgram tablets",
        "One tablet in the morning before food",
        "underactive thyroid",
    ),
    "levothyroxine100": Medicine(
        "Levothyroxine sodium 100microgram tablets",
        "One tablet in the morning before food",
        "underactive thyroid",
    ),
    "losartan": Medicine("Losartan 50mg tablets", _DAILY, "high blood pressure"),
    "macrogol": Medicine(
        "Macrogol compound oral powder sachets",
        "One sachet twice a day in water",
        "constipation",
        12,
    ),
    "metformin": Medicine(
        "Metformin 500mg tablets", "Two tablets twice a day with meals", "type 2 diabetes"
    ),
    "metformin_low": Medicine(
        "Metformin 500mg tablets",
        "One tablet twice a day with meals",
        "type 2 diabetes (dose reduced for kidney function)",
    ),
    "methotrexate": Medicine(
        "Methotrexate 2.5mg tablets",
        "SIX tablets (15 mg) ONCE A WEEK on Mondays",
        "rheumatoid arthritis",
    ),
    "methylphenidate": Medicine(
        "Methylphenidate 18mg modified-release tablets", "One tablet in the morning", "ADHD", 6
    ),
    "midazolam": Medicine(
        "Midazolam 10mg/2ml solution for injection ampoules",
        "2.5 mg under the skin when needed for agitation, up to hourly",
        "end of life (anticipatory)",
    ),
    "mirtazapine": Medicine("Mirtazapine 15mg tablets", "One tablet at night", "depression"),
    "morphine": Medicine(
        "Morphine sulfate 10mg/5ml oral solution",
        "2.5 ml (5 mg) every 4 hours when needed",
        "pain or breathlessness",
    ),
    "morphine_inj": Medicine(
        "Morphine sulfate 10mg/1ml solution for injection ampoules",
        "2.5 mg under the skin when needed for pain or breathlessness, up to hourly",
        "end of life (anticipatory)",
    ),
    "naproxen": Medicine(
        "Naproxen 250mg gastro-resistant tablets",
        "One tablet twice a day with food for 7 days",
        "pain",
    ),
    "nitrofurantoin": Medicine(
        "Nitrofurantoin 100mg modified-release capsules",
        "One capsule twice a day for 3 days",
        "urine infection",
        16,
    ),
    "omeprazole": Medicine(
        "Omeprazole 20mg gastro-resistant capsules", "One capsule once a day", "reflux"
    ),
    "paracetamol": Medicine(
        "Paracetamol 500mg tablets",
        "Two tablets up to four times a day, no more than eight in 24 hours",
        "pain",
        16,
        "322236009",
    ),
    "paracetamol_child": Medicine(
        "Paracetamol 120mg/5ml oral suspension paediatric sugar free",
        "Dose for the age as on the label, up to four times a day",
        "fever",
        1,
    ),
    "phenoxymethyl": Medicine(
        "Phenoxymethylpenicillin 250mg tablets",
        "Two tablets four times a day for 5 days",
        "tonsillitis",
        12,
    ),
    "prednisolone": Medicine(
        "Prednisolone 5mg tablets", "Six tablets (30 mg) once a day for 5 days", "flare of COPD"
    ),
    "prednisolone_child": Medicine(
        "Prednisolone 5mg soluble tablets",
        "Six tablets (30 mg) once a day for 3 days",
        "flare of asthma",
        5,
    ),
    "ramipril": Medicine("Ramipril 5mg capsules", "One capsule once a day", "high blood pressure"),
    "ramipril2": Medicine("Ramipril 2.5mg capsules", "One capsule once a day", "heart failure"),
    "salbutamol": Medicine(
        "Salbutamol 100micrograms/dose inhaler CFC free",
        "Two puffs when needed, up to four times a day",
        "breathlessness",
        2,
    ),
    "senna": Medicine("Senna 7.5mg tablets", "Two tablets at night", "constipation"),
    "sertraline": Medicine("Sertraline 50mg tablets", _DAILY, "depression"),
    "sevelamer": Medicine(
        "Sevelamer 800mg tablets",
        "One tablet three times a day with meals",
        "phosphate in kidney failure",
    ),
    "spironolactone": Medicine("Spironolactone 25mg tablets", _DAILY, "heart failure"),
    "tamsulosin": Medicine(
        "Tamsulosin 400microgram modified-release capsules",
        "One capsule once a day",
        "prostate symptoms",
    ),
    "tiotropium": Medicine(
        "Trelegy Ellipta 92micrograms/dose / 55micrograms/dose / 22micrograms/dose "
        "dry powder inhaler",
        "One puff once a day",
        "COPD",
    ),
    "trimethoprim": Medicine(
        "Trimethoprim 200mg tablets", "One tablet twice a day for 7 days", "urine infection", 16
    ),
    "epoetin": Medicine(
        "Darbepoetin alfa 40micrograms/0.4ml solution for injection pre-filled syringes",
        "40 micrograms once a week at dialysis",
        "anaemia of kidney failure (hospital)",
    ),
    "adrenaline": Medicine(
        "EpiPen Jr. 150micrograms/0.3ml (1 in 2,000) solution for injection auto-injectors",
        "One injection into the thigh for anaphylaxis, then call 999",
        "severe allergy",
        3,
    ),
    "adrenaline_adult": Medicine(
        "EpiPen 300micrograms/0.3ml (1 in 1,000) solution for injection auto-injectors",
        "One injection into the thigh for anaphylaxis, then call 999",
        "severe allergy",
        10,
    ),
    "emollient": Medicine("Zerobase 11% cream", "Apply freely several times a day", "eczema", 0),
}

#: Medicines of which nobody takes two at once.
NEVER_TOGETHER = (
    frozenset({"atorvastatin20", "atorvastatin80"}),
    frozenset({"ramipril", "ramipril2", "losartan"}),
    frozenset({"apixaban", "apixaban2", "aspirin", "clopidogrel", "naproxen"}),
    frozenset({"empagliflozin", "dapagliflozin"}),
    frozenset({"metformin", "metformin_low"}),
    frozenset({"sertraline", "mirtazapine"}),
    frozenset({"levothyroxine", "levothyroxine100"}),
)

_PENICILLINS = frozenset({"amoxicillin_child", "co_amoxiclav", "flucloxacillin", "phenoxymethyl"})
#: Medicines that a recorded allergy forbids, by the allergy's name in ``primary_care``.
FORBIDDEN = {
    "penicillin": _PENICILLINS,
    "anaphylaxis": _PENICILLINS,
    "trimethoprim": frozenset({"trimethoprim"}),
    "codeine": frozenset({"codeine"}),
    "aspirin": frozenset({"aspirin", "naproxen"}),
    "ramipril": frozenset({"ramipril", "ramipril2"}),
}
