"""Why something is not shown, what would lawfully open it, and whom to ask: the words, once.

Pure. What is said depends on the state, the category and the kinds of organisation, which are the
registry's; never on what a resident said or on what was sent about them. Where the true reason
would tell what is withheld, every reason has the same explanation: a council's social care, and
entries that stay with their source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from access import rules
from access.decision import Reason, SectionState
from access.rules import RecordRule, SectionRule
from access.ways_in import ways_in
from organisations.categories import SOCIAL_CARE, Category
from organisations.models import OrganisationKind


class Ask(StrEnum):
    """Whom to ask. The registry has their telephone numbers."""

    SOURCE = "source"
    DUTY_TEAM = "duty-team"
    OWN_PRIVACY_OFFICER = "own-privacy-officer"
    OWN_ADMINISTRATOR = "own-administrator"
    REGISTRY_ADMINISTRATOR = "registry-administrator"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One answer to "Why can't I see this?".

    ``stops`` says in plain words what stops it; ``rules`` are the ids of the rules that may, none
    where a feed is late; ``opens`` are what would lawfully open it; ``ask`` whom to ask for that.
    """

    stops: str
    rules: tuple[str, ...]
    opens: tuple[str, ...]
    ask: tuple[Ask, ...]


def rule_id(rule: RecordRule | SectionRule) -> str:
    """A rule's id: the first word of its sentence (``docs/access-rules.md``)."""
    return (rule.__doc__ or "").split()[0]


#: R6 is asked of entries and not of sections, so it is no section rule.
_SENSITIVE_STAYS = (rules.grants_of.__doc__ or "").split()[0]

_LAWFUL_DISCLOSURE = (
    "A lawful disclosure: for a legal reason, by one privacy officer, confirmed by a second one."
)

# ── Sections ────────────────────────────────────────────────────────────────────────────────


def of_section(
    state: SectionState,
    category: Category,
    source_kind: str,
    *,
    own: bool,
    late: bool = False,
) -> Explanation | None:
    """Why a source's part of a section is not shown; ``None`` where it is shown in time.

    :param source_kind: an :class:`~organisations.models.OrganisationKind`.
    :param own: whether the source is the reader's own organisation.
    :param late: whether the source's feed is overdue. That is the same for every resident.
    """
    if state is SectionState.SHOWN:
        return _LATE if late else None
    if not own and source_kind == OrganisationKind.ADULT_SOCIAL_CARE:
        # Even what the role does not read: the duty team has the same answer for everybody.
        if category in SOCIAL_CARE:
            return _MAY_BE_SUPPORT
        if state not in (SectionState.NOT_FOR_ROLE, SectionState.NOT_HELD):
            return _MAY_BE_SUPPORT
    match state:
        case SectionState.NOT_FOR_ROLE:
            return _NOT_FOR_ROLE
        case SectionState.NOT_HELD:
            return _OWN_NOT_SENT if own else _NOT_HELD
        case SectionState.WITHHELD:
            # An opt-out withholds the whole record; what is withheld of one that is open, and is
            # no other council's, was not disclosed to this reader.
            return _NOT_DISCLOSED
        case SectionState.UNAVAILABLE:
            return _LATE if late else _BEING_CHECKED
        case SectionState.NONE_RECORDED:
            if late:
                return _LATE
            return _OWN_NONE if own else _NONE_SENT


def _ids(*of: SectionRule) -> tuple[str, ...]:
    return tuple(sorted(rule_id(rule) for rule in of))


