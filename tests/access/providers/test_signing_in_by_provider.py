"""Signing in through OpenID providers, against one of another maker, over HTTP."""

from __future__ import annotations

import time
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.urls import reverse

from access.federated import ProviderIdentity, ProviderSession
from access.providers import answers, under_way
from organisations.actions import let_administer
from organisations.models import Role
from tests import factories
from tests.access.providers.conftest import CIS2, COUNCIL

NIA = "555000111222"


def role(org: str, code: str = "S8000:G8000:R8001", number: str = "1001") -> dict[str, Any]:
    return {"person_roleid": number, "org_code": org, "role_code": code, "role_name": "Nurse"}


def selected(*roles: dict[str, Any], number: str = "1001") -> dict[str, Any]:
    return {"selected_roleid": number, "nhsid_nrbac_roles": list(roles)}


AT_TRUST = selected(role("ZZ9", "S8000:G8000:R8000", "1002"), role("RJ2"))


def national(code: str, number: str) -> Role:
    """A role with its national code, whether another fixture has made it or not."""
    found = Role.objects.filter(code=code).first() or factories.role(code)
    Role.objects.filter(pk=found.pk).update(national_code=number)
    return found


@pytest.fixture
def nia(database, as_login, providers):
    """A nurse at the trust and a doctor at a practice, linked to CIS2; no password."""
    with as_login("pipeline"):
        trust = factories.organisation("Sample Trust", code="RJ2")
        practice = factories.organisation("Sample Practice", kind="gp_practice", code="G81001")
        nurse, doctor = national("nurse", "R8001"), national("doctor", "R8000")
        who = factories.staff("nia", "Nia Nurse")
        who.nurse = factories.membership(who, trust, nurse, in_team=factories.team(trust, "Oak"))
        who.doctor = factories.membership(who, practice, doctor)
        for code in (CIS2, COUNCIL):
            ProviderIdentity.objects.create(issuer=providers.issuer(code), subject=NIA, staff=who)
    return who


def heading(answer: Any) -> str:
    return BeautifulSoup(answer.content, "html.parser").h1.get_text(strip=True)


def is_in(client: Client) -> bool:
    return client.get(reverse("your-sign-in")).status_code == 200


def events(run_sql: Any) -> list[Any]:
    rows = run_sql("backup").execute("select action, reason, detail from audit_event order by id")
    return list(rows.fetchall())


def test_the_role_selected_there_is_acted_as_and_no_other(nia, person, run_sql) -> None:
    who = person()
    answer = who.arrives(CIS2, claims=AT_TRUST, query="?next=/my-residents")
    assert (answer.status_code, answer["Location"]) == (302, "/my-residents")
    page = BeautifulSoup(who.portal.get("/my-residents").content, "html.parser")
    assert "Nurse" in page.header.get_text()
    offered = who.portal.get(reverse("choose-membership")).content.decode()
    assert "Sample Trust" in offered
    assert "Sample Practice" not in offered, "it was not selected there"
    said = {"by": "provider", "provider": "cis2", "assurance": "AAL3"}
    assert ("sign-in", "", said) in events(run_sql)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"nhsid_nrbac_roles": [role("RJ2")]},
        selected(role("RJ2"), number="9999"),
        selected(role("RPG")),
        selected(role("RJ2", "S8000:G8000:R8009")),
        {"selected_roleid": "1001", "nhsid_nrbac_roles": "no list"},
    ],
    ids=["none", "none-selected", "not-theirs", "elsewhere", "another-job", "malformed"],
)
def test_without_a_known_role_a_page_says_what_to_do(nia, person, run_sql, claims) -> None:
    who = person()
    answer = who.arrives(CIS2, claims=claims)
    assert answer.status_code == 403
    assert heading(answer) == "Your NHS CIS2 role is not known here"
    assert not is_in(who.portal)
    assert ("sign-in-failed", "provider-no-role") in [each[:2] for each in events(run_sql)]


@pytest.mark.parametrize(("acr", "expected"), [("AAL1", 403), ("AAL2", 302), ("AAL3", 302)])
def test_signing_in_less_surely_than_is_wanted_lets_nobody_in(nia, person, acr, expected) -> None:
    who = person()
    answer = who.arrives(CIS2, acr=acr, claims=AT_TRUST)
    assert answer.status_code == expected
    assert is_in(who.portal) == (expected == 302)


