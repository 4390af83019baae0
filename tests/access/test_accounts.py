"""The resident's account: told after a check and never without, in sentences, and answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import transaction
from django.test import Client
from django.urls import reverse

from access import accounts
from access.account_words import HOLDING, HeldBecause, held_because, sentence
from access.acting import Acting
from access.looked import Did, LookSeen
from access.models import Account, Alert, AlertKind, RelationshipKind
from audit import actions as audit
from audit.models import Action, Event
from identity.models import Resident, ResidentNhsNumber
from organisations.categories import Category
from organisations.models import Membership
from tests import factories
from tests.access.test_looked import read
from tests.consent.letter_desk import words_of

AT = datetime(2026, 3, 3, 2, 14, tzinfo=UTC)


def opening(part: Category | None = None, page: str = "record-section") -> Did:
    return Did(Action.OPENING, "done", "", page, part, None)


LOOK = LookSeen(
    line=UUID(int=1),
    first=AT,
    last=AT,
    staff=None,
    staff_name="",
    role="Nurse",
    organisation="Test trust",
    kind="nhs_trust",
    own=False,
    resident=None,
    pages=2,
    listed=0,
    basis="relationship",
    care=RelationshipKind.ADMISSION,
    since=datetime(2026, 3, 3, 1, 50, tzinfo=UTC),
    did=(opening(Category.MEDICATIONS), opening(Category.ALLERGIES)),
    nth=1,
    times=1,
)


class TestSentence:
    def test_says_who_what_when_and_why(self) -> None:
        assert sentence(LOOK) == (
            "A nurse at Test trust opened your medicines and allergies on 3 March 2026 at 02:14 "
            "because you were admitted there at 01:50."
        )

    @pytest.mark.parametrize("kind", list(RelationshipKind))
    def test_every_kind_of_care_has_words(self, kind: RelationshipKind) -> None:
        said = sentence(replace(LOOK, care=kind))
        assert " because " in said
        assert "in their care" not in said, "it has no words of its own"

    @pytest.mark.parametrize(
        ("basis", "words"),
        [
            ("break-glass", "because they said that it was an emergency."),
            ("after-death", "because their role reviews deaths."),
            ("lawful-disclosure", "because a privacy officer had lawfully allowed it."),
        ],
    )
    def test_every_other_basis_has_words(self, basis: str, words: str) -> None:
        assert sentence(replace(LOOK, basis=basis, care=None)).endswith(words)

    @pytest.mark.parametrize("part", list(Category))
    def test_every_part_of_a_record_has_words(self, part: Category) -> None:
        assert "opened your record on" not in sentence(replace(LOOK, did=(opening(part),)))

    @pytest.mark.parametrize("action", [each for each in Action if each is not Action.OPENING])
    def test_every_action_makes_a_sentence(self, action: Action) -> None:
        did = Did(action, "done", "", "", None, None)
        said = sentence(replace(LOOK, pages=0, basis="", care=None, did=(did,)))
        assert said.startswith("A nurse at Test trust ")
        assert said.endswith(" on 3 March 2026 at 02:14.")

    def test_an_article_fits_the_role_and_a_kind_stands_for_a_name(self) -> None:
        said = sentence(replace(LOOK, role="Adviser", organisation="An NHS trust"))
        assert said.startswith("An adviser at an NHS trust opened")


class TestHeld:
    def test_what_could_endanger_waits_and_nothing_else(self) -> None:
        assert held_because(LOOK) is None
        guarded = replace(LOOK, did=(opening(Category.SAFEGUARDING),))
        assert held_because(guarded) is HeldBecause.SAFEGUARDING
        disclosed = replace(LOOK, basis="lawful-disclosure")
        assert held_because(disclosed) is HeldBecause.DISCLOSURE
        proposed = Did(Action.DISCLOSURE_PROPOSED, "done", "", "", None, None)
        assert held_because(replace(LOOK, did=(proposed,))) is HeldBecause.DISCLOSURE


@dataclass
class Telling:
    world: Any
    as_login: Any
    officer: Membership
    client: Client
    nurse: Client

    def said(self, **changed: str) -> dict[str, str]:
        """What the resident says of herself, as the form takes it."""
        with self.as_login("pipeline"):
            whole = Resident.objects.get(pk=self.world.resident.pk)
        born = whole.birth_date
        assert born is not None
        return {
            "family_name": "Carter",
            "given_name": "Ruth",
            "birth_date-day": str(born.day),
            "birth_date-month": str(born.month),
            "birth_date-year": str(born.year),
            "nhs_number": self.number(),
            "days": "90",
            **changed,
        }

    def number(self) -> str:
        with self.as_login("pipeline"):
            rows = ResidentNhsNumber.objects.filter(resident=self.world.resident)
            return rows.values_list("number", flat=True)[0]

    def begin(self, **changed: str) -> Any:
        address = reverse("begin-account", args=[self.world.resident.public_id])
        return self.client.post(address, self.said(**changed))

    def told(self) -> UUID:
        response = self.begin()
        assert response.status_code == 302, response.content.decode()
        with self.as_login("pipeline"):
            return UUID(str(Account.objects.latest("pk").public_id))

    def page(self, account: UUID) -> str:
        response = self.client.get(reverse("account", args=[account]))
        assert response.status_code == 200
        return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())

    def cases(self) -> list[Alert]:
        with self.as_login("pipeline"):
            return list(Alert.objects.order_by("pk"))


@pytest.fixture
def telling(world: Any, as_login: Any) -> Telling:
    with as_login("pipeline"):
        officer = factories.membership(at=world.trust, as_role="privacy-officer")
    client, nurse = Client(), Client()
    client.force_login(officer.staff)
    nurse.force_login(world.nurse.staff)
    return Telling(world, as_login, officer, client, nurse)


class TestAccount:
    def test_is_told_after_the_check_in_sentences_without_a_name(self, telling: Telling) -> None:
        read(telling.nurse, telling.world.resident, "medicines", "allergies")
        page = telling.page(telling.told())
        assert "A nurse at Test trust opened your summary, medicines and allergies on" in page
        assert "because you were admitted there" in page
        assert telling.world.nurse.staff.name not in page
        assert HOLDING in page

    def test_is_not_begun_where_a_detail_differs(self, telling: Telling) -> None:
        response = telling.begin(family_name="Carver")
        assert response.status_code == 200
        assert "do not all match what we hold" in response.content.decode()
        with telling.as_login("pipeline"):
            assert not Account.objects.exists()

    def test_its_gate_begins_none_for_who_may_not_tell(self, telling: Telling) -> None:
        with transaction.atomic():
            compared, made = accounts.begin(
                accounts.Claimed(family_name="Carter", given_name="Ruth"),
                telling.world.resident.public_id,
                days=90,
                by=telling.world.acting,
                request_id=str(uuid4()),
            )
        assert (compared, made) == (accounts.Compared.DIFFERS, None)

    def test_tells_of_every_organisation_for_it_is_the_residents_own(
        self, telling: Telling
    ) -> None:
        worker = Client()
        worker.force_login(telling.world.social_worker.staff)
        read(worker, telling.world.resident)
        assert "A social worker at Test council opened your summary" in telling.page(telling.told())

    def test_each_reading_is_an_event(self, telling: Telling) -> None:
        account = telling.told()
        telling.page(account)
        telling.client.get(reverse("account-pdf", args=[account]))
        with telling.as_login("backup"):
            events = Event.objects.filter(action=Action.ACCOUNT_MADE).order_by("pk")
            assert [event.reason for event in events] == ["begun", "page", "pdf"]

    def test_another_organisation_does_not_open_it(self, telling: Telling) -> None:
        account = telling.told()
        with telling.as_login("pipeline"):
            other = factories.membership(at=telling.world.practice, as_role="privacy-officer")
        client = Client()
        client.force_login(other.staff)
        assert client.get(reverse("account", args=[account])).status_code == 404

    def test_on_paper_it_says_the_same_in_both_prints(self, telling: Telling) -> None:
        read(telling.nurse, telling.world.resident, "medicines")
        account = telling.told()
        for name in ("account-pdf", "account-large-print"):
            response = telling.client.get(reverse(name, args=[account]))
            assert response["Content-Type"] == "application/pdf"
            assert response.content.startswith(b"%PDF")
            words = " ".join(words_of(response.content).split())
            assert "A nurse at Test trust opened your summary and medicines" in words
            assert "CARTER, Ruth" in words

    def test_of_a_protected_resident_it_names_no_organisation(self, telling: Telling) -> None:
        read(telling.nurse, telling.world.resident)
        account = telling.told()
        with telling.as_login("pipeline"):
            Resident.objects.filter(pk=telling.world.resident.pk).update(protection="R")
        response = telling.client.get(reverse("account", args=[account]))
        main = BeautifulSoup(response.content, "html.parser").main
        assert main is not None
        assert "A nurse at an NHS trust opened" in " ".join(main.get_text(" ").split())
        assert "Test trust" not in main.get_text(" ")


def safeguarding_look(telling: Telling, by: Membership) -> None:
    audit.record(
        Action.OPENING,
        reason="relationship",
        resident_id=telling.world.resident.pk,
        look=uuid4(),
        detail={"page": "record-section", "part": int(Category.SAFEGUARDING)},
        **Acting.of(by).for_audit(),
    )


class TestHeldLine:
    def test_is_left_out_until_an_officer_of_whose_staff_looked_has_decided(
        self, telling: Telling
    ) -> None:
        safeguarding_look(telling, telling.world.nurse)
        account = telling.told()
        said = "opened your safeguarding information"
        assert said not in telling.page(account)
        (case,) = telling.cases()
        assert (case.kind, case.rule) == (AlertKind.HELD_LINE, "safeguarding")
        page = telling.client.get(reverse("alert", args=[case.public_id])).content.decode()
        assert "It may be told" in page
        assert "Correct use" not in page
        answer = telling.client.post(
            reverse("alert", args=[case.public_id]),
            {"outcome": "told", "words": "She was there when it was raised"},
        )
        assert answer.status_code == 302
        assert said in telling.page(account)

    def test_that_is_kept_back_stays_out_and_is_one_case(self, telling: Telling) -> None:
        safeguarding_look(telling, telling.world.nurse)
        telling.told()
        (case,) = telling.cases()
        telling.client.post(
            reverse("alert", args=[case.public_id]),
            {"outcome": "kept-back", "words": "It would tell him where she is"},
        )
        assert "opened your safeguarding" not in telling.page(telling.told())
        assert len(telling.cases()) == 1

    def test_is_decided_by_another_than_who_looked(self, telling: Telling) -> None:
        safeguarding_look(telling, telling.officer)
        telling.told()
        (case,) = telling.cases()
        answer = telling.client.post(
            reverse("alert", args=[case.public_id]),
            {"outcome": "told", "words": "I see nothing against it"},
        )
        assert "about you" in answer.content.decode()

    def test_accounts_with_and_without_one_say_the_same(self, telling: Telling) -> None:
        before = telling.page(telling.told()).split(" ", 1)[1]
        safeguarding_look(telling, telling.world.nurse)
        after = telling.page(telling.told())
        assert "Nobody looked" not in before
        assert HOLDING in before
        assert HOLDING in after


class TestQuestion:
    def ask(self, telling: Telling, account: UUID) -> Alert:
        response = telling.client.get(reverse("account", args=[account]))
        page = BeautifulSoup(response.content, "html.parser")
        link = next(each for each in page.select("main a") if "medicines" in each.get_text())
        answer = telling.client.post(str(link["href"]), {"words": "I was not there that day"})
        assert answer.status_code == 302
        return telling.cases()[-1]

    def test_becomes_a_case_with_a_date_and_its_answer_stands_on_the_account(
        self, telling: Telling
    ) -> None:
        read(telling.nurse, telling.world.resident, "medicines")
        account = telling.told()
        case = self.ask(telling, account)
        assert case.kind == AlertKind.QUESTION
        assert case.organisation_id == telling.world.trust.pk
        assert case.membership_id == telling.world.nurse.pk
        assert case.due is not None
        assert f"Question {case.reference}: an answer is due by" in telling.page(account)
        address = reverse("alert", args=[case.public_id])
        assert "I was not there that day" in telling.client.get(address).content.decode()
        telling.client.post(
            address, {"outcome": "answered", "words": "The ward had planned your discharge"}
        )
        assert "answered on" in telling.page(account)
        assert "The ward had planned your discharge" in telling.page(account)

    def test_about_a_line_that_is_not_theirs_is_not_taken(self, telling: Telling) -> None:
        account = telling.told()
        address = reverse("ask-about-look", args=[account, uuid4()])
        assert telling.client.post(address, {"words": "What is this about"}).status_code == 404
        with transaction.atomic():
            found = accounts.question(
                account,
                uuid4(),
                "What is this about",
                due=AT.date(),
                by=Acting.of(telling.officer),
                request_id=str(uuid4()),
            )
        assert found is None

    def test_is_no_case_of_correct_use(self, telling: Telling) -> None:
        read(telling.nurse, telling.world.resident, "medicines")
        case = self.ask(telling, telling.told())
        telling.client.post(
            reverse("alert", args=[case.public_id]),
            {"outcome": "correct", "words": "It was quite right"},
        )
        assert telling.cases()[-1].closed is None


class TestLineThatAnOfficerHolds:
    SAID = "opened your summary"
    WORDS = "Her brother lives with her and works on that ward"

    def hold(self, telling: Telling, client: Client, line: UUID) -> Any:
        address = reverse("hold-line", args=[telling.world.resident.public_id, line])
        return client.post(address, {"words": self.WORDS})

    def line(self, telling: Telling) -> UUID:
        """The line of the nurse's look, as the officer's table has it."""
        page = telling.client.get(reverse("who-looked", args=[telling.world.resident.public_id]))
        links = BeautifulSoup(page.content, "html.parser").select("a[href$='/hold']")
        (link,) = [each for each in links if "Opened the summary" in each.find_parent("tr").text]
        return UUID(str(link["href"]).split("/")[-2])

    @pytest.fixture
    def second(self, telling: Telling) -> Client:
        """Another privacy officer of the trust."""
        with telling.as_login("pipeline"):
            other = factories.membership(at=telling.world.trust, as_role="privacy-officer")
        client = Client()
        client.force_login(other.staff)
        return client

    def test_is_nothing_on_the_account_until_another_decided_and_again_once_released(
        self, telling: Telling, second: Client
    ) -> None:
        read(telling.nurse, telling.world.resident)
        account = telling.told()
        assert self.SAID in telling.page(account)
        held = self.hold(telling, telling.client, self.line(telling))
        assert held.status_code == 302, held.content.decode()
        page = telling.page(account)
        assert self.SAID not in page
        assert "hold" not in page.replace(HOLDING, "").lower(), "and nothing says so"
        (case,) = telling.cases()
        assert (case.kind, case.rule, case.outcome) == ("held-line", "by-officer", "held")
        decide = reverse("alert", args=[case.public_id])
        kept = {"outcome": "kept-back", "words": "He would learn of it from her"}
        assert "Another officer decides" in telling.client.post(decide, kept).content.decode()
        assert second.post(decide, kept).status_code == 302
        assert self.SAID not in telling.page(account)
        release = reverse("release-line", args=[case.public_id])
        assert release in second.get(decide).content.decode()
        assert self.SAID not in telling.page(account), "seen is not released"
        assert second.post(release, {"words": "He has moved away"}).status_code == 302
        assert self.SAID in telling.page(account)
        assert second.get(release).status_code == 404, "it is released once"
        with telling.as_login("backup"):
            reasons = Event.objects.filter(action=Action.ALERT_REVIEWED).order_by("pk")
            assert [each.reason for each in reasons] == ["own-hold", "kept-back", "released"]

    def test_is_held_once_and_may_be_told_by_who_held_it(self, telling: Telling) -> None:
        read(telling.nurse, telling.world.resident)
        account, line = telling.told(), self.line(telling)
        self.hold(telling, telling.client, line)
        self.hold(telling, telling.client, line)
        (case,) = telling.cases()
        telling.client.post(
            reverse("alert", args=[case.public_id]),
            {"outcome": "told", "words": "I had mistaken the brother"},
        )
        assert self.SAID in telling.page(account)

    def test_is_nobodys_own_look(self, telling: Telling) -> None:
        audit.record(
            Action.OPENING,
            reason="relationship",
            resident_id=telling.world.resident.pk,
            look=(look := uuid4()),
            detail={"page": "record"},
            **Acting.of(telling.officer).for_audit(),
        )
        page = telling.client.get(reverse("who-looked", args=[telling.world.resident.public_id]))
        assert "Opened the summary" in page.content.decode()
        assert str(look) not in page.content.decode(), "offered for what would be refused"
        answer = self.hold(telling, telling.client, look)
        assert "You looked yourself" in answer.content.decode()
        assert telling.cases() == []

    def test_of_another_councils_staff_is_not_known(self, telling: Telling) -> None:
        look = uuid4()
        audit.record(
            Action.OPENING,
            reason="relationship",
            resident_id=telling.world.resident.pk,
            look=look,
            detail={"page": "record"},
            **Acting.of(telling.world.social_worker).for_audit(),
        )
        assert self.hold(telling, telling.client, look).status_code == 404
        assert telling.cases() == []
