"""What the public pages tell, as plain values made of the registry and the table of effects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from consent.effects import Effect, effect_of
from consent.second_person import to_you
from consent.vocabulary import Answer, Kind
from consent.wording import title_of
from organisations.activities import Activity
from organisations.categories import Category
from organisations.models import Organisation
from organisations.selectors import agreements_in_force, roles_in_force

#: What stands for a council in words that are about none in particular.
_A_COUNCIL = "your council"

_WHAT_IT_IS = {
    Kind.CONNECT_CARE: "Everything: health and social care information from every organisation.",
    Kind.SOCIAL_CARE_SHARING: "What one council’s adult social care shows to others. You are "
    "asked each time you discuss your social care needs.",
    Kind.NHS_NUMBER: "Whether one council may use your NHS number to know who you are.",
}
_NO = {
    Kind.CONNECT_CARE: "If you opt out",
    Kind.SOCIAL_CARE_SHARING: "If you refuse",
    Kind.NHS_NUMBER: "If you object",
}
_YES = {
    Kind.CONNECT_CARE: "If you opt back in",
    Kind.SOCIAL_CARE_SHARING: "If you agree",
    Kind.NHS_NUMBER: "If you agree",
}


@dataclass(frozen=True, slots=True)
class PartOfRecord:
    """One category of a record, and the roles that may read it."""

    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """One answer to a choice, and what it does."""

    heading: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class ChoiceTold:
    """One of the three choices."""

    slug: str
    name: str
    what: str
    answers: tuple[AnswerTold, ...]


@dataclass(frozen=True, slots=True)
class Controller:
    """An organisation that is responsible for what it shares, and how to reach it."""

    name: str
    phone: str
    postcode: str
    members: tuple[Controller, ...] = ()


@dataclass(frozen=True, slots=True)
class AgreementTold:
    """What one organisation shows others of one set of categories, on which basis."""

    source: str
    recipients: tuple[str, ...]
    categories: tuple[str, ...]
    purpose: str
    basis: str


@dataclass(frozen=True, slots=True)
class RoleTold:
    """What a role reads and may do."""

    name: str
    categories: tuple[str, ...]
    activities: tuple[str, ...]


def parts_of_a_record() -> list[PartOfRecord]:
    """Every category, with the roles in force that read it."""
    held = roles_in_force()
    return [
        PartOfRecord(
            category.label, tuple(role.name for role in held if category in role.categories)
        )
        for category in Category
    ]


def effect_on_you(kind: str, answer: str) -> Effect:
    """What an answer does, said to the resident: the words that staff read out of "they"."""
    return effect_of(kind, answer, council=_A_COUNCIL).said(to_you)


def choices() -> list[ChoiceTold]:
    """The three choices, never bundled, each with both answers."""
    return [
        ChoiceTold(
            slug=kind.value,
            name=title_of(kind),
            what=_WHAT_IT_IS[kind],
            answers=(
                AnswerTold(_NO[kind], effect_on_you(kind, Answer.REFUSES)),
                AnswerTold(_YES[kind], effect_on_you(kind, Answer.CONSENTS)),
            ),
        )
        for kind in (Kind.CONNECT_CARE, Kind.SOCIAL_CARE_SHARING, Kind.NHS_NUMBER)
    ]


def controllers(organisations: Iterable[Organisation]) -> list[Controller]:
    """The organisations that take part, a group with each of its members: those are controllers."""
    return [
        _controller(
            organisation,
            tuple(_controller(each.member) for each in organisation.current_members),  # type: ignore[attr-defined]  # prefetched
        )
        for organisation in organisations
    ]


def agreements() -> list[AgreementTold]:
    """The sharing agreements in force, by source; recipients of the same terms are told once."""
    told: dict[tuple[str, tuple[int, ...], str, str], list[str]] = {}
    for each in agreements_in_force():
        terms = (
            each.source.name,
            tuple(sorted(each.categories)),
            each.purpose,
            each.legal_basis,
        )
        told.setdefault(terms, []).append(each.recipient.name)
    return [
        AgreementTold(source, tuple(recipients), _labels(categories), purpose, basis)
        for (source, categories, purpose, basis), recipients in told.items()
    ]


def roles() -> list[RoleTold]:
    """The roles in force that read anything or may do anything."""
    return [
        RoleTold(
            role.name,
            _labels(role.categories),
            tuple(Activity(activity).label for activity in role.activities),
        )
        for role in roles_in_force()
        if role.activities
    ]


def _controller(organisation: Organisation, members: tuple[Controller, ...] = ()) -> Controller:
    return Controller(organisation.name, organisation.phone, organisation.postcode, members)


def _labels(categories: Iterable[int]) -> tuple[str, ...]:
    return tuple(Category(category).label for category in sorted(categories))
