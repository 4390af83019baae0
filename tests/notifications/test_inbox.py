"""What teams are told of, who is shown it, and what no notice and no message tells."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from access.actions import relationships_are_due
from access.models import CareRelationship
from connectcare.environment import Environment, Login
from identity.merging import merge
from identity.models import Cause, Resident, SourcePerson
from notifications import telling
from notifications.making import make_due_notices
from notifications.models import Notice, NoticesDue, TeamMail
from organisations.categories import Category
from organisations.models import Membership, Role, StaffMember, Team
from records.actions import renew_due_relationships
from tests import factories
from tests.records.conftest import AsLogin, Ward, text_of

_OF_THE_MOMENT = re.compile(
    r'nonce="[^"]*"|csrfmiddlewaretoken" value="[^"]*"|content="\d+; url|data-[a-z-]+="[^"]*"'
)

Connect = Callable[[str], psycopg.Connection]


@dataclass
class Telling:
    """The ward's hospital and a council, a locality team that supports the resident, its worker."""

    ward: Ward
    team: Team
    worker: Membership
    client: Client
    as_login: AsLogin
    at_trust: SourcePerson
    at_council: SourcePerson
    made: list[Any] = field(default_factory=list)

    def happens(self, what: str, *, person: SourcePerson | None = None, **fields: Any) -> None:
        """An entry arrives, and what follows it is done in the background."""
        category, given = {
            "admission": (Category.CONTACTS, {"contact_class": "inpatient", "kind": "Encounter"}),
            "discharge": (
                Category.CONTACTS,
                {
                    "contact_class": "inpatient",
                    "kind": "Encounter",
                    "status": "past",
                    "ends": timezone.now() - timedelta(hours=2),
                },
            ),
            "assessment": (Category.SOCIAL_CARE_ASSESSMENTS, {"kind": "ClinicalImpression"}),
        }[what]
        of = person or (self.at_council if what == "assessment" else self.at_trust)
        self.ward.entry(of, category, "Qzwords of the entry", **{**given, **fields})
        self.settles()

    def settles(self) -> None:
        with self.as_login("pipeline"):
            relationships_are_due([self.ward.resident.pk])
            NoticesDue.objects.all().delete()
            kept = list(CareRelationship.objects.values_list("pk", "valid_until"))
            while renew_due_relationships():
                pass
            # These tests' relationships have no entries behind them: they go on.
            for pk, until in kept:
                CareRelationship.objects.filter(pk=pk).update(valid_until=until)
            assert NoticesDue.objects.exists(), "deriving has them made"
            while make_due_notices():
                pass
            assert not NoticesDue.objects.exists()

    def shown(self, client: Client | None = None, kind: str = "") -> list[str]:
        """What befell whom, as the inbox lists it."""
        page = (client or self.client).get(reverse("inbox") + (f"?kind={kind}" if kind else ""))
        assert page.status_code == 200
        found = BeautifulSoup(page.content, "html.parser").select("li.app-inbox-notice")
        return [" ".join(each.find("p").get_text(" ").split()) for each in found]


RUTH = "CARTER, Ruth (Mrs)"


@pytest.fixture
def telling_of(ward: Ward, as_login: AsLogin) -> Telling:
    with as_login("pipeline"):
        team = factories.team(ward.council, "North locality")
        worker = factories.membership(
            factories.staff(email="worker@council.example"),
            ward.council,
            "social-worker",
            in_team=team,
        )
        factories.relationship(ward.resident, ward.council, team, kind="allocated-worker")
        factories.agreement(ward.trust, ward.council, Category)
        StaffMember.objects.filter(pk=ward.nurse.staff_id).update(email="nurse@trust.example")
        at_trust = factories.source_person(ward.resident, ward.trust)
        at_council = factories.source_person(ward.resident, ward.council)
    client = Client()
    client.force_login(worker.staff)
    return Telling(ward, team, worker, client, as_login, at_trust, at_council)


def test_each_team_is_told_of_what_another_source_says(telling_of: Telling) -> None:
    telling_of.happens("admission")
    telling_of.happens("assessment")
    assert telling_of.shown() == [f"New Admitted to hospital : {RUTH}"]
    assert telling_of.shown(telling_of.ward.client) == [f"New New social care assessment : {RUTH}"]
    page = text_of(telling_of.client.get(reverse("inbox")))
    assert "from Test trust" in page
    assert "Qzwords" not in page


