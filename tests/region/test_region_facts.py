"""What sources hold is coherent: in time, with age and sex, and with itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest

from region import model, people_of_note
from region.early_warning import VitalSigns, news2
from region.investigations import TESTS, creatinine_for, egfr_for
from region.make_region import make_region
from region.medicines import FORBIDDEN, MEDICINES, NEVER_TOGETHER
from region.model import Fact, Person, Region
from region.organisations import TEAMS

TODAY = date(2026, 11, 22)
SEEDS = (7, 42)


@pytest.fixture(scope="module", params=SEEDS)
def region(request) -> Region:
    return make_region(request.param, 320, TODAY)


def day_of(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def age_on(person: Person, day: date) -> int:
    born = person.birth_date
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def facts_of(region: Region, kind: type[Fact]) -> list[tuple[Person, Fact]]:
    people = {each.key: each for each in region.people}
    return [(people[each.person], each) for each in region.facts if isinstance(each, kind)]


def test_nothing_happens_before_birth_or_after_death(region):
    for person, fact in facts_of(region, Fact):
        assert day_of(fact.at) >= person.birth_date
        ended = getattr(fact, "ended", None)
        if person.died_on:
            assert day_of(fact.at) <= person.died_on
            assert ended is None or day_of(ended) <= person.died_on
        if ended:
            assert day_of(ended) >= day_of(fact.at), fact


def test_nothing_lies_in_the_future_but_appointments(region):
    for _, fact in facts_of(region, Fact):
        assert fact.recorded.date() <= TODAY
        assert fact.recorded.tzinfo is not None
        if not isinstance(fact, model.Appointment):
            assert day_of(fact.at) <= TODAY
        elif day_of(fact.at) > TODAY:
            assert fact.status == "booked"


def test_nothing_goes_on_after_a_death(region):
    dead = [each for each in region.people if each.died_on]
    assert dead
    for person, fact in facts_of(region, Fact):
        if person.died_on and not isinstance(fact, model.Decision | model.Equipment):
            status = getattr(fact, "status", "")
            kind = (model.Medication, model.SocialCareService, model.Caseload,
                    model.AllocatedWorker, model.Alert, model.Encounter)  # fmt: skip
            if isinstance(fact, kind):
                assert status not in {"active", "onhold", "in-progress", "booked"}


def test_keys_are_unique_for_a_person(region):
    keys = [(each.person, each.key) for each in region.facts]
    assert len(set(keys)) == len(keys)


def test_reports_name_results_that_are_there(region):
    results = {(each.person, each.key) for each in region.facts
               if isinstance(each, model.LabResult)}  # fmt: skip
    for person, report in facts_of(region, model.LabReport):
        assert report.results
        assert {(person.key, key) for key in report.results} <= results


@pytest.mark.parametrize("words", ["prostat", "PSA"])
def test_no_prostates_in_women(region, words):
    for person, fact in facts_of(region, Fact):
        what = getattr(fact, "what", None)
        if person.sex == "female" and isinstance(what, model.Coded):
            assert words.lower() not in what.text.lower()


@pytest.mark.parametrize("words", ["Pregnan", "Cervical screening", "Mammogra", "Caesarean"])
def test_no_womens_care_for_men(region, words):
    for person, fact in facts_of(region, Fact):
        what = getattr(fact, "what", None)
        if person.sex == "male" and isinstance(what, model.Coded):
            assert words not in what.text


def test_medicines_suit_the_age(region):
    by_name = {}
    for each in MEDICINES.values():
        by_name[each.name] = min(each.least_age, by_name.get(each.name, 200))
    for person, fact in facts_of(region, model.Medication):
        assert age_on(person, day_of(fact.at)) >= by_name[fact.what.text], fact.what
        assert fact.dose
    children = [p.key for p in region.people if age_on(p, TODAY) < 16]
    taken = {f.what.text for p, f in facts_of(region, model.Medication) if p.key in children}
    assert not any("statin" in each or "pril" in each for each in taken)


def test_nobody_takes_two_medicines_of_a_kind_at_once(region):
    names = {each.name: key for key, each in MEDICINES.items()}
    taken = defaultdict(list)
    for person, fact in facts_of(region, model.Medication):
        if fact.status == "active" and not fact.reported:
            taken[person.key].append(names[fact.what.text])
    for medicines in taken.values():
        assert max(Counter(medicines).values()) == 1
        for group in NEVER_TOGETHER:
            assert len(group & set(medicines)) <= 1


def test_nobody_is_given_what_a_recorded_allergy_forbids(region):
    names = {each.name: key for key, each in MEDICINES.items()}
    words = {"penicillin": "Allergy to penicillin", "codeine": "Codeine", "aspirin": "Aspirin",
             "trimethoprim": "Trimethoprim", "ramipril": "Ramipril"}  # fmt: skip
    allergic = defaultdict(list)
    for person, fact in facts_of(region, model.Allergy):
        allergic[person.key].append(fact)
    for person, fact in facts_of(region, model.Medication):
        for name, text in words.items():
            known = any(a.what.text == text and day_of(a.at) <= day_of(fact.at)
                        for a in allergic[person.key])  # fmt: skip
            assert not (known and names[fact.what.text] in FORBIDDEN[name]), fact


def test_no_known_allergies_is_never_said_beside_an_allergy(region):
    stated, allergic = set(), set()
    for person, fact in facts_of(region, model.Allergy):
        if not fact.entered_in_error:
            (stated if fact.none_known else allergic).add(person.key)
    assert stated
    assert allergic
    assert not stated & allergic
    assert {each.key for each in region.people} - stated - allergic, "nobody was never asked"


def test_results_are_such_as_a_living_person_has(region):
    definitions = {each.what.text: each for each in TESTS.values()}
    for _, fact in facts_of(region, model.LabResult):
        definition = definitions[fact.what.text]
        assert definition.least <= float(fact.value) <= definition.most
        assert fact.unit == definition.unit
        assert fact.interpretation in {"", "H", "L", "N"}


def test_egfr_and_creatinine_agree(region):
    found = defaultdict(dict)
    for person, fact in facts_of(region, model.LabResult):
        if fact.unit in {"umol/L", "mL/min/1.73m2"} and "bilirubin" not in fact.what.text:
            found[person.key, fact.source, fact.at][fact.unit] = (person, fact)
    pairs = [each for each in found.values() if len(each) == 2]
    assert len(pairs) > 500
    for each in pairs:
        person, egfr = each["mL/min/1.73m2"]
        if not egfr.comparator:
            age = age_on(person, egfr.at.date())
            expected = egfr_for(float(each["umol/L"][1].value), age=age, sex=person.sex)
            assert float(egfr.value) == pytest.approx(max(expected, 3), abs=1)


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("egfr", [8, 45, 70, 95, 120])
def test_creatinine_for_is_the_inverse(sex, egfr):
    creatinine = creatinine_for(egfr, age=70, sex=sex)
    assert egfr_for(creatinine, age=70, sex=sex) == pytest.approx(egfr)


def test_news2_of_published_bands():
    well = VitalSigns(16, 97, False, 36.8, 125, 75)
    assert news2(well) == 0
    assert news2(VitalSigns(25, 91, True, 39.1, 90, 131, alert=False)) == 3 + 3 + 2 + 2 + 3 + 3 + 3
    assert news2(VitalSigns(21, 95, False, 38.1, 105, 92)) == 2 + 1 + 0 + 1 + 1 + 1


def test_inpatients_are_enough_and_have_a_ward(region):
    wards = {each.code for each in TEAMS if each.kind == "ward"}
    stays = [(person, fact) for person, fact in facts_of(region, model.Encounter)
             if fact.status == "in-progress"]  # fmt: skip
    assert len(stays) >= 25
    assert len({person.key for person, _ in stays}) == len(stays)
    for person, fact in stays:
        assert person.died_on is None
        assert fact.team in wards
        assert fact.ended is None
        assert fact.expected_discharge is None or fact.expected_discharge > TODAY


def test_nobody_is_at_the_practice_while_on_a_ward(region):
    stays = defaultdict(list)
    encounters = facts_of(region, model.Encounter)
    for person, fact in encounters:
        if fact.setting == "inpatient":
            last = fact.ended.date() if fact.ended else TODAY
            stays[person.key].append((fact.at.date(), last))
    for periods in stays.values():
        periods.sort()
        assert all(first[1] <= second[0] for first, second in pairwise(periods))
    for person, fact in encounters:
        if fact.setting not in {"inpatient", "emergency"}:
            assert not any(a < fact.at.date() < b for a, b in stays[person.key])


def test_teams_of_facts_exist_and_belong_to_the_source(region):
    teams = {each.code: each for each in TEAMS}
    for _, fact in facts_of(region, Fact):
        if fact.team:
            assert teams[fact.team].organisation == fact.source


def test_records_are_of_the_sizes_that_real_ones_have(region):
    sizes = Counter(each.person for each in region.facts)
    for note in (people_of_note.LONG_RECORD, people_of_note.LONG_COMMUNITY_RECORD):
        assert 1200 < sizes[note.key] < 2200
    ordered = sorted(sizes.values())
    assert ordered[len(ordered) // 2] < 150
    assert sum(50 < size < 700 for size in ordered) > 100


def test_in_hospital_with_open_social_care_and_a_discharge_plan(region):
    key = people_of_note.IN_HOSPITAL.key
    own = [each for each in region.facts if each.person == key]
    services = [each for each in own if isinstance(each, model.SocialCareService)]
    assert any(each.source == "RBG01" and each.status == "onhold" for each in services)
    workers = [each for each in own if isinstance(each, model.AllocatedWorker)]
    assert any(each.source == "RBG01" and each.phone for each in workers)
    assert any(isinstance(each, model.CarePlan) and each.title == "Discharge plan" for each in own)
    stay = next(each for each in own if getattr(each, "status", "") == "in-progress"
                and isinstance(each, model.Encounter))  # fmt: skip
    assert stay.source == "RJ2"
    assert stay.expected_discharge > TODAY


def test_same_allergy_and_medicine_from_practice_and_hospital(region):
    key = people_of_note.DIABETIC.key
    for kind in (model.Allergy, model.Medication):
        held = defaultdict(set)
        for each in region.facts:
            if each.person == key and isinstance(each, kind):
                held[each.what.text].add(each.source)
        assert any(len(sources) > 1 for sources in held.values())


def test_some_are_struck_out_and_some_sensitive(region):
    assert any(each.entered_in_error for each in region.facts)
    assert any(each.sensitive for each in region.facts)


def test_decisions_and_safeguarding_are_there(region):
    titles = {fact.title for _, fact in facts_of(region, model.Decision)}
    assert any("ReSPECT" in each for each in titles)
    assert any("power of attorney" in each for each in titles)
    safeguarding = [f for _, f in facts_of(region, model.Alert) if f.category == "safeguarding"]
    assert safeguarding


def test_clozapine_comes_with_its_blood_counts(region):
    key = people_of_note.ON_CLOZAPINE.key
    reports = [each for each in region.facts if isinstance(each, model.LabReport)]
    counts = sorted(
        each.at.date() for each in reports
        if each.person == key and "clozapine" in each.conclusion
    )  # fmt: skip
    assert len(counts) > 40
    assert TODAY - counts[-1] < timedelta(days=35)
    gaps = [b - a for a, b in pairwise(counts)]
    assert max(gaps) <= timedelta(days=35)