def test_where_two_factors_are_required_the_provider_must_have_asked_for_them(
    nia, person, settings
) -> None:
    settings.SECOND_FACTOR_ROLES = "all"
    for amr, expected in (("pwd", 403), ("mfa", 302)):
        who = person()
        assert who.arrives(COUNCIL, amr=amr).status_code == expected
        assert is_in(who.portal) == (expected == 302)


def test_two_providers_at_once_and_each_for_its_own(nia, person, providers) -> None:
    by_council, by_cis2 = person(), person()
    council = by_council.signs_in(COUNCIL)
    cis2 = by_cis2.signs_in(CIS2, claims=AT_TRUST)
    crossed = by_council.comes_back(council.replace("/council/", "/cis2/"))
    assert (crossed.status_code, heading(crossed)) == (400, "You are not signed in")
    assert by_council.arrives(COUNCIL).status_code == 302
    assert by_cis2.comes_back(cis2).status_code == 302
    chosen = by_council.portal.get(reverse("choose-membership")).content.decode()
    assert "Sample Practice" in chosen, "this provider selects no role"
    first = BeautifulSoup(Client().get("/sign-in").content, "html.parser")
    links = [each.get_text(strip=True) for each in first.select("main a.nhsuk-button")]
    assert links == ["Sign in with NHS CIS2", "Sign in with Sample Council"]


def test_an_answer_is_good_for_its_own_browser_once(nia, person, run_sql) -> None:
    who = person()
    address = who.signs_in(CIS2, claims=AT_TRUST)
    stolen = person()
    assert stolen.comes_back(address).status_code == 400
    assert not is_in(stolen.portal)
    assert who.comes_back(address).status_code == 302
    again = Client()
    again.cookies = who.portal.cookies
    assert again.get(address.removeprefix("http://testserver")).status_code == 400


@pytest.mark.parametrize(("part", "reason"), [("nonce", "nonce"), ("verifier", "code")])
def test_a_token_for_another_request_is_refused(nia, person, part, reason) -> None:
    who = person()
    address = who.signs_in(CIS2, claims=AT_TRUST)
    session = who.portal.session
    (kept,) = session[under_way.SESSION_KEY]
    session[under_way.SESSION_KEY] = [{**kept, part: "a" * 64}]
    session.save()
    answer = who.comes_back(address)
    assert f"Reason code: {reason}" in answer.content.decode()
    assert not is_in(who.portal)


def test_whoever_cancels_there_is_told_so(nia, person) -> None:
    who = person()
    assert heading(who.arrives(CIS2, cancel=True)) == "You did not sign in with NHS CIS2"


def test_keys_that_were_changed_there_are_taken_at_once(nia, person, providers) -> None:
    assert person().arrives(COUNCIL).status_code == 302
    providers.order(COUNCIL, "rotate")
    assert person().arrives(COUNCIL).status_code == 302


def test_a_provider_that_is_down_is_a_page_and_the_others_go_on(nia, person, providers) -> None:
    who = person()
    address = who.signs_in(CIS2, claims=AT_TRUST)
    providers.order(CIS2, "down")
    try:
        answer = who.comes_back(address)
        assert answer.status_code == 503
        assert heading(answer) == "You cannot sign in with NHS CIS2 just now"
        assert person().arrives(COUNCIL).status_code == 302
    finally:
        providers.order(CIS2, "up")
    assert person().arrives(CIS2, claims=AT_TRUST).status_code == 302


def test_a_suspended_account_is_not_let_in(nia, person, as_login) -> None:
    with as_login("pipeline"):
        type(nia).objects.filter(pk=nia.pk).update(is_active=False)
    assert heading(person().arrives(COUNCIL)) == "Your account here cannot sign in"


