"""The form that gives a delivery in."""

from __future__ import annotations

from feeds import selectors
from feeds.formats import FORMATS
from ui.forms import FileField, NhsForm, SelectField


class DeliveryForm(NhsForm):
    """Which source's feed, and the files."""

    feed = SelectField(label="Who sent it", hint="The organisation and its feed.")
    contents = FileField(
        label="Files",
        hint="In the form of the feed. You can choose several.",
        multiple=True,
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Offer the feeds in force."""
        super().__init__(*args, **kwargs)
        self.offer(
            "feed",
            [
                (str(feed.pk), f"{feed.organisation.name}: {FORMATS[feed.format].words}")
                for feed in selectors.feeds_in_force()
            ],
        )
