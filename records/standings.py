"""Where each source stands in a section, in words: the six states, and never a blank.

What a resident refused must not show. So every council of which a section shows nothing has the
same words, whether it sent nothing, sent nothing yet, or was told to withhold: that there may
still be support, and whom to ring. The words of one source never depend on another's entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from access.decision import Decision, SectionState
from access.explaining import Explanation, Place, of_section, whom
from access.facts import Source
from organisations.categories import SOCIAL_CARE, Category
from organisations.models import OrganisationKind
from organisations.selectors import Listed
from records.sections import SECTIONS, Section
from records.selectors import Counts
from ui.formatting import prose_date, prose_time

#: Names in one sentence; more of them are folded away under their number.
NAMES_IN_A_SENTENCE = 3


class UnlabelledSection(RuntimeError):
    """A section, or a source in it, would stand there without words."""


class Standing(StrEnum):
    """What a reader is told of a source in a section. The order is the order of the page.

    ``MAY_BE_SUPPORT`` stands for a council of which nothing is shown, whatever the reason.
    ``NOT_DISCLOSED`` is said of a record that is open by lawful disclosure alone.
    """

    NOT_FOR_ROLE = "not-for-role"
    SHOWN = "shown"
    SHOWN_LATE = "shown-late"
    LATE = "late"
    BEING_CHECKED = "being-checked"
    NONE_SENT = "none-sent"
    MAY_BE_SUPPORT = "may-be-support"
    NOT_SENT_HERE = "not-sent-here"
    NOT_DISCLOSED = "not-disclosed"


LABELS: dict[Standing, str] = {
    Standing.NOT_FOR_ROLE: "Not for your role",
    Standing.SHOWN: "Shown",
    Standing.SHOWN_LATE: "Late",
    Standing.LATE: "Late",
    Standing.BEING_CHECKED: "Being checked",
    Standing.NONE_SENT: "None sent",
    Standing.MAY_BE_SUPPORT: "Ring to ask",
    Standing.NOT_SENT_HERE: "Not sent here",
    Standing.NOT_DISCLOSED: "Not disclosed",
}


#: Which state heads a section whose sources stand differently, and its words there. First what a
#: reader must know before trusting what is shown, then what they can do, then the rest.
HEADLINES: dict[Standing, str] = {
    Standing.SHOWN_LATE: "some sources late",
    Standing.LATE: "some sources late",
    Standing.BEING_CHECKED: "a source is being checked",
    Standing.SHOWN: "",
    Standing.MAY_BE_SUPPORT: "ring to ask",
    Standing.NOT_FOR_ROLE: "not for your role",
    Standing.NONE_SENT: "none sent",
    Standing.NOT_SENT_HERE: "not sent here",
    Standing.NOT_DISCLOSED: "not disclosed to you",
}

#: What the rule said of a source that stands so, and whether its feed is overdue: what the
#: explanation of a standing is asked for. A council that may give support is asked for as if it
#: were withheld, whatever is true.
_SAID: dict[Standing, tuple[SectionState, bool]] = {
    Standing.NOT_FOR_ROLE: (SectionState.NOT_FOR_ROLE, False),
    Standing.SHOWN: (SectionState.SHOWN, False),
    Standing.SHOWN_LATE: (SectionState.SHOWN, True),
    Standing.LATE: (SectionState.NONE_RECORDED, True),
    Standing.BEING_CHECKED: (SectionState.UNAVAILABLE, False),
    Standing.NONE_SENT: (SectionState.NONE_RECORDED, False),
    Standing.MAY_BE_SUPPORT: (SectionState.WITHHELD, False),
    Standing.NOT_SENT_HERE: (SectionState.NOT_HELD, False),
    Standing.NOT_DISCLOSED: (SectionState.WITHHELD, False),
}


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to "Why can't I see this?" below a line, and whom to ask."""

    explained: Explanation
    ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateLine:
    """One line below a section: a state, its words, and the sources it speaks for.

    ``names`` is empty unless the sources are too many for one sentence; then they are listed
    apart. ``why`` is empty where all is shown; it has two parts where one's own organisation and
    others stand alike for different reasons.
    """

    standing: Standing
    text: str
    sources: frozenset[int]
    names: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a line without words."""
        if not self.text.strip() or not self.sources:
            raise UnlabelledSection(f"A line that says {self.standing} has no words or no source.")

    def __hash__(self) -> int:
        """Of what tells lines apart, not of all that is said beneath them: each page asks it."""
        return hash((self.standing, self.text))

    @property
    def label(self) -> str:
        """The state in two or three words."""
        return LABELS[self.standing]


def _updated(source: Source) -> str:
    """When a source's feed last brought anything: the feed's time, not the resident's."""
    if source.updated is None:
        return "time of update not known"
    return f"updated {_when(source.updated)}"


