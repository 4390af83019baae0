"""A choice that is being recorded: kept in the database until somebody confirms it.

It outlives the session, so that an interruption loses nothing that was said; it is bound to the
staff member and the membership that began it, for whom alone the database has it; what is in it is
sealed; it ends by itself (``CHOICE_DRAFT_HOURS``); and nothing but the person's own button turns it
into a choice. Its id is the submission of the choice that it becomes, so that a form sent twice
makes one choice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from consent.kinds import Recorder
from consent.models import ChoiceDraft
from identity.sealed import CannotBeOpened, seal, unseal

#: Unfinished drafts that one person may have at a time: the oldest goes.
MOST = 20
_PURPOSE = "choice draft"


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been answered so far about one resident, by one acting membership.

    ``checked`` are the identifiers that were compared, at ``checked_at``. ``made`` is the public
    id of the choice, once it has been recorded.
    """

    id: UUID
    resident: UUID
    said: dict[str, str] = field(default_factory=dict)
    checked: tuple[str, ...] = ()
    checked_at: datetime | None = None
    made: UUID | None = None
    begun: datetime | None = None

    @property
    def knows_who(self) -> bool:
        """Whether it was checked, in this call, who the person is."""
        return self.checked_at is not None and self.checked_at > timezone.now() - timedelta(
            minutes=settings.IDENTITY_CHECK_MINUTES
        )


@contextmanager
def _drafts_of(by: Recorder) -> Iterator[None]:
    """Let the database show, for the rest of the transaction, the drafts of one membership.

    It has none otherwise, and none for a membership that records no choices any more
    (``access.is_draft_of``).
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "select set_config('connectcare.drafts_of', %s, true)",
                [f"{by.staff_id}/{by.membership_id}"],
            )
        yield


def begin(*, resident: UUID, by: Recorder, said: Mapping[str, str]) -> Draft:
    """A new draft. Who was checked in this call already is not asked again."""
    draft = Draft(uuid4(), resident, dict(said), begun=timezone.now())
    with _drafts_of(by):
        _make_room(by)
        for earlier in _of(by):
            if earlier.resident == resident and earlier.knows_who:
                draft = replace(draft, checked=earlier.checked, checked_at=earlier.checked_at)
                break
        ChoiceDraft.objects.create(
            id=draft.id,
            staff_id=by.staff_id,
            membership_id=by.membership_id,
            sealed=_sealed(draft),
            expires=_end(),
        )
    return draft


def find(draft: UUID, *, by: Recorder) -> Draft | None:
    """A draft that this same staff member began in this same membership; else ``None``.

    The row is held until the transaction ends: a form sent twice at once is answered in turn.
    """
    with _drafts_of(by):
        row = _rows(by).select_for_update().filter(pk=draft).first()
    return None if row is None else _opened(row)


def keep(draft: Draft, *, by: Recorder) -> None:
    """Put what has been answered back. Its time begins anew."""
    with _drafts_of(by):
        ChoiceDraft.objects.filter(pk=draft.id).update(
            sealed=_sealed(draft), made=draft.made, touched=timezone.now(), expires=_end()
        )


def finish(draft: Draft, made: UUID, *, by: Recorder) -> None:
    """The draft has become a choice: what was typed goes, the choice's id stays for a reload."""
    keep(replace(draft, said={}, made=made), by=by)


def discard(draft: UUID, *, by: Recorder) -> bool:
    """Throw an unfinished draft away; whether there was one."""
    with _drafts_of(by):
        deleted, _ = _rows(by).filter(pk=draft, made__isnull=True).delete()
    return deleted > 0


def unfinished(by: Recorder, *, resident: UUID | None = None) -> list[Draft]:
    """What this person began and did not confirm, newest first; of one resident, or of all."""
    with _drafts_of(by):
        found = _of(by)
    return [
        draft
        for draft in found
        if draft.made is None and (resident is None or draft.resident == resident)
    ]


def sweep() -> int:
    """Delete the drafts whose time is over; how many there were. For the pipeline's login."""
    deleted, _ = ChoiceDraft.objects.filter(expires__lte=timezone.now()).delete()
    return deleted


def _rows(by: Recorder) -> QuerySet[ChoiceDraft]:
    return ChoiceDraft.objects.filter(
        staff_id=by.staff_id, membership_id=by.membership_id, expires__gt=timezone.now()
    )


def _of(by: Recorder) -> list[Draft]:
    opened = (_opened(row) for row in _rows(by).order_by("-touched"))
    return [draft for draft in opened if draft is not None]


def _make_room(by: Recorder) -> None:
    ChoiceDraft.objects.filter(staff_id=by.staff_id, expires__lte=timezone.now()).delete()
    kept = _rows(by).order_by("-touched").values_list("pk", flat=True)
    surplus = list(kept[MOST - 1 :])
    if surplus:
        ChoiceDraft.objects.filter(pk__in=surplus).delete()


def _end() -> datetime:
    return timezone.now() + timedelta(hours=settings.CHOICE_DRAFT_HOURS)


def _sealed(draft: Draft) -> bytes:
    content = {
        "resident": str(draft.resident),
        "said": draft.said,
        "checked": list(draft.checked),
        "checked_at": draft.checked_at.isoformat() if draft.checked_at else None,
    }
    return seal(json.dumps(content).encode(), purpose=f"{_PURPOSE} {draft.id}")


def _opened(row: ChoiceDraft) -> Draft | None:
    """The draft in a row; ``None`` where its key is gone: it is then as good as expired."""
    try:
        content = json.loads(unseal(row.sealed, purpose=f"{_PURPOSE} {row.pk}"))
    except CannotBeOpened:
        return None
    checked_at = content["checked_at"]
    return Draft(
        id=row.pk,
        resident=UUID(content["resident"]),
        said=content["said"],
        checked=tuple(content["checked"]),
        checked_at=datetime.fromisoformat(checked_at) if checked_at else None,
        made=row.made,
        begun=row.begun,
    )
