"""Which choices a staff member may see and record.

Connect Care as a whole: anyone whose role records choices. A council's two kinds: that council's
adult social care staff alone, for their own council alone. Whether a resident has said anything to
another council would tell that they have dealings with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.db.models import Q

from consent.vocabulary import COUNCIL_KINDS, Kind
from organisations.activities import Activity
from organisations.models import OrganisationKind


class Reader(Protocol):
    """For whom choices are read: an organisation and its kind."""

    @property
    def organisation_id(self) -> int:
        """For whom they act."""

    @property
    def organisation_kind(self) -> str:
        """Its kind, of ``OrganisationKind``."""


class Recorder(Reader, Protocol):
    """Who records or reads choices. ``access.acting.Acting`` is one; consent lies below access."""

    @property
    def staff_id(self) -> int:
        """The staff member."""

    @property
    def membership_id(self) -> int:
        """What they act as."""

    @property
    def organisation_name(self) -> str:
        """Its name."""

    def may(self, activity: Activity, /) -> bool:
        """Whether the role has an activity."""

    def for_audit(self) -> Mapping[str, Any]:
        """The fields of an audit event that say who acted."""


def kinds_for(recorder: Recorder) -> tuple[Kind, ...]:
    """The kinds that this staff member may record, in the order in which pages show them."""
    if not recorder.may(Activity.RECORD_CHOICES):
        return ()
    if recorder.organisation_kind == OrganisationKind.ADULT_SOCIAL_CARE:
        return (Kind.CONNECT_CARE, Kind.SOCIAL_CARE_SHARING, Kind.NHS_NUMBER)
    return (Kind.CONNECT_CARE,)


def council_for(recorder: Recorder, kind: str) -> int | None:
    """The council that a choice of this kind names when this staff member records it."""
    return recorder.organisation_id if kind in COUNCIL_KINDS else None


def seen_by(recorder: Reader) -> Q:
    """The choices that this reader may see: Connect Care's, and their own council's."""
    shown = Q(kind=Kind.CONNECT_CARE)
    if recorder.organisation_kind == OrganisationKind.ADULT_SOCIAL_CARE:
        shown |= Q(council_id=recorder.organisation_id)
    return shown