def test_who_left_hospital_and_who_died_are_told_of(telling_of: Telling) -> None:
    telling_of.happens("discharge")
    with telling_of.as_login("pipeline"):
        Resident.objects.filter(pk=telling_of.ward.resident.pk).update(deceased=True)
        assert NoticesDue.objects.filter(resident_id=telling_of.ward.resident.pk).exists()
        while make_due_notices():
            pass
    told = telling_of.shown()
    assert [words.split(" :")[0] for words in told] == [
        "New Died",
        "New Left hospital",
        "New Admitted to hospital",
    ]
    assert len(telling_of.shown(kind="death")) == 1
    assert len(telling_of.shown(kind="no-such-kind")) == len(told)


def test_what_comes_again_is_told_once(telling_of: Telling) -> None:
    telling_of.happens("admission")
    telling_of.settles()
    telling_of.settles()
    with telling_of.as_login("pipeline"):
        assert Notice.objects.count() == 1


def test_what_was_long_ago_is_no_news(telling_of: Telling) -> None:
    telling_of.happens(
        "admission", effective=timezone.now() - settings.NOTICE_PERIOD - timedelta(hours=1)
    )
    assert telling_of.shown() == []


def test_a_clinic_a_booked_stay_and_an_error_are_no_news(telling_of: Telling) -> None:
    telling_of.happens("admission", contact_class="outpatient")
    telling_of.happens("admission", status="planned")
    telling_of.happens("admission", status="entered-in-error")
    assert telling_of.shown() == []


def test_what_its_source_takes_back_is_gone(telling_of: Telling, run_sql: Connect) -> None:
    telling_of.happens("admission")
    assert len(telling_of.shown()) == 1
    admin = run_sql("admin")
    admin.execute("update records_entry set status = 'entered-in-error'")
    admin.commit()
    telling_of.settles()
    assert telling_of.shown() == []
    admin.execute("update records_entry set status = 'current'")
    admin.commit()
    telling_of.settles()
    assert len(telling_of.shown()) == 1


def test_what_one_person_declared_tells_no_team(telling_of: Telling) -> None:
    with telling_of.as_login("pipeline"):
        other = factories.team(telling_of.ward.trust, "Other ward")
        member = factories.membership(at=telling_of.ward.practice, as_role="doctor")
        factories.relationship(
            telling_of.ward.resident,
            telling_of.ward.practice,
            kind="self-declared",
            derived=False,
            membership=member,
            declared_by=member,
            reason="01",
            words="I treat her today",
            valid_until=timezone.now() + timedelta(days=7),
        )
        assert other.pk
    telling_of.happens("admission")
    client = Client()
    client.force_login(member.staff)
    assert telling_of.shown(client) == []


# ── The right to see, when it is read ───────────────────────────────────────────────────────


def ends_care(telling_of: Telling) -> None:
    with telling_of.as_login("pipeline"):
        CareRelationship.objects.filter(organisation=telling_of.ward.council).update(
            valid_until=timezone.now()
        )


def opts_out(telling_of: Telling) -> None:
    telling_of.ward.refuse("connect-care")


def objects(telling_of: Telling) -> None:
    telling_of.ward.refuse("nhs-number", telling_of.ward.council)


def no_agreement(telling_of: Telling) -> None:
    from organisations.models import SharingAgreement

    with telling_of.as_login("pipeline"):
        SharingAgreement.objects.filter(recipient=telling_of.ward.council).update(state="ended")


def reads_no_contacts(telling_of: Telling) -> None:
    with telling_of.as_login("pipeline"):
        Role.objects.filter(pk=telling_of.worker.role_id).update(categories=[15])


@pytest.mark.parametrize(
    "change",
    [ends_care, opts_out, objects, no_agreement, reads_no_contacts],
    ids=lambda change: change.__name__,
)
def test_what_may_not_be_seen_now_is_neither_shown_nor_counted(
    telling_of: Telling, change: Callable[[Telling], None]
) -> None:
    empty = telling_of.client.get(reverse("inbox")).content
    telling_of.happens("admission")
    assert len(telling_of.shown()) == 1
    change(telling_of)
    assert telling_of.shown() == []
    now = telling_of.client.get(reverse("inbox")).content
    assert _without_tokens(now) == _without_tokens(empty), "as if nothing had happened"


def _without_tokens(page: bytes) -> str:
    """Without what is new with every answer: tokens, and how long the session still lasts."""
    return _OF_THE_MOMENT.sub("", page.decode())


def test_a_refusal_hides_an_assessment_from_all_but_its_council(telling_of: Telling) -> None:
    telling_of.happens("assessment")
    telling_of.happens("admission")
    assert len(telling_of.shown(telling_of.ward.client)) == 1
    telling_of.ward.refuse("social-care-sharing", telling_of.ward.council)
    assert telling_of.shown(telling_of.ward.client) == []
    assert len(telling_of.shown()) == 1, "the council is still told of the admission"


