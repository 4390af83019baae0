"""Reports that an entry is wrong: made through an open record, told to its source, answered there.

A reader reports; the source's records officers are told by e-mail (a link and a reference, nobody's
name), find the report on their work list and answer it. Whoever is shown the entry is shown what
became of it. The source corrects in its own system: nothing is changed here.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from access.acting import Acting
from access.gate import Opened
from access.references import new_reference
from audit import actions as audit
from audit.models import Action
from identity.protected import (
    KEPT_BACK,
    Known,
    Redaction,
    is_protected,
    kind_of_worker,
    of_protected,
)
from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import Membership, Organisation, Role, StaffMember
from records.reported import EntryReport, ReportAnswer, WhatIsWrong
from records.selectors import EntryNamed
from ui.formatting import prose_date

log = logging.getLogger(__name__)

PAGE_LENGTH = 25
REFERENCE_PREFIX = "WE-"
#: How often a source is told again of a report that it has not answered.
REMINDED_EVERY = timedelta(days=7)


def _words(report: ReportSeen, _known: Known) -> str:
    return KEPT_BACK if report.words else ""


def _answer_words(report: ReportSeen, _known: Known) -> str:
    return KEPT_BACK if report.answer_words else ""


def _by(report: ReportSeen, _known: Known) -> str:
    return kind_of_worker(report.role)


@of_protected(
    keep=(
        "id",
        "reference",
        "resident",
        "category",
        "identifier",
        "effective",
        "what",
        "at",
        "answer",
        "answered_at",
    ),
    empty=("role", "organisation", "answered_by"),
    by=_by,
    words=_words,
    answer_words=_answer_words,
)
@dataclass(frozen=True, slots=True)
class ReportSeen:
    """A report as the source's officers see it. ``resident`` is their own id.

    ``identifier`` is what the source itself calls the entry. Of a resident who opted out neither
    the words nor where they came from are told.
    """

    id: UUID
    reference: str
    resident: int
    category: Category
    identifier: str
    effective: datetime | None
    what: WhatIsWrong
    words: str
    by: str
    role: str
    organisation: str
    at: datetime
    answer: ReportAnswer | None
    answer_words: str
    answered_at: datetime | None
    answered_by: str


def _told(report: ReportTold, _known: Known) -> str:
    return KEPT_BACK if report.answer_words else ""


@of_protected(
    keep=("reference", "what", "at", "answer", "answered_at"), empty=(), answer_words=_told
)
@dataclass(frozen=True, slots=True)
class ReportTold:
    """A report as whoever is shown the entry sees it: that it was made, and what became of it."""

    reference: str
    what: WhatIsWrong
    at: datetime
    answer: ReportAnswer | None
    answered_at: datetime | None
    answer_words: str


# ── Through an open record ──────────────────────────────────────────────────────────────────


def report_entry(
    acting: Acting,
    opened: Opened,
    entry: EntryNamed,
    *,
    what: WhatIsWrong,
    words: str,
    request_id: str,
) -> EntryReport:
    """Report an entry that the open record shows, with its event.

    Row security asks again whether this opening shows the entry.
    """
    with transaction.atomic():
        made = EntryReport.objects.create(
            reference=new_reference(REFERENCE_PREFIX),
            resident_id=entry.resident_id,
            source_id=entry.source_id,
            source_person_id=entry.source_person_id,
            entry_public_id=entry.public_id,
            grant_key=entry.grant_key,
            category=entry.category,
            identifier=entry.identifier,
            effective=entry.effective,
            what=what,
            words=words,
            membership_id=acting.membership_id,
        )
        audit.record(
            Action.ENTRY_REPORTED,
            reason=what,
            resident_id=opened.resident_id,
            look=opened.look,
            request=request_id,
            detail={"reference": made.reference, "source": entry.source_id},
            **acting.for_audit(),
        )
    return made


def reports_of(opened: Opened, entry: UUID) -> list[ReportTold]:
    """The reports of one entry of the open record, the latest first."""
    rows = EntryReport.objects.filter(
        resident_id=opened.resident_id, entry_public_id=entry
    ).order_by("-at", "-pk")
    return [
        opened.redaction.of(
            ReportTold(
                row.reference,
                WhatIsWrong(row.what),
                row.at,
                ReportAnswer(row.answer) if row.answer else None,
                row.answered_at,
                row.answer_words,
            )
        )
        for row in rows
    ]


# ── The source's officers ───────────────────────────────────────────────────────────────────


def read_reports(
    acting: Acting, *, answered: bool, page: int, request_id: str
) -> tuple[list[ReportSeen], int] | None:
    """A page of the reports of one's own organisation's entries, and how many there are.

    Those that wait come oldest first. The residents are glimpsed. ``None`` if not for the role.
    """
    raw = _ask(
        "select access.read_reports(%s, %s, %s, %s, %s, %s::uuid)::text",
        acting.staff_id,
        acting.membership_id,
        answered,
        PAGE_LENGTH,
        (page - 1) * PAGE_LENGTH,
        request_id,
    )
    return None if raw is None else ([_seen(one) for one in raw["reports"]], raw["total"])


def read_report(acting: Acting, report: UUID, *, request_id: str) -> ReportSeen | None:
    """One report of one's own organisation's entries; ``None`` where there is none."""
    raw = _ask(
        "select access.read_report(%s, %s, %s, %s::uuid)::text",
        acting.staff_id,
        acting.membership_id,
        report,
        request_id,
    )
    return None if raw is None else _seen(raw)


def answer_report(
    acting: Acting, report: UUID, *, answer: ReportAnswer, words: str, request_id: str
) -> str:
    """Answer a report: ``answered``, or why not: ``answered-already``, ``not-known``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select access.answer_report(%s, %s, %s, %s, %s, %s::uuid)",
            [acting.staff_id, acting.membership_id, report, answer, words, request_id],
        )
        (done,) = cursor.fetchone()
    return str(done)


