"""What the journey says of conflicts, later dates, what is taken back, and what was begun."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consent import journey
from consent.effects import VERSION
from consent.journey import STEPS
from consent.models import ChoiceDraft
from organisations.categories import Category
from organisations.models import SharingDefault
from tests import factories
from tests.conftest import AsLogin
from tests.consent.adviser import Caller, at, choices, details_of, opt_out
from tests.consent.conftest import World


def home(adviser: Caller, world: World) -> Caller:
    return adviser.open(reverse("resident-choices", args=[world.resident.public_id]))


# ── Conflicts ───────────────────────────────────────────────────────────────────────────────


def test_who_may_not_lift_a_refusal_is_told_at_once_and_nothing_is_recorded(
    world: World, as_login: AsLogin
) -> None:
    opt_out(at(world, world.adviser)).press()
    (refusal,) = choices(as_login)
    adviser = at(world, world.adviser).begin("connect-care").press(answer="consents")
    adviser.press(decided_by="best-interests")
    assert adviser.heading == "This cannot be recorded so"
    assert "This was refused by: the resident. A named best-interests decider may not" in (
        adviser.words
    )
    assert refusal.reference in adviser.words
    assert choices(as_login) == [refusal]


def test_a_message_lifts_no_refusal(world: World, as_login: AsLogin) -> None:
    opt_out(at(world, world.adviser)).press()
    adviser = at(world, world.adviser).begin("connect-care").press(answer="consents")
    adviser.press(decided_by="resident").press(relayer="relative")
    assert adviser.heading == "This cannot be recorded so"
    assert "A refusal is not lifted by a message" in adviser.words
    assert "Change who passed it on" in adviser.words
    assert len(choices(as_login)) == 1


def test_a_refusal_by_other_authority_is_a_choice_of_its_own(
    world: World, as_login: AsLogin
) -> None:
    """Else the resident's own refusal would be as easily lifted as the one before it."""
    adviser = at(world, world.adviser).begin("connect-care").press(answer="refuses").identify()
    adviser.press(decided_by="best-interests")
    adviser.press(decider_name="Pat Made-up", authority_seen="Meeting of today")
    adviser.press(assessment="Dr A Made-up").press(relayer="nobody").press(channel="phone").press()
    opt_out(at(world, world.adviser)).press()
    assert [choice.decided_by for choice in choices(as_login)] == ["best-interests", "resident"]
    adviser = at(world, world.adviser).begin("connect-care").press(answer="consents")
    adviser.press(decided_by="best-interests")
    assert adviser.heading == "This cannot be recorded so"


def test_each_asking_about_social_care_is_noted(world: World, as_login: AsLogin) -> None:
    for _ in range(2):
        adviser = at(world, world.adviser).begin("social-care-sharing").decide("consents").press()
        assert adviser.heading == "Choice recorded"
    assert len(choices(as_login)) == 2
    home(adviser, world)
    assert "Last asked on" in adviser.words
    assert "Ask again each time you discuss their social care." in adviser.words


def test_what_was_never_asked_is_said_to_be(world: World) -> None:
    adviser = at(world, world.adviser)
    assert adviser.words.count("Not asked yet. Ask when you next discuss their social care.") == 2
    assert "national data opt-out is a fourth choice" in adviser.words


def test_the_councils_setting_is_said(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        world.bexley.sharing_default = SharingDefault.ONLY_AFTER_YES
        world.bexley.save()
    adviser = at(world, world.adviser)
    assert "your council shares it only after the resident has agreed" in adviser.words
    adviser.begin("social-care-sharing").press(answer="could-not-be-asked")
    adviser.press(not_asked_reason="urgent").press(channel="in-person")
    assert "shares it only after the resident has agreed" in adviser.words


# ── Children ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("years", "offered"),
    [
        (10, ["competent-child", "parent"]),
        (17, ["resident", "deputy", "best-interests"]),
        (40, ["resident", "attorney", "deputy", "best-interests"]),
    ],
)
def test_only_who_may_decide_at_that_age_is_offered(
    world: World, as_login: AsLogin, years: int, offered: list[str]
) -> None:
    today = timezone.localdate()
    born = today.replace(year=today.year - years, day=1)
    with as_login("pipeline"):
        young = factories.resident("Carter", "Ruth", birth_date=born, postcode="DA6 7AT")
    adviser = at(world, world.adviser)
    adviser.open(reverse("resident-choices", args=[young.public_id]))
    adviser.begin("connect-care").press(answer="refuses").identify(
        **{
            "birth_date-month": str(born.month),
            "birth_date-day": "1",
            "birth_date-year": str(born.year),
            "nhs_number": "",
            "postcode": "DA6 7AT",
        }
    )
    radios = [given["value"] for given in adviser.page.select("input[name=decided_by]")]
    assert radios == offered


