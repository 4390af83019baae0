"""The gate: the one way to a record.

:func:`open_record` reads the facts, decides, and asks the database to write the opening with its
audit event; only then do entries come out. :func:`still_open` is the last statement before a
response leaves. Both run inside the transaction of the request.

What is shown of somebody whose record is not opened (a list, a notice, a referral) stands on
:func:`consider` or :func:`consider_many`; :func:`still_as_decided` asks the same once more before
the response leaves (:class:`access.middleware.TheGateAsksOnceMore`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.db import connection

from access import facts as facts_of
from access.acting import Acting
from access.decision import Decision, Reason
from access.rules import decide
from audit import actions as audit
from audit.models import Action
from identity.protected import Known, Redaction, is_protected
from organisations import selectors as registry
from statements import prepared


class OutsideTransaction(RuntimeError):
    """A record was to be opened outside a transaction: its opening would end at once."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A record that is open for the rest of this transaction.

    Whatever is read of it goes through its ``redaction``.
    """

    decision: Decision
    resident_id: int
    look: UUID
    redaction: Redaction


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that does not open, with the reason.

    ``decision`` is ``None`` where the facts changed between deciding and opening: ask again.
    """

    decision: Decision | None

    @property
    def reason(self) -> Reason | None:
        """The code of the rule that refused; ``None`` if the facts changed meanwhile."""
        return self.decision.reason if self.decision else None


def consider(acting: Acting, resident: UUID) -> Decision:
    """What the rule says now, without opening anything. It is not recorded: nothing is shown."""
    decision = _decided(acting, resident)
    acting.considered.setdefault(resident, decision)
    return decision


def _decided(acting: Acting, resident: UUID) -> Decision:
    return decide(
        facts_of.read(
            staff_id=acting.staff_id,
            membership_id=acting.membership_id,
            resident=resident,
            sitting=acting.sitting,
        )
    )


def consider_many(acting: Acting, residents: Sequence[UUID]) -> list[Decision]:
    """What the rule says now of each resident of a list, in its order, as of one moment.

    One statement. Nothing is opened or recorded: a list that shows anything of a resident glimpses
    them, and a record is opened by :func:`open_record`, which decides anew.
    """
    decisions = _all_decided(acting, residents)
    for resident, decision in zip(residents, decisions, strict=True):
        acting.considered.setdefault(resident, decision)
    return decisions


def _all_decided(acting: Acting, residents: Sequence[UUID]) -> list[Decision]:
    known = facts_of.read_many(
        staff_id=acting.staff_id,
        membership_id=acting.membership_id,
        residents=residents,
        sitting=acting.sitting,
    )
    return [decide(facts) for facts in known]


def still_as_decided(acting: Acting) -> bool:
    """Whether the rule shows no less now of all whom this request considered, asked live.

    More that is granted meanwhile, and changes that no decision stands on, change nothing that is
    shown: the lists of a busy day go out.
    """
    before = acting.considered
    if not before:
        return True
    now = _all_decided(acting, list(before))
    return all(still.shows_as_much_as(was) for was, still in zip(before.values(), now, strict=True))


def open_record(
    acting: Acting,
    resident: UUID,
    *,
    look: UUID,
    request_id: str,
    page: Mapping[str, str | int] | None = None,
) -> Opened | Refused:
    """Decide, and open the record for this transaction if the rule says so.

    ``page`` says what was asked for (:func:`access.showing.page_asked`); with it the event can be
    told to the resident in a sentence.

    A refusal is returned, not raised: its audit event must stand.

    :raises OutsideTransaction: if no transaction is open.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction("Open a record inside the transaction that reads it.")
    decision = _decided(acting, resident)
    facts, basis = decision.facts, decision.basis
    kept = decision.as_json() | dict(page or {})
    if not decision.is_open or basis is None or facts.resident is None:
        audit.record(
            Action.REFUSAL,
            outcome="refused",
            reason=decision.reason,
            resident_id=facts.resident.id if facts.resident else None,
            look=look,
            request=request_id,
            detail=kept,
            **acting.for_audit(),
        )
        return Refused(decision)
    if decision.relationship is not None:
        kept["since"] = decision.relationship.valid_from.isoformat()
    with prepared() as cursor:
        cursor.execute(
            "select access.open_record(%s::bigint, %s::bigint, %s::bigint, %s::uuid, %s::bigint,"
            " %s::bigint[], %s::bigint, %s::bigint, %s::jsonb, %s::uuid, %s::text, %s::uuid,"
            " %s::bigint[], make_interval(secs => %s::double precision)),"
            # What follows in this transaction is prepared, and all of it asks by resident: planned
            # once and for all, it is answered sooner than it is planned anew.
            " set_config('plan_cache_mode', 'force_generic_plan', true)",
            [
                acting.staff_id,
                acting.membership_id,
                facts.resident.id,
                look,
                basis.id,
                f"{{{','.join(map(str, decision.keys))}}}",
                facts.resident_epoch,
                facts.rules_epoch,
                msgspec.json.encode(kept).decode(),
                request_id,
                basis.kind,
                acting.sitting,
                [disclosure.id for disclosure in decision.disclosures],
                facts.after_death.total_seconds(),
            ],
        )
        holds, _ = cursor.fetchone()
    if not holds:
        return Refused(None)
    redaction = redaction_of(facts.resident.protection, reader=acting.organisation_id)
    return Opened(decision, facts.resident.id, look, redaction)


def redaction_of(protection: str, *, reader: int) -> Redaction:
    """How a resident with this security code is shown, to staff of an organisation."""
    if not is_protected(protection):
        return Redaction(protected=False)
    known = registry.what_names_a_place()
    return Redaction(
        protected=True,
        known=Known.of(known.names, known.codes),
        ring=registry.listed([reader])[reader].phone,
    )


def still_open() -> bool:
    """Whether everything that this transaction's opening granted still holds, asked live."""
    with prepared() as cursor:
        cursor.execute("select access.still_open()")
        (holds,) = cursor.fetchone()
    return bool(holds)
