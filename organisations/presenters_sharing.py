"""Who shows what to whom, and what a drafted change would have changed, as pages show it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import (
    Organisation,
    Proposal,
    ProposalKind,
    Role,
    SharingAgreement,
    StaffMember,
)
from organisations.proposals import DRAFTS
from ui.formatting import LONDON, prose_date

#: So many days before a review date the pages warn: (days, words, colour).
WARNINGS = (
    (0, "Review is overdue", "red"),
    (7, "Review within 7 days", "red"),
    (30, "Review within 30 days", "orange"),
    (60, "Review within 60 days", "yellow"),
)


@dataclass(frozen=True, slots=True)
class ReviewWarning:
    """A review date that comes near: a warning alone, the agreement goes on."""

    words: str
    colour: str


def review_warning(review_on: date | None, today: date) -> ReviewWarning | None:
    """What is said of a review date: at 60, 30 and 7 days before it, and once it is past."""
    if review_on is None:
        return None
    left = (review_on - today).days
    for days, words, colour in WARNINGS:
        if left < days or (days and left == days):
            return ReviewWarning(words, colour)
    return None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one source shows one recipient."""

    recipient: UUID
    name: str
    words: str
    warning: ReviewWarning | None


@dataclass(frozen=True, slots=True)
class SharingRow:
    """What one source shows each recipient, in the order of the heads; ``None`` of itself."""

    source: UUID
    name: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class SharingMatrix:
    """Sources × recipients."""

    heads: tuple[str, ...]
    rows: tuple[SharingRow, ...]


def sharing_matrix(
    bodies: Collection[Organisation], agreements: Iterable[SharingAgreement], today: date
) -> SharingMatrix:
    """The matrix of these organisations and the agreements in force between them."""
    by_pair: dict[tuple[int, int], list[SharingAgreement]] = defaultdict(list)
    for agreement in agreements:
        by_pair[agreement.source_id, agreement.recipient_id].append(agreement)
    return SharingMatrix(
        heads=tuple(body.name for body in bodies),
        rows=tuple(
            SharingRow(
                source.public_id,
                source.name,
                tuple(
                    None if source == other else _cell(other, by_pair[source.pk, other.pk], today)
                    for other in bodies
                ),
            )
            for source in bodies
        ),
    )


def _cell(recipient: Organisation, agreements: list[SharingAgreement], today: date) -> Cell:
    categories = {category for each in agreements for category in each.categories}
    trial = {category for each in agreements for category in each.trial}
    words = categories_in_words(categories)
    reviews = [each.review_on for each in agreements if each.review_on]
    return Cell(
        recipient.public_id,
        recipient.name,
        f"{words}. Testers: {labels(trial)}" if trial else words,
        review_warning(min(reviews, default=None), today),
    )


def categories_in_words(categories: Collection[int]) -> str:
    """“Everything but Safeguarding”, “Allergies…, Alerts” or “Nothing”."""
    left_out = [category.label for category in Category if category not in categories]
    if not categories:
        return "Nothing"
    if not left_out:
        return "Everything"
    if len(left_out) <= 4:
        return f"Everything but: {', '.join(left_out)}"
    return labels(categories)


def labels(categories: Iterable[int]) -> str:
    """Categories by their names, in their order."""
    return ", ".join(Category(number).label for number in sorted(categories))


# ── Drafts ──────────────────────────────────────────────────────────────────────────────────


def title_of(proposal: Proposal, names: Mapping[int, str], roles: Mapping[int, str]) -> str:
    """What a draft is of."""
    wanted = proposal.wanted
    if proposal.kind == ProposalKind.ROLE:
        return f"Role: {roles.get(wanted['role'], '')}"
    if proposal.kind == ProposalKind.GROUP_MEMBER:
        return f"{names.get(wanted['member'], '')} joins {names.get(wanted['group'], '')}"
    if proposal.kind == ProposalKind.STANDING:
        return f"{names.get(wanted['organisation'], '')} takes part again"
    return f"{names.get(wanted['source'], '')} shows {names.get(wanted['recipient'], '')}"


def draft_details(proposal: Proposal) -> list[tuple[str, str]]:
    """What a draft adds and takes away, and from when until when."""
    wanted, former = proposal.wanted, proposal.former or {}
    if proposal.kind not in DRAFTS:
        begins = day_in_words(wanted.get("from")) or "When it is confirmed"
        return [("From", begins), ("Last day", day_in_words(wanted.get("until"), last=True))]
    now, then = set(wanted["categories"]), set(former.get("categories", ()))
    besides = "Reads besides" if proposal.kind == ProposalKind.ROLE else "Shown besides"
    details = [
        (besides, labels(now - then)),
        ("No longer", labels(then - now)),
    ]
    if proposal.kind == ProposalKind.ROLE:
        may, might = set(wanted["activities"]), set(former.get("activities", ()))
        details += [("May besides", _may(may - might)), ("May no longer", _may(might - may))]
    else:
        details += [
            ("All that would be shown", categories_in_words(sorted(now))),
            ("Shown to testers alone", labels(wanted.get("trial", ()))),
            ("Testers", _testers(wanted.get("testers", ()))),
            ("Purpose", wanted.get("purpose", "")),
            ("Legal basis", wanted.get("legal_basis", "")),
            ("Impact assessment", wanted.get("assessment", "")),
            ("Agreement", wanted.get("document", "")),
            ("Review on", day_in_words(wanted.get("review_on"))),
            ("Last day", day_in_words(wanted.get("until"), last=True)),
        ]
    details.append(("From", day_in_words(wanted.get("from")) or "When it is confirmed"))
    return details