def _late(source: Source) -> str:
    """Since when nothing came from a source."""
    return _when(source.late_since)


def _when(moment: datetime | date | None) -> str:
    """To the minute, or to the day where that is all that is known."""
    return prose_time(moment) if isinstance(moment, datetime) else prose_date(moment)


def whom_to_ring(source: Source) -> str:
    """Whom to ring about a council's social care, in words that complete "ring …"."""
    if source.by_kind:
        return "the privacy officer of your organisation, who will have the team ring you"
    if source.duty_phone:
        return source.duty_phone.replace(" ", "\N{NO-BREAK SPACE}")
    return "the council's adult social care duty team"


def beside_name(source: Source, told: Standing) -> str:
    """What is said of one source beside its name, where the section is said elsewhere."""
    match told:
        case Standing.SHOWN:
            return _updated(source)
        case Standing.SHOWN_LATE | Standing.LATE:
            return f"nothing since {_late(source)}; newer may be missing"
        case Standing.MAY_BE_SUPPORT:
            late = f"; nothing has come from it since {_late(source)}" if source.late_since else ""
            return f"there may still be support: ring {whom_to_ring(source)}{late}"
        case Standing.BEING_CHECKED:
            return "nothing of it is shown until it is certain that it is about this person"
        case _:
            return ""


def _place(source: Source, listed: Listed) -> Place:
    """Whom to ring at a source."""
    if source.by_kind:
        return Place(source.name, by_kind=True)
    return Place(source.name, listed.phone, source.duty_phone)


def standing_of(
    section: Section, source: Source, state: SectionState, *, own: bool, shows: bool
) -> Standing:
    """What a reader is told of one source.

    :param own: whether the source is the reader's own organisation.
    :param shows: whether live entries of it came out.
    """
    late = source.late_since is not None
    if state is SectionState.SHOWN and shows:
        return Standing.SHOWN_LATE if late else Standing.SHOWN
    council = source.kind == OrganisationKind.ADULT_SOCIAL_CARE and not own
    # The same words for whatever reason no social care is shown, the reader's role among them.
    if council and section.category in SOCIAL_CARE:
        return Standing.MAY_BE_SUPPORT
    if state is SectionState.NOT_FOR_ROLE:
        return Standing.NOT_FOR_ROLE
    if council and state is not SectionState.NOT_HELD:
        return Standing.MAY_BE_SUPPORT
    if state is SectionState.WITHHELD:
        # A choice withholds another council's entries alone, or the whole record.
        return Standing.NOT_DISCLOSED
    if state is SectionState.NOT_HELD:
        return Standing.NOT_SENT_HERE
    if state is SectionState.UNAVAILABLE:
        return Standing.BEING_CHECKED
    return Standing.LATE if late else Standing.NONE_SENT


@dataclass(frozen=True, slots=True)
class _Stand:
    """All that the words of one source in a section are made of."""

    source: Source
    state: SectionState
    shows: bool
    listed: Listed