def test_a_parents_choice_is_asked_again_at_sixteen(world: World, as_login: AsLogin) -> None:
    today = timezone.localdate()
    with as_login("pipeline"):
        born = today.replace(year=today.year - 16, day=1) - timedelta(days=31)
        child = factories.resident("Young", "Person", birth_date=born)
        long_ago = timezone.now() - timedelta(days=800)
        factories.choice(
            child,
            by=world.adviser,
            effective_from=long_ago,
            decided_by="parent",
            decider_name="Pat Made-up",
            authority_seen="Birth certificate",
            review_on=born.replace(year=born.year + 16),
        )
    adviser = at(world, world.adviser).open(reverse("ask-again"))
    assert "YOUNG, Person" in adviser.words
    assert "someone with parental responsibility" in adviser.words.lower()
    stranger = at(world, world.other_adviser).open(reverse("ask-again"))
    assert "YOUNG" not in stranger.words
    adviser.open(reverse("resident-choices", args=[child.public_id]))
    assert "The resident is 16 now: ask them." in adviser.words
    with as_login("pipeline"):
        factories.choice(child, answer="consents", by=world.adviser)
    assert "There is nobody to ask again." in adviser.open(reverse("ask-again")).words


# ── Later dates, and taking back ────────────────────────────────────────────────────────────


def test_a_choice_for_a_later_date(world: World, as_login: AsLogin) -> None:
    day = timezone.localdate() + timedelta(days=30)
    adviser = opt_out(at(world, world.adviser)).change("from when it holds")
    adviser.press(start="later")
    assert adviser.heading == "From which date?"
    adviser.press(
        **{
            "start_date-day": str(day.day),
            "start_date-month": str(day.month),
            "start_date-year": str(day.year),
        }
    )
    assert adviser.heading == "Read back and confirm"
    assert "Until then what holds now goes on." in adviser.words
    adviser.press()
    (choice,) = choices(as_login)
    assert timezone.localtime(choice.effective_from).date() == day
    assert timezone.localtime(choice.effective_from).hour == 0
    home(adviser, world)
    assert "Not yet in force" in adviser.words
    assert adviser.words.count("No choice is in force") == 3


def test_a_choice_that_is_taken_back_counts_no_more(world: World, as_login: AsLogin) -> None:
    adviser = opt_out(at(world, world.adviser)).press()
    home(adviser, world)
    (form,) = [
        form for form in adviser.page.select("main form") if form.select("input[name=withdraws]")
    ]
    adviser.send(form["action"], withdraws=form.select_one("input[name=withdraws]")["value"])
    assert adviser.heading == "Why is it taken back?"
    reasons = [given["value"] for given in adviser.page.select("input[name=withdrawn_because]")]
    assert reasons == ["asked"]  # a refusal is never "a mistake"
    adviser.press(withdrawn_because="asked").identify().press(decided_by="resident")
    adviser.press(relayer="nobody").press(channel="phone")
    assert "What was said about Connect Care is taken back." in adviser.words
    adviser.press()
    assert [choice.answer for choice in choices(as_login)] == ["refuses", "withdrawn"]
    home(adviser, world)
    assert adviser.words.count("No choice is in force") == 3
    assert "the resident took back what was said about Connect Care" in adviser.words
    assert not adviser.page.select("input[name=withdraws]")


def test_an_agreement_recorded_by_mistake_is_taken_back_without_a_decision(
    world: World, as_login: AsLogin
) -> None:
    opt_out(at(world, world.adviser)).press()
    adviser = at(world, world.adviser).begin("connect-care").decide("consents").press()
    home(adviser, world)
    agreed = adviser.page.select_one("input[name=withdraws]")["value"]
    adviser.send(reverse("record-choice", args=[world.resident.public_id]), withdraws=agreed).press(
        withdrawn_because="in-error"
    )
    assert adviser.heading == "How did they tell you?"
    adviser.press(channel="phone").press()
    home(adviser, world)
    assert "Opted out , in force since" in adviser.words
    assert "It was recorded by mistake: they did not say it." in adviser.words
    assert [choice.decided_by for choice in choices(as_login)] == ["resident", "resident", ""]


