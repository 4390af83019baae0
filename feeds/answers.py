"""What residents answered when their council asked about sharing, out of a delivery to consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from consent.from_feeds import FeedAnswer, NotTaken, Taken, on_record, take_answer
from feeds.mapped import MappedPerson
from identity.actions import Received
from identity.models import LinkState, SourcePerson
from organisations.models import Feed

#: Held until it is settled who they are: then it is tried again.
ANSWER_OF_WHOM = "It brings an answer about sharing, and who the person is, is in doubt."


@dataclass(slots=True)
class Answered:
    """The positions whose answer was recorded, and those that are held, with the reason."""

    recorded: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)


def take_answers(
    persons: Mapping[int, MappedPerson], received: Iterable[Received], *, feed: Feed
) -> Answered:
    """Record the answers of persons who were just received, by their positions in the chunk.

    In the transaction that receives them: no entry of theirs is there before a refusal is.
    """
    answered = Answered()
    told = {
        position: (person.sharing, one.source_person_id)
        for (position, person), one in zip(persons.items(), received, strict=True)
        if person.sharing is not None
    }
    if not told:
        return answered
    # Asked again: two of one chunk may have been found to be one person meanwhile.
    people = {
        pk: (link, resident)
        for pk, link, resident in SourcePerson.objects.filter(
            pk__in=[pk for _, pk in told.values()]
        ).values_list("pk", "link", "resident")
    }
    known = on_record(feed, [resident for _, resident in people.values()])
    for position, (sharing, pk) in told.items():
        link, resident = people[pk]
        said = FeedAnswer(
            resident,
            agrees=sharing.agrees,
            asked_on=sharing.asked_on,
            by_verified_number=link == LinkState.LINKED,
        )
        if (resident, said.answer, said.asked_on) in known:
            continue
        if link == LinkState.IN_DOUBT:
            answered.refused[position] = ANSWER_OF_WHOM
            continue
        try:
            if take_answer(said, feed=feed) == Taken.RECORDED:
                answered.recorded.add(position)
        except NotTaken as error:
            answered.refused[position] = str(error)
    return answered
