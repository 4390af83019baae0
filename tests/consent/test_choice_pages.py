"""The journey of recording a choice, as the contact centre walks it: through pages, by keyboard."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from consent.effects import EFFECTS, VERSION, effect_of
from consent.models import Answer, ChoiceDraft, Kind
from consent.references import is_reference
from consent.vocabulary import DECIDING
from tests import factories
from tests.conftest import AsLogin
from tests.consent.adviser import Caller, at, choices, details_of, opt_out
from tests.consent.conftest import World


def test_a_resident_rings_and_opts_out(world: World, as_login: AsLogin) -> None:
    adviser = at(world, world.adviser)
    assert adviser.heading == "Choices about sharing"
    assert "CARTER, Ruth" in adviser.page.main.get_text()

    adviser.begin("connect-care")
    assert adviser.heading == "What do they say about Connect Care as a whole?"
    adviser.press(answer="refuses")
    assert adviser.heading == "Who are they?"
    adviser.identify()
    assert adviser.heading == "Whose decision is it?"
    adviser.press(decided_by="resident")
    assert adviser.heading == "Did someone else pass this on?"
    adviser.press(relayer="relative")
    assert adviser.heading == "What is the name of who passed it on?"
    adviser.press(relayed_by="Jo Made-up, daughter")
    assert adviser.heading == "How did they tell you?"
    adviser.press(channel="phone")

    assert adviser.heading == "Read back and confirm"
    for sentence in effect_of(Kind.CONNECT_CARE, Answer.REFUSES).does:
        assert sentence in adviser.words
    assert adviser.rows == {
        "Choice about": "Connect Care as a whole",
        "What they say": "Opt out",
        "Identity checked": "Name, date of birth and NHS number",
        "Whose decision": "The resident",
        "Passed on by": "Jo Made-up, daughter (a relative or friend)",
        "How": "Phone",
        "From when": "Now",
    }
    assert choices(as_login) == []

    adviser.press()
    (choice,) = choices(as_login)
    assert is_reference(choice.reference)
    assert choice.reference in adviser.page.select_one(".nhsuk-panel").get_text()
    assert "It holds from" in adviser.words
    assert (choice.answer, choice.relayed_by, choice.explanation) == (
        "refuses",
        "Jo Made-up, daughter",
        VERSION,
    )
    assert choice.recorded_as_id == world.adviser.pk


def test_every_question_shows_who_it_is_about_and_can_be_left(world: World) -> None:
    adviser = at(world, world.adviser).begin("connect-care")
    for answers in [
        {"answer": "refuses"},
        details_of(world),
        {"decided_by": "deputy"},
        {"decider_name": "Pat Made-up", "authority_seen": "Order 1234"},
        {"assessment": "Dr A Made-up, today"},
        {"relayer": "nobody"},
        {"channel": "letter"},
    ]:
        assert "CARTER, Ruth" in adviser.page.select_one(".app-person").get_text()
        assert adviser.page.select_one(".nhsuk-back-link") is not None
        assert "Stop here: nothing is recorded" in adviser.words
        adviser.press(**answers)
    assert adviser.heading == "Read back and confirm"


def test_who_decides_for_the_resident_is_named_with_evidence(
    world: World, as_login: AsLogin
) -> None:
    adviser = at(world, world.adviser).begin("connect-care")
    adviser.press(answer="refuses").identify().press(decided_by="attorney")
    assert adviser.heading == "Who decided, and how do you know that they may?"
    adviser.press(decider_name="Pat Made-up")
    assert adviser.page.title.get_text().startswith("Error: ")
    assert "Enter the evidence you have seen" in adviser.words
    assert adviser.page.select_one("#decider_name")["value"] == "Pat Made-up"
    adviser.press(decider_name="Pat Made-up", authority_seen="Power of attorney, seen today")
    assert adviser.heading == "Who assessed that they cannot decide this, and when?"
    adviser.press(assessment="Dr A Made-up, today")
    adviser.press(relayer="nobody").press(channel="in-person").press()
    (choice,) = choices(as_login)
    assert (choice.decided_by, choice.decider_name, choice.authority_seen) == (
        "attorney",
        "Pat Made-up",
        "Power of attorney, seen today",
    )


def test_a_refusal_of_social_care_sharing_names_the_advisers_own_council(
    world: World, as_login: AsLogin
) -> None:
    adviser = at(world, world.adviser).begin("social-care-sharing")
    adviser.decide("refuses")
    assert "London Borough of Bexley" in adviser.words
    adviser.press()
    (choice,) = choices(as_login)
    assert choice.council_id == world.bexley.pk


def test_where_they_could_not_be_asked_the_reason_is_noted(world: World, as_login: AsLogin) -> None:
    adviser = at(world, world.adviser).begin("social-care-sharing")
    adviser.press(answer="could-not-be-asked")
    assert adviser.heading == "Why could they not be asked?"
    adviser.press(not_asked_reason="not-reached")
    assert adviser.heading == "How did you try to ask?"
    adviser.press(channel="phone")
    assert adviser.rows["Why not asked"] == "Could not be reached"
    adviser.press()
    assert "What was in force stays in force" in adviser.words
    (choice,) = choices(as_login)
    assert (choice.answer, choice.not_asked_reason) == ("could-not-be-asked", "not-reached")
    assert (choice.decided_by, choice.identity_checked) == ("", [])


@pytest.mark.parametrize(("kind", "answer"), [key for key in EFFECTS if key[1] in DECIDING])
def test_the_read_back_is_the_effect_that_is_recorded(
    world: World, kind: Kind, answer: Answer
) -> None:
    adviser = at(world, world.adviser).begin(kind)
    adviser.decide(answer, channel="phone")
    effect = effect_of(kind, answer, council=world.bexley.name)
    sentences = [effect.says, *effect.does, *effect.keeps]
    for page in (adviser.words, adviser.press().words):
        for sentence in [*sentences, effect.for_whom, effect.from_when, *effect.limits]:
            assert sentence in page
        assert effect.talk_to in page


def test_an_answer_is_changed_from_the_check_and_comes_back_to_it(
    world: World, as_login: AsLogin
) -> None:
    adviser = opt_out(at(world, world.adviser)).change("how it was said")
    assert adviser.page.select_one("input[name=channel][checked]")["value"] == "phone"
    adviser.press(channel="letter")
    assert adviser.heading == "Read back and confirm"
    assert adviser.rows["How"] == "Letter or paper form"
    adviser.change("what they say").press(answer="consents")
    assert adviser.heading == "How did they tell you?"
    adviser.press(channel="letter")
    assert adviser.rows["What they say"] == "Agree, or opt back in"
    adviser.press()
    assert [choice.answer for choice in choices(as_login)] == ["consents"]


def test_nothing_is_skipped_by_an_address(world: World, as_login: AsLogin) -> None:
    adviser = at(world, world.adviser).begin("connect-care")
    draft = adviser.address.split("/")[2]
    for step in ("channel", "decider", "reason", "check", "nothing-such"):
        adviser.open(reverse("record-choice-step", args=[draft, step]))
        assert adviser.heading == "What do they say about Connect Care as a whole?"
    adviser.send(reverse("check-choice", args=[draft]), words=VERSION)
    assert choices(as_login) == []


def test_reading_the_check_again_and_again_records_nothing(world: World, as_login: AsLogin) -> None:
    adviser = opt_out(at(world, world.adviser))
    adviser.open(adviser.address).open(adviser.address)
    assert choices(as_login) == []


def test_a_form_sent_twice_makes_one_choice(world: World, as_login: AsLogin) -> None:
    adviser = opt_out(at(world, world.adviser))
    check = adviser.address
    first = adviser.press().words
    again = adviser.send(check, words=VERSION).words
    assert again == first
    assert adviser.open(check).words == first
    assert len(choices(as_login)) == 1


def test_a_form_sent_twice_makes_one_choice_where_the_first_answer_was_lost(
    world: World, as_login: AsLogin
) -> None:
    adviser = opt_out(at(world, world.adviser))
    check = adviser.address
    with as_login("pipeline"):
        kept = ChoiceDraft.objects.get()
    first = adviser.press().words
    with as_login("pipeline"):
        kept.save()
    assert adviser.send(check, words=VERSION).words == first
    assert len(choices(as_login)) == 1


def test_words_that_changed_meanwhile_are_read_again(world: World, as_login: AsLogin) -> None:
    adviser = opt_out(at(world, world.adviser))
    adviser.send(adviser.address, words="2020-01-01.1")
    assert "The words have changed" in adviser.words
    assert choices(as_login) == []
    adviser.press()
    assert len(choices(as_login)) == 1


def test_the_same_answer_is_said_to_be_in_force(world: World, as_login: AsLogin) -> None:
    opt_out(at(world, world.adviser)).press()
    (choice,) = choices(as_login)
    adviser = at(world, world.trust_adviser).begin("connect-care").press(answer="refuses")
    adviser.identify().press(decided_by="resident")
    assert adviser.heading == "This is already in force"
    assert choice.reference in adviser.words
    assert len(choices(as_login)) == 1
    draft = adviser.address.split("/")[2]
    adviser.open(reverse("record-choice-step", args=[draft, "answer"]))
    adviser.press(answer="consents")
    assert adviser.heading == "Did someone else pass this on?"


def test_an_answer_that_came_into_force_meanwhile_is_said_at_the_confirmation(
    world: World, as_login: AsLogin
) -> None:
    slow = opt_out(at(world, world.trust_adviser))
    opt_out(at(world, world.adviser)).press()
    slow.press()
    assert slow.heading == "This is already in force"
    assert len(choices(as_login)) == 1


def test_the_page_of_choices_tells_what_is_in_force_and_the_story(world: World) -> None:
    adviser = at(world, world.adviser)
    assert adviser.words.count("No choice is in force") == 3
    opt_out(adviser).press()
    adviser.open(reverse("resident-choices", args=[world.resident.public_id]))
    assert "Opted out , in force since" in adviser.words
    adviser.begin("connect-care").decide("consents", channel="email")
    adviser.press()
    adviser.open(reverse("resident-choices", args=[world.resident.public_id]))
    told = [choice.get_text(" ", strip=True) for choice in adviser.page.select(".app-story li")]
    assert told[0].startswith("Connect Care as a whole: Agrees On ")
    assert "the resident agreed to be on Connect Care, by email. In force" in told[0]
    assert "the resident opted out of Connect Care as a whole, on the phone." in told[1]
    assert "Followed by a later choice" in told[1]


def test_another_councils_choices_and_staff_are_not_named(world: World) -> None:
    there = at(world, world.other_adviser).begin("nhs-number")
    there.decide("refuses", channel="phone")
    there.press()
    opt_out(at(world, world.other_adviser)).press()
    adviser = at(world, world.adviser)
    assert "Greenwich" not in adviser.words
    assert world.other_adviser.staff.name not in adviser.words
    assert "by another organisation's staff" in adviser.words
    assert len(adviser.page.select(".app-story li")) == 1


def test_staff_of_no_council_record_connect_care_alone(world: World) -> None:
    adviser = at(world, world.trust_adviser)
    assert [given["value"] for given in adviser.page.select("input[name=kind]")] == ["connect-care"]
    adviser.send(
        reverse("record-choice", args=[world.resident.public_id]), kind="social-care-sharing"
    )
    assert adviser.heading == "What is the choice about?"
    assert [given["value"] for given in adviser.page.select("input[name=kind]")] == ["connect-care"]
    adviser.press(kind="nhs-number")
    assert adviser.page.title.get_text().startswith("Error: ")


def test_a_draft_of_a_kind_that_may_no_longer_be_recorded_begins_again(
    world: World, as_login: AsLogin
) -> None:
    adviser = at(world, world.adviser).begin("nhs-number").press(answer="refuses")
    with as_login("pipeline"):
        world.bexley.kind = "out_of_hours"
        world.bexley.save()
    adviser.press(decided_by="resident")
    assert adviser.heading == "What is the choice about?"
    assert choices(as_login) == []


def test_what_the_person_has_to_say_of_themselves_is_on_no_page(world: World) -> None:
    adviser = at(world, world.adviser).begin("connect-care")
    pages = [adviser.page.get_text()]
    pages += [
        adviser.press(**answers).page.get_text()
        for answers in (
            {"answer": "refuses"},
            details_of(world),
            {"decided_by": "resident"},
            {"relayer": "nobody"},
            {"channel": "phone"},
            {},
        )
    ]
    pages.append(
        adviser.open(reverse("resident-choices", args=[world.resident.public_id])).page.get_text()
    )
    for page in pages:
        folded = "".join(page.split())
        assert world.number not in folded
        for words in ("DA6", "1941", "Mar-1941", "SampleStreet"):
            assert words not in folded


def test_a_draft_is_of_one_membership(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.membership(world.adviser.staff, world.trust, "contact-centre-adviser")
    client = Client()
    client.force_login(world.adviser.staff)
    session = client.session
    session["membership"] = world.adviser.pk
    session.save()
    adviser = Caller(client, details=details_of(world))
    adviser.open(reverse("resident-choices", args=[world.resident.public_id]))
    opt_out(adviser)
    check = adviser.address
    stranger = at(world, world.trust_adviser).open(check)
    assert (stranger.status, stranger.heading) == (404, "This has not been recorded")
    session = client.session
    session["membership"] = world.adviser.staff.memberships.exclude(pk=world.adviser.pk).get().pk
    session.save()
    assert adviser.open(check).status == 404
    assert choices(as_login) == []


def test_who_may_not_be_known_of_is_no_page(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        hidden = factories.resident("Hidden", known_to_all=False)
    adviser = at(world, world.adviser)
    pages = []
    for resident in (hidden.public_id, uuid4()):
        assert adviser.open(reverse("resident-choices", args=[resident])).status == 404
        pages.append(adviser.words)
        assert adviser.send(reverse("record-choice", args=[resident])).status == 404
        recorded = reverse("choice-recorded", args=[resident, uuid4()])
        assert adviser.open(recorded).status == 404
    assert pages[0] == pages[1]
    with as_login("owner"):
        refused = Event.objects.filter(action="glimpse", outcome="refused", reason="not-known")
        assert refused.count() == 6


@pytest.mark.parametrize("name", ["resident-choices", "record-choice"])
def test_a_role_without_the_activity_is_refused(world: World, name: str) -> None:
    client = Client()
    client.force_login(world.nurse.staff)
    address = reverse(name, args=[world.resident.public_id])
    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403


def test_every_page_about_a_resident_is_audited(world: World, as_login: AsLogin) -> None:
    opt_out(at(world, world.adviser)).press()
    with as_login("owner"):
        events = Event.objects.filter(resident_id=world.resident.pk)
        glimpses = events.filter(action="glimpse", outcome="done", staff_id=world.adviser.staff_id)
        assert glimpses.count() >= 8
        assert events.filter(action="choice-recorded").count() == 1


def test_no_address_of_the_journey_tells_who_it_is_or_what_was_said(world: World) -> None:
    adviser = at(world, world.adviser)
    adviser.begin("connect-care").press(answer="refuses").identify()
    adviser.press(decided_by="deputy")
    adviser.press(decider_name="Canary Made-up", authority_seen="Zzyzx 1")
    adviser.press(assessment="Zzyzx 2").press(relayer="carer")
    adviser.press(relayed_by="Canary Junior").press(channel="phone").press()
    assert adviser.heading == "Choice recorded"
    assert len(adviser.addresses) > 10
    for address in adviser.addresses:
        assert "?" not in address
        folded = address.casefold()
        assert not any(
            word in folded
            for word in ("carter", "ruth", "canary", "zzyzx", world.number, "refuses")
        )


def test_no_clinical_word_and_no_section_is_on_the_page(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        factories.feed(world.trust)
        factories.entry(
            factories.source_person(world.resident, world.trust), display="Zzyzx disease"
        )
    adviser = at(world, world.adviser)
    assert "Zzyzx" not in adviser.page.get_text()
