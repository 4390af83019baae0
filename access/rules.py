"""The rule: may this person see this, now, and why?

Deny by default; a refusal beats every permission; a fact that is missing or contradictory denies.
Each function is one rule, its docstring is the rule in one sentence with its id, and none of them
asks a database. They are asked in the order of :data:`RECORD_RULES`; the first that refuses names
the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from operator import itemgetter

from access.bases import (
    care_is_over,
    disclosed_categories,
    disclosures_in_force,
    glass_in_force,
    opens_by_disclosure_alone,
    reads_after_death,
    relationship_in_force,
    waits_for_words,
)
from access.decision import Decision, Grant, Outcome, Reason, SectionState
from access.facts import Facts, Source
from consent.models import Kind
from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import OrganisationKind

RecordRule = Callable[[Facts], Reason | None]
#: Where the categories stand that a rule objects to.
Objection = tuple[SectionState, frozenset[Category]]
SectionRule = Callable[[Facts, Source], Objection]
_IN_ORDER = tuple(Category)
_EVERY, _NONE = frozenset(_IN_ORDER), frozenset[Category]()


def staff_member_is_active(facts: Facts) -> Reason | None:
    """R1.1 The staff member is active."""
    return None if facts.staff_active else Reason.STAFF_NOT_ACTIVE


def membership_is_in_force(facts: Facts) -> Reason | None:
    """R1.2 The acting membership exists, is the staff member's own, and is in force now."""
    if facts.membership is None:
        return Reason.NO_MEMBERSHIP
    if not facts.membership.period.in_force(facts.at):
        return Reason.MEMBERSHIP_NOT_IN_FORCE
    return None


def organisation_is_in_force(facts: Facts) -> Reason | None:
    """R1.3 The organisation, and the team if there is one, are in force now."""
    membership = facts.membership
    if membership is None or not membership.organisation.period.in_force(facts.at):
        return Reason.ORGANISATION_NOT_IN_FORCE
    if membership.team is not None and not membership.team.period.in_force(facts.at):
        return Reason.TEAM_NOT_IN_FORCE
    return None


def role_is_in_force(facts: Facts) -> Reason | None:
    """R1.4 The role is in force now and has the activity of reading records."""
    membership = facts.membership
    if membership is None or not membership.role.period.in_force(facts.at):
        return Reason.ROLE_NOT_IN_FORCE
    if Activity.READ_RECORDS not in membership.role.activities:
        return Reason.ROLE_READS_NO_RECORD
    return None


def resident_is_known(facts: Facts) -> Reason | None:
    """R2.1 The resident is known beyond doubt, or is the reader's own organisation's person."""
    if facts.resident is None or facts.resident_epoch is None or not facts.resident.may_be_known:
        return Reason.RESIDENT_NOT_KNOWN
    return None


def nobody_opted_out(facts: Facts) -> Reason | None:
    """R3.1 An opt-out of Connect Care withholds all from all but a lawful disclosure's readers."""
    if disclosures_in_force(facts):
        return None
    if any(refusal.kind == Kind.CONNECT_CARE for refusal in facts.refusals):
        return Reason.OPTED_OUT
    return None


def council_may_use_number(facts: Facts) -> Reason | None:
    """R3.2 A council refused the NHS number sees nothing through it but by lawful disclosure."""
    membership = facts.membership
    if membership is not None and disclosures_in_force(facts):
        return None
    if membership is None or _refused(facts, Kind.NHS_NUMBER, membership.organisation.id):
        return Reason.COUNCIL_MAY_NOT_USE_NUMBER
    return None


def care_is_not_over(facts: Facts) -> Reason | None:
    """R4.1 From 28 days after a death, only roles that read after death and disclosures open it."""
    if reads_after_death(facts) or disclosures_in_force(facts):
        return None
    return Reason.CLOSED_AFTER_DEATH if care_is_over(facts) else None


def stands_on_something(facts: Facts) -> Reason | None:
    """R4.2 A care relationship, broken glass, the role after a death or a disclosure opens it."""
    if (
        relationship_in_force(facts)
        or glass_in_force(facts)
        or reads_after_death(facts)
        or disclosures_in_force(facts)
    ):
        return None
    return Reason.NO_RELATIONSHIP


def watch_is_answered(facts: Facts) -> Reason | None:
    """R4.4 A record under watch opens to who said in this sitting why, or broke glass in it."""
    return Reason.WATCHED if waits_for_words(facts) else None


#: The rules about the record as a whole, in the order in which they are asked.
RECORD_RULES: tuple[RecordRule, ...] = (
    staff_member_is_active,
    membership_is_in_force,
    organisation_is_in_force,
    role_is_in_force,
    resident_is_known,
    nobody_opted_out,
    council_may_use_number,
    care_is_not_over,
    stands_on_something,
    # The last: that a record is under watch is told to nobody who could not open it anyway.
    watch_is_answered,
)


def role_reads_category(facts: Facts, source: Source) -> Objection:
    """R5.1 The role reads the category."""
    reads = facts.membership.role.categories if facts.membership else _NONE
    return SectionState.NOT_FOR_ROLE, _EVERY - reads


