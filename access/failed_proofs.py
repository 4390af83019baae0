"""Proofs that failed, in the officers' work list: raised, told, handed up by the clock, closed.

Verifying the audit raises one (``verify_audit``), and so do probes of choices: one that found
something shown, or that could not ask. It is closed as repaired once it was found to hold again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from access.failed_proof_rows import FailedProof, ProofKind, ProofOutcome
from access.identity_calls import answer, ask, moment
from access.references import new_reference
from organisations.activities import Activity
from organisations.models import Membership, Organisation, Role, StaffMember
from organisations.working_days import more_working_days_than

log = logging.getLogger(__name__)

PREFIX = "FP-"
#: Whatever proves the rest does not hold: nobody waits a week to be asked about it again.
LATE_AFTER_WORKING_DAYS = 1


@dataclass(frozen=True, slots=True)
class ProofNote:
    """What an officer noted of it."""

    outcome: ProofOutcome
    words: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FailedProofSeen:
    """A proof that failed. ``holds`` says that it was found to hold since it last failed."""

    id: UUID
    reference: str
    kind: ProofKind
    about: str
    raised: datetime
    seen: datetime
    times: int
    holds: bool
    owner: str
    outcome: ProofOutcome | None
    closed: datetime | None
    escalated: datetime | None
    notes: tuple[ProofNote, ...] = ()

    def is_late(self, at: datetime) -> bool:
        """Whether it has waited too long at a moment."""
        return self.closed is None and waits_too_long(self.raised, at)


def waits_too_long(raised: datetime, at: datetime) -> bool:
    """Whether a proof that failed is late: the list and the clock ask the same."""
    return more_working_days_than(LATE_AFTER_WORKING_DAYS, since=raised, at=at)


# ── The worker ──────────────────────────────────────────────────────────────────────────────


def failed(kind: ProofKind, about: str) -> None:
    """Raise that a proof failed, once until it is closed; or note that it failed again."""
    waiting = FailedProof.objects.filter(kind=kind, about=about, closed__isnull=True)
    if not waiting.update(seen=timezone.now(), times=F("times") + 1):
        # Of two that raise it at once one does nothing.
        row = FailedProof(kind=kind, about=about, reference=new_reference(PREFIX))
        FailedProof.objects.bulk_create([row], ignore_conflicts=True)


def held(kind: ProofKind, about: str) -> None:
    """Note that a proof holds, where one that failed waits."""
    waiting = FailedProof.objects.filter(kind=kind, about=about, closed__isnull=True)
    waiting.update(held=timezone.now())


def tell(now: datetime | None = None) -> int:
    """Tell all privacy officers of what is new, and once of what is late; how many were sent."""
    at = now or timezone.now()
    waiting = FailedProof.objects.filter(closed__isnull=True).order_by("pk")
    told = 0
    for proof in waiting:
        if proof.notified is None:
            told += _tell(proof.pk, "notified", at)
        elif proof.escalated is None and waits_too_long(proof.raised, at):
            told += _tell(proof.pk, "escalated", at)
    return told


@transaction.atomic
def _tell(proof_id: int, noted: str, at: datetime) -> bool:
    proof = (
        FailedProof.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(pk=proof_id, closed__isnull=True, **{f"{noted}__isnull": True})
        .first()
    )
    officers = _officers() if proof else []
    if proof is None or not officers:
        return False
    late = " is late" if noted == "escalated" else ""
    link = f"{settings.ORIGIN}{reverse('failed-proof', args=[proof.public_id])}"
    message = EmailMessage(
        subject=f"Connect Care: failed proof {proof.reference}{late}",
        body=(
            f"A proof that Connect Care keeps its promises failed: {proof.reference}{late}.\n\n"
            f"Agree who deals with it, and sign in to see what it is: {link}\n\n"
            "Please do not reply to this message.\n"
        ),
        to=officers,
    )
    try:
        message.send()
    except (SMTPException, OSError) as error:
        # Its words may name the addresses.
        log.warning("Failed proof %s could not be told: %s", proof.reference, type(error))
        return False
    setattr(proof, noted, at)
    proof.save(update_fields=[noted])
    return True


def _officers() -> list[str]:
    """The addresses of all who review alerts now: it is everybody's business."""
    memberships = Membership.objects.current().filter(
        organisation__in=Organisation.objects.current(),
        role__in=Role.objects.current().filter(activities__contains=[Activity.REVIEW_ALERTS]),
    )
    staff = StaffMember.objects.filter(is_active=True, memberships__in=memberships)
    return sorted(set(staff.exclude(email="").values_list("email", flat=True)))


# ── Officers ────────────────────────────────────────────────────────────────────────────────


def read_all(
    acting: Acting, *, proof: UUID | None = None, request_id: str
) -> list[FailedProofSeen] | None:
    """Those that wait, the oldest first, and the last closed; or one. ``None``: may not."""
    statement = "select access.read_failed_proofs(%s, %s, %s, %s::uuid)::text"
    raw = ask(statement, acting, proof, request_id)
    return None if raw is None else [_seen(each) for each in raw]


def note(acting: Acting, proof: UUID, *, outcome: ProofOutcome, words: str, request_id: str) -> str:
    """Note what was found: ``noted``, or ``not-known``, ``closed``, ``not-proven``."""
    return answer(
        "select access.note_failed_proof(%s, %s, %s, %s, %s, %s::uuid)",
        acting,
        proof,
        outcome,
        words,
        request_id,
    )


def _seen(raw: dict[str, Any]) -> FailedProofSeen:
    return FailedProofSeen(
        id=UUID(raw["id"]),
        reference=raw["reference"],
        kind=ProofKind(raw["kind"]),
        about=raw["about"],
        raised=datetime.fromisoformat(raw["raised"]),
        seen=datetime.fromisoformat(raw["seen"]),
        times=raw["times"],
        holds=raw["holds"],
        owner=raw["owner"],
        outcome=ProofOutcome(raw["outcome"]) if raw["outcome"] else None,
        closed=moment(raw["closed"]),
        escalated=moment(raw["escalated"]),
        notes=tuple(
            ProofNote(
                ProofOutcome(each["outcome"]),
                each["words"],
                each["by"],
                datetime.fromisoformat(each["at"]),
            )
            for each in raw["notes"]
        ),
    )
