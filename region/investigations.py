"""Laboratory tests of the region: units and reference ranges as UK laboratories print them."""

from __future__ import annotations

from dataclasses import dataclass

from region.model import LOINC, Coded


@dataclass(frozen=True, slots=True)
class LabTest:
    """A laboratory test. Ranges are for adults; ``low_f`` and ``high_f`` where women differ.

    ``mean`` and ``spread`` are of people without anything that moves the test; ``least`` and
    ``most`` bound what a living person may have.
    """

    what: Coded
    unit: str
    low: float | None
    high: float | None
    mean: float
    spread: float
    least: float
    most: float
    places: int = 0
    low_f: float | None = None
    high_f: float | None = None

    def range_for(self, sex: str) -> tuple[float | None, float | None]:
        """The reference range for this sex."""
        if sex == "female":
            low = self.low if self.low_f is None else self.low_f
            return low, self.high if self.high_f is None else self.high_f
        return self.low, self.high


def _loinc(text: str, code: str) -> Coded:
    return Coded(text, code, LOINC)


_PER_LITRE = "10*9/L"

TESTS = {
    "hba1c": LabTest(
        Coded("Haemoglobin A1c level - IFCC standardised", "999791000000106"),
        "mmol/mol",
        20,
        41,
        36,
        2,
        20,
        140,
    ),
    "sodium": LabTest(
        Coded("Serum sodium level", "1000661000000107"), "mmol/L", 133, 146, 139.5, 2, 118, 158
    ),
    "potassium": LabTest(
        Coded("Serum potassium level", "1000651000000109"),
        "mmol/L",
        3.5,
        5.3,
        4.4,
        0.3,
        2.6,
        6.8,
        1,
    ),
    "urea": LabTest(
        _loinc("Serum urea level", "22664-7"), "mmol/L", 2.5, 7.8, 5.4, 0.9, 1.5, 45, 1
    ),
    "creatinine": LabTest(
        Coded("Serum creatinine level", "1000731000000107"),
        "umol/L",
        59,
        104,
        80,
        8,
        25,
        1200,
        0,
        45,
        84,
    ),
    "egfr": LabTest(
        Coded(
            "eGFR (estimated glomerular filtration rate) using creatinine CKD-EPI",
            "1011481000000105",
        ),
        "mL/min/1.73m2",
        60,
        None,
        88,
        8,
        3,
        140,
    ),
    "crp": LabTest(
        Coded("Serum CRP (C reactive protein) level", "1001371000000100"),
        "mg/L",
        None,
        5,
        2.5,
        1,
        0,
        400,
    ),
    "hb": LabTest(
        Coded("Haemoglobin estimation", "1022431000000105"),
        "g/L",
        130,
        170,
        148,
        7,
        55,
        200,
        0,
        115,
        155,
    ),
    "wbc": LabTest(
        Coded("Total white cell count", "1022541000000102"), _PER_LITRE, 4, 11, 6.9, 1.2, 0.4, 40, 1
    ),
    "neutrophils": LabTest(
        _loinc("Neutrophil count", "751-8"), _PER_LITRE, 2, 7, 4.1, 0.8, 0.2, 30, 1
    ),
    "platelets": LabTest(
        Coded("Platelet count", "1022651000000100"), _PER_LITRE, 150, 410, 258, 40, 20, 900
    ),
    "mcv": LabTest(_loinc("Mean cell volume", "787-2"), "fL", 83, 101, 91, 3, 58, 125),
    "alt": LabTest(
        _loinc("Serum alanine aminotransferase level", "1742-6"),
        "U/L",
        None,
        41,
        24,
        6,
        5,
        900,
        0,
        None,
        33,
    ),
    "alp": LabTest(
        _loinc("Serum alkaline phosphatase level", "6768-6"), "U/L", 30, 130, 78, 15, 20, 900
    ),
    "bilirubin": LabTest(
        _loinc("Serum total bilirubin level", "14631-6"), "umol/L", None, 21, 9, 3, 2, 300
    ),
    "albumin": LabTest(
        Coded("Serum albumin level", "1000821000000103"), "g/L", 35, 50, 42, 2.5, 16, 55
    ),
    "tsh": LabTest(
        Coded("Serum TSH (thyroid stimulating hormone) level", "1022791000000101"),
        "mU/L",
        0.27,
        4.2,
        1.9,
        0.6,
        0.01,
        80,
        2,
    ),
    "cholesterol": LabTest(
        Coded("Serum cholesterol level", "1005671000000105"), "mmol/L", None, 5, 4.8, 0.6, 2, 10, 1
    ),
    "hdl": LabTest(
        _loinc("Serum HDL cholesterol level", "14646-4"),
        "mmol/L",
        1.0,
        None,
        1.4,
        0.2,
        0.5,
        3,
        1,
        1.2,
    ),
    "ferritin": LabTest(
        _loinc("Serum ferritin level", "2276-4"), "ug/L", 30, 400, 110, 30, 3, 1500, 0, 15, 150
    ),
    "bnp": LabTest(
        _loinc("NT-proBNP (N-terminal pro-brain natriuretic peptide) level", "33762-6"),
        "ng/L",
        None,
        400,
        120,
        40,
        20,
        20000,
    ),
    "inr": LabTest(
        _loinc("INR (international normalised ratio)", "6301-6"),
        "{ratio}",
        None,
        None,
        2.5,
        0.3,
        0.9,
        8,
        1,
    ),
    "acr": LabTest(
        Coded("Urine albumin:creatinine ratio"), "mg/mmol", None, 3, 1.2, 0.5, 0.2, 400, 1
    ),
    "calcium": LabTest(
        Coded("Serum adjusted calcium level"), "mmol/L", 2.2, 2.6, 2.38, 0.06, 1.6, 3.6, 2
    ),
    "phosphate": LabTest(
        Coded("Serum inorganic phosphate level"), "mmol/L", 0.8, 1.5, 1.1, 0.12, 0.4, 3.2, 2
    ),
    "vitamin_d": LabTest(
        Coded("Serum 25-hydroxyvitamin D level"), "nmol/L", 50, None, 62, 10, 8, 200
    ),
    "psa": LabTest(
        _loinc("Serum prostate specific antigen level", "2857-1"),
        "ug/L",
        None,
        4,
        1.4,
        0.6,
        0.01,
        500,
        1,
    ),
    "clozapine_level": LabTest(
        Coded("Plasma clozapine level"), "mg/L", 0.35, 0.6, 0.45, 0.06, 0.05, 1.5, 2
    ),
    "troponin": LabTest(
        Coded("High sensitivity troponin T level"), "ng/L", None, 14, 7, 2, 3, 5000
    ),
}