_NOT_FOR_ROLE = Explanation(
    "Your role does not read this part of anybody’s record.",
    _ids(rules.role_reads_category),
    (
        "A role that includes it, if your work needs it.",
        "If you hold such a role already: change to it.",
    ),
    (Ask.OWN_ADMINISTRATOR,),
)
_NOT_HELD = Explanation(
    "Either no agreement lets your organisation see this part from there, or nothing of this "
    "kind is sent from there. It is so for everybody’s record.",
    _ids(rules.agreement_covers_category, rules.source_sends_category),
    (
        "An agreement in force between the two organisations, and a feed that brings it.",
        "For this person’s care now: ask the organisation itself.",
    ),
    (Ask.SOURCE, Ask.REGISTRY_ADMINISTRATOR),
)
_OWN_NOT_SENT = Explanation(
    "Your own organisation’s systems send nothing of this kind to Connect Care.",
    _ids(rules.source_sends_category),
    ("A feed that brings it. Until then, look in your own system.",),
    (Ask.REGISTRY_ADMINISTRATOR,),
)
#: The same whether a source sent nothing, or nothing that leaves it.
_NONE_SENT = Explanation(
    "Nothing of this kind has come that can be shown. Some kinds of entry always stay with the "
    "organisation that made them; Connect Care never says whether there are any.",
    (*_ids(rules.source_knows_resident), _SENSITIVE_STAYS),
    (
        "It appears by itself once it is sent.",
        (
            "Nothing on Connect Care opens what stays with its source. The organisation itself can "
            "tell you what you need to care for the person."
        ),
    ),
    (Ask.SOURCE,),
)
_OWN_NONE = Explanation(
    "Your own organisation’s systems have sent nothing of this kind about this person.",
    _ids(rules.source_knows_resident),
    ("It appears by itself once it is sent. Until then, look in your own system.",),
    (Ask.OWN_ADMINISTRATOR,),
)
_LATE = Explanation(
    "What this organisation sends is overdue, for everybody. What is new may be missing.",
    (),
    ("The next delivery. It appears by itself.",),
    (Ask.SOURCE,),
)
_BEING_CHECKED = Explanation(
    "It is not certain yet that what this organisation sent is about this person.",
    _ids(rules.source_link_is_beyond_doubt),
    (
        "The organisation corrects the name, the date of birth or the NHS number.",
        "Then it appears by itself.",
    ),
    (Ask.SOURCE,),
)
_NOT_DISCLOSED = Explanation(
    "The record is open to you by lawful disclosure alone, and the disclosure does not name this "
    "part.",
    _ids(rules.disclosure_names_category),
    ("Another disclosure that names it, if the law requires or allows it.",),
    (Ask.OWN_PRIVACY_OFFICER,),
)
#: One explanation for every reason why nothing of another council's social care is shown.
_MAY_BE_SUPPORT = Explanation(
    "A council’s part is shown where your role includes it, an agreement covers it, the council "
    "has sent it, it is certain that it is about this person, and the person’s choices allow it. "
    "These words are the same for everybody: they do not tell which of these holds, or whether "
    "there is anything to show.",
    (*_ids(*rules.SECTION_RULES), _SENSITIVE_STAYS),
    (
        "The duty team can tell you what it may share, and what you need to care for the person.",
        "The person, or whoever may decide for them, can tell you, or change a choice.",
        _LAWFUL_DISCLOSURE,
    ),
    (Ask.DUTY_TEAM, Ask.OWN_PRIVACY_OFFICER),
)

# ── Records ─────────────────────────────────────────────────────────────────────────────────


def of_refusal(reason: Reason, reader_kind: str) -> Explanation | None:
    """Why a record does not open. ``None`` where it opens, and of a resident who is not known.

    Whoever may not know of a resident is told what everybody is told of nobody.

    :param reader_kind: the kind of the reader's organisation, which says what evidence of care
        its own systems send.
    """
    if reason is Reason.NO_RELATIONSHIP:
        return Explanation(
            "No care relationship is in force now between this person and you or your team.",
            (rule_id(rules.stands_on_something),),
            ways_in(reader_kind),
            (Ask.OWN_ADMINISTRATOR, Ask.OWN_PRIVACY_OFFICER),
        )
    return _REFUSED.get(reason)


def _refusal(rule: RecordRule, stops: str, *opens: str, ask: Ask) -> Explanation:
    return Explanation(stops, (rule_id(rule),), opens, (ask,))


_REFUSED: Mapping[Reason, Explanation] = {
    Reason.STAFF_NOT_ACTIVE: _refusal(
        rules.staff_member_is_active,
        "Your account is not active.",
        "Your organisation makes it active again.",
        ask=Ask.OWN_ADMINISTRATOR,
    ),
    Reason.NO_MEMBERSHIP: _refusal(
        rules.membership_is_in_force,
        "You have no role at an organisation that you act for.",
        "Your organisation gives you the role that you work in.",
        ask=Ask.OWN_ADMINISTRATOR,
    ),
    Reason.MEMBERSHIP_NOT_IN_FORCE: _refusal(
        rules.membership_is_in_force,
        "Your role at this organisation has ended, is suspended, or has not begun.",
        "Your organisation puts your role in force. If you hold another one, change to it.",
        ask=Ask.OWN_ADMINISTRATOR,
    ),
    Reason.ORGANISATION_NOT_IN_FORCE: _refusal(
        rules.organisation_is_in_force,
        "Your organisation does not take part in Connect Care now.",
        "It takes part again.",
        ask=Ask.REGISTRY_ADMINISTRATOR,
    ),
    Reason.TEAM_NOT_IN_FORCE: _refusal(
        rules.organisation_is_in_force,
        "Your team has ended, is suspended, or has not begun.",
        "Your organisation gives you your role in the team that you work in now.",
        ask=Ask.OWN_ADMINISTRATOR,
    ),
    Reason.ROLE_NOT_IN_FORCE: _refusal(
        rules.role_is_in_force,
        "The role that you act in is not used now.",
        "A role that is in force, if your work needs it.",
        ask=Ask.OWN_ADMINISTRATOR,
    ),
    Reason.ROLE_READS_NO_RECORD: _refusal(
        rules.role_is_in_force,
        "Your role does not read records.",
        "A role that reads records, if your work needs it. If you hold such a role already, "
        "change to it.",
        ask=Ask.OWN_ADMINISTRATOR,
    ),
    Reason.CLOSED_AFTER_DEATH: _refusal(
        rules.care_is_not_over,
        "The person died, and the time in which those who cared for them read the record is over.",
        "A medical examiner reads it, for the scrutiny of the death.",
        _LAWFUL_DISCLOSURE,
        ask=Ask.OWN_PRIVACY_OFFICER,
    ),
    Reason.OPTED_OUT: _refusal(
        rules.nobody_opted_out,
        "By choice. The choice holds for everyone who uses Connect Care, whatever their role.",
        "The person, or whoever may decide for them, opts back in.",
        _LAWFUL_DISCLOSURE,
        ask=Ask.OWN_PRIVACY_OFFICER,
    ),
    Reason.WATCHED: _refusal(
        rules.watch_is_answered,
        "A privacy officer has asked that whoever opens this record says why.",
        "You say why you open it now.",
        ask=Ask.OWN_PRIVACY_OFFICER,
    ),
    Reason.COUNCIL_MAY_NOT_USE_NUMBER: _refusal(
        rules.council_may_use_number,
        "By choice. Your council may not use this person’s NHS number, by which Connect Care "
        "brings records together.",
        "The person, or whoever may decide for them, lets your council use the number.",
        _LAWFUL_DISCLOSURE,
        ask=Ask.OWN_PRIVACY_OFFICER,
    ),
}

