"""Where an entry stands: one vocabulary for the formats, the table and the pages."""

from organisations.choices import Words


class EntryStatus(Words):
    """Where an entry stands, in the words that pages sort by."""

    CURRENT = "current", "Current"
    PAST = "past", "Past"
    PLANNED = "planned", "Planned"
    CANCELLED = "cancelled", "Cancelled"
    ENTERED_IN_ERROR = "entered-in-error", "Entered in error"
    UNKNOWN = "unknown", "Not known"
    RETIRED = "retired", "No longer in its source's record"


#: What is kept so that nothing older brings it back, and is never shown.
GONE = (EntryStatus.ENTERED_IN_ERROR, EntryStatus.RETIRED)
