"""What the page "Who could see this?" says: possible readers, those of the same answer together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from access.decision import Reason
from access.explaining import OF_OTHERS, OF_OWN_SOURCE, rule_id, rule_of
from access.possible_readers import Answer, Lacking, Post, Readers, Way
from access.rules import (
    agreement_covers_category,
    disclosure_names_category,
    role_reads_category,
    source_sends_category,
    stands_on_something,
)

_R4 = rule_id(stands_on_something)
_BY = {
    Way.BROKEN_GLASS: "Broken glass",
    Way.AFTER_DEATH: "The role reads after a death",
    Way.DISCLOSED: "A lawful disclosure",
}
_LACKING = {
    Lacking.CATEGORY: ("The role does not read this part.", (rule_id(role_reads_category),)),
    Lacking.AGREEMENT: (
        "No agreement covers this part for the organisation, or nobody sends it.",
        (rule_id(agreement_covers_category), rule_id(source_sends_category)),
    ),
    Lacking.DISCLOSURE: (
        "The lawful disclosure does not name this part.",
        (rule_id(disclosure_names_category),),
    ),
}


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """Somebody who could open it now, and by which rule."""

    who: str
    organisation: str
    by: str
    rule: str
    own_source: str


@dataclass(frozen=True, slots=True)
class RolesThere:
    """Roles, and the organisations that have just these of them."""

    roles: str
    organisations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why some could not: the words, the rules, and who."""

    words: str
    rules: tuple[str, ...]
    who: tuple[RolesThere, ...]


@dataclass(frozen=True, slots=True)
class ReadersPage:
    """The whole answer. Where the resident opted out, nobody could but by lawful disclosure."""

    opted_out: bool
    opted_out_rule: str
    could: tuple[ReaderRow, ...]
    by_glass: tuple[RolesThere, ...]
    glass_rule: str
    councils: tuple[str, ...]
    could_not: tuple[WhyNot, ...]


def readers_page(readers: Readers) -> ReadersPage:
    """The page, out of what the rule said of every post."""
    answers = tuple(
        each for each in readers.answers if each.way is Way.DISCLOSED or not readers.opted_out
    )
    could = [each for each in answers if each.way is Way.CARE or each.way in _BY]
    by_role = {_where(each.post) for each in could if not each.post.personal}
    rows = (
        _row(each)
        for each in could
        # Whoever could by their role anyway is in its row.
        if not each.post.personal or _where(each.post) not in by_role
    )
    return ReadersPage(
        opted_out=readers.opted_out,
        opted_out_rule=rule_of(Reason.OPTED_OUT),
        could=tuple(dict.fromkeys(rows)),
        by_glass=_together(each.post for each in answers if each.way is Way.COULD_BREAK_GLASS),
        glass_rule=_R4,
        councils=tuple(
            dict.fromkeys(each.post.organisation for each in answers if each.way is Way.NOT_TOLD)
        ),
        could_not=_why_not(answers),
    )


def _where(post: Post) -> tuple[str, str, str]:
    return post.organisation, post.team, post.role


def _row(answer: Answer) -> ReaderRow:
    post = answer.post
    parts = (post.staff or ("One staff member" if post.personal else ""), post.role, post.team)
    by = _BY.get(answer.way) or answer.relationship or "A care relationship"
    return ReaderRow(
        who=", ".join(part for part in parts if part),
        organisation=post.organisation,
        by=by,
        rule=_R4,
        own_source=OF_OWN_SOURCE[answer.own_state] if answer.own_state else "",
    )


def _why_not(answers: Iterable[Answer]) -> tuple[WhyNot, ...]:
    reasons: dict[tuple[str, tuple[str, ...]], list[Post]] = {}
    for answer in answers:
        if answer.way is Way.NONE and answer.lacks and not answer.post.personal:
            reasons.setdefault(_reason(answer.lacks), []).append(answer.post)
    return tuple(WhyNot(words, rules, _together(who)) for (words, rules), who in reasons.items())


def _reason(lacks: Reason | Lacking) -> tuple[str, tuple[str, ...]]:
    if isinstance(lacks, Lacking):
        return _LACKING[lacks]
    return OF_OTHERS[lacks], (rule_of(lacks),)


def _together(posts: Iterable[Post]) -> tuple[RolesThere, ...]:
    """Organisations that have the same roles in one line."""
    roles: dict[str, dict[str, None]] = {}
    for post in posts:
        named = f"{post.role} ({post.team})" if post.team else post.role
        roles.setdefault(post.organisation, {})[named] = None
    alike: dict[str, list[str]] = {}
    for organisation, named_there in roles.items():
        alike.setdefault(", ".join(named_there), []).append(organisation)
    return tuple(RolesThere(named, tuple(there)) for named, there in alike.items())