def _testers(memberships: Collection[int]) -> str:
    names = StaffMember.objects.filter(memberships__in=memberships).distinct().order_by("name")
    return ", ".join(names.values_list("name", flat=True)) if memberships else ""


def _may(activities: Iterable[str]) -> str:
    return "; ".join(sorted(Activity(each).label for each in activities if each in Activity.values))


def role_rows(role: Role) -> list[tuple[str, str]]:
    """What a role reads and may do now, in rows."""
    return [
        ("National job role", role.national_code or "None"),
        ("Reads", categories_in_words(role.categories)),
        ("May", _may(role.activities) or "Nothing of its own"),
    ]


def day_in_words(text: str | None, *, last: bool = False) -> str:
    """A moment that was kept, as its day; of an end the last day before it."""
    if not text:
        return ""
    at = datetime.fromisoformat(text)
    return prose_date(at - timedelta(microseconds=1) if last else at)


@dataclass(frozen=True, slots=True)
class RoleEffect:
    """What one role would have gained and lost: category and in how many openings."""

    role: str
    gains: tuple[tuple[str, int], ...]
    loses: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class EffectShown:
    """What a draft would have changed of the openings since a day."""

    since: date
    openings: int
    changed: int
    closed: int
    without_facts: int
    roles: tuple[RoleEffect, ...]
    examples: tuple[str, ...]


def effect_shown(effect: Mapping[str, Any]) -> EffectShown:
    """What was computed (:class:`access.effect_previews.Effect`), with names."""
    names = dict(
        Organisation.objects.filter(pk__in=_bodies(effect["examples"])).values_list("pk", "name")
    )
    roles = dict(Role.objects.values_list("code", "name"))
    concerned = sorted({*effect["gains"], *effect["loses"]})
    return EffectShown(
        since=date.fromisoformat(effect["since"]),
        openings=effect["openings"],
        changed=effect["changed"],
        closed=effect["closed"],
        without_facts=effect["without_facts"],
        roles=tuple(
            RoleEffect(
                roles.get(role, role),
                _counted(effect["gains"].get(role, {})),
                _counted(effect["loses"].get(role, {})),
            )
            for role in concerned
        ),
        examples=tuple(_example(each, names, roles) for each in effect["examples"]),
    )


def _bodies(examples: Iterable[Mapping[str, Any]]) -> set[int]:
    found: set[int] = set()
    for each in examples:
        found.add(each["organisation"])
        found.update(source for source, _category in (*each["gains"], *each["loses"]))
    return found


def _counted(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((Category(int(number)).label, times) for number, times in counts.items())


def _example(each: Mapping[str, Any], names: Mapping[int, str], roles: Mapping[str, str]) -> str:
    who = f"{prose_date(date.fromisoformat(each['day']))}, {roles.get(each['role'], each['role'])}"
    said = [f"{who} of {names.get(each['organisation'], 'an organisation')}"]
    for verb, places in (("Would see more", each["gains"]), ("Would see less", each["loses"])):
        if places:
            shown = "; ".join(
                f"{Category(category).label} of {names.get(source, 'an organisation')}"
                for source, category in places[:4]
            )
            rest = len(places) - 4
            said.append(f"{verb}: {shown}{f'; and {rest} others' if rest > 0 else ''}")
    if each["closes"]:
        said.append("The record would not have opened")
    return ". ".join(said)


@dataclass(frozen=True, slots=True)
class AgreementHeld:
    """One agreement of a pair as it holds now."""

    categories: str
    trial: str
    purpose: str
    legal_basis: str
    assessment: str
    document: str
    begins: datetime
    last: datetime | None
    review_on: date | None
    warning: ReviewWarning | None


def agreement_lines(agreements: Iterable[SharingAgreement], at: datetime) -> list[AgreementHeld]:
    """The agreements of a pair that hold now."""
    today = at.astimezone(LONDON).date()
    return [
        AgreementHeld(
            categories=categories_in_words(each.categories),
            trial=labels(each.trial),
            purpose=each.purpose,
            legal_basis=each.legal_basis,
            assessment=each.assessment,
            document=each.document,
            begins=each.valid_from,
            last=each.valid_until - timedelta(microseconds=1) if each.valid_until else None,
            review_on=each.review_on,
            warning=review_warning(each.review_on, today),
        )
        for each in agreements
    ]
