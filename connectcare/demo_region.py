"""Loading the made-up region through the real pipeline, delivery by delivery."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from django.utils import timezone

from feeds import actions as feeds
from organisations.models import Feed
from region.model import Resident
from region.organisations import DEFAULT_ORGANISATIONS
from region.writers.deliveries import Delivery, write


@dataclass(slots=True)
class Loaded:
    """Which deliveries are loaded, kept in a file where one is named.

    So whoever is stopped goes on where it stood. Loading one twice would change nothing.
    """

    kept_in: Path | None = None
    residents: int = 0
    deliveries: list[str] = field(default_factory=list)
    is_all: bool = False

    @classmethod
    def read(cls, path: Path) -> Loaded:
        """What the file says; nothing where there is none."""
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls(path)
        return cls(path, said["residents"], said["deliveries"], said["is_all"])

    def keep(self) -> None:
        """Write the file anew, in one step."""
        if self.kept_in is None:
            return
        said = {
            "residents": self.residents,
            "deliveries": self.deliveries,
            "is_all": self.is_all,
        }
        new = self.kept_in.with_suffix(".new")
        new.write_text(json.dumps(said), encoding="utf-8")
        new.replace(self.kept_in)


def load_residents(
    residents: Iterable[Resident],
    *,
    seed: int,
    today: date,
    loaded: Loaded | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Loaded:
    """Write what all sources send of these residents, and load it, practices first.

    Each delivery is a batch like any other, so that the page of deliveries shows how far it is.
    What ``loaded`` names already is passed over.
    """
    loaded = loaded or Loaded()
    count = 0

    def counted() -> Iterator[Resident]:
        nonlocal count
        for resident in residents:
            count += 1
            yield resident

    with tempfile.TemporaryDirectory(prefix="connect-care-region-") as folder:
        deliveries = write(
            counted(), Path(folder), seed=seed, today=today, organisations=DEFAULT_ORGANISATIONS
        )
        loaded.residents = count
        for delivery in deliveries:
            name = f"{delivery.source}/{delivery.form}"
            if name not in loaded.deliveries:
                _load(delivery)
                loaded.deliveries.append(name)
                loaded.keep()
                say(f"{len(loaded.deliveries)} of {len(deliveries)} deliveries: {name} is loaded.")
    loaded.is_all = True
    loaded.keep()
    return loaded


def _load(delivery: Delivery) -> None:
    feed = feeds.feed_of(delivery.source, delivery.form)
    batch = feeds.receive(_opened(delivery), feed=feed, by=None)
    feeds.load(batch.pk)


def _opened(delivery: Delivery) -> Iterator[feeds.File]:
    """Each file while it is read: a practice's record has one for each person."""
    for path in delivery.files:
        with path.open("rb") as content:
            yield feeds.File(path.name, content)


def make_late(code: str) -> None:
    """Let an organisation's feed be late, as if nothing had come for three days."""
    Feed.objects.filter(organisation__ods_code=code).update(
        expected_every=timedelta(hours=24), last_received=timezone.now() - timedelta(days=3)
    )
