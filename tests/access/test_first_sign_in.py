"""The link for the first sign-in of somebody new: theirs alone, once, for three days."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from access import first_sign_in
from access.acting import Acting
from access.invitations import Invitation
from organisations import actions, staffing
from organisations.models import RegistryChange, StaffMember
from organisations.staffing import Joiner
from tests import factories

REQUEST = str(uuid4())
ADDRESS = "ann.example@trust.example"
PASSWORD = "lantern orbit marmalade"


@pytest.fixture
def joined(database, as_login) -> SimpleNamespace:
    """Somebody who joined; an administrator of their organisation, and one of another."""
    with as_login("pipeline"):
        trust, other = factories.organisation("Trust"), factories.organisation("Other")
        found = SimpleNamespace(trust=trust)
        for name, at in (("admin", trust), ("stranger", other)):
            held = factories.membership(at=at, as_role="organisation-administrator")
            actions.let_administer(by=None, staff=held.staff, organisation=at)
            setattr(found, name, Acting.of(held))
        factories.role("nurse")
    staffing.give_role(
        found.admin,
        trust.public_id,
        Joiner(username="ann", role="nurse", name="Ann Example"),
        why="Starts on the ward",
        request_id=REQUEST,
    )
    found.ann = StaffMember.objects.get(username="ann")
    return found


def invite(by: Acting, person: StaffMember, email: str = ADDRESS) -> first_sign_in.Invited:
    return first_sign_in.invite(by, person.public_id, email, request_id=REQUEST)


def sent(as_login: Any) -> str:
    """The address of the link that a worker sends."""
    with as_login("pipeline"):
        for each in first_sign_in.to_send():
            assert first_sign_in.send(each)
    (address,) = re.findall(r"/first-sign-in/\S+", mail.outbox[-1].body)
    return str(address)


def words(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(BeautifulSoup(response.content, "html.parser").main.get_text(" ").split())


def choose(client: Client, password: str = PASSWORD, again: str = "") -> Any:
    return client.post(
        reverse("first-sign-in"), {"password": password, "again": again or password}, follow=True
    )


def test_somebody_new_chooses_a_password_and_is_in(joined, as_login, run_sql) -> None:
    assert invite(joined.admin, joined.ann).outcome == "invited"
    link, client = sent(as_login), Client()
    (message,) = mail.outbox
    assert message.to == [ADDRESS]
    # What the link says is random, and a page says whose it is.
    said = message.subject + message.body.replace(link, "")
    for private in ("Ann", "Example", "ann", "nurse", "Trust"):
        assert private not in said
    arrived = client.get(link)
    assert arrived["Location"] == reverse("first-sign-in"), "no later address holds the link"
    assert "Your user name is ann" in words(client.get(arrived["Location"]))
    assert "differ" in words(choose(client, again="another one"))
    assert "too short" in words(choose(client, "short"))
    assert choose(client).request["PATH_INFO"] != reverse("first-sign-in")
    assert client.session["_auth_user_id"] == str(joined.ann.pk)
    ann = StaffMember.objects.get(pk=joined.ann.pk)
    assert ann.check_password(PASSWORD)
    kept = RegistryChange.objects.filter(what="staff", row=ann.pk).latest("pk")
    assert PASSWORD not in str(kept.after)
    assert ann.password not in str(kept.after)
    reasons = run_sql("backup").execute("select reason from audit_event order by id").fetchall()
    assert [reason for (reason,) in reasons if reason in {"staff-invited", "password-set"}] == [
        "staff-invited",
        "password-set",
    ]
    # Once.
    again = Client()
    again.get(link)
    assert "does not work any more" in words(again.get(reverse("first-sign-in")))
    assert invite(joined.admin, ann).outcome == "has-password"


@override_settings(SECOND_FACTOR_ROLES="all")
def test_the_second_step_is_set_up_before_anybody_is_in(joined, as_login) -> None:
    invite(joined.admin, joined.ann)
    client = Client()
    client.get(sent(as_login))
    assert choose(client).request["PATH_INFO"] == reverse("add-app")
    assert "_auth_user_id" not in client.session


def test_only_the_last_link_works_and_not_for_ever(joined, as_login, run_sql) -> None:
    invite(joined.admin, joined.ann)
    first = sent(as_login)
    invite(joined.admin, joined.ann)
    second = sent(as_login)
    earlier, later = Client(), Client()
    earlier.get(first)
    later.get(second)
    assert "does not work any more" in words(earlier.get(reverse("first-sign-in")))
    assert "Choose your password" in words(later.get(reverse("first-sign-in")))
    owner = run_sql("admin")
    owner.execute("update access_invitation set expires = %s", [timezone.now()])
    owner.commit()
    assert "does not work any more" in words(choose(later))
    with as_login("pipeline"):
        assert not StaffMember.objects.get(pk=joined.ann.pk).has_usable_password()
        assert first_sign_in.to_send() == []


def test_who_may_not_invite_whom(joined, as_login) -> None:
    with as_login("pipeline"):
        nurse = factories.staff("used", password=factories.PASSWORD)
        factories.membership(nurse, joined.trust)
        gone = factories.staff("gone", is_active=False)
        factories.membership(gone, joined.trust)
    answers = [
        invite(joined.stranger, joined.ann).outcome,
        # A link for somebody who has a password would let an administrator in as them.
        invite(joined.admin, nurse).outcome,
        invite(joined.admin, gone).outcome,
        invite(joined.admin, joined.ann, "nowhere").outcome,
    ]
    assert answers == ["not-allowed", "has-password", "suspended", "email-missing"]
    with as_login("pipeline"):
        assert not Invitation.objects.exists()


def test_a_link_that_cannot_be_sent_waits_and_nothing_of_it_is_kept(
    joined, as_login, caplog, monkeypatch
) -> None:
    def away(_message: Any) -> None:
        raise OSError(f"no route to {ADDRESS}")

    invited = invite(joined.admin, joined.ann).invitation
    assert invited is not None
    with as_login("pipeline"), monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", away)
        assert not first_sign_in.send(invited)
    assert ADDRESS not in caplog.text
    with as_login("pipeline"):
        assert first_sign_in.to_send() == [invited]
    word = sent(as_login).rsplit("/", 1)[1]
    with as_login("pipeline"):
        assert not first_sign_in.send(invited), "once"
        row = Invitation.objects.get()
    assert word.encode() not in bytes(row.digest)
    until = first_sign_in.invited_until(joined.ann)
    assert until is not None
    assert timedelta(hours=71) < until - timezone.now() <= timedelta(hours=72)


def test_the_journey_of_joining_sends_the_link(joined, as_login) -> None:
    client = Client()
    client.force_login(StaffMember.objects.get(pk=joined.admin.staff_id))
    sending = {
        "organisation": str(joined.trust.public_id),
        "username": "bea",
        "name": "Bea Example",
        "email": ADDRESS,
        "step": "check",
        "role": "nurse",
        "team": "",
        "why": "Starts on the ward",
    }
    client.post(reverse("registry-join"), sending)
    assert sent(as_login)
    bea = StaffMember.objects.get(username="bea")
    page = words(client.get(reverse("registry-person", args=[bea.public_id])))
    assert "They have not signed in yet" in page
    address = reverse("registry-invite", args=[bea.public_id])
    assert ADDRESS in client.get(address).content.decode()
    wrong = words(client.post(address, {"email": "nowhere"}))
    assert "name@example.nhs.uk" in wrong
    assert client.post(address, {"email": "bea@trust.example"}).status_code == 303
    assert sent(as_login)
    assert mail.outbox[-1].to == ["bea@trust.example"]
    with as_login("pipeline"):
        StaffMember.objects.filter(pk=bea.pk).update(last_login=timezone.now())
    assert client.get(address).status_code == 404
