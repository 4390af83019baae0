"""Which entries stand marked as reported, wherever one is listed.

An entry is marked from the moment that a reader reports it. The mark goes when its source answers
that it is not wrong; and where the source has corrected it, when what the source sent after the
report has come. Until then what is shown is what somebody says is wrong.
"""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from records.reported import ReportAnswer

#: The reports of a resident that may mark an entry, as one value of a statement that reads entries:
#: PostgreSQL finds them once, by their own row security. Null where there are none.
REPORTS = f"""(
    select json_agg(json_build_array(
        r.entry_public_id, case when r.answer = '{ReportAnswer.CORRECTED}' then r.at end))::text
    from records_entryreport r
    where r.resident_id = %(resident)s and r.answer <> '{ReportAnswer.NOT_WRONG}')"""  # noqa: S608 - of our own enum's words


def is_marked(entry: UUID, received: datetime, reports: str | None) -> bool:
    """Whether an entry, as it came at ``received``, is marked by :data:`REPORTS`' value."""
    if reports is None:
        return False
    return any(
        named == str(entry) and (told is None or received <= datetime.fromisoformat(told))
        for named, told in json.loads(reports)
    )
