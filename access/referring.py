"""Who may send and follow a referral: a ward's own word to a council's team, for direct care.

No choice takes it away (docs/adr/0028). It is no view of the record: these functions open nothing,
and :mod:`access.rules` goes on refusing whatever was refused. Pure.
"""

from __future__ import annotations

from access.bases import care_is_over, relationship_in_force
from access.decision import Decision
from access.rules import (
    RECORD_RULES,
    council_may_use_number,
    nobody_opted_out,
    watch_is_answered,
)
from organisations.models import OrganisationKind

#: What keeps a record shut and leaves the care as it is.
_BESIDE_CARE = frozenset({nobody_opted_out, council_may_use_number, watch_is_answered})


def may_follow(decision: Decision) -> bool:
    """Whether somebody of one of its sides may read a referral of this resident and go on with it.

    Where the record opens to them; and where a choice or a watch alone keeps it shut from somebody
    with a care relationship in force.
    """
    return decision.is_open or _is_in_care(decision)


def may_refer(decision: Decision) -> bool:
    """Whether a reader may refer: of an NHS trust, and with a care relationship in force."""
    membership = decision.facts.membership
    return (
        membership is not None
        and membership.organisation.kind == OrganisationKind.NHS_TRUST
        and _is_in_care(decision)
    )


def _is_in_care(decision: Decision) -> bool:
    """Whether a care relationship opens the record, or would but for a choice or a watch."""
    facts = decision.facts
    return (
        relationship_in_force(facts) is not None
        and not care_is_over(facts)
        and all(rule(facts) is None for rule in RECORD_RULES if rule not in _BESIDE_CARE)
    )