def test_only_what_one_sees_is_taken_back(world: World, as_login: AsLogin) -> None:
    with as_login("pipeline"):
        theirs = factories.choice(
            world.resident, "nhs-number", council=world.greenwich, by=world.other_adviser
        )
    adviser = at(world, world.adviser)
    address = reverse("record-choice", args=[world.resident.public_id])
    for given in (str(theirs.public_id), "no id"):
        assert adviser.send(address, withdraws=given).status == 404


# ── What was begun ──────────────────────────────────────────────────────────────────────────


def test_a_draft_survives_the_end_of_the_session_and_records_nothing_by_itself(
    world: World, as_login: AsLogin
) -> None:
    adviser = at(world, world.adviser).begin("connect-care").press(answer="refuses").identify()
    adviser.press(decided_by="resident")
    adviser.client.logout()
    later = at(world, world.adviser)
    assert "Begun and not finished" in later.words
    assert choices(as_login) == []
    later.open(reverse("unfinished-choices"))
    assert "Connect Care as a whole, begun on" in later.words
    assert "CARTER" not in later.page.main.get_text()
    (link,) = [a for a in later.page.select("main a") if a.get_text().startswith("Go on")]
    later.open(link["href"])
    assert later.heading == "Did someone else pass this on?"
    later.press(relayer="nobody").press(channel="phone").press()
    assert len(choices(as_login)) == 1
    assert "Begun and not finished" not in home(later, world).words


def test_in_a_later_call_who_they_are_is_asked_again(
    world: World, as_login: AsLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    adviser = opt_out(at(world, world.adviser))
    check = adviser.address
    draft = check.split("/")[2]
    monkeypatch.setattr(django_settings, "IDENTITY_CHECK_MINUTES", 0)  # time passes
    adviser.open(check)
    assert adviser.heading == "Who are they?"
    adviser.send(reverse("check-choice", args=[draft]), words=VERSION)
    assert choices(as_login) == []


def test_what_was_begun_is_thrown_away(world: World, as_login: AsLogin) -> None:
    adviser = at(world, world.adviser).begin("nhs-number")
    draft = adviser.address.split("/")[2]
    stranger = at(world, world.other_adviser)
    assert stranger.send(reverse("discard-choice", args=[draft])).status == 404
    adviser.send(reverse("discard-choice", args=[draft]))
    assert "There is nothing that you began and did not finish." in adviser.words
    with as_login("pipeline"):
        assert not ChoiceDraft.objects.exists()


def test_no_clinical_word_is_on_any_page_of_the_journey(world: World) -> None:
    """By the names of the categories of a record, on every page that a choice passes."""
    adviser = at(world, world.adviser)
    pages = [adviser.words]
    adviser.begin("connect-care")
    for answers in (
        {"answer": "refuses"},
        details_of(world),
        {"decided_by": "attorney"},
        {"decider_name": "Pat", "authority_seen": "Seen"},
        {"assessment": "Dr A"},
        {"relayer": "carer"},
        {"relayed_by": "Jo"},
        {"channel": "phone"},
    ):
        pages.append(adviser.words)
        adviser.press(**answers)
    pages.append(adviser.change("from when it holds").words)
    adviser.press(start="now")
    # The effect read back names in general what staff may not know of, as the notice does.
    effect = adviser.page.select_one(".app-effect").extract()
    assert effect is not None
    pages += [adviser.words, home(adviser, world).words]
    pages += [adviser.open(reverse(name)).words for name in ("unfinished-choices", "ask-again")]
    assert len(pages) >= len(STEPS)
    clinical = {
        word
        for category in Category
        for word in category.label.casefold().replace(",", "").split()
        if word not in {"and", "other", "social", "care", "people", "involved", "documents"}
    }
    assert {"diagnoses", "medications", "allergies"} <= clinical
    for page in pages:
        assert clinical.isdisjoint(page.casefold().replace(",", " ").split()), page


def test_a_step_that_is_none_leads_to_the_first_that_is_open(world: World) -> None:
    adviser = at(world, world.adviser).begin("connect-care")
    draft = adviser.address.split("/")[2]
    adviser.open(reverse("record-choice-step", args=[draft, "next"]))
    assert adviser.heading == "What do they say about Connect Care as a whole?"
    assert journey.step_called("next") is None


def test_the_journey_is_not_for_whom_the_door_refuses(world: World) -> None:
    client = Client()
    client.force_login(world.nurse.staff)
    for name in ("unfinished-choices", "ask-again"):
        assert client.get(reverse(name)).status_code == 403
