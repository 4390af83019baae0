"""Filling in the public form without a browser and without a cookie."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse
from lxml import html

ADDRESS = "/opt-out"

ANSWERS: tuple[dict[str, str], ...] = (
    {"wants": "refuses"},
    {"for_whom": "self"},
    {"given_name": "Ruth", "family_name": "Carter"},
    {"birth_date-day": "3", "birth_date-month": "3", "birth_date-year": "1941"},
    {"nhs_number": ""},
    {"phone": "020 7946 0003", "postcode": ""},
)


class Form:
    """One person's form: what they see, and what they send next."""

    def __init__(self, **sent_with: Any) -> None:
        assert reverse("opt-out") == ADDRESS
        self.client = Client(enforce_csrf_checks=True)
        self.sent_with = sent_with
        self.response: Any = None
        self.page: Any = None

    def sends(self, go: str = "continue", **fields: str) -> Form:
        """Press a button."""
        data = {"go": go, **fields}
        if self.page is not None:
            data["so_far"] = self.page.xpath("//input[@name='so_far']/@value")[0]
        self.response = self.client.post(ADDRESS, data, **self.sent_with)
        self.page = html.fromstring(self.response.content)
        assert not self.client.cookies
        return self

    def begins(self) -> Form:
        """Press "Start now"."""
        self.page = None
        return self.sends()

    def answers(self, *answers: dict[str, str]) -> Form:
        """Answer one question after another."""
        for each in answers:
            self.sends(**each)
        return self

    def fills_in(self, *, number: str = "", **changed: str) -> Form:
        """Everything, as far as the check."""
        self.begins()
        for each in ANSWERS:
            told = {**each, **{key: value for key, value in changed.items() if key in each}}
            self.sends(**({"nhs_number": number} if "nhs_number" in each else told))
        assert self.heading == "Check and send"
        return self

    @property
    def heading(self) -> str:
        """What stands on top."""
        return " ".join(self.page.xpath("//h1")[0].text_content().split())

    @property
    def words(self) -> str:
        """What the page says."""
        return " ".join(self.page.xpath("//main")[0].text_content().split())
