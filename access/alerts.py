"""Alerts: what a privacy officer must look at, how they are told, and how an alert is closed.

The web reads and reviews them through functions of the gate, which answer for the reader's own
organisation alone and write who was shown to the audit. The pipeline tells the officers, and
closes by evidence.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from access.bases import covers, is_of
from access.facts import Relationship
from access.fishing import Searching
from access.identity_calls import day
from access.models import (
    Alert,
    AlertKind,
    AlertOutcome,
    AlertReview,
    CareRelationship,
    RelationshipKind,
)
from access.reasons import AccessReason
from audit import actions as audit
from audit.models import Action
from identity.protected import KEPT_BACK, Known, Redaction, is_protected, of_protected
from organisations.activities import Activity
from organisations.models import Membership, Organisation, Role, StaffMember

log = logging.getLogger(__name__)

PAGE_LENGTH = 25
#: What evidence of care closes. A sample was opened by evidence; what a resident asks, what is held
#: from them and what is unusual is for an officer to decide, whatever care there was.
EXPLAINED_BY_CARE = (AlertKind.BREAK_GLASS, AlertKind.SELF_DECLARED)


@of_protected(
    keep=(
        "id",
        "reference",
        "kind",
        "raised",
        "resident",
        # Who is reviewed is named, whoever the resident is: nobody could review them otherwise.
        "staff",
        "staff_name",
        "role",
        "reason",
        "opened_by",
        "searching",
        "until",
        "outcome",
        "closed",
        "rule",
        "found",
        "due",
        "owner",
        "escalated",
    ),
    empty=("team",),
    words=lambda alert, _known: KEPT_BACK if alert.words else "",
)
@dataclass(frozen=True, slots=True)
class AlertSeen:
    """An alert as its officers see it. ``resident`` is the resident's own id.

    One of ``searching`` has no resident; every other has one, and no ``searching``.
    ``reason`` and ``words`` are what staff gave; nobody gave any for a sample, which names the
    kind of care that it was ``opened_by``. One of a line of who looked names the ``rule`` that
    holds it or finds it unusual, with the figures it ``found``; a resident's question has its
    ``words`` and is ``due`` an answer. ``owner`` is the officer who looks into it.
    """

    id: UUID
    reference: str
    kind: AlertKind
    raised: datetime
    resident: int | None
    staff: int
    staff_name: str
    role: str
    team: str
    reason: AccessReason | None
    words: str
    opened_by: RelationshipKind | None
    searching: Searching | None
    until: datetime | None
    outcome: AlertOutcome | None
    closed: datetime | None
    rule: str = ""
    found: Mapping[str, int] = field(default_factory=dict)
    due: date | None = None
    owner: str = ""
    escalated: datetime | None = None


@of_protected(keep=("kind", "valid_from", "valid_until"), empty=("team",))
@dataclass(frozen=True, slots=True)
class Care:
    """A care relationship of the officer's organisation with the resident, by its own systems."""

    kind: RelationshipKind
    team: str
    valid_from: datetime
    valid_until: datetime | None


def _review_words(review: ReviewSeen, _known: Known) -> str:
    return review.words if review.outcome is AlertOutcome.EVIDENCE else KEPT_BACK


@of_protected(keep=("outcome", "by", "at"), words=_review_words)
@dataclass(frozen=True, slots=True)
class ReviewSeen:
    """A review; ``by`` is empty where evidence closed the alert."""

    outcome: AlertOutcome
    words: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlertInFull:
    """An alert with what an officer compares it with."""

    alert: AlertSeen
    openings: int
    first_opening: datetime | None
    last_opening: datetime | None
    care: tuple[Care, ...]
    reviews: tuple[ReviewSeen, ...]


def read_alerts(
    acting: Acting, *, closed: bool, page: int, request_id: str
) -> tuple[list[AlertSeen], int] | None:
    """A page of one's organisation's alerts, and how many there are; ``None`` if not for the role.

    Those that wait come oldest first, closed ones latest first. The residents are glimpsed.
    """
    answer = _ask(
        "select access.read_alerts(%s, %s, %s, %s, %s, %s::uuid)::text",
        acting.staff_id,
        acting.membership_id,
        closed,
        PAGE_LENGTH,
        (page - 1) * PAGE_LENGTH,
        request_id,
    )
    if answer is None:
        return None
    return [_seen(raw) for raw in answer["alerts"]], answer["total"]


