"""The residents that documents, tests and screenshots name: always there, always the same.

Their NHS numbers (999 000 xxxx), names, birth dates and boroughs are fixed for every seed; the
dates of what befell them move with the day on which the region is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOfNote:
    """A fixed resident. ``practice`` counts the borough's practices from 0.

    ``story`` is for people who read; ``stories`` names the functions that tell it.
    """

    key: str
    nhs_number: str
    title: str
    given: tuple[str, ...]
    family: str
    birth_date: date
    sex: str
    borough: str
    story: str
    stories: tuple[str, ...] = ()
    practice: int = 0
    ethnicity: str = "White: English, Welsh, Scottish, Northern Irish or British"
    language: str = "en"
    interpreter: bool = False
    allergies: tuple[str, ...] = ()
    died_days_ago: int | None = None
    lives_with: str = ""
    usual_name: str = ""
    restricted: bool = False
    wrong_birth_date: date | None = None
    without_number_at: str = ""

    @property
    def name(self) -> str:
        """The name as a banner shows it: FAMILY, Given (Title)."""
        given = " ".join(self.given)
        return f"{self.family.upper()}{', ' if given else ''}{given} ({self.title})"


IN_HOSPITAL = PersonOfNote(
    key="dorothy", nhs_number="9990001014", title="Mrs", given=("Dorothy", "May"),
    family="Adeyemi-Clarke", birth_date=date(1938, 3, 14), sex="female", borough="Greenwich",
    ethnicity="Black, Black British, Caribbean or African: Caribbean", usual_name="Dot",
    allergies=("penicillin",),
    stories=("hypertension", "atrial_fibrillation", "hip_fracture", "frailty"),
    story="In Queen Elizabeth Hospital with a broken hip. Greenwich's home care is paused, her "
          "social worker is named, and discharge is being planned.",
)  # fmt: skip
DIABETIC = PersonOfNote(
    key="rajesh", nhs_number="9990001022", title="Mr", given=("Rajesh",), family="Patel",
    birth_date=date(1967, 9, 2), sex="male", borough="Lewisham", allergies=("penicillin",),
    ethnicity="Asian or Asian British: Indian",
    stories=("hypertension", "type2_diabetes", "emergency"),
    story="Type 2 diabetes looked after by the practice and the hospital's diabetes clinic: the "
          "same allergy and medicines come from both.",
)  # fmt: skip
CHILD = PersonOfNote(
    key="amara", nhs_number="9990001030", title="Miss", given=("Amara", "Chidinma"),
    family="Nwosu", birth_date=date(2017, 5, 20), sex="female", borough="Bexley",
    ethnicity="Black, Black British, Caribbean or African: African",
    stories=("asthma_of_a_child", "peanut_allergy"),
    story="A child with asthma, and anaphylaxis to peanut.",
)  # fmt: skip
DECEASED = PersonOfNote(
    key="terence", nhs_number="9990001049", title="Mr", given=("Terence",), family="O'Brien",
    birth_date=date(1949, 12, 8), sex="male", borough="Lewisham", died_days_ago=150,
    practice=1, ethnicity="White: Irish", stories=("copd", "palliative", "home_care"),
    story="Died five months ago of lung cancer, at home as he wished, with a ReSPECT form.",
)  # fmt: skip
WILL_OPT_OUT = PersonOfNote(
    key="sofia", nhs_number="9990001057", title="Ms", given=("Sofía",), family="Martínez López",
    birth_date=date(1988, 7, 23), sex="female", borough="Greenwich", practice=1,
    ethnicity="White: Any other White background",
    stories=("asthma", "depression", "talking_therapy", "emergency"),
    story="Asthma and depression, known to practice, hospital and Oxleas. Rings the contact "
          "centre to opt out of Connect Care.",
)  # fmt: skip
REFUSED_SOCIAL_CARE = PersonOfNote(
    key="winston", nhs_number="9990001065", title="Mr", given=("Winston", "Alexander"),
    family="Campbell", birth_date=date(1945, 1, 30), sex="male", borough="Bexley",
    ethnicity="Black, Black British, Caribbean or African: Caribbean",
    stories=("hypertension", "parkinsons", "home_care"),
    story="Parkinson's disease with care at home from Bexley, whose social care information he "
          "refuses to have shared.",
)  # fmt: skip
OBJECTS_TO_NUMBER = PersonOfNote(
    key="patience", nhs_number="9990001073", title="Mrs", given=("Patience",), family="Mensah",
    birth_date=date(1941, 10, 11), sex="female", borough="Lewisham", practice=2,
    ethnicity="Black, Black British, Caribbean or African: African",
    stories=("hypertension", "frailty", "home_care"),
    story="Frail, with care from Lewisham, whose use of her NHS number she objects to.",
)  # fmt: skip
SAME_NAME_LEWISHAM = PersonOfNote(
    key="mohammed-l", nhs_number="9990001081", title="Mr", given=("Mohammed",),
    family="Hussain", birth_date=date(1974, 6, 2), sex="male", borough="Lewisham",
    ethnicity="Asian or Asian British: Pakistani",
    stories=("hypertension", "type2_diabetes"),
    story="One of two different people with the same name and birth date: diabetes.",
)  # fmt: skip
SAME_NAME_GREENWICH = PersonOfNote(
    key="mohammed-g", nhs_number="9990001103", title="Mr", given=("Mohammed",),
    family="Hussain", birth_date=date(1974, 6, 2), sex="male", borough="Greenwich",
    ethnicity="Asian or Asian British: Bangladeshi", allergies=("anaphylaxis",),
    stories=("asthma", "operation"),
    story="The other Mohammed Hussain born on 2 June 1974: asthma, anaphylaxis to penicillin.",
)  # fmt: skip
DOUBTFUL_LINK = PersonOfNote(
    key="ingrid", nhs_number="9990001111", title="Mrs", given=("Ingrid",), family="Sørensen",
    birth_date=date(1956, 4, 17), sex="female", borough="Bexley", practice=1,
    ethnicity="White: Any other White background", wrong_birth_date=date(1965, 7, 14),
    stories=("hypothyroidism", "emergency", "clinic_waiting"),
    story="The hospital has her NHS number with another birth date: its records must not be "
          "linked until someone has looked.",
)  # fmt: skip
WITHOUT_NUMBER = PersonOfNote(
    key="yusuf", nhs_number="9990001138", title="Mr", given=("Yusuf",), family="Abdi",
    birth_date=date(1995, 2, 9), sex="male", borough="Lewisham", practice=1, language="so",
    interpreter=True, ethnicity="Black, Black British, Caribbean or African: African",
    without_number_at="out of hours", stories=("night_call", "emergency"),
    story="Known to the out-of-hours doctors without his NHS number. Needs a Somali interpreter.",
)  # fmt: skip
ON_CLOZAPINE = PersonOfNote(
    key="callum", nhs_number="9990001146", title="Mr", given=("Callum",), family="Reid",
    birth_date=date(1984, 11, 25), sex="male", borough="Bexley", practice=2,
    stories=("schizophrenia",),
    story="Schizophrenia under Oxleas' community team: clozapine with its blood counts.",
)  # fmt: skip
LONG_RECORD = PersonOfNote(
    key="george", nhs_number="9990001154", title="Mr", given=("Georgios",),
    family="Papadopoulos", birth_date=date(1958, 8, 5), sex="male", borough="Greenwich",
    practice=2, ethnicity="White: Any other White background", usual_name="George",
    stories=("dialysis", "hypertension"),
    story="Haemodialysis three times a week for years: a record of some 1,500 entries.",
)  # fmt: skip
LONG_COMMUNITY_RECORD = PersonOfNote(
    key="eileen", nhs_number="9990001162", title="Mrs", given=("Eileen",), family="Fitzgerald",
    birth_date=date(1943, 6, 21), sex="female", borough="Greenwich", ethnicity="White: Irish",
    allergies=("codeine",),
    stories=("type2_diabetes", "heart_failure", "frailty", "dressings", "home_care"),
    story="District nurses come every day for insulin and leg dressings: a long record at Oxleas.",
)  # fmt: skip
PREGNANT = PersonOfNote(
    key="aisha", nhs_number="9990001170", title="Mrs", given=("Aisha",), family="Rahman",
    birth_date=date(1994, 3, 3), sex="female", borough="Lewisham", practice=2, language="bn",
    interpreter=True, ethnicity="Asian or Asian British: Bangladeshi", stories=("pregnancy",),
    story="Twenty-eight weeks pregnant. Needs a Bengali interpreter.",
)  # fmt: skip
LEARNING_DISABILITY = PersonOfNote(
    key="daniel", nhs_number="9990001189", title="Mr", given=("Daniel",), family="Whitlock",
    birth_date=date(1990, 1, 12), sex="male", borough="Bexley",
    stories=("epilepsy", "learning_disability"),
    story="A learning disability and epilepsy; supported living; a hospital passport.",
)  # fmt: skip
TWIN_EZRA = PersonOfNote(
    key="ezra", nhs_number="9990001197", title="Master", given=("Ezra",), family="Johnson-Bell",
    birth_date=date(2021, 8, 30), sex="male", borough="Greenwich", practice=2,
    ethnicity="Mixed or multiple ethnic groups: White and Black Caribbean",
    story="Twin of Micah: same address, same day of birth, an NHS number next door.",
)  # fmt: skip
TWIN_MICAH = PersonOfNote(
    key="micah", nhs_number="9990001200", title="Master", given=("Micah",),
    family="Johnson-Bell", birth_date=date(2021, 8, 30), sex="male", borough="Greenwich",
    practice=2, ethnicity="Mixed or multiple ethnic groups: White and Black Caribbean",
    lives_with="ezra", stories=("emergency",), story="Twin of Ezra.",
)  # fmt: skip
ONE_NAME = PersonOfNote(
    key="tenzin", nhs_number="9990001219", title="Mr", given=(), family="Tenzin",
    birth_date=date(1979, 1, 1), sex="male", borough="Greenwich", language="bo",
    ethnicity="Asian or Asian British: Any other Asian background",
    stories=("hypertension", "clinic_waiting"),
    story="Has a single name, and a birth date that was once guessed as 1 January.",
)  # fmt: skip
PROTECTED = PersonOfNote(
    key="joanna", nhs_number="9990001227", title="Ms", given=("Joanna",), family="Kowalczyk",
    birth_date=date(1992, 10, 6), sex="female", borough="Lewisham", restricted=True,
    ethnicity="White: Any other White background", stories=("emergency", "depression"),
    story="Protected by PDS: where she lives and who looks after her must never show.",
)  # fmt: skip

TO_BE_REFERRED = PersonOfNote(
    key="cyril", nhs_number="9990001391", title="Mr", given=("Cyril",), family="Ofori-Lindqvist",
    birth_date=date(1936, 11, 2), sex="male", borough="Greenwich", practice=1,
    ethnicity="Black, Black British, Caribbean or African: African",
    stories=("hypertension", "hip_fracture"),
    story="In Queen Elizabeth Hospital with a broken hip. The ward refers him to the council's "
          "team.",
)  # fmt: skip

PEOPLE_OF_NOTE = (
    IN_HOSPITAL, DIABETIC, CHILD, DECEASED, WILL_OPT_OUT, REFUSED_SOCIAL_CARE, OBJECTS_TO_NUMBER,
    SAME_NAME_LEWISHAM, SAME_NAME_GREENWICH, DOUBTFUL_LINK, WITHOUT_NUMBER, ON_CLOZAPINE,
    LONG_RECORD, LONG_COMMUNITY_RECORD, PREGNANT, LEARNING_DISABILITY, TWIN_EZRA, TWIN_MICAH,
    ONE_NAME, PROTECTED, TO_BE_REFERRED,
)  # fmt: skip
