"""A folder that is watched: whatever a source's system puts into it is given in.

A file is taken once it has stood still, and removed after what it holds has been committed,
encrypted: a folder is no place to keep people's records. Whoever is killed between the two finds
the file again, gives it in a second time, and that changes nothing. A file that cannot be taken is
moved to ``refused`` with the reason beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from feeds import actions
from feeds.models import Batch
from organisations.models import Feed

TAKEN, REFUSED = "taken", "refused"
#: Names that say that somebody is still writing.
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")


@dataclass(slots=True)
class WatchedFolder:
    """One feed's folder, and how its files looked when they were last looked at.

    ``keep`` moves what was taken to ``taken`` instead of removing it.
    """

    path: Path
    feed: Feed
    keep: bool = False
    _seen: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def take_in(self) -> Iterator[tuple[Path, Batch]]:
        """Give in each file that looks as it did the last time, the oldest first."""
        now = {file: _look(file) for file in self._files()}
        still = [file for file, look in now.items() if self._seen.get(file) == look]
        self._seen = now
        for file in sorted(still, key=lambda one: (now[one][1], one.name)):
            batch = self._take(file)
            del self._seen[file]
            if batch is not None:
                yield file, batch

    def _files(self) -> Iterator[Path]:
        for entry in self.path.iterdir():
            hidden = entry.name.startswith(".") or entry.name.endswith(UNFINISHED)
            if not hidden and entry.is_file() and not entry.is_symlink():
                yield entry

    def _take(self, file: Path) -> Batch | None:
        if not file.stat().st_size:
            self._put_away(file, REFUSED, "The file is empty. Send it again.")
            return None
        with file.open("rb") as content:
            batch = actions.receive([actions.File(file.name, content)], feed=self.feed, by=None)
        if self.keep:
            self._put_away(file, TAKEN)
        else:
            file.unlink()
        return batch

    def _put_away(self, file: Path, to: str, reason: str = "") -> None:
        folder = self.path / to
        folder.mkdir(exist_ok=True)
        target = _free(folder / file.name)
        file.replace(target)
        if reason:
            target.with_name(target.name + ".reason.txt").write_text(
                reason + "\n", encoding="utf-8"
            )


def _look(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


def _free(target: Path) -> Path:
    """The name itself, or one that nobody has: a name that comes again overwrites nothing."""
    number = 1
    free = target
    while free.exists():
        number += 1
        free = target.with_name(f"{target.stem}.{number}{target.suffix}")
    return free
