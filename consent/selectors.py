"""Reads of what residents have said, as far as this transaction's glimpse lets them be seen.

Row security shows choices only to the transaction that glimpsed the resident with
``Activity.RECORD_CHOICES``; these functions narrow them further to what the reader may see.
:func:`may_trace` is asked by work in the background, which sees all.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from consent import authority
from consent.authority import Before
from consent.kinds import Reader, Recorder, seen_by
from consent.models import Choice, ChoiceQuerySet, ProbeDue, ProbeResult
from consent.said import Said
from consent.standing import Counted, counting, one_person, unlifted
from consent.standing import in_force as first_of
from consent.vocabulary import DECIDING, Answer, Kind
from identity.models import Resident
from organisations.models import Organisation, SharingDefault
from ui.formatting import LONDON


def history(resident_id: int, acting: Reader) -> list[Choice]:
    """All that a resident has said and this reader may see, newest first.

    With what was said of those who were found to be the same person.
    """
    return list(_seen(resident_id, acting).said())


def in_force(
    resident_id: int, acting: Recorder, *, at: datetime | None = None
) -> dict[Kind, Choice]:
    """The choice in force for each kind, of those that this reader may see.

    The database's own answer, by its clock unless ``at`` is given. A kind without an answer is not
    in the result: then :func:`asks_first` says what holds.
    """
    told = {each.pk: each for each in history(resident_id, acting)}
    counted = [each for each in counting(resident_id, at) if each.choice_id in told]
    standing = {}
    for kind in Kind:
        held = first_of(each for each in counted if each.kind == kind)
        if held is not None:
            standing[kind] = told[held]
    return standing


def proofs(choices: Iterable[Choice]) -> dict[int, tuple[ProbeDue | None, ProbeResult | None]]:
    """By choice, what is to be asked of its effect and what was found last."""
    ids = [each.pk for each in choices]
    due = {each.pk: each for each in ProbeDue.objects.filter(pk__in=ids)}
    newest = ProbeResult.objects.filter(choice__in=ids).order_by("choice", "-pk")
    found = {each.choice_id: each for each in newest.distinct("choice")}
    return {pk: (due.get(pk), found.get(pk)) for pk in ids}


def last_asked(told: list[Choice], kind: str) -> Choice | None:
    """The latest asking about a kind, whatever was answered; taking back is no asking."""
    return next(
        (each for each in told if each.kind == kind and each.answer != Answer.WITHDRAWN), None
    )


def asks_first(council: int | None) -> bool:
    """Whether a council shares its social care only after a yes (its setting in the registry)."""
    return (
        council is not None
        and Organisation.objects.filter(
            pk=council, sharing_default=SharingDefault.ONLY_AFTER_YES
        ).exists()
    )


def before(resident_id: int, acting: Reader, said: Said) -> Before:
    """What an answer would meet, for the rules of :mod:`consent.authority`."""
    told = {each.pk: each for each in history(resident_id, acting) if each.kind == said.kind}
    counted = _counted(resident_id, told, said)
    refusals = [told[each] for each in unlifted(counted)]
    taken_back = _taken_back(list(told.values()), said)
    if said.answer == Answer.WITHDRAWN:
        refusals = [taken_back] if taken_back and taken_back.answer == Answer.REFUSES else []
    return Before(
        refused_by=tuple(each.decided_by for each in refusals),
        by_setting=said.kind == Kind.SOCIAL_CARE_SHARING
        and not counted
        and asks_first(said.council),
        taken_back=taken_back.answer if taken_back else "",
        taken_back_is_provisional=bool(taken_back and taken_back.provisional),
        age=authority.age_on(birth_date(resident_id), today()),
    )


def already_in_force(resident_id: int, acting: Recorder, said: Said) -> Choice | None:
    """The choice in force that says the same already, by the same decider; or ``None``.

    Sharing social care is asked at each discussion, and each asking is noted; so is each time that
    nobody could be asked. The same answer by somebody with other authority is a choice of its own:
    it may be harder to lift.
    """
    if said.kind == Kind.SOCIAL_CARE_SHARING or said.answer not in DECIDING:
        return None
    told = {each.pk: each for each in history(resident_id, acting) if each.kind == said.kind}
    counted = _counted(resident_id, told, said)
    refused = unlifted(counted)
    held = first_of(counted)
    same = refused if said.answer == Answer.REFUSES else [] if refused else [held]
    return next(
        (
            told[each]
            for each in same
            if each is not None
            and told[each].decided_by == said.decided_by
            and not told[each].provisional
        ),
        None,
    )


def _counted(resident_id: int, told: dict[int, Choice], said: Said) -> list[Counted]:
    """What counts to the question of an answer, at the moment from which that is to hold."""
    return [
        each
        for each in counting(resident_id, said.effective_from)
        if each.kind == said.kind and each.choice_id in told
    ]


def choice(resident_id: int, acting: Recorder, public_id: UUID) -> Choice | None:
    """One choice by the id that pages show, or ``None`` where this reader may not see it."""
    return _seen(resident_id, acting).filter(public_id=public_id).first()


def choice_of_submission(resident_id: int, acting: Recorder, submission: UUID) -> Choice | None:
    """The choice that a form already made, or ``None`` if it made none."""
    return _seen(resident_id, acting).filter(submission=submission).first()


def birth_date(resident_id: int) -> date | None:
    """The resident's date of birth, for counting years; not for showing."""
    return Resident.objects.filter(pk=resident_id).values_list("birth_date", flat=True).first()


def may_trace(resident_id: int, council: int) -> bool:
    """Whether a council's person may be traced or linked by NHS number, now.

    To be asked at the moment of sending, for each message, in a statement of its own: an objection
    stops what is queued and what runs. Asked by the pipeline's login.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select not exists (select from consent.refusals(%s, statement_timestamp())"
            " where kind = 'nhs-number' and council_id = %s)",
            [resident_id, council],
        )
        (may,) = cursor.fetchone()
    return bool(may)


def objectors(council: int) -> list[int]:
    """The residents who object now to a council's use of their NHS number.

    With everyone who is one person with them. Asked by the pipeline's login.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct person from consent_choice c"
            " cross join lateral access.one_person(c.resident_id) person"
            " where c.kind = 'nhs-number' and c.council_id = %s and c.answer = 'refuses'"
            " and exists (select from consent.refusals(person, statement_timestamp()) r"
            "             where r.kind = 'nhs-number' and r.council_id = %s)",
            [council, council],
        )
        return [row[0] for row in cursor.fetchall()]


def now() -> datetime:
    """The database's clock, by which choices are in force."""
    with connection.cursor() as cursor:
        cursor.execute("select statement_timestamp()")
        (moment,) = cursor.fetchone()
    return moment  # type: ignore[no-any-return]  # psycopg gives a datetime


def today() -> date:
    """The day in London."""
    return timezone.now().astimezone(LONDON).date()


def _taken_back(told: list[Choice], said: Said) -> Choice | None:
    """The answer to be taken back, if it is one of these and nobody has taken it back yet."""
    gone = {each.withdraws_id for each in told}
    return next(
        (each for each in told if each.public_id == said.withdraws and each.pk not in gone), None
    )


def _seen(resident_id: int, acting: Reader) -> ChoiceQuerySet:
    together = [resident_id, *one_person(resident_id)]
    return Choice.objects.filter(seen_by(acting), resident_id__in=together).select_related(
        "withdraws",
        "council",
        "recorded_by",
        "recorded_as__organisation",
        "recorded_as__role",
        "ruling",
    )