#: What laboratories report together: title and tests.
PANELS = {
    "U&E": (Coded("Urea and electrolytes"), ("sodium", "potassium", "urea", "creatinine", "egfr")),
    "FBC": (Coded("Full blood count"), ("hb", "wbc", "neutrophils", "platelets", "mcv")),
    "LFT": (Coded("Liver function tests"), ("alt", "alp", "bilirubin", "albumin")),
    "HbA1c": (Coded("Haemoglobin A1c"), ("hba1c",)),
    "Lipids": (Coded("Serum lipids"), ("cholesterol", "hdl")),
    "TFT": (Coded("Thyroid function test"), ("tsh",)),
    "CRP": (Coded("C-reactive protein"), ("crp",)),
    "Ferritin": (Coded("Serum ferritin"), ("ferritin",)),
    "BNP": (Coded("NT-proBNP"), ("bnp",)),
    "ACR": (Coded("Urine albumin:creatinine ratio"), ("acr",)),
    "Bone": (Coded("Bone profile"), ("calcium", "phosphate", "alp")),
    "Vitamin D": (Coded("Vitamin D"), ("vitamin_d",)),
    "PSA": (Coded("Prostate specific antigen"), ("psa",)),
    "Clozapine": (Coded("Clozapine assay"), ("clozapine_level",)),
    "Troponin": (Coded("Troponin"), ("troponin",)),
}

_MICROMOL_PER_MG_DL = 88.4


def creatinine_for(egfr: float, *, age: int, sex: str) -> float:
    """The creatinine (umol/L) that gives this eGFR (mL/min/1.73m2) by CKD-EPI 2009.

    NICE NG203 has laboratories report CKD-EPI without the ethnicity factor.
    """
    kappa, alpha, factor = (0.7, -0.329, 1.018) if sex == "female" else (0.9, -0.411, 1.0)
    ratio = egfr / (141 * 0.993**age * factor)
    scaled: float = ratio ** (-1 / 1.209) if ratio < 1 else ratio ** (1 / alpha)
    return scaled * kappa * _MICROMOL_PER_MG_DL


def egfr_for(creatinine: float, *, age: int, sex: str) -> float:
    """The eGFR (mL/min/1.73m2) by CKD-EPI 2009 for a creatinine in umol/L."""
    kappa, alpha, factor = (0.7, -0.329, 1.018) if sex == "female" else (0.9, -0.411, 1.0)
    scaled = creatinine / _MICROMOL_PER_MG_DL / kappa
    power: float = scaled**alpha if scaled < 1 else scaled**-1.209
    return 141 * power * 0.993**age * factor