class TestLinking:
    """Nobody is linked by a name or an e-mail address."""

    @pytest.fixture
    def admin(self, nia, as_login):
        with as_login("pipeline"):
            who = factories.staff("reg", "Reg Admin")
            trust = nia.nurse.organisation
            factories.membership(who, trust, "registry-administrator")
            ProviderIdentity.objects.filter(staff=nia).delete()
        client = Client()
        client.force_login(who)
        client.staff = who
        return client

    def code(self, admin: Client, nia: Any) -> str:
        page = admin.post(reverse("provider-links", args=[nia.public_id]))
        return str(BeautifulSoup(page.content, "html.parser").select_one(".app-key").get_text())

    def test_somebody_not_known_here_is_linked_by_an_administrators_code(
        self, nia, admin, person, run_sql
    ) -> None:
        who = person()
        answer = who.arrives(CIS2, claims={**AT_TRUST, "email": "nia@example.nhs.uk"})
        assert answer["Location"] == reverse("link-sign-in")
        assert heading(who.portal.get(answer["Location"])) == "Link your NHS CIS2 account"
        assert not is_in(who.portal)
        wrong = who.portal.post(answer["Location"], {"code": "aaaa-aaaa-aaaa"})
        assert "Check the code" in wrong.content.decode()
        code = self.code(admin, nia)
        linked = who.portal.post(answer["Location"], {"code": code.upper()})
        assert linked["Location"] == reverse("sign-in-by", args=[CIS2])
        assert who.arrives(CIS2)["Location"] == "/"
        assert is_in(who.portal)
        assert ("factor-changed", "provider-linked", {"code_by": admin.staff.pk}) in events(run_sql)
        other = person()
        address = other.arrives(CIS2, "555000999999")["Location"]
        assert other.portal.post(address, {"code": code}).status_code == 200, "it worked once"

    def test_five_wrong_codes_are_enough(self, nia, admin, person) -> None:
        who = person()
        address = who.arrives(CIS2, claims=AT_TRUST)["Location"]
        statuses = [
            who.portal.post(address, {"code": "aaaa-aaaa-aaaa"}).status_code for _ in range(5)
        ]
        assert statuses == [200] * 4 + [302]
        code = self.code(admin, nia)
        assert who.portal.post(address, {"code": code})["Location"] == reverse("sign-in")

    def test_what_links_somebody_is_taken_off(self, nia, admin, person, providers) -> None:
        code = self.code(admin, nia)
        who = person()
        who.portal.post(who.arrives(COUNCIL)["Location"], {"code": code})
        who.arrives(COUNCIL)
        assert is_in(who.portal)
        page = admin.post(reverse("provider-links", args=[nia.public_id]), {"unlink": COUNCIL})
        assert "linked to no other account" in page.content.decode()
        assert not is_in(who.portal), "what it let in ends with it"
        assert person().arrives(COUNCIL)["Location"] == reverse("link-sign-in")

    def test_administrators_link_neither_themselves_nor_above_themselves_nor_elsewhere(
        self, nia, admin, as_login
    ) -> None:
        with as_login("pipeline"):
            trust = nia.nurse.organisation
            own = factories.staff("own", "Own Admin")
            factories.membership(own, trust, "organisation-administrator")
            let_administer(by=None, staff=own, organisation=trust)
            officer = factories.staff("pri", "Pri Officer")
            factories.membership(officer, trust, "privacy-officer")
            elsewhere = factories.staff("els", "Els Where")
            factories.membership(elsewhere, factories.organisation(), "nurse")
        client = Client()
        client.force_login(own)
        words = {}
        for whose in (own, officer, elsewhere, nia):
            page = client.post(reverse("provider-links", args=[whose.public_id]))
            words[whose.username] = page.content.decode()
        assert "Another administrator has to do this for you" in words["own"]
        assert "Only an administrator of the registry" in words["pri"]
        assert "Page not found" in words["els"]
        assert "app-key" in words["nia"]

    def test_the_web_itself_links_nobody(self, nia, run_sql) -> None:
        with pytest.raises(Exception, match="permission denied"):
            run_sql("web").execute(
                "insert into access_provideridentity (issuer, subject, staff_id)"
                " values ('https://other.example', 'x', %s)",
                [nia.pk],
            )


