"""Compare the audit's events with what was sealed, and name the first that is not as it was."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from access.failed_proofs import PREFIX
from access.references import new_reference
from audit import configuration
from audit.sealing import open_session
from audit.verifying import Report, verify


class Command(BaseCommand):
    """``verify_audit``: exit code 0 where all is as it was sealed, 1 where something is not."""

    help = __doc__ or ""

    def handle(self, **_options: Any) -> None:
        """Verify.

        :raises CommandError: if it could not be verified, which says nothing of the events.
        """
        began = time.monotonic()
        try:
            journal, verifier = configuration.journal(), configuration.verifier()
            with (
                contextlib.closing(open_session(configuration.address())) as connection,
                connection.transaction(),
            ):
                report = verify(connection, journal, verifier)
            self._tell(report)
        except (ImproperlyConfigured, psycopg.Error) as error:
            raise CommandError(f"Nothing was verified. {error}", returncode=2) from error
        seconds = time.monotonic() - began
        self.stdout.write(_counts(report, seconds))
        if report.finding is None and not report.checkpoints:
            raise CommandError(
                f"Nothing was ever sealed in {journal.path}. Start seal_audit.", returncode=2
            )
        if report.finding is not None:
            self.stdout.write(_said(report))
            sys.exit(1)

    def _tell(self, report: Report) -> None:
        """Put what was found into the officers' work list; the exit code says it whatever comes.

        Whoever changed events can change that list as well: it is a help and no proof.
        """
        finding = report.finding
        found = "" if finding is None else f"{finding.kind} {finding.event or 'the journal'}"
        try:
            with contextlib.closing(open_session(configuration.address())) as connection:
                connection.execute(
                    "select access.audit_was_verified(%s, %s)", [found, new_reference(PREFIX)]
                )
        except psycopg.Error as error:
            self.stderr.write(f"The officers’ work list could not be told: {type(error).__name__}.")


def _counts(report: Report, seconds: float) -> str:
    words = (
        f"{report.sealed:,} events are as they were sealed, by {report.checkpoints:,} signed "
        f"checkpoints of {report.logs:,} {'log' if report.logs == 1 else 'logs'}, "
        f"in {seconds:.1f} seconds. {report.waiting:,} wait to be sealed."
    )
    if report.lost:
        words += f" {report.lost:,} sealed events were lost when the database was restored."
    return words


def _said(report: Report) -> str:
    finding = report.finding
    if finding is None:
        return ""
    if not finding.event:
        return f"The journal itself is wrong: {finding.words}."
    place = "" if finding.position is None else f", number {finding.position:,} of the log"
    return f"{finding.kind}: event {finding.event}{place}: {finding.words}."