def disclosure_names_category(facts: Facts, source: Source) -> Objection:
    """R4.3 A record that opens by lawful disclosure alone shows what the disclosure names."""
    if not opens_by_disclosure_alone(facts):
        return SectionState.WITHHELD, _NONE
    return SectionState.WITHHELD, _EVERY - disclosed_categories(facts)


def agreement_covers_category(facts: Facts, source: Source) -> Objection:
    """R5.2 The source is one's own organisation, or an agreement covers it, for all or by name."""
    return SectionState.NOT_HELD, _NONE if _is_own(facts, source) else _EVERY - source.agreed


def source_sends_category(facts: Facts, source: Source) -> Objection:
    """R5.3 A feed of the source in force brings the category."""
    return SectionState.NOT_HELD, _EVERY - source.sends


def council_may_share(facts: Facts, source: Source) -> Objection:
    """R3.3 A social-care refusal withholds a council's entries from others not disclosed to."""
    withheld = (
        source.kind == OrganisationKind.ADULT_SOCIAL_CARE
        and not _is_own(facts, source)
        and _refused(facts, Kind.SOCIAL_CARE_SHARING, source.id)
    )
    return SectionState.WITHHELD, _EVERY - disclosed_categories(facts) if withheld else _NONE


def council_may_be_joined(facts: Facts, source: Source) -> Objection:
    """R3.4 Refusing a council the number withholds its entries from all not disclosed to."""
    withheld = source.kind == OrganisationKind.ADULT_SOCIAL_CARE and _refused(
        facts, Kind.NHS_NUMBER, source.id
    )
    return SectionState.WITHHELD, _EVERY - disclosed_categories(facts) if withheld else _NONE


def source_knows_resident(facts: Facts, source: Source) -> Objection:
    """R2.2 A source without a source person of this resident has recorded nothing."""
    return SectionState.NONE_RECORDED, _NONE if source.id in facts.links else _EVERY


def source_link_is_beyond_doubt(facts: Facts, source: Source) -> Objection:
    """R2.3 Doubt about a source person withholds that source's entries from all but itself."""
    certain = _is_own(facts, source) or facts.links.get(source.id, False)
    return SectionState.UNAVAILABLE, _NONE if certain else _EVERY


#: The rules about the categories of one source, in the order in which they are asked: a category
#: stands as the first that objects says. The role, the agreement and the feed come before any
#: choice, so that nothing is told of what was refused.
SECTION_RULES: tuple[SectionRule, ...] = (
    role_reads_category,
    disclosure_names_category,
    agreement_covers_category,
    source_sends_category,
    council_may_share,
    council_may_be_joined,
    source_knows_resident,
    source_link_is_beyond_doubt,
)


def states_of(facts: Facts, source: Source) -> dict[Category, SectionState]:
    """Where a source stands in every section: as the first rule that objects, or ``SHOWN``."""
    states = dict.fromkeys(_IN_ORDER, SectionState.SHOWN)
    unobjected = _EVERY
    for rule in SECTION_RULES:
        state, objected = rule(facts, source)
        if objected:
            states.update(dict.fromkeys(unobjected & objected, state))
            unobjected -= objected
    return states


def grants_of(
    facts: Facts, source: Source, states: Mapping[Category, SectionState]
) -> Iterator[Grant]:
    """R6 Entries marked sensitive stay with their source."""
    shown = SectionState.SHOWN
    granted = [category for category, state in states.items() if state is shown]
    for sensitive in (False, True) if _is_own(facts, source) else (False,):
        for category in granted:
            yield Grant(category, source.id, sensitive)


def decide(facts: Facts) -> Decision:
    """The whole rule, asked in order: the first refusal is the answer."""
    for rule in RECORD_RULES:
        reason = rule(facts)
        if reason is not None:
            return Decision(Outcome.REFUSED, reason, facts)
    standing = [states_of(facts, source) for source in facts.sources]
    grants = chain.from_iterable(map(partial(grants_of, facts), facts.sources, standing))
    ids = [source.id for source in facts.sources]
    sections = {
        category: dict(zip(ids, map(itemgetter(category), standing), strict=True))
        for category in _IN_ORDER
    }
    return _opened(facts, frozenset(grants), sections)


def _opened(
    facts: Facts,
    grants: frozenset[Grant],
    sections: Mapping[Category, Mapping[int, SectionState]],
) -> Decision:
    """An open record with what it stands on: care, the role after a death, or disclosure."""
    by_disclosure = opens_by_disclosure_alone(facts)
    by_care = not by_disclosure and not care_is_over(facts)
    relationship = relationship_in_force(facts) if by_care else None
    glass = glass_in_force(facts) if by_care and relationship is None else None
    if relationship is not None:
        reason = Reason.RELATIONSHIP
    elif glass is not None:
        reason = Reason.BREAK_GLASS
    else:
        reason = Reason.LAWFUL_DISCLOSURE if by_disclosure else Reason.AFTER_DEATH
    return Decision(
        Outcome.OPEN,
        reason,
        facts,
        grants=grants,
        relationship=relationship,
        glass=glass,
        disclosures=disclosures_in_force(facts),
        sections=sections,
    )


def _is_own(facts: Facts, source: Source) -> bool:
    return facts.membership is not None and source.id == facts.membership.organisation.id


def _refused(facts: Facts, kind: Kind, council: int) -> bool:
    return any(r.kind == kind and r.council == council for r in facts.refusals)
