"""What is to be recorded: one asking and its answer, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.vocabulary import COUNCIL_KINDS, NOBODY_DECIDED, Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One asking and its answer, before it is a row.

    ``council`` is the id of the council for the two kinds about one. ``decided_by`` is empty where
    nobody decided: nobody could be asked (``not_asked_reason``), or a mistake is taken back.
    ``withdraws`` is the public id of the answer that ``Answer.WITHDRAWN`` takes back.
    ``effective_from`` is from when it holds; now, by the database's clock, if none is given.
    ``explanation`` is the version of the words of effect that were read back;
    ``identity_checked`` which identifiers were compared (codes, never values).
    """

    kind: str
    answer: str
    channel: str
    explanation: str
    council: int | None = None
    not_asked_reason: str = ""
    withdraws: UUID | None = None
    withdrawn_because: str = ""
    effective_from: datetime | None = None
    decided_by: str = ""
    decider_name: str = ""
    authority_seen: str = ""
    assessment: str = ""
    relayer: str = ""
    relayed_by: str = ""
    identity_checked: tuple[str, ...] = ()

    @property
    def nobody_decided(self) -> bool:
        """Whether there is no decision in it: not asked, or a mistake taken back."""
        return self.answer == Answer.NOT_ASKED or self.withdrawn_because in NOBODY_DECIDED

    @property
    def is_about_council(self) -> bool:
        """Whether its kind is one about one council."""
        return self.kind in COUNCIL_KINDS