def test_an_opt_out_that_commits_while_the_list_is_made_takes_the_notice_away(
    telling_of: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate's function finds it at its own statement; then nothing of the page leaves."""
    from access import gate
    from notifications import inbox

    telling_of.happens("admission")
    decide, read = gate.consider_many, inbox.read
    found: list[inbox.Inbox] = []

    def decides_then_they_opt_out(*given: Any) -> Any:
        decisions = decide(*given)
        if not found:
            assert all(decision.is_open for decision in decisions)
            telling_of.ward.refuse("connect-care")
        return decisions

    def reads(*given: Any, **more: Any) -> Any:
        found.append(read(*given, **more))
        return found[-1]

    monkeypatch.setattr(gate, "consider_many", decides_then_they_opt_out)
    monkeypatch.setattr(inbox, "read", reads)
    answer = telling_of.client.get(reverse("inbox"))
    assert found[0].notices == ()
    assert (answer.status_code, answer.content) == (303, b"")
    assert telling_of.shown() == []


def test_of_a_protected_resident_the_source_is_a_kind(telling_of: Telling) -> None:
    telling_of.happens("admission")
    with telling_of.as_login("pipeline"):
        Resident.objects.filter(pk=telling_of.ward.resident.pk).update(protection="R")
    page = telling_of.client.get(reverse("inbox"))
    assert "from An NHS trust" in text_of(page)
    assert "Test trust" not in text_of(page)


def test_everybody_shown_is_named_in_one_event(telling_of: Telling, run_sql: Connect) -> None:
    telling_of.happens("admission")
    telling_of.shown()
    admin = run_sql("admin")
    (residents, detail) = admin.execute(
        "select residents, detail::text from audit_event where action = 'notices-read'"
        " order by id desc limit 1"
    ).fetchone() or ([], "")
    assert residents == [telling_of.ward.resident.pk]
    assert "Qzwords" not in detail


def test_each_reader_marks_for_themselves(telling_of: Telling) -> None:
    telling_of.happens("admission")
    with telling_of.as_login("pipeline"):
        other = factories.membership(
            at=telling_of.ward.council, as_role="social-worker", in_team=telling_of.team
        )
        notice = Notice.objects.get().public_id
    for _ in range(2):
        answer = telling_of.client.post(
            reverse("inbox"), {"notice": [str(notice), "no-id"], "kind": "admission"}
        )
        assert answer["Location"] == f"{reverse('inbox')}?kind=admission"
    assert telling_of.shown() == [f"Admitted to hospital : {RUTH}"]
    client = Client()
    client.force_login(other.staff)
    assert telling_of.shown(client) == [f"New Admitted to hospital : {RUTH}"]


def test_a_merge_takes_notices_along(telling_of: Telling) -> None:
    telling_of.happens("admission")
    with telling_of.as_login("pipeline"):
        other = factories.resident("Carter", "Ruth", title="Mrs", nhs_number=None)
        merge(
            survivor=other.pk,
            merged=telling_of.ward.resident.pk,
            cause=Cause.DUPLICATE,
            words="Both are the same person",
            by=telling_of.ward.nurse.pk,
        )
        assert Notice.objects.get().resident_id == other.pk
    assert len(telling_of.shown()) == 1


def test_the_webs_login_reaches_no_table_of_notices(telling_of: Telling, run_sql: Connect) -> None:
    for table in ("notice", "noticeseen", "noticesdue", "teammail"):
        web = run_sql("web")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(f"select * from notifications_{table}")


# ── The message ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def tell(telling_of: Telling, database: dict[str, str]) -> Callable[[], list[str]]:
    """Tell the teams that are due, as a worker does; to whom."""

    def told() -> list[str]:
        mail.outbox = []
        with (
            override_settings(WEB_DATABASE=Environment().database(Login.WEB)),
            telling_of.as_login("pipeline"),
        ):
            for mail_id in telling.due():
                telling.tell(mail_id)
        return sorted(address for message in mail.outbox for address in message.bcc)

    return told


def test_a_team_is_sent_one_message_that_names_nobody(
    telling_of: Telling, tell: Callable[[], list[str]]
) -> None:
    telling_of.happens("admission")
    assert tell() == ["worker@council.example"]
    (message,) = mail.outbox
    for told in ("Carter", "Ruth", "Test trust", "dmit", "North", "1 "):
        assert told not in f"{message.subject} {message.body}"
    assert f"{settings.ORIGIN}{reverse('inbox')}" in message.body
    assert message.to == []
    assert tell() == [], "once"
    telling_of.happens("discharge")
    assert tell() == [], "not again within the hour"
    with telling_of.as_login("pipeline"):
        TeamMail.objects.update(told=timezone.now() - timedelta(hours=2))
        Notice.objects.filter(kind="discharge").update(made=timezone.now())
    assert tell() == ["worker@council.example"]


@pytest.mark.parametrize("change", [opts_out, objects, ends_care], ids=lambda each: each.__name__)
def test_whoever_would_see_nothing_is_sent_nothing(
    telling_of: Telling, tell: Callable[[], list[str]], change: Callable[[Telling], None]
) -> None:
    telling_of.happens("admission")
    change(telling_of)
    assert tell() == []


def test_a_server_that_is_away_loses_no_message(
    telling_of: Telling, tell: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    telling_of.happens("admission")

    def away(self: Any) -> int:
        raise OSError("no route")

    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", away)
        assert tell() == []
    assert tell() == ["worker@council.example"]


def test_a_referral_is_told_to_its_team_and_its_answer_to_the_ward(
    telling_of: Telling, tell: Callable[[], list[str]]
) -> None:
    sent = telling_of.ward.client.post(
        reverse("send-referral", args=[telling_of.ward.resident.public_id]),
        {
            "step": "send",
            "submission": str(uuid4()),
            "team": str(telling_of.team.pk),
            "needs": "Help with washing and dressing",
            "phone": "020 7946 0500",
            "told": "agrees",
        },
    )
    assert sent.status_code == 302
    assert tell() == ["worker@council.example"]
    inbox = text_of(telling_of.client.get(reverse("inbox")))
    assert f"Referrals to acknowledge {RUTH}" in inbox
    answer = telling_of.client.post(
        sent["Location"] + "/acknowledge", {"after": "1", "submission": str(uuid4())}
    )
    assert answer.status_code == 302
    assert tell() == ["nurse@trust.example"]
    assert "Acknowledged" in text_of(telling_of.ward.client.get(reverse("inbox")))
    assert "Referrals to acknowledge" not in text_of(telling_of.client.get(reverse("inbox")))
    gone = telling_of.ward.client.post(
        sent["Location"] + "/withdraw",
        {"after": "2", "submission": str(uuid4()), "because": "stays"},
    )
    assert gone.status_code == 302
    assert "Withdrawn" in text_of(telling_of.client.get(reverse("inbox")))


@pytest.mark.parametrize("change", [opts_out, objects], ids=lambda each: each.__name__)
def test_a_referral_is_told_whatever_was_chosen_and_names_nobody(
    telling_of: Telling, tell: Callable[[], list[str]], change: Callable[[Telling], None]
) -> None:
    telling_of.happens("admission")
    change(telling_of)
    assert tell() == [], "what befell them is told to nobody"
    sent = telling_of.ward.client.post(
        reverse("send-referral", args=[telling_of.ward.resident.public_id]),
        {
            "step": "send",
            "submission": str(uuid4()),
            "team": str(telling_of.team.pk),
            "needs": "Help with washing and dressing",
            "phone": "020 7946 0500",
            "told": "agrees",
        },
    )
    assert sent.status_code == 302
    with telling_of.as_login("pipeline"):
        TeamMail.objects.filter(told__isnull=False).update(
            told=timezone.now() - timedelta(hours=2), wanted=timezone.now()
        )
    assert tell() == ["worker@council.example"]
    (message,) = mail.outbox
    for told in ("Carter", "Ruth", "Test trust", "referral", "washing", "North", "DR-"):
        assert told not in f"{message.subject} {message.body}"
    inbox = text_of(telling_of.client.get(reverse("inbox")))
    assert f"Referrals to acknowledge {RUTH}" in inbox
    assert telling_of.shown() == [], "and the notices stay away"


def test_a_withdrawn_referral_is_listed_once(telling_of: Telling) -> None:
    """By its name where the team is involved anyway, and else by its reference alone."""
    address = reverse("send-referral", args=[telling_of.ward.resident.public_id])
    sent = telling_of.ward.client.post(
        address,
        {
            "step": "send",
            "submission": str(uuid4()),
            "team": str(telling_of.team.pk),
            "needs": "Help with washing and dressing",
            "phone": "020 7946 0500",
            "told": "agrees",
        },
    )
    telling_of.ward.client.post(
        sent["Location"] + "/withdraw",
        {"after": "1", "submission": str(uuid4()), "because": "stays"},
    )
    page = text_of(telling_of.client.get(reverse("inbox")))
    assert page.count(RUTH) >= 1
    assert "was withdrawn by the ward" not in page
    ends_care(telling_of)
    page = text_of(telling_of.client.get(reverse("inbox")))
    assert RUTH not in page
    assert "was withdrawn by the ward" in page
