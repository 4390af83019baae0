"""What a choice withholds, said for the probe by itself: it does not ask the rule that it tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from consent.models import Choice, Kind
from consent.standing import counting, one_person, unlifted
from consent.vocabulary import Answer
from identity.models import Resident
from records.statuses import GONE

#: Entries that are looked for on pages: of each key (category, source, sensitive) the newest ones,
#: which stand on the first page of their section.
_OF_EACH_KEY = 2
_MOST = 12


@dataclass(frozen=True, slots=True)
class Sample:
    """One withheld entry, by what finds it on a page; ``display`` are words to look for it by.

    ``notices`` are of the same entry: what an inbox has in its place.
    """

    public_id: UUID
    key: int
    category: int
    status: str
    display: str = ""
    notices: tuple[UUID, ...] = ()

    def is_named_in(self, text: str) -> bool:
        """Whether a page's text has it, or a notice of it."""
        return any(str(each) in text for each in (self.public_id, *self.notices))


@dataclass(frozen=True, slots=True)
class Question:
    """A refusal that holds now, and whose record must not show what it withholds.

    ``resident_id`` is whose record it is now: of a resident that was joined, the survivor's.
    """

    kind: str
    council: int | None
    resident_id: int
    resident: UUID

    def withholds_all_from(self, reader: int) -> bool:
        """Whether nothing at all may open for an organisation's staff."""
        return self.kind == Kind.CONNECT_CARE or (
            self.kind == Kind.NHS_NUMBER and self.council == reader
        )

    def withholds(self, key: int, reader: int) -> bool:
        """Whether entries of a grant key are withheld from an organisation's staff."""
        if self.withholds_all_from(reader):
            return True
        source = key // 64
        return source == self.council and (self.kind == Kind.NHS_NUMBER or self.council != reader)

    def samples(self, keys: Iterable[int]) -> list[Sample]:
        """Some of the entries that these keys name, newest first. By the pipeline's login."""
        with connection.cursor() as cursor:
            cursor.execute(
                "select public_id, grant_key, category, status, display,"
                " (select array_agg(n.public_id) from notifications_notice n"
                "  where n.resident_id = e.resident_id and n.source_id = e.source_id"
                "  and n.identifier = e.identifier and n.gone is null) from ("
                " select *, row_number() over (partition by grant_key"
                "  order by effective desc nulls last, id desc) as nth"
                " from records_entry where resident_id = %s and grant_key = any (%s::bigint[])"
                " and status <> all (%s)) e"
                " where nth <= %s order by nth, grant_key limit %s",
                [self.resident_id, list(keys), list(GONE), _OF_EACH_KEY, _MOST],
            )
            return [
                Sample(public_id, key, category, status, display, tuple(notices or ()))
                for public_id, key, category, status, display, notices in cursor.fetchall()
            ]

    def referrals(self) -> list[UUID]:
        """The referrals that are about the resident. By the pipeline's login."""
        with connection.cursor() as cursor:
            cursor.execute(
                "select public_id from discharge_referral where resident_id = %s"
                " order by id desc limit %s",
                [self.resident_id, _MOST],
            )
            return [public_id for (public_id,) in cursor.fetchall()]


def question_of(choice: Choice) -> Question | None:
    """What to ask of a choice; ``None`` where it withholds nothing now. By the pipeline's login.

    The latest word is believed as it stands, without asking the database what is in force: a fault
    there is to be found. Only where something was said since is that asked.
    """
    if choice.answer != Answer.REFUSES or not _has_begun(choice) or not _stands(choice):
        return None
    with connection.cursor() as cursor:
        cursor.execute("select identity.survivor_of(%s)", [choice.resident_id])
        (resident_id,) = cursor.fetchone()
    public_id = Resident.objects.values_list("public_id", flat=True).get(pk=resident_id)
    return Question(choice.kind, choice.council_id, resident_id, public_id)


def _has_begun(choice: Choice) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select %s <= statement_timestamp()", [choice.effective_from])
        return bool(cursor.fetchone()[0])


def _stands(choice: Choice) -> bool:
    if choice.withdrawals.exists() or hasattr(choice, "ruling"):
        return False
    since = Choice.objects.filter(
        resident=choice.resident_id,
        kind=choice.kind,
        council=choice.council_id,
        answer=Answer.CONSENTS,
        pk__gt=choice.pk,
    )
    if not since.exists():
        return True
    same = set(
        Choice.objects.filter(kind=choice.kind, council=choice.council_id)
        .filter(resident__in=one_person(choice.resident_id))
        .values_list("pk", flat=True)
    )
    said = [each for each in counting(choice.resident_id, None) if each.choice_id in same]
    return choice.pk in unlifted(said)
