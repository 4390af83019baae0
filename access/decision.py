"""The answer to "may this person see this, now, and why?": one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple

from access.facts import Disclosure, Facts, Glass, Relationship, Source
from access.kept_facts import as_kept, shortly, together
from access.models import BasisKind
from organisations.categories import Category


class Outcome(StrEnum):
    """Whether a record opens."""

    OPEN = "open"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why, in a code that a person can be shown. Each refusal names the rule that made it."""

    RELATIONSHIP = "relationship"
    BREAK_GLASS = "break-glass"
    AFTER_DEATH = "after-death"
    LAWFUL_DISCLOSURE = "lawful-disclosure"
    STAFF_NOT_ACTIVE = "staff-not-active"
    NO_MEMBERSHIP = "no-membership"
    MEMBERSHIP_NOT_IN_FORCE = "membership-not-in-force"
    ORGANISATION_NOT_IN_FORCE = "organisation-not-in-force"
    TEAM_NOT_IN_FORCE = "team-not-in-force"
    ROLE_NOT_IN_FORCE = "role-not-in-force"
    ROLE_READS_NO_RECORD = "role-reads-no-record"
    RESIDENT_NOT_KNOWN = "resident-not-known"
    OPTED_OUT = "opted-out"
    COUNCIL_MAY_NOT_USE_NUMBER = "council-may-not-use-number"
    CLOSED_AFTER_DEATH = "closed-after-death"
    NO_RELATIONSHIP = "no-relationship"
    WATCHED = "watched"


class SectionState(StrEnum):
    """Where one source stands in one section: the six states, and never a blank.

    ``SHOWN`` in a decision says that entries may come out; a section without any is then
    ``NONE_RECORDED``.
    """

    SHOWN = "shown"
    NONE_RECORDED = "none-recorded"
    NOT_HELD = "not-held"
    WITHHELD = "withheld"
    NOT_FOR_ROLE = "not-for-role"
    UNAVAILABLE = "unavailable"


class Grant(NamedTuple):
    """A triple that may be read: entries of a category from a source, sensitive ones or others."""

    category: Category
    source: int
    sensitive: bool

    @property
    def key(self) -> int:
        """The same as the entry's generated column ``grant_key``."""
        return self.source * 64 + self.category * 2 + self.sensitive


