"""A protected resident on every address of the portal: nothing tells where, or with whom.

Every address is asked as everybody who works with residents, about one resident whose world is
full of canaries: names of sources, teams, practitioners and places, addresses, telephone numbers,
codes, titles of documents, and words that staff typed. Asked about somebody who is not protected,
the same pages show them: so this can fail.

A new address is asked by itself; one with a new kind of part says in :func:`parts` which of these
residents' things it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import product
from typing import Any
from uuid import uuid4

from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse

from access.showing import NAMES_PEOPLE_ALONE, SHOWING
from identity.models import (
    Resident,
)
from records.sections import SECTIONS
from tests.consent.letter_desk import words_of
from tests.security.test_matrix import every_pattern
from tests.security.world_of_canaries import CANARIES, SHOWN, Everything, everything

AsLogin = Callable[[str], AbstractContextManager[None]]

__all__ = ["everything"]  # a fixture

#: Addresses that show the registry, deliveries or oneself, the same whomever one works with.
NOT_ABOUT_A_RESIDENT = {
    "failed-proofs",
    "failed-proof",
    "looks",
    "reconciliation",
    "participating-organisations",
    "about",
    "what-is-shared",
    "your-choices",
    "opt-out",
    "privacy-notice",
    "policies",
    "access-rules",
    "accessibility-statement",
    "health-live",
    "health-ready",
    "health-proof",
    "health-feeds",
    "sign-in",
    "sign-in-code",
    "sign-in-recovery",
    "sign-in-passkey",
    "add-passkey",
    "remove-passkey",
    "launch",
    "take-launch",
    "launch-hosts",
    "launch-host",
    "sign-in-by",
    "sign-in-answer",
    "link-sign-in",
    "provider-logout",
    "provider-links",
    "your-sign-in",
    "add-app",
    "remove-app",
    "new-codes",
    "sign-out",
    "signed-out",
    "stay-signed-in",
    "home",
    "choose-membership",
    "registry-organisations",
    "registry-organisation",
    "registry-telephones",
    "registry-standing",
    "registry-add-member",
    "registry-end-member",
    "registry-add-contact",
    "registry-contact",
    "registry-add-site",
    "registry-site",
    "registry-add-team",
    "registry-team",
    "registry-staff",
    "registry-roles",
    "registry-join",
    "registry-upload",
    "registry-person",
    "registry-give-role",
    "registry-invite",
    "first-sign-in",
    "first-sign-in-link",
    "registry-end-roles",
    "registry-proposals",
    "registry-proposal",
    "registry-history",
    "registry-return",
    "registry-refresh",
    "registry-recertify",
    "registry-let-in-again",
    "registry-sharing",
    "registry-agreement",
    "registry-role",
    "batches",
    "give-in-delivery",
    "batch",
    "load-batch-again",
    "replay-batch",
    "decide-batch",
    "held",
    "batch-as-json",
    "fhir-r4",
    "fhir-r4-metadata",
    "fhir-stu3",
    "fhir-stu3-metadata",
    "fhir-delivery",
}


# ── The walk ────────────────────────────────────────────────────────────────────────────────


#: Who is asked for every item by itself; the others for a few, because it is the same page.
READS_ALL = {"nurse", "social worker"}
ASKED_AS_WELL = {
    "record-section": ("", "?show=past"),
    "timeline": ("", "?over=month", "?part=people&source=a-gp-practice", "?page=2"),
    "my-residents": ("", "?list=registered"),
}
FEW = 3


def parts(everything: Everything, who: str, client: Client) -> dict[str, list[Any]]:
    """What stands for each part of an address: the resident, and all that is theirs."""
    begun = client.post(reverse("record-choice", args=[everything.resident.public_id]))
    draft = begun["Location"].split("/")[2] if begun.status_code == 302 else str(uuid4())
    return {
        "resident": [everything.resident.public_id],
        "item": everything.items if who in READS_ALL else everything.items[:FEW],
        "category": [section.slug for section in SECTIONS],
        "alert": everything.alerts,
        "choice": everything.choices,
        "letter": everything.letters,
        "draft": [draft],
        "asked": [str(uuid4())],
        "slug": ["kind", "answer", "channel"],
        "other": everything.others,
        "question": everything.questions,
        "merge": everything.merges,
        "disclosure": everything.disclosures,
        "incident": everything.incidents,
        "referral": everything.referrals,
        "report": everything.reports,
        "staff": everything.staff,
        "account": everything.accounts,
        "line": [uuid4()],
        # Their own pages are asked by tests/subject_access, of a protected resident.
        "subject_access": [uuid4()],
        "part": [1],
        "public_id": [uuid4()],
        # A hold names the controller's own identifier: tests/keeping asks its pages.
        "hold": [uuid4()],
    }


def addresses(everything: Everything, who: str, client: Client) -> Iterator[tuple[str, str]]:
    """Every address about a resident, with every thing of theirs in it."""
    fill = parts(everything, who, client)
    for pattern in every_pattern():
        if pattern.name in NOT_ABOUT_A_RESIDENT:
            continue
        names = sorted(pattern.pattern.regex.groupindex)
        unknown = set(names) - set(fill)
        assert not unknown, f"say in parts() what {unknown} of {pattern.name} stands for"
        for values in product(*(fill[name] for name in names)):
            yield pattern.name, reverse(pattern.name, kwargs=dict(zip(names, values, strict=True)))


def answers(everything: Everything) -> Iterator[tuple[str, str, HttpResponse]]:
    """(who, address's name, answer) for everybody and every address, and a search."""
    for who, client in everything.clients.items():
        client.post(reverse("open-record"), {"resident": str(everything.resident.public_id)})
        yield (
            who,
            "find-resident",
            client.post(
                reverse("find-resident"),
                {
                    "family_name": "Carter",
                    "birth_date-day": "3",
                    "birth_date-month": "3",
                    "birth_date-year": "1941",
                },
            ),
        )
        for name, address in addresses(everything, who, client):
            for query in ASKED_AS_WELL.get(name, ("",)):
                response = client.get(address + query)
                assert response.status_code < 500, (name, who)
                yield who, name, response


def whole(response: HttpResponse) -> str:
    """Everything that leaves: the page, its headers, and where it leads."""
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    if response["Content-Type"] == "application/pdf":
        return f"{headers} {words_of(response.content)}"
    page = BeautifulSoup(response.content, "html.parser")
    words = " ".join(page.get_text(" ").replace("\N{NO-BREAK SPACE}", " ").split())
    return f"{headers} {response.content.decode()} {words}"


def of_a_record() -> set[str]:
    """Pages of a record. Others say whose list they are, or from where somebody asks."""
    return set(SHOWING) - NAMES_PEOPLE_ALONE - {"inbox"}


def told(text: str, canaries: Iterable[str]) -> set[str]:
    folded = text.casefold()
    return {canary for canary in canaries if canary.casefold() in folded}


def test_nothing_tells_where_a_protected_resident_is_or_with_whom(
    everything: Everything, as_login: AsLogin
) -> None:
    with as_login("pipeline"):
        Resident.objects.filter(pk=everything.resident.pk).update(protection="R")
    shown: dict[str, set[str]] = {}
    leaks = []
    for who, name, response in answers(everything):
        if response.status_code == 200:
            shown.setdefault(name, set()).add(who)
        leaks += [(canary, name, who) for canary in told(whole(response), CANARIES)]
        if name in of_a_record() and response.status_code == 200:
            main = BeautifulSoup(response.content, "html.parser")
            main.header.decompose()
            if everything.own[who] in main.get_text():
                leaks.append(("the reader's own organisation", name, who))
    assert "\n".join(map(str, sorted(set(leaks)))) == ""
    assert {"record", "record-section", "record-item", "alerts", "alert"} <= set(shown)
    assert {"identity-question", "identity-merge", "identity", "join-residents"} <= set(shown)
    assert {"who-looked", "who-looked-file", "looks-of-staff", "looks-of-staff-file"} <= set(shown)
    assert {"account", "account-pdf", "account-large-print"} <= set(shown)
    # What was made for an address that is protected now is shown to nobody.
    assert "letters" in shown
    assert {"letter", "letter-pdf", "letter-large-print"}.isdisjoint(shown)
    assert {"disclosure", "disclosures", "propose-disclosure", "incident"} <= set(shown)
    assert {"nurse", "social worker"} <= shown["record"]
    assert {"nurse", "social worker"} <= shown["referral"]


def test_of_somebody_else_the_same_pages_show_it(everything: Everything) -> None:
    found: set[str] = set()
    for _, _, response in answers(everything):
        found |= told(whole(response), CANARIES)
    assert SHOWN - found == set(), "the walk above would not have seen these"


def test_every_address_that_is_left_out_is_there() -> None:
    names = {pattern.name for pattern in every_pattern() if isinstance(pattern, URLPattern)}
    assert NOT_ABOUT_A_RESIDENT - names == set()
