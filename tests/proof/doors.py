"""How to ask each door of a record which entries it shows: one way for every registered name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from discharge import planning
from organisations.categories import Category
from records.sections import SECTION_OF
from records.selectors import MEASURED
from tests.proof.reference import Reader, answer, visible
from tests.proof.worlds import Asked, Entry, World
from tests.proof.writing import entry_id, is_told_of, notice_id, referral_id

_NOTICE = re.compile(r'name="notice" value="([0-9a-f-]{36})"')
_ITEM = re.compile(r"/record/[0-9a-f-]{36}/item/([0-9a-f-]{36})")
_REST = re.compile(r'href="(/record/[0-9a-f-]{36}/[a-z-]+\?show=[a-z-]+)"')
_CLOSER = re.compile(r'href="\?(over=year[^"]*)"')


@dataclass(frozen=True)
class Asking:
    """A signed-in reader with a look at one resident, and every entry that might be shown."""

    client: Client
    resident: UUID
    entries: Collection[Entry]
    world: World
    asked: Asked

    @property
    def body(self) -> int:
        """The reader's organisation."""
        return next(each.body for each in self.world.members if each.id == self.asked.membership)

    def get(self, name: str, query: str = "", **parts: object) -> HttpResponse:
        address = reverse(name, kwargs={"resident": self.resident, **parts})
        return self.client.get(address + query)


def _ids(response: HttpResponse) -> set[UUID]:
    """Every entry that a page names in a link; whatever the page's status is."""
    return {UUID(found) for found in _ITEM.findall(response.content.decode())}


def record(asking: Asking) -> set[UUID]:
    """What the page shows, and whatever it says lies behind its links to the rest of a section."""
    page = asking.get("record")
    found = _ids(page)
    for address in sorted(set(_REST.findall(page.content.decode()))):
        found |= _ids(asking.client.get(address))
    return found


def section(asking: Asking) -> set[UUID]:
    """Each section in which an entry might be, and each of its groups."""
    found: set[UUID] = set()
    for category in {entry.category for entry in asking.entries}:
        of = SECTION_OF[Category(category)]
        for group in of.groups:
            # Fifty items a page, and these worlds have fewer in a group: the first page is all.
            found |= _ids(asking.get("record-section", f"?show={group.slug}", category=of.slug))
    return found


def item(asking: Asking) -> set[UUID]:
    """Each entry by its own address: shown is what answers with its words."""
    found: set[UUID] = set()
    for entry in asking.entries:
        response = asking.get("record-item", item=entry_id(entry.id))
        words = f"Entry {entry.id}" in response.content.decode()
        assert words is (response.status_code == 200), entry
        if words:
            found.add(entry_id(entry.id))
    return found


def over_time(asking: Asking) -> set[UUID]:
    """Each entry as what the results of one test are asked by; only measured ones have a page."""
    found: set[UUID] = set()
    for entry in asking.entries:
        found |= _ids(asking.get("results-over-time", item=entry_id(entry.id)))
    return found


def timeline(asking: Asking) -> set[UUID]:
    """All years, and closer: every window that its own table leads to says no more than that."""
    page = asking.get("timeline")
    found = _ids(page)
    for address in sorted(set(_CLOSER.findall(page.content.decode()))):
        closer = asking.get("timeline", "?" + address.replace("&amp;", "&"))
        assert _ids(closer) <= found, address
    return found


def discharge_planning(asking: Asking) -> set[UUID]:
    """The page as it is: whatever its categories hold stands on it."""
    return _ids(asking.get("discharge-planning"))


def found(asking: Asking) -> set[UUID]:
    """Whatever holds the word that the name of every entry of these worlds has."""
    address = reverse("find-in-record", kwargs={"resident": asking.resident})
    # Fifty entries a page, and these worlds have fewer: the first page is all.
    return _ids(asking.client.post(address, {"words": "entry"}))


def printed(asking: Asking) -> set[UUID]:
    return _ids(asking.get("print-record"))


def reporting(asking: Asking) -> set[UUID]:
    """Each entry as one that is to be reported; what is not shown has no such page."""
    found: set[UUID] = set()
    for entry in asking.entries:
        found |= _ids(asking.get("report-entry", item=entry_id(entry.id)))
    return found