class TestLogout:
    """Back-channel: what ends there ends here at once."""

    def told(self, code: str, token: str) -> int:
        answer = Client(enforce_csrf_checks=True).post(
            reverse("provider-logout", args=[code]), {"logout_token": token}
        )
        return int(answer.status_code)

    def test_a_session_that_ends_there_ends_here_and_others_do_not(
        self, nia, person, providers, run_sql
    ) -> None:
        ending, going_on = person(), person()
        for who in (ending, going_on):
            who.arrives(CIS2, claims=AT_TRUST)
        chosen = ending.portal.post(reverse("choose-membership"), {"membership": str(nia.nurse.pk)})
        assert chosen.status_code == 302
        assert is_in(ending.portal)
        ending.signs_out_there(CIS2)
        (token,) = providers.told
        assert self.told(COUNCIL, token) == 400, "of another provider"
        assert self.told(CIS2, token + "x") == 400
        assert self.told(CIS2, token) == 200
        assert not is_in(ending.portal)
        assert is_in(going_on.portal)
        assert ("sign-out", "provider-ended") in [each[:2] for each in events(run_sql)]
        ending.arrives(CIS2, claims=AT_TRUST)
        assert self.told(CIS2, token) == 400, "it was taken before"
        assert is_in(ending.portal)

    def test_a_session_that_ended_while_a_role_was_chosen_does_not_go_on(
        self, nia, person, as_login
    ) -> None:
        who = person()
        who.arrives(CIS2, claims=AT_TRUST)
        ProviderSession.objects.all().delete()  # what the logout deletes; the session was read
        answer = who.portal.post(reverse("choose-membership"), {"membership": str(nia.nurse.pk)})
        assert answer["Location"] == reverse("sign-in")
        assert not is_in(who.portal)

    def test_an_id_token_is_no_logout_token(self, nia, person, monkeypatch) -> None:
        kept = []
        said_to_be = answers.said_to_be

        def heard(provider: Any, header: Any, claims: Any, **more: Any) -> Any:
            kept.append(claims)
            return said_to_be(provider, header, claims, **more)

        monkeypatch.setattr(answers, "said_to_be", heard)
        who = person()
        who.arrives(CIS2, claims=AT_TRUST)
        (claims,) = kept
        with pytest.raises(answers.NotAccepted):
            answers.ended(person().providers.configured()[CIS2], claims, now=time.time())

    def test_whoever_signs_out_here_is_asked_there_who_they_are_the_next_time(
        self, nia, person
    ) -> None:
        who = person()
        who.arrives(CIS2, claims=AT_TRUST)
        who.portal.post(reverse("sign-out"))
        assert not is_in(who.portal)
        assert who.sets_out(CIS2).text == "Who are you?", "the next one at this computer"

    def test_nothing_that_a_provider_gave_lies_in_a_session(self, nia, person, caplog) -> None:
        who = person()
        address = who.signs_in(CIS2, claims=AT_TRUST)
        who.comes_back(address)
        code = address.split("code=")[1].split("&")[0]
        kept = f"{SessionStore(who.portal.session.session_key).load()} {caplog.text}"
        assert code not in kept
        assert "eyJ" not in kept


class TestStillThem:
    """What asks again asks the provider, and takes nobody else's word."""

    @pytest.fixture
    def restricted(self, world, nia, as_login):  # the world first, which makes roles of its own
        with as_login("pipeline"):
            oak = factories.team(world.trust, "Oak ward")
            nurse = nia.nurse.role
            factories.membership(nia, world.trust, nurse, in_team=oak)
        claims = selected(role(world.trust.ods_code))
        return reverse("break-glass", args=[world.resident.public_id]), claims

    def test_glass_is_broken_once_they_signed_in_there_once_more(self, restricted, person) -> None:
        address, claims = restricted
        who = person()
        who.arrives(CIS2, claims=claims)
        first = who.portal.get(address)
        assert heading(first) == "Show that it is still you"
        words = {"reason": "04", "words": "Found unconscious at the entrance"}
        assert heading(who.portal.post(address, words)) == "Show that it is still you"
        link = BeautifulSoup(first.content, "html.parser").select_one("main a.nhsuk-button")["href"]
        query = f"?{link.partition('?')[2]}"
        who.there.cookies.clear()  # somebody else's card
        other = who.arrives(CIS2, "555000999999", query=query)
        assert heading(other) == "Somebody else signed in with NHS CIS2"
        who.there.cookies.clear()
        back = who.arrives(CIS2, NIA, query=query)
        assert back["Location"] == address
        assert heading(who.portal.get(address)) == "Reason for opening in an emergency"
        opened = who.portal.post(address, words, follow=True)
        assert "Opened in an emergency" in opened.content.decode()
        assert heading(who.portal.get(address, follow=True)) != "Reason for opening in an emergency"