@dataclass(frozen=True, slots=True)
class Basis:
    """What an opening stands on, from–to: the row that PostgreSQL asks about at every statement."""

    kind: BasisKind
    id: int
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and on what it stood, so that it can be shown, stored and replayed.

    An open record stands on a ``relationship``, on broken ``glass``, on the role after a death or
    on a lawful disclosure, which :attr:`basis` names. ``disclosures`` are those in force that name
    the reader, whatever it stands on: they may open what is withheld. ``sections`` says for every
    category and source where it stands; ``unavailable`` since when a late source has sent nothing.
    """

    outcome: Outcome
    reason: Reason
    facts: Facts
    grants: frozenset[Grant] = frozenset()
    relationship: Relationship | None = None
    glass: Glass | None = None
    disclosures: tuple[Disclosure, ...] = ()
    sections: Mapping[Category, Mapping[int, SectionState]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the record opens."""
        return self.outcome is Outcome.OPEN

    @property
    def may_be_listed(self) -> bool:
        """Whether a list of those in one's care names the resident.

        The record opens, or would once the reader said why: it is under watch, and its reader finds
        the question by opening it.
        """
        return self.is_open or self.reason is Reason.WATCHED

    def shows_as_much_as(self, earlier: Decision) -> bool:
        """Whether a page that was made by an earlier decision may leave under this one.

        It grants no less, refuses for no other reason, and says nothing else of how the resident
        is protected.
        """
        was, now = earlier.facts.resident, self.facts.resident
        return (
            (self.is_open or self.reason is earlier.reason)
            and self.grants >= earlier.grants
            and (was and (was.id, was.protection)) == (now and (now.id, now.protection))
        )

    @property
    def basis(self) -> Basis | None:
        """What an open record stands on; ``None`` where it is refused."""
        if self.relationship is not None:
            of = self.relationship
            return Basis(BasisKind.RELATIONSHIP, of.id, of.valid_until)
        if self.glass is not None:
            return Basis(BasisKind.BREAK_GLASS, self.glass.id, self.glass.ends_at)
        if self.reason is Reason.AFTER_DEATH and self.facts.resident is not None:
            return Basis(BasisKind.AFTER_DEATH, self.facts.resident.id, None)
        if self.is_disclosed:
            last = max(self.disclosures, key=lambda each: each.ends)
            return Basis(BasisKind.LAWFUL_DISCLOSURE, last.id, last.ends)
        return None

    @property
    def is_disclosed(self) -> bool:
        """Whether nothing opens the record but a lawful disclosure, and so only what it names."""
        return self.reason is Reason.LAWFUL_DISCLOSURE

    @property
    def keys(self) -> list[int]:
        """The grant keys, in order."""
        return sorted(grant.key for grant in self.grants)

    def source(self, source_id: int) -> Source:
        """A source by its id.

        :raises KeyError: if the decision knows no such source.
        """
        for source in self.facts.sources:
            if source.id == source_id:
                return source
        raise KeyError(source_id)

    def late_since(self, source_id: int) -> datetime | date | None:
        """Since when a source has sent nothing though it should have; ``None`` if it is on time."""
        return self.source(source_id).late_since

    def as_json(self) -> dict[str, Any]:
        """What the opening keeps: outcome, reason, basis, states, versions and facts. Ids only.

        It is kept with each page of each record, so it says shortly what is long: numbers stand in
        one text with spaces between them, a set of categories is one number. ``grants`` is
        categories and those whose sensitive entries are granted as well → sources; ``sections`` is
        sources → state → categories; the sources together that stand alike.
        :func:`access.replay.replay` decides anew from ``facts`` (:mod:`access.kept_facts`).
        """
        relationship, basis = self.relationship, self.basis
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "at": self.facts.at.isoformat(),
            "rules_epoch": self.facts.rules_epoch,
            "resident_epoch": self.facts.resident_epoch,
            "role": self.facts.membership.role.code if self.facts.membership else None,
            "basis": basis and {"kind": basis.kind, "id": basis.id},
            "relationship": relationship
            and {"id": relationship.id, "kind": relationship.kind, "team": relationship.team},
            "disclosures": [disclosure.id for disclosure in self.disclosures],
            "grants": self._granted(),
            "sections": {
                shortly(sources): dict(standing) for standing, sources in self._standings().items()
            },
            "facts": as_kept(self.facts),
        }

    def _granted(self) -> dict[str, str]:
        """Categories, and those with sensitive entries, as numbers → sources."""
        of: dict[int, list[int]] = {}
        for grant in self.grants:
            of.setdefault(grant.source, [0, 0])[grant.sensitive] |= 1 << grant.category
        return together({source: f"{plain} {more}" for source, (plain, more) in of.items()})

    def _standings(self) -> Mapping[tuple[tuple[SectionState, str], ...], list[int]]:
        """How a source may stand, (state, categories) by state → the sources that stand so."""
        sources = list(next(iter(self.sections.values()), ()))
        # How each stands in every section; most stand as another does.
        columns = zip(
            *(map(standing.__getitem__, sources) for standing in self.sections.values()),
            strict=True,
        )
        alike: dict[tuple[SectionState, ...], list[int]] = {}
        for source, column in zip(sources, columns, strict=True):
            alike.setdefault(column, []).append(source)
        return {self._by_state(column): standing for column, standing in alike.items()}

    def _by_state(self, column: Iterable[SectionState]) -> tuple[tuple[SectionState, str], ...]:
        """A state for every section, turned about: each state → its categories."""
        states: dict[SectionState, list[int]] = {}
        for category, state in zip(self.sections, column, strict=True):
            states.setdefault(state, []).append(category)
        return tuple((state, shortly(categories)) for state, categories in states.items())
