"""Which stories a resident has: chances by age and sex, in an order that keeps them coherent.

Kidneys, hearts and blood thinners come before the conditions whose treatment depends on them;
a current stay in hospital comes before care at home, which it pauses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from region.chart import Chart
from region.stories import (
    background,
    families,
    long_records,
    long_term,
    mental_health,
    older_people,
    passing,
)

Story = Callable[[Chart], None]


@dataclass(frozen=True, slots=True)
class Chances:
    """A story with the ages that it befalls and how likely it is there."""

    story: Story
    least: int
    most: int
    probability: float
    sex: str = ""


_CHANCES = (
    Chances(families.newborn, 0, 1, 1.0),
    Chances(families.bronchiolitis, 0, 1, 0.25),
    Chances(families.asthma_of_a_child, 5, 15, 0.16),
    Chances(families.peanut_allergy, 4, 15, 0.05),
    Chances(families.adhd, 8, 16, 0.06),
    Chances(families.pregnancy, 20, 41, 0.07, "female"),
    Chances(long_term.type1_diabetes, 12, 45, 0.02),
    Chances(long_term.kidney_disease, 66, 120, 0.22),
    Chances(long_term.atrial_fibrillation, 68, 120, 0.2),
    Chances(long_term.heart_failure, 66, 120, 0.11),
    Chances(long_term.heart_disease, 58, 92, 0.1),
    Chances(long_term.type2_diabetes, 42, 92, 0.19),
    Chances(long_term.hypertension, 36, 60, 0.2),
    Chances(long_term.hypertension, 61, 120, 0.5),
    Chances(long_term.copd, 55, 90, 0.11),
    Chances(long_term.asthma, 18, 54, 0.1),
    Chances(long_term.hypothyroidism, 35, 90, 0.1, "female"),
    Chances(long_term.osteoarthritis, 55, 95, 0.22),
    Chances(long_term.prostate, 60, 95, 0.22, "male"),
    Chances(long_term.rheumatoid_arthritis, 35, 80, 0.025),
    Chances(long_term.epilepsy, 18, 80, 0.015),
    Chances(long_term.breast_cancer, 45, 85, 0.04, "female"),
    Chances(long_term.prostate_cancer, 64, 90, 0.05, "male"),
    Chances(mental_health.schizophrenia, 26, 65, 0.015),
    Chances(mental_health.bipolar, 24, 60, 0.02),
    Chances(mental_health.depression, 18, 85, 0.13),
    Chances(mental_health.crisis, 18, 60, 0.025),
    Chances(mental_health.learning_disability, 20, 65, 0.02),
    Chances(families.caesarean, 26, 46, 0.1, "female"),
)
_LATER = (
    Chances(older_people.parkinsons, 66, 90, 0.04),
    Chances(older_people.stroke, 64, 95, 0.08),
    Chances(older_people.dementia, 74, 120, 0.2),
    Chances(older_people.care_home, 82, 120, 0.12),
    Chances(older_people.frailty, 76, 120, 0.36),
    Chances(older_people.home_care, 74, 120, 0.4),
    Chances(older_people.palliative, 60, 95, 0.02),
    Chances(passing.wound_care, 66, 120, 0.07),
    Chances(passing.talking_therapy, 18, 60, 0.09),
    Chances(passing.emergency, 1, 120, 0.16),
    Chances(passing.operation, 20, 120, 0.08),
    Chances(passing.clinic_waiting, 5, 120, 0.09),
    Chances(passing.night_call, 0, 120, 0.21),
)
_BACKGROUND = (
    background.minor_illness,
    background.registration,
    background.screening,
    background.vaccinations,
)

#: Stories that people of note and tests name.
BY_NAME: dict[str, Story] = {
    story.__name__: story
    for story in (
        *(each.story for each in (*_CHANCES, *_LATER)),
        long_records.dialysis,
        long_records.dressings,
        long_term.sickle_cell,
        older_people.hip_fracture,
        older_people.current_stay,
        background.sensitive_item,
        background.filed_in_error,
    )
}


def tell_by_chance(chart: Chart, *, in_hospital: bool) -> None:
    """Draw the resident's stories and tell them, then what everybody has."""
    _draw(chart, _CHANCES)
    black = chart.person.ethnicity.startswith("Black")
    if black and 2 <= chart.age < 55 and chart.chance.happens(0.03):
        long_term.sickle_cell(chart)
    if in_hospital and chart.alive:
        broken = chart.age >= 74 and chart.chance.happens(0.3)
        (older_people.hip_fracture if broken else older_people.current_stay)(chart)
    if not chart.alive and chart.chance.happens(0.5):
        older_people.palliative(chart)
    _draw(chart, _LATER)
    tell_background(chart)
    if chart.chance.happens(0.02):
        background.sensitive_item(chart)
    if chart.chance.happens(0.03):
        background.filed_in_error(chart)


def tell_by_name(chart: Chart, names: tuple[str, ...]) -> None:
    """Tell exactly these stories, in this order, then what everybody has."""
    for name in names:
        BY_NAME[name](chart)
    tell_background(chart)


def tell_background(chart: Chart) -> None:
    """Minor illness, registration, screening and vaccinations."""
    for story in _BACKGROUND:
        story(chart)


def _draw(chart: Chart, chances: tuple[Chances, ...]) -> None:
    for each in chances:
        suits = each.least <= chart.age <= each.most and each.sex in ("", chart.person.sex)
        if suits and chart.chance.happens(each.probability):
            each.story(chart)
