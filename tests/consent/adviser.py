"""An adviser at a browser, as the tests of the pages about choices walk them."""

from __future__ import annotations

from dataclasses import dataclass, field

from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from consent.models import Choice
from organisations.models import Membership
from tests.conftest import AsLogin
from tests.consent.conftest import World


@dataclass
class Caller:
    """An adviser at a browser: the page they see, and every address they have been to."""

    client: Client
    page: BeautifulSoup = field(default_factory=lambda: BeautifulSoup("", "html.parser"))
    address: str = ""
    addresses: list[str] = field(default_factory=list)
    status: int = 0
    #: What the person says of themselves where they are asked who they are.
    details: dict[str, str] = field(default_factory=dict)

    def open(self, address: str) -> Caller:
        return self._seen(self.client.get(address, follow=True), address)

    def send(self, address: str, **data: str) -> Caller:
        return self._seen(self.client.post(address, data, follow=True), address)

    def press(self, **answers: str) -> Caller:
        """Send the page's one form with these answers, its hidden fields among them."""
        (form,) = self.page.select("main form")
        hidden = {
            given["name"]: given["value"]
            for given in form.select("input[type=hidden]")
            if given["name"] != "csrfmiddlewaretoken"
        }
        return self.send(form.get("action") or self.address, **hidden, **answers)

    def begin(self, kind: str) -> Caller:
        """Press the button of one kind on the page of choices."""
        (form,) = [
            form
            for form in self.page.select("main form")
            if form.select(f"input[name=kind][value={kind}]")
        ]
        return self.send(form["action"], kind=kind)

    def identify(self, **changed: str) -> Caller:
        """Type what the person says of themselves; nothing if it was asked in this call already."""
        if self.heading != "Who are they?":
            return self
        return self.press(**{**self.details, **changed})

    def decide(self, answer: str, decided_by: str = "resident", channel: str = "phone") -> Caller:
        """From the answer to the read-back: heard from who decides, from now."""
        self.press(answer=answer).identify().press(decided_by=decided_by)
        return self.press(relayer="nobody").press(channel=channel)

    def change(self, what: str) -> Caller:
        """Follow a "Change" link of the answers to check."""
        (link,) = [
            link
            for link in self.page.select("main a")
            if link.get_text(" ", strip=True) == f"Change {what}"
        ]
        return self.open(link["href"])

    @property
    def heading(self) -> str:
        return self.page.h1.get_text(" ", strip=True)

    @property
    def words(self) -> str:
        return " ".join(self.page.main.get_text(" ").split())

    @property
    def rows(self) -> dict[str, str]:
        return {
            row.dt.get_text(strip=True): row.dd.get_text(strip=True)
            for row in self.page.select(".nhsuk-summary-list__row")
        }

    def _seen(self, response: HttpResponse, address: str) -> Caller:
        chain = [step for step, _ in response.redirect_chain]
        self.addresses += [address, *chain]
        self.address = chain[-1] if chain else address
        self.status = response.status_code
        self.page = BeautifulSoup(response.content, "html.parser")
        return self


def at(world: World, membership: Membership) -> Caller:
    """Signed in, on the page of the resident's choices."""
    client = Client()
    client.force_login(membership.staff)
    caller = Caller(client, details=details_of(world))
    return caller.open(reverse("resident-choices", args=[world.resident.public_id]))


def details_of(world: World) -> dict[str, str]:
    """Three details that are the resident's."""
    return {
        "family_name": "Carter",
        "given_name": "Ruth",
        "birth_date-day": "3",
        "birth_date-month": "3",
        "birth_date-year": "1941",
        "nhs_number": world.number,
    }


def opt_out(adviser: Caller) -> Caller:
    """The shortest call: the resident rings and opts out; up to the read-back."""
    return adviser.begin("connect-care").decide("refuses")


def choices(as_login: AsLogin) -> list[Choice]:
    with as_login("pipeline"):
        return list(Choice.objects.order_by("id"))