# ── Lists, notices, referrals, and what opens a record that does not open ────────────────────


def told(asking: Asking) -> set[UUID]:
    """The inbox, which names no entry: it has notices of them, one for each organisation."""
    page = asking.client.get(reverse("inbox"))
    notices = {UUID(each) for each in _NOTICE.findall(page.content.decode())}
    return {
        entry_id(entry.id)
        for entry in asking.entries
        if notice_id(entry.id, asking.body) in notices
    }


def told_of(world: World, asked: Asked) -> frozenset[Entry]:
    """What the reader may see, but for what a choice withholds: a disclosure tells no inbox of it.

    Nor is whoever sent the entry told of it.
    """
    reader = Reader(world, asked)
    if reader.refused & {("connect-care", None), ("nhs-number", reader.body)}:
        return frozenset()
    kept_back = {
        council
        for kind, council in reader.refused
        if kind == "nhs-number" or (kind == "social-care-sharing" and council != reader.body)
    }
    return frozenset(
        each
        for each in visible(world, asked)
        if each.source not in kept_back and is_told_of(each, reader.body)
    )


def _words(asking: Asking, page: HttpResponse) -> set[UUID]:
    """Whatever entries a page has a word or an id of; there are to be none."""
    text = page.content.decode()
    said = {entry_id(e.id) for e in asking.entries if re.search(rf"\bEntry {e.id}\b", text)}
    return said | {entry_id(e.id) for e in asking.entries if str(entry_id(e.id)) in text}


def mine(asking: Asking) -> set[UUID]:
    """My residents: only who is cared for, and whose record would open."""
    page = asking.client.get(reverse("my-residents"))
    if str(asking.resident) in page.content.decode():
        world, asked = asking.world, asking.asked
        assert answer(world, asked).refused in {"", "4 watched"}
        alone = replace(world, choices=(), deaths=(), glasses=(), disclosures=(), watches=())
        assert answer(alone, asked).basis == "relationship"
    return _words(asking, page)


def about_resident(name: str) -> Callable[[Asking], set[UUID]]:
    """A page about somebody whose record it does not open."""

    def ask(asking: Asking) -> set[UUID]:
        return _words(asking, asking.get(name))

    return ask


def about_referral(name: str) -> Callable[[Asking], set[UUID]]:
    """A page of the referral that is about the resident."""

    def ask(asking: Asking) -> set[UUID]:
        address = reverse(name, kwargs={"referral": referral_id(asking.asked.resident)})
        return _words(asking, asking.client.get(address))

    return ask


def nothing(_world: World, _asked: Asked) -> frozenset[Entry]:
    """What is shown by a page that names people alone."""
    return frozenset()


@dataclass(frozen=True)
class Way:
    """How a door is asked, the categories that it is about, and the entries that it is to show."""

    ask: Callable[[Asking], set[UUID]]
    about: frozenset[Category] = frozenset(Category)
    shows: Callable[[World, Asked], frozenset[Entry]] = visible


#: Registered name (``access.showing``) → how to ask it. A door without a way fails the proof.
DOORS: dict[str, Way] = {
    "record": Way(record),
    "record-section": Way(section),
    "record-item": Way(item),
    "timeline": Way(timeline),
    "find-in-record": Way(found),
    "print-record": Way(printed),
    "report-entry": Way(reporting),
    "results-over-time": Way(over_time, frozenset(MEASURED)),
    "discharge-planning": Way(discharge_planning, frozenset(planning.ABOUT)),
    "inbox": Way(told, shows=told_of),
    "my-residents": Way(mine, shows=nothing),
    **{
        name: Way(about_resident(name), shows=nothing)
        for name in (
            "emergency",
            "break-glass",
            "declare-care",
            "declare-consent",
            "let-in",
            "say-why",
            "send-referral",
        )
    },
    **{
        name: Way(about_referral(name), shows=nothing)
        for name in (
            "referral",
            "update-referral",
            "withdraw-referral",
            "acknowledge-referral",
            "decline-referral",
        )
    },
}
