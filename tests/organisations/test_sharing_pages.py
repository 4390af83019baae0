"""Who shows what to whom, and drafting a change of it, as administrators see it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import effect_previews
from organisations.models import Proposal, Role, SharingAgreement
from tests import factories


@pytest.fixture
def desk(database, as_login) -> SimpleNamespace:
    """Two organisations with an agreement, two registry administrators and one of neither."""
    with as_login("pipeline"):
        found = SimpleNamespace(
            source=factories.organisation("Source"), recipient=factories.organisation("Recipient")
        )
        factories.agreement(
            found.source,
            found.recipient,
            [1, 2],
            review_on=timezone.localdate() + timedelta(days=20),
        )
        factories.role("nurse")
        for name, role in (
            ("first", "registry-administrator"),
            ("second", "registry-administrator"),
            ("other", "organisation-administrator"),
            ("guardian", "caldicott-guardian"),
            ("colleague", "caldicott-guardian"),
        ):
            setattr(found, name, factories.membership(at=found.source, as_role=role).staff)
    for name in ("first", "second", "other", "guardian", "colleague"):
        client = Client()
        client.force_login(getattr(found, name))
        setattr(found, name, client)
    return found


def words_of(response) -> str:
    assert response.status_code == 200, response.status_code
    page = BeautifulSoup(response.content, "html.parser")
    return " ".join(page.main.get_text(" ").split())


def address(desk) -> str:
    return reverse("registry-agreement", args=[desk.source.public_id, desk.recipient.public_id])


def wanted(*categories: int) -> dict[str, object]:
    return {
        "categories": [str(number) for number in categories],
        "purpose": "Direct care",
        "legal_basis": "UK GDPR 6(1)(e)",
        "why": "Agreed by the board",
    }


def test_the_matrix_says_who_shows_what_and_what_is_to_review(desk) -> None:
    page = BeautifulSoup(desk.other.get(reverse("registry-sharing")).content, "html.parser")
    cells = {
        row.th.get_text(strip=True): [td.get_text(" ", strip=True) for td in row.select("td")]
        for row in page.select("tbody tr")
    }
    heads = [th.get_text(strip=True) for th in page.select("thead th")]
    assert heads == ["Shows", "to Recipient", "to Source"]
    shown = "Appointments and referrals, Admissions, attendances and discharges"
    assert cells["Source"][0].startswith(shown)
    assert cells["Source"][1] == "Its own"
    assert cells["Recipient"][1].startswith("Nothing")
    assert "Review within 30 days" in page.main.get_text()


def test_an_agreement_whose_end_has_come_is_not_in_it(desk, as_login) -> None:
    with as_login("pipeline"):
        SharingAgreement.objects.update(valid_until=timezone.now() - timedelta(seconds=1))
    page = BeautifulSoup(desk.other.get(reverse("registry-sharing")).content, "html.parser")
    assert all("Appointments" not in cell.get_text() for cell in page.select("tbody td"))


def test_a_draft_shows_what_it_would_change_and_counts_when_confirmed(desk, as_login) -> None:
    assert "Change it" not in words_of(desk.other.get(address(desk)))
    assert "Only an administrator of the registry" in words_of(
        desk.other.post(address(desk), wanted(1, 2, 3))
    )
    assert "Change it" in words_of(desk.first.get(address(desk)))
    sent = desk.first.post(address(desk), wanted(1, 2, 3))
    assert sent.status_code == 303
    draft = words_of(desk.first.get(sent.url))
    assert "Source shows Recipient" in draft
    assert "Shown besides Diagnoses and problems" in draft
    assert "being worked out" in draft
    assert "not worked out yet" in words_of(desk.second.post(sent.url))
    with as_login("pipeline"):
        effect_previews.compute(Proposal.objects.get().pk)
    shown = words_of(desk.second.get(sent.url))
    assert "0 of 0 openings of records since" in shown
    assert "another administrator must confirm it" in words_of(desk.first.get(sent.url))
    assert desk.second.post(sent.url).status_code == 303
    held = SharingAgreement.objects.current().get(source=desk.source)
    assert held.categories == [1, 2, 3]
    back = reverse("registry-return", args=[Proposal.objects.get().public_id])
    assert desk.other.post(back).status_code == 403
    returned = desk.first.post(back)
    assert "Done at once: it narrows" in words_of(desk.first.get(returned.url))
    held = SharingAgreement.objects.current().get(source=desk.source)
    assert held.categories == [1, 2]
    assert desk.other.get(returned.url).status_code == 404


def test_an_effect_is_put_into_words(desk, as_login, run_sql) -> None:
    sent = desk.first.post(address(desk), wanted(1, 2, 3))
    with as_login("pipeline"):
        effect_previews.compute(Proposal.objects.get().pk)
    admin = run_sql("admin")
    admin.execute(
        "update organisations_proposal set effect = effect || jsonb_build_object("
        "'openings', 1200, 'changed', 7, 'closed', 2, 'gains', '{\"nurse\": {\"3\": 5}}'::jsonb,"
        "'loses', '{\"nurse\": {\"4\": 2}}'::jsonb, 'examples', jsonb_build_array("
        "jsonb_build_object('day', '2026-01-05', 'role', 'nurse', 'organisation', %s::int,"
        "'gains', jsonb_build_array(jsonb_build_array(%s::int, 3)), 'loses', '[]'::jsonb,"
        "'closes', true)))",
        [desk.recipient.pk, desk.source.pk],
    )
    admin.commit()
    shown = words_of(desk.second.get(sent.url))
    for part in (
        "7 of 1,200 openings of records",
        "2 would not have opened.",
        "would see more: Diagnoses and problems, in 5 openings",
        "would see less: Medications, in 2 openings",
        "5 January 2026, Nurse of Recipient. Would see more: Diagnoses and problems of Source.",
        "The record would not have opened",
    ):
        assert part in shown


def test_a_role_is_drafted_on_its_page(desk) -> None:
    page = reverse("registry-role", args=["nurse"])
    seen = words_of(desk.other.get(page))
    assert "registry’s administrators change roles" in seen
    assert "Reads Everything but: Safeguarding" in seen
    assert "May Find a resident; Open a record in an emergency" in seen
    nurse = Role.objects.get(code="nurse")
    wider = {
        "categories": [str(number) for number in (*nurse.categories, 16)],
        "activities": nurse.activities,
        "why": "Agreed by the board",
    }
    sent = desk.first.post(page, wider)
    assert "Reads besides Safeguarding" in words_of(desk.first.get(sent.url))
    own = reverse("registry-role", args=["registry-administrator"])
    assert "You hold this role yourself" in words_of(
        desk.first.post(own, {**wider, "activities": []})
    )
    assert desk.first.get(reverse("registry-role", args=["no-such"])).status_code == 404


def test_a_caldicott_guardian_adjusts_what_a_role_reads(desk, as_login) -> None:
    page = reverse("registry-role", args=["nurse"])
    shown = words_of(desk.guardian.get(page))
    assert "What does it read?" in shown
    assert "What may it do?" not in shown
    assert "You act in this role yourself" in words_of(
        desk.guardian.get(reverse("registry-role", args=["caldicott-guardian"]))
    )
    nurse = Role.objects.get(code="nurse")
    before = [str(number) for number in nurse.categories]
    wider = {"categories": [*before, "16"], "activities": ["manage-registry"], "why": "Agreed"}
    sent = desk.guardian.post(page, wider)
    draft = Proposal.objects.get()
    assert draft.wanted["activities"] == sorted(nurse.activities), "what it may do is not asked"
    assert "Role: Nurse" in words_of(desk.guardian.get(reverse("registry-proposals")))
    assert "another administrator must confirm it" in words_of(desk.guardian.get(sent.url))
    of_colleague = words_of(desk.colleague.get(sent.url))
    assert "an administrator of the registry must confirm it" in of_colleague
    assert "Confirm it" not in of_colleague
    assert "One of the two people" in words_of(desk.colleague.post(sent.url))
    with as_login("pipeline"):
        effect_previews.compute(draft.pk)
    assert desk.first.post(sent.url).status_code == 303
    assert Role.objects.get(code="nurse").categories == [*nurse.categories, 16]
    back = desk.colleague.post(reverse("registry-return", args=[draft.public_id]))
    assert "Done at once: it narrows" in words_of(desk.colleague.get(back.url))
    assert Role.objects.get(code="nurse").categories == nurse.categories
    history = words_of(desk.first.get(reverse("registry-history")))
    assert "Role, Nurse: changed" in history
    assert "Categories: besides Safeguarding" in history
    assert "Categories: no longer Safeguarding" in history
    # A change of what it may do, and of what is shared, is not theirs to see.
    doing = desk.first.post(page, {"categories": before, "activities": [], "why": "Agreed"})
    assert desk.guardian.get(doing.url).status_code == 404
    shares = desk.first.post(address(desk), wanted(1))
    assert desk.guardian.get(shares.url).status_code == 404
    assert desk.guardian.get(address(desk)).status_code == 403
    undo = reverse("registry-return", args=[doing.url.rsplit("/", 1)[-1]])
    assert desk.guardian.post(undo).status_code == 404


def test_what_cannot_be_returned_to_says_why(desk, as_login) -> None:
    sent = desk.first.post(address(desk), wanted(1))
    back = reverse("registry-return", args=[sent.url.rsplit("/", 1)[-1]])
    returned = desk.first.post(back)
    with as_login("pipeline"):
        effect_previews.compute(Proposal.objects.latest("pk").pk)
    assert desk.second.post(returned.url).status_code == 303
    assert "This is what holds now" in words_of(desk.first.post(back))
