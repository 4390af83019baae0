"""What tracing asks the Personal Demographics Service next about a source person."""

from __future__ import annotations

from dataclasses import dataclass

from identity.actions import is_placeholder, number_of, unverified_number, verified_number
from identity.models import LinkState, Sex, SourcePerson, Trace
from identity.nhs_number import NhsNumber
from identity.pds.comparing import Held
from identity.pds.questions import NotASearch, Search
from identity.persons import Said
from identity.traces import Step, Why


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked next. Neither a number nor a search: there is nothing to be asked by."""

    step: Step
    number: NhsNumber | None = None
    search: Search | None = None

    @property
    def asked_by(self) -> list[str]:
        """The identifiers in it, by name."""
        if self.number is not None:
            return ["NHS number"]
        if self.search is None:
            return []
        said = {
            "family name": self.search.family,
            "given name": self.search.given,
            "date of birth": True,
            "postcode": self.search.postcode,
        }
        return [name for name, there in said.items() if there]


def _said(known: SourcePerson) -> Said:
    return Said.from_json(known.said)


def held_of(known: SourcePerson) -> Held:
    """What is compared with an answer: the details that the source sent."""
    said = _said(known)
    return Held(
        said.family_name,
        said.given_names,
        said.birth_date,
        Sex(said.sex),
        said.postcode,
        said.birth_date_part,
    )


def next_question(trace: Trace) -> Question:
    """The question of the trace's step; of the first later one that can be asked."""
    known = trace.source_person
    if trace.step == Step.VERIFY:
        return Question(Step.VERIFY, number=number_of(trace.found))
    if trace.step == Step.NUMBER:
        number = number_to_ask(trace)
        if number is not None:
            return Question(Step.NUMBER, number=number)
    step = Step.EXACT if trace.step == Step.NUMBER else Step(trace.step)
    return Question(step, search=_search(step, _said(known)))


def number_to_ask(trace: Trace) -> NhsNumber | None:
    """The number to ask by, if there is one.

    What was given by word of mouth, if that is the reason; else the live one of whoever is linked;
    else what was sent, or given.
    """
    known = trace.source_person
    sent, given = number_of(known.nhs_number_sent), unverified_number(known.resident)
    first = given if trace.why == Why.GIVEN else None
    live = verified_number(known.resident) if known.link == LinkState.LINKED else None
    usable = (
        each
        for each in (first, live, sent, given)
        if each is not None and not is_placeholder(each, known.source)
    )
    return next(usable, None)


def _search(step: Step, said: Said) -> Search | None:
    if said.birth_date is None:
        return None
    try:
        if step == Step.EXACT:
            return Search.for_exact(
                family=said.family_name,
                given=said.given_names,
                birth_date=said.birth_date,
                postcode=said.postcode,
            )
        wide = Search.with_wildcards(
            family=said.family_name,
            given=said.given_names,
            birth_date=said.birth_date,
            postcode=said.postcode,
        )
    except NotASearch:
        return None
    return wide if step == Step.WILDCARDS else wide.without_postcode()