# ── What is said to an officer of somebody else ─────────────────────────────────────────────

_NO_CARE = "No care relationship is in force, and the role may not break glass."

#: Why a role could not open a record, of a third person.
OF_OTHERS: Mapping[Reason, str] = {
    Reason.STAFF_NOT_ACTIVE: "Nobody in this role has an active account.",
    Reason.NO_MEMBERSHIP: "Nobody has this role now.",
    Reason.MEMBERSHIP_NOT_IN_FORCE: "Nobody has this role now.",
    Reason.ORGANISATION_NOT_IN_FORCE: "The organisation does not take part now.",
    Reason.TEAM_NOT_IN_FORCE: "The team is not in force now.",
    Reason.ROLE_NOT_IN_FORCE: "The role is not in force now.",
    Reason.ROLE_READS_NO_RECORD: "The role reads no records.",
    # Whether somebody else knows of the resident is not told.
    Reason.RESIDENT_NOT_KNOWN: _NO_CARE,
    Reason.NO_RELATIONSHIP: _NO_CARE,
    Reason.CLOSED_AFTER_DEATH: "The person died, and the time after it is over.",
    Reason.WATCHED: "They have not said why they open it now.",
    Reason.OPTED_OUT: "By choice: the person opted out of Connect Care.",
    Reason.COUNCIL_MAY_NOT_USE_NUMBER: "By choice: the council may not use the NHS number.",
}

#: Where what an officer's own organisation sent stands for somebody else.
OF_OWN_SOURCE: Mapping[SectionState, str] = {
    SectionState.SHOWN: "Shown, if there is any",
    SectionState.NONE_RECORDED: "None: the person is not known there",
    SectionState.NOT_HELD: "Not shown: no agreement covers it, or none is sent",
    SectionState.WITHHELD: "Withheld by choice",
    SectionState.NOT_FOR_ROLE: "Not for this role",
    SectionState.UNAVAILABLE: "Kept back until it is certain whose it is",
}


def rule_of(reason: Reason) -> str:
    """The id of the rule that refuses, as an officer is told of it; empty where none does."""
    told = Reason.NO_RELATIONSHIP if reason is Reason.RESIDENT_NOT_KNOWN else reason
    explained = of_refusal(told, "")
    return explained.rules[0] if explained else ""


# ── Whom to ask ─────────────────────────────────────────────────────────────────────────────

_CALLED_BACK = "The privacy officer of your organisation, who will have the team ring you"
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation to ring: its name, and its numbers as the registry has them, or empty.

    ``by_kind`` where the name is but a kind, because the resident is protected: nobody may be
    told whom to ring, so the privacy officer has them ring back.
    """

    name: str
    phone: str = ""
    duty_phone: str = ""
    by_kind: bool = False

    def call(self, who: str, phone: str | None = None) -> str:
        """Somebody of it, with the number to ring if there is one."""
        number = (self.phone if phone is None else phone).replace(" ", _NO_BREAK)
        return f"{who}: ring {number}" if number else who


def whom(explanation: Explanation, own: Place, sources: tuple[Place, ...]) -> tuple[str, ...]:
    """Whom to ask, in words with their numbers, each once.

    :param own: the reader's own organisation.
    :param sources: the organisations that the explanation is about. Of a protected resident they
        are given by kind and without numbers.
    """
    said: list[str] = []
    for ask in explanation.ask:
        match ask:
            case Ask.SOURCE | Ask.DUTY_TEAM if any(source.by_kind for source in sources):
                said.append(own.call(_CALLED_BACK))
            case Ask.SOURCE:
                said += [source.call(source.name) for source in sources]
            case Ask.DUTY_TEAM:
                said += [
                    source.call(
                        f"The adult social care duty team, {source.name}", source.duty_phone
                    )
                    for source in sources
                ]
            case Ask.OWN_PRIVACY_OFFICER:
                said.append(own.call(f"The privacy officer of {own.name}"))
            case Ask.OWN_ADMINISTRATOR:
                said.append(own.call(f"The administrator of {own.name}"))
            case Ask.REGISTRY_ADMINISTRATOR:
                said.append("The registry administrator of Connect Care")
    return tuple(dict.fromkeys(said))
