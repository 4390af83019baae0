"""Work that decisions leave to a worker: taking a source person out, and trying a link again.

The question's row is the job (``split_due``, ``retry_asked``); a nudge only saves seconds. Each is
one short transaction, run as the pipeline, and safe to run by several workers at once.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from identity.actions import number_of, try_link_again
from identity.locks import lock
from identity.models import LinkQuestion, LinkState, QuestionNote, QuestionReason, SourcePerson
from identity.persons import Said
from identity.told import new_resident
from organisations.models import Feed

#: The questions that can be tried again here. Whoever traces tries those about tracing again.
ABOUT_LINKS = (
    QuestionReason.NUMBER_BELONGS_TO_ANOTHER,
    QuestionReason.DISAGREES_WITH_RESIDENT,
    QuestionReason.SOURCE_SAYS_SAME,
)


def questions_to_carry_out(limit: int = 100) -> list[int]:
    """Decisions whose source person is still to be taken out of a resident's record."""
    rows = LinkQuestion.objects.filter(split_due=True)
    return list(rows.order_by("settled", "pk").values_list("pk", flat=True)[:limit])


def questions_to_try_again(limit: int = 100) -> list[int]:
    """Open questions about links that somebody asked to try again."""
    rows = LinkQuestion.objects.filter(
        retry_asked__isnull=False, settled__isnull=True, reason__in=ABOUT_LINKS
    )
    return list(rows.order_by("retry_asked", "pk").values_list("pk", flat=True)[:limit])


@transaction.atomic
def carry_out(question_id: int) -> bool:
    """Give a source person who is somebody else a resident of their own; whether it was done now.

    The resident is who the source says they are; the entries go with the source person.
    """
    question = _taken(LinkQuestion.objects.filter(pk=question_id, split_due=True))
    if question is None or question.source_person is None:
        return False
    known = SourcePerson.objects.get(pk=question.source_person.pk)
    if known.link == LinkState.IN_DOUBT and known.resident_id == question.candidate_id:
        known.resident = new_resident(Said.from_json(known.said))
        known.link = LinkState.ALONE
        known.save(update_fields=["resident", "link"])
    question.split_due = False
    question.save(update_fields=["split_due"])
    return True


@transaction.atomic
def try_again(question_id: int) -> bool:
    """Look again whether what is in doubt agrees by now; whether it does. If not, it is noted."""
    question = _taken(
        LinkQuestion.objects.filter(pk=question_id, retry_asked__isnull=False, settled__isnull=True)
    )
    if question is None or question.source_person is None:
        return False
    question.retry_asked = None
    question.save(update_fields=["retry_asked"])
    source = question.source_person.source_id
    trusted = Feed.objects.current().filter(organisation=source, trusted_for_nhs_numbers=True)
    if try_link_again(question.source_person, trusted_for_numbers=trusted.exists()):
        return True
    QuestionNote.objects.create(question=question, words="Tried again: it still does not agree.")
    return False


def _taken(rows: QuerySet[LinkQuestion]) -> LinkQuestion | None:
    """The one of these rows, held by this transaction; ``None`` where another worker has it.

    Whoever it is about is held first, as where a person decides it: never the other way round.
    """
    known = SourcePerson.objects.filter(questions__in=rows).first()
    if known is None:
        return None
    number = number_of(known.nhs_number_sent)
    lock(
        numbers=[number.digits] if number else [],
        source=known.source_id,
        identifiers=[known.identifier],
    )
    return (
        rows.select_for_update(skip_locked=True, of=("self",))
        .select_related("source_person__source")
        .first()
    )