@dataclass(frozen=True, slots=True)
class _Speakers:
    """Whose words the sections of one page are: the sources, as this reader knows them."""

    reader: int | None
    own: Place
    sources: tuple[tuple[Source, Listed], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What some sources say in every section, made once of equal values.

    It says nothing that is not among these: by section, and how each source stands in it.
    """

    of: _Speakers
    lines: dict[tuple[Category, tuple[tuple[SectionState, bool], ...]], tuple[StateLine, ...]]


#: Sources of pages, and sections of theirs, that a process keeps: most people’s are alike.
MOST_SPEAKERS, MOST_LINES = 128, 64


@lru_cache(maxsize=MOST_SPEAKERS)
def _said_by(of: _Speakers) -> _Said:
    return _Said(of, {})


def all_lines(
    decision: Decision, counts: Counts, listed: Mapping[int, Listed]
) -> dict[Category, tuple[StateLine, ...]]:
    """:func:`lines_of` of every section."""
    said = _said(decision, listed)
    return {section.category: _lines(section, decision, counts, said) for section in SECTIONS}


def lines_of(
    section: Section, decision: Decision, counts: Counts, listed: Mapping[int, Listed]
) -> tuple[StateLine, ...]:
    """Every source's state in a section, those of the same state in one line.

    :param listed: organisations as anyone may know them, by id.
    :raises UnlabelledSection: if a source would be left without words.
    """
    return _lines(section, decision, counts, _said(decision, listed))


def _said(decision: Decision, listed: Mapping[int, Listed]) -> _Said:
    reader = decision.facts.membership.organisation if decision.facts.membership else None
    by_kind = any(source.by_kind for source in decision.facts.sources)
    own = Place(
        "your organisation" if by_kind or reader is None else reader.name,
        listed[reader.id].phone if reader else "",
    )
    known = tuple((source, listed[source.id]) for source in named(decision, listed))
    return _said_by(_Speakers(reader.id if reader else None, own, known))


def _lines(
    section: Section, decision: Decision, counts: Counts, said: _Said
) -> tuple[StateLine, ...]:
    states, category = decision.sections.get(section.category, {}), section.category
    standing = []
    for source, _ in said.of.sources:
        if source.id not in states:
            raise UnlabelledSection(f"{section.slug} has no state for source {source.id}.")
        standing.append((states[source.id], counts.shows(category, source.id)))
    key = (category, tuple(standing))
    lines = said.lines.get(key)
    if lines is None:
        lines = _made(section, said.of, standing)
        if len(said.lines) < MOST_LINES:
            said.lines[key] = lines
    return lines


def _made(
    section: Section, of: _Speakers, standing_so: list[tuple[SectionState, bool]]
) -> tuple[StateLine, ...]:
    standing: dict[Standing, list[_Stand]] = {}
    for (source, listed), (state, shows) in zip(of.sources, standing_so, strict=True):
        told = standing_of(section, source, state, own=source.id == of.reader, shows=shows)
        standing.setdefault(told, []).append(_Stand(source, state, shows, listed))
    lines = tuple(
        replace(line, why=_why(section, line, standing[told], of.reader, of.own))
        for told in Standing
        if told in standing
        for line in _WORDS[told](section, told, [each.source for each in standing[told]])
    )
    if not lines:
        raise UnlabelledSection(f"{section.slug} has no source, so nothing says why it is empty.")
    return lines


def named(decision: Decision, listed: Mapping[int, Listed]) -> list[Source]:
    """The sources that a page names, by name.

    One that is not in the public list stands among the facts because it knows the resident. Where
    no agreement lets the reader see anything of it, not even that is theirs to learn.
    """
    reader = decision.facts.membership.organisation.id if decision.facts.membership else None
    named = [
        source
        for source in decision.facts.sources
        if source.id == reader or source.agreed or listed[source.id].participates
    ]
    return sorted(named, key=_name)


def _why(
    section: Section, line: StateLine, stands: list[_Stand], reader: int | None, own: Place
) -> tuple[Why, ...]:
    """Why the line's sources stand as they do: an answer each, those of the same answer in one."""
    state, late = _SAID[line.standing]
    places: dict[Explanation, list[Place]] = {}
    for each in stands:
        if each.source.id not in line.sources:
            continue
        explained = of_section(
            state, section.category, each.source.kind, own=each.source.id == reader, late=late
        )
        if explained is not None:
            places.setdefault(explained, []).append(_place(each.source, each.listed))
    return tuple(
        Why(explained, whom(explained, own, tuple(sources)))
        for explained, sources in places.items()
    )


def headline(lines: Iterable[StateLine]) -> str:
    """What heads a section, by the order of :data:`HEADLINES`; empty where all is shown."""
    standing = {line.standing for line in lines}
    return next(words for told, words in HEADLINES.items() if told in standing)


Words = Callable[[Section, Standing, list[Source]], Iterable[StateLine]]


def _one_each(words: Callable[[Section, Source], str]) -> Words:
    """A line for every source; sources whose words are the same share theirs."""

    def lines(section: Section, told: Standing, sources: list[Source]) -> Iterable[StateLine]:
        said: dict[str, set[int]] = {}
        for source in sources:
            said.setdefault(words(section, source), set()).add(source.id)
        for text, ids in said.items():
            yield StateLine(told, text, frozenset(ids))

    return lines


def _together(words: Callable[[Section, str, bool], str]) -> Words:
    """One line for all; ``words`` has the section, who, and whether they are several."""

    def lines(section: Section, told: Standing, sources: list[Source]) -> Iterable[StateLine]:
        within = dict.fromkeys((source.name, source.in_sentence) for source in sources)
        names = tuple(name for name, _ in within)
        ids = frozenset(source.id for source in sources)
        many = len(names) > 1
        # Kinds are not counted as organisations: several may be of one kind.
        if len(names) > NAMES_IN_A_SENTENCE and not sources[0].by_kind:
            yield StateLine(told, words(section, f"{len(names)} organisations", many), ids, names)
        else:
            yield StateLine(told, words(section, _sentence(list(within)), many), ids)

    return lines


def _shown(section: Section, told: Standing, sources: list[Source]) -> Iterable[StateLine]:
    each = [f"{source.name}, {_updated(source)}" for source in sources]
    if len(each) > NAMES_IN_A_SENTENCE:
        ids = frozenset(source.id for source in sources)
        yield StateLine(told, f"From {len(each)} organisations", ids, tuple(each))
        return
    yield from _one_each(lambda _section, source: f"From {source.in_sentence}, {_updated(source)}")(
        section, told, sources
    )


def _may_be_support(section: Section, source: Source) -> str:
    late = f" Nothing has come from it since {_late(source)}." if source.late_since else ""
    return (
        f"{source.name}: no {section.noun} shown. There may still be support: "
        f"ring {whom_to_ring(source)}.{late}"
    )


def _name(source: Source) -> str:
    return source.name


def _sentence(names: list[tuple[str, str]]) -> str:
    """Names that begin a sentence: the first as it stands alone, the others as within one."""
    (first, _), *others = names
    said = [first, *(within for _, within in others)]
    return first if not others else f"{', '.join(said[:-1])} and {said[-1]}"


_WORDS: dict[Standing, Words] = {
    Standing.NOT_DISCLOSED: _one_each(
        lambda section, _source: f"The lawful disclosure to you does not include {section.noun}."
    ),
    Standing.NOT_FOR_ROLE: _one_each(
        lambda section, _source: f"Your role does not include {section.noun}."
    ),
    Standing.SHOWN: _shown,
    Standing.SHOWN_LATE: _one_each(
        lambda section, source: (
            f"From {source.in_sentence}: nothing since {_late(source)}. Newer "
            f"{section.noun} may be missing."
        )
    ),
    Standing.LATE: _one_each(
        lambda section, source: (
            f"{source.name}: nothing since {_late(source)}. There may be {section.noun}."
        )
    ),
    Standing.BEING_CHECKED: _one_each(
        lambda _section, source: (
            f"{source.name}: being checked. Nothing of it is shown until it is certain "
            "that it is about this person."
        )
    ),
    Standing.NONE_SENT: _together(
        lambda section, who, many: (
            f"{who} {'have' if many else 'has'} sent no {section.noun}. There may be some."
        )
    ),
    Standing.MAY_BE_SUPPORT: _one_each(_may_be_support),
    Standing.NOT_SENT_HERE: _together(
        lambda section, who, many: f"{who} {'do' if many else 'does'} not send {section.noun} here."
    ),
}
