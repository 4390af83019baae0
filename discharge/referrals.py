"""Referrals on leaving hospital: sending, following and reading them, as their pages do.

Every one is a function of the gate (``discharge/sql``). A referral is shown to its two sides, the
ward's organisation and the team that it went to, and only to who may follow it now
(:mod:`access.referring`): a page or list asks :mod:`access.gate` first and hands the epochs of that
decision on. No choice of the resident's takes it away. Words that people type stay in the gate's
tables: they are in no event, log, address or task (docs/adr/0028).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from access import gate
from access.acting import Acting
from access.decision import Decision
from access.references import new_reference
from access.referring import may_follow
from discharge.models import ENDING, DeclinedBecause, Step, Told, WithdrawnBecause
from identity.protected import (
    KEPT_BACK,
    Redaction,
    is_protected,
    kind_of_organisation,
    kind_of_worker,
    of_protected,
)

PREFIX = "DR-"
#: Referrals that a team's inbox lists at most.
MOST_LISTED = 200
#: How long both sides still see one that is over.
STILL_LISTED = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a ward asks for. ``expected`` is ``None`` where the day is not known yet."""

    expected: date | None
    needs: str
    phone: str
    told: Told


@of_protected(
    keep=("number", "step", "at", "expected", "told", "because"),
    empty=("by", "phone"),
    role=lambda step, _known: kind_of_worker(step.role),
    needs=lambda step, _known: KEPT_BACK if step.needs else "",
)
@dataclass(frozen=True, slots=True)
class StepSeen:
    """One step as its sides see it. ``because`` is the reason in words, empty if it gives none."""

    number: int
    step: Step
    at: datetime
    by: str
    role: str
    expected: date | None
    needs: str
    phone: str
    told: str
    because: str


@of_protected(
    keep=(
        "id",
        "reference",
        "resident",
        "side",
        "stands",
        "latest",
        "until",
        "sender_kind",
        "recipient_kind",
        "steps",
        "protected",
        "closed",
    ),
    empty=("sender_team", "recipient_team", "team_phone", "duty_phone", "out_of_hours_phone"),
    sender=lambda referral, _known: kind_of_organisation(referral.sender_kind),
    recipient=lambda referral, _known: kind_of_organisation(referral.recipient_kind),
)
@dataclass(frozen=True, slots=True)
class ReferralSeen:
    """A referral as one of its sides sees it. ``resident`` is the resident's own id.

    ``side`` is ``sender`` or ``recipient``. ``steps`` are in their order, the first one sends it.
    ``closed``: a choice keeps the record shut from the reader, who sees whom it is about by name
    and birth date alone.
    """

    id: UUID
    reference: str
    resident: int
    side: str
    stands: Step
    latest: datetime
    until: datetime
    sender: str
    sender_kind: str
    sender_team: str
    recipient: str
    recipient_kind: str
    recipient_team: str
    team_phone: str
    duty_phone: str
    out_of_hours_phone: str
    steps: tuple[StepSeen, ...]
    protected: bool
    closed: bool

    @property
    def asked(self) -> StepSeen:
        """The latest step that says what is asked for."""
        return next(step for step in reversed(self.steps) if step.told)

    def is_open(self, at: datetime) -> bool:
        """Whether it goes on at a moment: neither ended by a side, nor by itself."""
        return self.stands not in ENDING and at < self.until

    def waits(self, at: datetime) -> bool:
        """Whether the council's team has not yet answered what was asked last."""
        return self.stands in (Step.SENT, Step.UPDATED) and self.is_open(at)

    @property
    def after(self) -> int:
        """The number of the latest step: what a next one says that it follows."""
        return self.steps[-1].number


def send(
    acting: Acting,
    decision: Decision,
    resident: UUID,
    *,
    team: int,
    asked: Asked,
    submission: UUID,
    request_id: str,
) -> tuple[str, UUID | None]:
    """Send a referral under a decision by which the reader may: ``sent`` with its id, or why not.

    ``open-already``: the organisation has one open with this council. ``protected``: nothing may
    say where the person is. ``changed``: ask again. Others: not for this reader.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select * from access.send_referral("
            "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, make_interval(secs => %s), %s, %s,"
            " %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                resident,
                decision.facts.resident_epoch,
                decision.facts.rules_epoch,
                team,
                asked.expected,
                asked.needs,
                asked.phone,
                asked.told,
                settings.RELATIONSHIP_PERIODS["discharge_referral"].total_seconds(),
                new_reference(PREFIX),
                submission,
                request_id,
            ],
        )
        outcome, made = cursor.fetchone()
    return outcome, made


def follow(
    acting: Acting,
    decision: Decision,
    referral: UUID,
    *,
    step: Step,
    after: int,
    asked: Asked | None = None,
    because: str = "",
    submission: UUID,
    request_id: str,
) -> str:
    """Take the next step of a referral: ``done``, or why not.

    ``changed``: something came meanwhile; ``over``: it has ended, or was answered already;
    ``protected``: nothing more may be asked of them here; ``other-side``, ``not-known``: not this
    reader's to take.

    :param after: the number of the latest step that the page showed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.follow_referral("
            "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, make_interval(secs => %s), %s,"
            " %s::uuid)",
            [
                acting.staff_id,
                acting.membership_id,
                referral,
                decision.facts.resident_epoch,
                decision.facts.rules_epoch,
                step,
                after,
                asked.expected if asked else None,
                asked.needs if asked else "",
                asked.phone if asked else "",
                asked.told if asked else "",
                because,
                settings.RELATIONSHIP_PERIODS["discharge_referral"].total_seconds(),
                submission,
                request_id,
            ],
        )
        (answer,) = cursor.fetchone()
    return str(answer)


