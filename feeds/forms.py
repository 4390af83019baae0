"""The form that gives a delivery in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from feeds import selectors
from feeds.days import feeds_that_sent
from feeds.deciding import why_no_mapping
from feeds.formats import FORMATS
from feeds.formats.council_csv.mapping import LARGEST as LARGEST_MAPPING
from organisations.models import Feed
from ui.forms import DateField, FileField, NhsForm, SelectField


class DeliveryForm(NhsForm):
    """Which source's feed, and the files."""

    feed = SelectField(label="Who sent it", hint="The organisation and its feed.")
    contents = FileField(
        label="Files",
        hint="In the form of the feed. You can choose several.",
        multiple=True,
    )
    mapping = FileField(
        label="Mapping file (optional)",
        hint="Only for a council whose own extract has other columns or words. It holds until "
        "another one is given.",
        accept=".toml",
        required=False,
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

    def clean_mapping(self) -> str:
        """The mapping file's text, if it can be used for the feed that was chosen."""
        chosen = self.cleaned_data.get("feed") or "0"
        return _mapping(self.cleaned_data["mapping"], selectors.feeds_in_force().filter(pk=chosen))


class DeliveriesFilterForm(NhsForm):
    """Whose deliveries, and of which day; all of late where neither is said."""

    feed = SelectField(label="Who sent it", required=False)
    day = DateField(label="Day", hint="For example, 15 3 2026", required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        """Offer the feeds that sent anything."""
        super().__init__(*args, **kwargs)
        sent = [
            (str(feed.pk), f"{feed.organisation.name}: {FORMATS[feed.format].words}")
            for feed in feeds_that_sent()
            if feed.format in FORMATS
        ]
        self.offer("feed", [("", "Everybody"), *sent])

    def asked(self) -> tuple[Feed | None, date | None]:
        """The feed and the day that were chosen; what is wrong is not."""
        if not self.is_valid():
            return None, None
        chosen = Feed.objects.filter(pk=self.cleaned_data["feed"] or 0)
        return chosen.first(), self.cleaned_data["day"]


class HeldForm(NhsForm):
    """What to do about one item that is held, or about all of a batch."""

    what = forms.ChoiceField(choices=[("all", ""), ("one", ""), ("settled", "")])
    hold = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    mapping = FileField(
        label="Corrected mapping file (optional)",
        hint="It holds for this source until another one is given.",
        accept=".toml",
        required=False,
    )

    def __init__(self, *args: Any, feed: Feed, **kwargs: Any) -> None:
        """For a batch of a feed."""
        self._feed = feed
        super().__init__(*args, **kwargs)

    def clean_mapping(self) -> str:
        """The mapping file's text, if it can be used."""
        return _mapping(self.cleaned_data["mapping"], [self._feed])

    def clean(self) -> dict[str, Any]:
        """One item is named where one is meant, and none where all are."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if (said.get("what") == "all") is not (said.get("hold") is None):
            raise ValidationError("Choose one item, or all of them")
        return said


def _mapping(file: UploadedFile[bytes] | None, feeds: Iterable[Feed]) -> str:
    """A mapping file's text; empty where none was chosen."""
    feed = next(iter(feeds), None)
    if not file or feed is None:
        return ""
    try:
        text: str = file.read(LARGEST_MAPPING + 1).decode()
    except UnicodeDecodeError as error:
        raise ValidationError("The mapping file must be text in UTF-8") from error
    if why_not := why_no_mapping(feed, text):
        raise ValidationError(why_not)
    return text