def read_alert(acting: Acting, alert: UUID, *, request_id: str) -> AlertInFull | None:
    """One alert of one's organisation; ``None`` where there is none for the reader."""
    raw = _ask(
        "select access.read_alert(%s, %s, %s, %s::uuid)::text",
        acting.staff_id,
        acting.membership_id,
        alert,
        request_id,
    )
    if raw is None:
        return None
    redaction = Redaction(protected=is_protected(raw["protection"]))
    return AlertInFull(
        alert=_seen(raw),
        openings=raw["openings"]["count"],
        first_opening=_moment(raw["openings"]["first"]),
        last_opening=_moment(raw["openings"]["last"]),
        care=tuple(
            redaction.of(
                Care(
                    RelationshipKind(one["kind"]),
                    one["team"],
                    datetime.fromisoformat(one["from"]),
                    _moment(one["until"]),
                )
            )
            for one in raw["care"]
        ),
        reviews=tuple(
            redaction.of(
                ReviewSeen(
                    AlertOutcome(one["outcome"]),
                    one["words"],
                    one["by"],
                    datetime.fromisoformat(one["at"]),
                )
            )
            for one in raw["reviews"]
        ),
    )


def review(
    acting: Acting, alert: UUID, *, outcome: AlertOutcome, words: str, request_id: str
) -> str:
    """Record what was found: ``reviewed``, or why not.

    ``own``, ``own-hold``, ``closed``, ``not-known``, or ``other-outcome`` for one that this kind
    has not.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.review_alert(%s, %s, %s, %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, alert, outcome, words, request_id],
        )
        (answer,) = cursor.fetchone()
    return str(answer)


def _ask(statement: str, *parameters: int | bool | str | UUID) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    return None if answer is None else dict(json.loads(answer))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seen(raw: dict[str, Any]) -> AlertSeen:
    seen = AlertSeen(
        id=UUID(raw["id"]),
        reference=raw["reference"],
        kind=AlertKind(raw["kind"]),
        raised=datetime.fromisoformat(raw["raised"]),
        resident=raw["resident"],
        staff=raw["staff"],
        staff_name=raw["staff_name"],
        role=raw["role"],
        team=raw["team"],
        reason=AccessReason(raw["reason"]) if raw["reason"] else None,
        words=raw["words"],
        opened_by=RelationshipKind(raw["opened_by"]) if raw["opened_by"] else None,
        searching=Searching.from_json(raw["searching"]) if raw["searching"] else None,
        until=_moment(raw["until"]),
        outcome=AlertOutcome(raw["outcome"]) if raw["outcome"] else None,
        closed=_moment(raw["closed"]),
        rule=raw["rule"],
        found=raw["found"],
        due=day(raw["due"]),
        owner=raw["owner"],
        escalated=_moment(raw["escalated"]),
    )
    return Redaction(protected=is_protected(raw["protection"])).of(seen)


# ── Telling the officers ────────────────────────────────────────────────────────────────────


def alerts_to_notify() -> list[int]:
    """Alerts whose officers have not been told, oldest first.

    All of them but samples, which wait in the queue: those that nobody can be told of must not
    stand in the way of the others.
    """
    waiting = _to_be_told_of().order_by("raised", "pk")
    return list(waiting.values_list("pk", flat=True))


def _to_be_told_of() -> QuerySet[Alert]:
    return Alert.objects.filter(notified__isnull=True).exclude(kind=AlertKind.SAMPLE)


@transaction.atomic
def notify(alert_id: int) -> bool:
    """Send the one notice of an alert to the privacy officers; whether it was sent now.

    It holds the reference and a link, and says of nobody who they are. Two workers send one: the
    row is locked while the notice goes out. Where it cannot go, the row waits for the sweeper.
    """
    alert = (
        _to_be_told_of()
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("membership")
        .filter(pk=alert_id)
        .first()
    )
    if alert is None:
        return False
    officers = officers_of(alert)
    if not officers:
        log.warning(
            "Alert %s waits: no privacy officer of organisation %s has an e-mail address. "
            "Give the role to somebody and record their address.",
            alert.reference,
            alert.organisation_id,
        )
        return False
    try:
        _notice(alert, officers).send()
    except (SMTPException, OSError) as error:
        # Its words may name the addresses.
        log.warning("The notice of alert %s could not be sent: %s", alert.reference, type(error))
        return False
    alert.notified = timezone.now()
    alert.save(update_fields=["notified"])
    return True


def officers_of(alert: Alert) -> list[str]:
    """The addresses of who reviews alerts there now, without whoever the alert is about."""
    memberships = Membership.objects.current().filter(
        organisation=alert.organisation_id,
        organisation__in=Organisation.objects.current(),
        role__in=Role.objects.current().filter(activities__contains=[Activity.REVIEW_ALERTS]),
    )
    staff = StaffMember.objects.filter(is_active=True, memberships__in=memberships)
    addresses = staff.exclude(pk=alert.membership.staff_id).exclude(email="")
    return sorted(set(addresses.values_list("email", flat=True)))


def _notice(alert: Alert, officers: list[str]) -> EmailMessage:
    link = f"{settings.ORIGIN}{reverse('alert', args=[alert.public_id])}"
    return EmailMessage(
        subject=f"Connect Care alert {alert.reference}",
        body=(
            f"There is a new alert for you to review in Connect Care: {alert.reference}.\n\n"
            f"Sign in to look at it: {link}\n\n"
            "This message does not say who it is about. Please do not reply to it.\n"
        ),
        to=officers,
    )


# ── Closing by evidence ─────────────────────────────────────────────────────────────────────


def close_by_evidence(residents: Iterable[int]) -> int:
    """Close the alerts of these residents that evidence of care now explains; how many.

    An alert is explained by a derived relationship that was the reader's, by their organisation
    and team, when the glass was broken or the involvement declared. One that an officer has begun
    to look at is theirs to close, and so is a sample, which evidence opened. Runs in the
    transaction that derived the relationships.
    """
    waiting = list(
        Alert.objects.select_for_update(of=("self",))
        .select_related("membership__team")
        .filter(resident__in=residents, closed__isnull=True, outcome="")
        .filter(kind__in=EXPLAINED_BY_CARE)
        .order_by("pk")
    )
    if not waiting:
        return 0
    derived = CareRelationship.objects.filter(
        derived=True,
        resident__in={alert.resident_id for alert in waiting},
        organisation__in={alert.organisation_id for alert in waiting},
    ).order_by("-valid_from", "-pk")
    closed = 0
    for alert in waiting:
        evidence = next((row for row in derived if _explains(row, alert)), None)
        if evidence is not None:
            _close(alert, evidence)
            closed += 1
    return closed


def _explains(row: CareRelationship, alert: Alert) -> bool:
    if (row.resident_id, row.organisation_id) != (alert.resident_id, alert.organisation_id):
        return False
    team = alert.membership.team
    relationship = Relationship(row.pk, row.kind, row.team_id, row.valid_from, row.valid_until)
    return covers(relationship, alert.raised) and is_of(
        relationship,
        membership=alert.membership_id,
        team=team.pk if team else None,
        serves_whole_site=team is not None and team.serves_whole_site,
    )


def _close(alert: Alert, evidence: CareRelationship) -> None:
    alert.outcome = AlertOutcome.EVIDENCE
    alert.closed = timezone.now()
    alert.save(update_fields=["outcome", "closed"])
    AlertReview.objects.create(
        alert=alert,
        outcome=AlertOutcome.EVIDENCE,
        words=f"{evidence.get_kind_display()}: {evidence.evidence}",
    )
    audit.record(
        Action.ALERT_REVIEWED,
        reason=AlertOutcome.EVIDENCE,
        organisation_id=alert.organisation_id,
        resident_id=alert.resident_id,
        detail={
            "alert": alert.pk,
            "reference": alert.reference,
            "relationship": evidence.pk,
            "kind": evidence.kind,
        },
    )