@dataclass(frozen=True, slots=True)
class OfTeam:
    """A referral of a team, and whom it is about, by the ids that pages show."""

    referral: UUID
    resident: UUID
    latest: datetime


def of_team(acting: Acting) -> list[OfTeam]:
    """The referrals of the acting membership's team, each with the resident it is about.

    By the ids that pages show, and by nothing else: nothing of them is shown yet.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select referral, resident, latest from access.referrals_of_team("
            "%s, %s, make_interval(secs => %s), %s)",
            [acting.staff_id, acting.membership_id, STILL_LISTED.total_seconds(), MOST_LISTED],
        )
        return [OfTeam(*row) for row in cursor.fetchall()]


def decision_about(acting: Acting, referral: UUID) -> tuple[UUID, Decision] | None:
    """Whom a referral is about, and what the rule says; ``None`` for who may not follow it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.resident_of_referral(%s, %s, %s)",
            [acting.staff_id, acting.membership_id, referral],
        )
        (resident,) = cursor.fetchone()
    if resident is None:
        return None
    decision = gate.consider(acting, resident)
    return (resident, decision) if may_follow(decision) else None


def read(
    acting: Acting,
    referrals: Sequence[UUID],
    decisions: Mapping[UUID, Decision],
    *,
    request_id: str,
) -> list[ReferralSeen]:
    """These referrals, those that wait first: without those that a decision does not let show.

    Their residents are glimpsed, and named in one event.

    :param decisions: by the resident's id as pages show it. Those by which the reader may not
        follow a referral, and what is about somebody else, come to nothing.
    """
    may = {who: each for who, each in decisions.items() if may_follow(each)}
    if not may:
        return []
    epochs = {str(who): each.facts.resident_epoch for who, each in may.items()}
    rules = next(iter(may.values())).facts.rules_epoch
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.read_referrals(%s, %s, %s::uuid[], %s::jsonb, %s, %s::uuid)::text",
            [
                acting.staff_id,
                acting.membership_id,
                list(referrals),
                json.dumps(epochs),
                rules,
                request_id,
            ],
        )
        (answer,) = cursor.fetchone()
    return _all_seen(json.loads(answer))


def read_one(
    acting: Acting, referral: UUID, decision: Decision, resident: UUID, *, request_id: str
) -> ReferralSeen | None:
    """One referral under the decision about its resident; ``None`` where it is not to be shown."""
    found = read(acting, [referral], {resident: decision}, request_id=request_id)
    return found[0] if found else None


def of_open_record(acting: Acting) -> list[ReferralSeen]:
    """The reader's side's referrals of the record that this transaction opened, latest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.referrals_of_open_record(%s, %s)::text",
            [acting.staff_id, acting.membership_id],
        )
        (answer,) = cursor.fetchone()
    return _all_seen(json.loads(answer))


def _all_seen(raw: Iterable[Mapping[str, Any]]) -> list[ReferralSeen]:
    return [_seen(each) for each in raw]


def _seen(raw: Mapping[str, Any]) -> ReferralSeen:
    redaction = Redaction(protected=is_protected(raw["protection"]))
    return redaction.of(
        ReferralSeen(
            id=UUID(raw["id"]),
            reference=raw["reference"],
            resident=raw["resident"],
            side=raw["side"],
            stands=Step(raw["stands"]),
            latest=datetime.fromisoformat(raw["latest"]),
            until=datetime.fromisoformat(raw["until"]),
            sender=raw["sender"],
            sender_kind=raw["sender_kind"],
            sender_team=raw["sender_team"],
            recipient=raw["recipient"],
            recipient_kind=raw["recipient_kind"],
            recipient_team=raw["recipient_team"],
            team_phone=raw["team_phone"],
            duty_phone=raw["duty_phone"],
            out_of_hours_phone=raw["out_of_hours_phone"],
            steps=tuple(redaction.of(_step(each)) for each in raw["steps"]),
            protected=redaction.protected,
            # Of a record that is open nothing says so.
            closed=raw.get("closed", False),
        )
    )


def _step(raw: Mapping[str, Any]) -> StepSeen:
    step = Step(raw["step"])
    return StepSeen(
        number=raw["number"],
        step=step,
        at=datetime.fromisoformat(raw["at"]),
        by=raw["by"],
        role=raw["role"],
        expected=date.fromisoformat(raw["expected"]) if raw["expected"] else None,
        needs=raw["needs"],
        phone=raw["phone"],
        told=str(Told(raw["told"]).label) if raw["told"] else "",
        because=_because(step, raw["because"]),
    )


def _because(step: Step, code: str) -> str:
    if step is Step.DECLINED:
        return str(DeclinedBecause(code).label)
    return str(WithdrawnBecause(code).label) if step is Step.WITHDRAWN else ""
