"""A folder that is watched: whatever a source's system puts into it is given in.

A file is taken once it has stood still, and removed after what it holds has been committed,
encrypted: a folder is no place to keep people's records. Whoever is killed between the two finds
the file again, gives it in a second time, and that changes nothing. A file that cannot be taken is
moved to ``refused`` with the reason beside it. One that cannot be moved either stays, and is said
to; whatever is wrong with one file, the others are taken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from feeds import actions
from feeds.models import Batch
from organisations.models import Feed

log = logging.getLogger(__name__)

TAKEN, REFUSED = "taken", "refused"
#: Names that say that somebody is still writing.
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")


#: A file's size and when it was last written (nanoseconds): how it looks.
Look = tuple[int, int]


class _Changed(Exception):
    """The file was written to while it was being read."""


@dataclass(slots=True)
class WatchedFolder:
    """One feed's folder, and how its files looked when they were last looked at.

    ``keep`` moves what was taken to ``taken`` instead of removing it.
    """

    path: Path
    feed: Feed
    keep: bool = False
    _seen: dict[Path, Look] = field(default_factory=dict)
    _stuck: dict[Path, Look] = field(default_factory=dict)

    def take_in(self) -> Iterator[tuple[Path, Batch]]:
        """Give in each file that looks as it did the last time, the oldest first."""
        now = {file: look for file in self._files() if (look := _look(file)) is not None}
        self._stuck = {file: look for file, look in self._stuck.items() if now.get(file) == look}
        still = [
            file
            for file, look in now.items()
            if self._seen.get(file) == look and file not in self._stuck
        ]
        self._seen = now
        for file in sorted(still, key=lambda one: (now[one][1], one.name)):
            batch = self._take(file, now[file])
            if batch is not None:
                yield file, batch

    def _files(self) -> Iterator[Path]:
        for entry in self.path.iterdir():
            hidden = entry.name.startswith(".") or entry.name.endswith(UNFINISHED)
            if not hidden and entry.is_file() and not entry.is_symlink():
                yield entry

    def _take(self, file: Path, look: Look) -> Batch | None:
        if not look[0]:
            self._refuse(file, look, "The file is empty. Send it again.")
            return None
        try:
            batch = self._receive(file, look)
        except (FileNotFoundError, _Changed):
            return None  # somebody took it away, or is still writing it: the next look tells
        except OSError as error:
            why = f"The file cannot be read ({type(error).__name__}). Let Connect Care read it."
            self._refuse(file, look, why)
            return None
        try:
            if self.keep:
                self._put_away(file, TAKEN)
            else:
                file.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            self._leave(file, look, error)
        return batch

    @transaction.atomic
    def _receive(self, file: Path, look: Look) -> Batch:
        """Give it in, as long as nobody writes to it meanwhile.

        :raises _Changed: if somebody does; then nothing of it is kept.
        """
        with file.open("rb") as content:
            batch = actions.receive([actions.File(file.name, content)], feed=self.feed, by=None)
        if _look(file) not in (look, None):
            raise _Changed
        return batch

    def _refuse(self, file: Path, look: Look, reason: str) -> None:
        try:
            self._put_away(file, REFUSED, reason)
        except OSError as error:
            self._leave(file, look, error)

    def _leave(self, file: Path, look: Look, error: OSError) -> None:
        """A file that can be neither removed nor moved is not taken again until it changes."""
        self._stuck[file] = look
        log.error(
            "a file of feed %s can be neither removed nor moved (%s). Let Connect Care write to "
            "the folder, and remove the file",
            self.feed.pk,
            type(error).__name__,
        )

    def _put_away(self, file: Path, to: str, reason: str = "") -> None:
        folder = self.path / to
        folder.mkdir(exist_ok=True)
        target = _free(folder / file.name)
        file.replace(target)
        if reason:
            target.with_name(target.name + ".reason.txt").write_text(
                reason + "\n", encoding="utf-8"
            )


def _look(file: Path) -> Look | None:
    """How a file looks now; ``None`` if it is there no longer, or cannot be looked at."""
    with suppress(OSError):
        found = file.stat()
        return found.st_size, found.st_mtime_ns
    return None


def _free(target: Path) -> Path:
    """The name itself, or one that nobody has: a name that comes again overwrites nothing."""
    number = 1
    free = target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.stem}.{number}{target.suffix}")
    return free