def _ask(statement: str, *parameters: int | bool | str | UUID) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        (answer,) = cursor.fetchone()
    return None if answer is None else dict(json.loads(answer))


def _seen(raw: dict[str, Any]) -> ReportSeen:
    seen = ReportSeen(
        id=UUID(raw["id"]),
        reference=raw["reference"],
        resident=raw["resident"],
        category=Category(raw["category"]),
        identifier=raw["identifier"],
        effective=_moment(raw["effective"]),
        what=WhatIsWrong(raw["what"]),
        words=raw["words"],
        by=raw["by"],
        role=raw["role"],
        organisation=raw["organisation"],
        at=datetime.fromisoformat(raw["at"]),
        answer=ReportAnswer(raw["answer"]) if raw["answer"] else None,
        answer_words=raw["answer_words"],
        answered_at=_moment(raw["answered_at"]),
        answered_by=raw["answered_by"],
    )
    return Redaction(protected=is_protected(raw["protection"])).of(seen)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


# ── Telling them ────────────────────────────────────────────────────────────────────────────


def reports_to_tell() -> list[int]:
    """Reports that nobody has been told of, and those that wait for an answer, oldest first."""
    waiting = EntryReport.objects.filter(_is_to_be_told(timezone.now())).order_by("at", "pk")
    return list(waiting.values_list("pk", flat=True))


def _is_to_be_told(now: datetime) -> Q:
    return Q(notified__isnull=True) | Q(answer="", notified__lte=now - REMINDED_EVERY)


@transaction.atomic
def tell(report_id: int) -> bool:
    """Send the notice of a report to the source's records officers; whether it went now.

    Once when it is made, and again for each time that it has waited so long for an answer. It holds
    the reference and a link. Two workers send one: the row is locked while it goes out. Where it
    cannot go, the row waits for the sweeper; it is on the work list all the same.
    """
    report = (
        EntryReport.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(_is_to_be_told(timezone.now()), pk=report_id)
        .first()
    )
    if report is None:
        return False
    officers = _officers(report.source_id)
    if not officers:
        log.warning(
            "Report %s waits: no records officer of organisation %s has an e-mail address. "
            "Give the role to somebody and record their address.",
            report.reference,
            report.source_id,
        )
        return False
    try:
        _notice(report, officers).send()
    except (SMTPException, OSError) as error:
        # Its words may name the addresses.
        log.warning("The notice of report %s could not be sent: %s", report.reference, type(error))
        return False
    report.notified = timezone.now()
    report.save(update_fields=["notified"])
    return True


def _officers(source_id: int) -> list[str]:
    memberships = Membership.objects.current().filter(
        organisation=source_id,
        organisation__in=Organisation.objects.current(),
        role__in=Role.objects.current().filter(activities__contains=[Activity.RESOLVE_IDENTITY]),
    )
    staff = StaffMember.objects.filter(is_active=True, memberships__in=memberships)
    return sorted(set(staff.exclude(email="").values_list("email", flat=True)))


def _notice(report: EntryReport, officers: list[str]) -> EmailMessage:
    link = f"{settings.ORIGIN}{reverse('report', args=[report.public_id])}"
    waits = f" has waited for an answer since {prose_date(report.at)}" if report.notified else ""
    return EmailMessage(
        subject=f"Connect Care report {report.reference}{' still waits' if waits else ''}",
        body=(
            "Somebody who uses Connect Care has reported that an entry of yours is wrong: "
            f"{report.reference}{waits}.\n\n"
            f"Sign in to look at it: {link}\n\n"
            "This message does not say who it is about. Please do not reply to it.\n"
        ),
        to=officers,
    )
