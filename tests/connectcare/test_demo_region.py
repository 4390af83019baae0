"""What the region holds is what is loaded: every form, through the whole pipeline."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from connectcare.demo_region import Loaded, load_residents
from connectcare.management.commands.make_demo_region import make_registry
from feeds.models import Batch, BatchState, Hold, Tally
from identity.models import SourcePerson
from organisations.categories import Category
from organisations.models import Team
from records.models import Entry
from region import model
from region.make_region import residents
from region.model import Resident
from region.organisations import DEFAULT_ORGANISATIONS
from region.panels import panels_of
from region.sending import Form, sendings

TODAY = date(2026, 11, 22)
CATEGORIES: dict[type[model.Fact], Category] = {
    model.Alert: Category.ALERTS,
    model.AllocatedWorker: Category.PEOPLE_INVOLVED,
    model.Allergy: Category.ALLERGIES,
    model.Appointment: Category.APPOINTMENTS,
    model.CarePlan: Category.CARE_PLANS,
    model.Caseload: Category.CONTACTS,
    model.Condition: Category.DIAGNOSES,
    model.Decision: Category.CARE_PLANS,
    model.Document: Category.DOCUMENTS,
    model.Encounter: Category.CONTACTS,
    model.Equipment: Category.SOCIAL_CARE_SERVICES,
    model.Imaging: Category.IMAGING,
    model.LabReport: Category.LAB_RESULTS,
    model.LabResult: Category.LAB_RESULTS,
    model.Measurement: Category.MEASUREMENTS,
    model.Medication: Category.MEDICATIONS,
    model.Procedure: Category.PROCEDURES,
    model.Referral: Category.APPOINTMENTS,
    model.RelatedContact: Category.PEOPLE_INVOLVED,
    model.SocialCareAssessment: Category.SOCIAL_CARE_ASSESSMENTS,
    model.SocialCareService: Category.SOCIAL_CARE_SERVICES,
    model.Vaccination: Category.PROCEDURES,
}
Count = Counter[tuple[str, str, Form, Category]]


def category_of(fact: model.Fact) -> Category:
    if isinstance(fact, model.Alert) and fact.category == "safeguarding":
        return Category.SAFEGUARDING
    return CATEGORIES[type(fact)]


def held_by(people: list[Resident]) -> Count:
    """Entries by source, the source's number of the person, form and category, as the model has."""
    found: Count = Counter()
    for resident in people:
        for sending in sendings(resident, DEFAULT_ORGANISATIONS):
            where = sending.known.source, sending.known.local_id, sending.form
            found.update((*where, category_of(fact)) for fact in sending.facts)
            if sending.form in (Form.HL7V2, Form.EDIFACT):
                # A message has no result without the heading of a report.
                alone = [each for each in panels_of(sending.facts) if each.results == (each.head,)]
                found.update((*where, Category.LAB_RESULTS) for _ in alone)
    return found


def loaded_entries() -> Count:
    """The same, as the database has them."""
    people = {
        each.pk: (str(each.source.ods_code), each.local_identifiers[0].rpartition("|")[2])
        for each in SourcePerson.objects.select_related("source")
    }
    forms = dict(Batch.objects.values_list("pk", "feed__format"))
    return Counter(
        (*people[person], Form(forms[batch]), Category(category))
        for person, batch, category in Entry.objects.values_list(
            "source_person_id", "batch_id", "category"
        )
    )


@pytest.fixture
def registry(database: object, as_login: Any) -> Iterator[None]:
    """The region's organisations and teams; the pipeline's login."""
    with as_login("pipeline"):
        make_registry()
        yield


def others(count: int) -> list[Resident]:
    return [each for each in residents(2016, count, TODAY) if not each.of_note]


def test_what_the_region_holds_is_what_is_loaded(registry: None) -> None:
    """By form, source, person and category, for every form; and a second time changes nothing."""
    people = others(64)
    load_residents(people, seed=2016, today=TODAY)
    assert not Hold.objects.exists(), set(Hold.objects.values_list("batch__feed__format", "reason"))
    assert set(Batch.objects.values_list("state", flat=True)) == {BatchState.LOADED}
    expected, found = held_by(people), loaded_entries()
    assert {form for _, _, form, _ in expected} == set(Form)
    assert expected - found == Counter()
    assert found - expected == Counter()
    teams_are_known()

    before = set(Entry.objects.values_list("id", "version", "batch_id"))
    last = Batch.objects.order_by("id").last()
    load_residents(people, seed=2016, today=TODAY)
    again = Tally.objects.filter(batch__gt=last, count__gt=0)
    changed = again.exclude(outcome__in=["unchanged", "passed-over"])
    assert not set(changed.values_list("batch__feed__format", "outcome", "resource_type"))
    assert set(Entry.objects.values_list("id", "version", "batch_id")) == before


def teams_are_known() -> None:
    """Whatever names a team names one of the registry's: else a whole trust would have it."""
    known = set(Team.objects.values_list("organisation_id", "code"))
    named = Entry.objects.exclude(team_code="").values_list("source_id", "team_code")
    assert set(named) - known == set()
    visits = Entry.objects.filter(feed__format="hl7v2", kind__in=["Encounter", "Appointment"])
    assert visits.exists()
    assert not visits.filter(team_code="").exists()


def test_whoever_was_stopped_goes_on_where_it_stood(
    registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a process of its own; here it would be this one's, and all tests' that follow.
    monkeypatch.setattr(os, "nice", lambda _: 0)
    kept = tmp_path / "loaded.json"
    options = {"residents": 24, "today": TODAY, "kept_in": kept, "stdout": io.StringIO()}
    call_command("load_region", **options)
    whole = Loaded.read(kept)
    assert whole.is_all
    assert whole.residents == len(others(24))
    assert Batch.objects.count() == len(whole.deliveries)
    Loaded(kept, whole.residents, whole.deliveries[:-2]).keep()
    call_command("load_region", **options)
    assert Batch.objects.count() == len(whole.deliveries) + 2, "only what was missing"
    assert Loaded.read(kept).is_all
    call_command("load_region", **options)
    assert Batch.objects.count() == len(whole.deliveries) + 2, "nothing is missing"
