"""What is asked when, and what is kept of the answers. The row is the job (docs/adr/0007).

By the pipeline's login. A result is an event of its own kind in the audit: it is nobody's look.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction

from access import failed_proofs
from access.failed_proof_rows import ProofKind
from access.references import new_reference
from audit import actions as audit
from audit.models import Action
from consent.models import Canary, Choice, ChoiceQuerySet, ProbeDue, ProbeResult, ProofIncident
from consent.proofs import Outcome, Why
from consent.selectors import now
from consent.vocabulary import Answer
from records.probing.asking import Findings, ask
from records.probing.question import question_of
from ui.formatting import LONDON

log = logging.getLogger(__name__)

#: What did not hold, or could not be asked, is asked again so soon.
AGAIN_AFTER = timedelta(minutes=5)
#: What a person waits for, and what belongs to the canary.
URGENT = (Why.RECORDED, Why.REPEATED, Why.CANARY)
#: The hours in which every choice in force is asked about.
NIGHT = range(1, 5)
_SINCE_THE_EVENING = timedelta(hours=8)
INCIDENT_PREFIX = "IN-"
#: Choices that one sweep asks about at most; the next one follows in seconds.
_AT_ONCE = 20


def prove(choice_id: int) -> ProbeResult | None:
    """Ask about one choice if it is due, and keep what was found.

    ``None`` where nothing was due, where another worker asks, or where the choice withholds nothing
    now: then its job is done.
    """
    with transaction.atomic():
        due = (
            ProbeDue.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(pk=choice_id, due__lte=now())
            .first()
        )
        if due is None:
            return None
        choice = Choice.objects.get(pk=choice_id)
        findings = _found(choice)
        if findings is None:
            due.delete()
            return None
        result = _keep(choice, due, findings)
        if result.outcome == Outcome.HOLDS or result.readers == 0:
            due.delete()
        else:
            due.why, due.due = Why.REPEATED, now() + AGAIN_AFTER
            due.save(force_update=True)
        return result


def _found(choice: Choice) -> Findings | None:
    """What is found, asked twice where something is shown: it may have been lifted meanwhile."""
    question = question_of(choice)
    if question is None:
        return None
    findings = ask(question)
    if findings.shown:
        # Read committed: what was said since this transaction began is seen.
        again = question_of(Choice.objects.get(pk=choice.pk))
        return None if again is None else ask(again)
    return findings


def _keep(choice: Choice, due: ProbeDue, findings: Findings) -> ProbeResult:
    outcome = Outcome.HOLDS
    if findings.shown:
        outcome = Outcome.SHOWN
    elif findings.faults or not findings.readers:
        outcome = Outcome.UNPROVEN
    at = now()
    result = ProbeResult.objects.create(
        choice=choice,
        why=due.why,
        at=at,
        elapsed=max(at - choice.effective_from, timedelta(0)),
        readers=findings.readers,
        asked=dict(findings.asked),
        shown=dict(findings.shown),
        faults=findings.faults,
        outcome=outcome,
    )
    audit.record(
        Action.EFFECT_PROBED,
        outcome="done" if outcome == Outcome.HOLDS else "failed",
        reason=outcome,
        resident_id=choice.resident_id,
        detail={"choice": choice.pk, "result": result.pk, "why": due.why, "ways": result.ways},
    )
    if outcome == Outcome.SHOWN:
        _raise_incident(result)
    _note_for_officers(choice.reference, findings)
    return result


def _note_for_officers(reference: str, findings: Findings) -> None:
    """Into their work list: what is shown, and what could not be asked; and what holds again.

    Where nobody could read the record anyway there is nothing to prove, and nothing failed.
    """
    if findings.shown:
        failed_proofs.failed(ProofKind.CHOICE, reference)
    elif findings.faults:
        failed_proofs.failed(ProofKind.PROBE, reference)
    elif findings.readers:
        failed_proofs.held(ProofKind.CHOICE, reference)
    if not findings.faults:
        failed_proofs.held(ProofKind.PROBE, reference)


def _raise_incident(result: ProbeResult) -> None:
    """One incident for a choice, until it is closed."""
    if ProofIncident.objects.filter(choice=result.choice_id, closed=None).exists():
        return
    incident = ProofIncident.objects.create(
        reference=new_reference(INCIDENT_PREFIX), choice_id=result.choice_id, found=result
    )
    log.error("A choice does not hold: incident %s", incident.reference)
    audit.record(
        Action.INCIDENT_RAISED,
        reason=result.outcome,
        detail={"reference": incident.reference, "choice": result.choice_id, "result": result.pk},
    )


def due_choices(whys: tuple[Why, ...], most: int = _AT_ONCE) -> list[int]:
    """The choices that are to be asked about now, the most urgent first."""
    order = {why: place for place, why in enumerate(Why)}
    rows = ProbeDue.objects.filter(why__in=whys, due__lte=now()).values_list("pk", "why", "due")
    first = sorted(rows[: 50 * most], key=lambda row: (order[Why(row[1])], row[2]))
    return [pk for pk, _why, _due in first[:most]]


def want_all_in_force() -> int:
    """At night, have every refusal asked about that nobody took back; answers how many it added.

    Asked about since the evening is enough, so that it can be asked each hour of the night.
    """
    at = now()
    if at.astimezone(LONDON).hour not in NIGHT:
        return 0
    return _want(
        Why.NIGHTLY,
        Choice.objects.filter(withdrawals=None, effective_from__lte=at).exclude(
            pk__in=ProbeResult.objects.filter(at__gt=at - _SINCE_THE_EVENING).values("choice")
        ),
    )


def want_canaries() -> list[int]:
    """Have the canaries' choices asked about now; answers which they are."""
    canaries = Choice.objects.filter(resident__in=Canary.objects.values("pk"))
    _want(Why.CANARY, canaries)
    return list(canaries.filter(answer=Answer.REFUSES).values_list("pk", flat=True))


def _want(why: Why, choices: ChoiceQuerySet) -> int:
    refusals = choices.filter(answer=Answer.REFUSES).values_list("pk", flat=True)
    at = now()
    added = ProbeDue.objects.bulk_create(
        [ProbeDue(choice_id=pk, why=why, due=at) for pk in refusals.iterator()],
        batch_size=1000,
        ignore_conflicts=True,
    )
    return len(added)
