"""What an organisation is handed of the log, so that it need not trust whoever keeps it.

A *digest* is a signed note of one day: how many events of the organisation were sealed, the root
over their hashes, and the log's own size and root. It holds nobody's data. A *slice* is those
events themselves, with a proof for each that it is in the log, and proofs that the log only grew.
``verifier/connectcare_verify.py`` checks both without anything of ours; docs/audit-log.md has the
forms.

Days are by UTC, and by when events were sealed: each event is in exactly one day of a log.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from audit import encoding
from audit.encoding import ORGANISATION_ID, Connection
from audit.journal import Journal, Leaves, Log
from audit.merkle import Tree, root_of
from audit.notes import Checkpoint, NotGenuine, Signer, Verifier
from audit.sealing import AS_FOUND, IN_ORDER, below

DIGEST = "connectcare-digest/1"
SLICE = "connectcare-slice/1"


class CannotBeShown(Exception):
    """The digest or slice cannot be made; the message says why and what to do."""


@dataclass(frozen=True)
class Digest:
    """What a digest says."""

    log: str
    organisation: int
    name: str
    day: date
    since: int
    """The size of the log when the day began."""
    until: int
    """And when it ended."""
    events: int
    slice_root: bytes
    tree_root: bytes

    def text(self) -> str:
        """The text that is signed."""
        lines = [
            DIGEST,
            f"log {self.log}",
            f"organisation {self.organisation}",
            f"name {' '.join(self.name.split())}",
            f"day {self.day}",
            f"since {self.since}",
            f"until {self.until}",
            f"events {self.events}",
            f"slice {_text(self.slice_root)}",
            f"tree {_text(self.tree_root)}",
        ]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a digest's text.

        :raises NotGenuine: if it is not in this form.
        """
        form, *rest = text.splitlines()
        said = {name: value for name, _, value in (line.partition(" ") for line in rest)}
        try:
            found = cls(
                log=said["log"],
                organisation=int(said["organisation"]),
                name=said["name"],
                day=date.fromisoformat(said["day"]),
                since=int(said["since"]),
                until=int(said["until"]),
                events=int(said["events"]),
                slice_root=base64.b64decode(said["slice"], validate=True),
                tree_root=base64.b64decode(said["tree"], validate=True),
            )
        except (KeyError, ValueError) as error:
            raise NotGenuine("A digest is not in its form.") from error
        if form != DIGEST or found.text() != text:
            raise NotGenuine(f"A digest is not of the form {DIGEST}.")
        return found


@dataclass
class _Own:
    """What one organisation did in a day."""

    name: str = ""
    leaves: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class _Day:
    """The part of a log that was sealed in a day."""

    log: Log
    before: Checkpoint | None
    """The last checkpoint before it, of this log."""
    last: Checkpoint | None
    """The last checkpoint of it, or before it."""

    @property
    def since(self) -> int:
        return self.before.size if self.before else 0

    @property
    def until(self) -> int:
        return self.last.size if self.last else 0

    def events(self, connection: Connection, leaves: Leaves) -> Iterator[tuple[int, list[Any]]]:
        """Its events with their places, each as it was sealed.

        :raises CannotBeShown: at the first that is not.
        """
        if self.last is None:
            return
        boundary = self.last.boundary
        horizon = self.before.horizon if self.before else 0
        parts = [(below(self.last.horizon, since=horizon, boundary=boundary), IN_ORDER)]
        if boundary and self.before is None:
            parts.insert(0, (f"id <= {boundary}", AS_FOUND))
        place = self.since
        for part in parts:
            for values in encoding.events(connection, *part):
                if place >= self.until or leaves.hash(place) != encoding.leaf(values):
                    raise CannotBeShown(
                        "The events in the database are not those that were sealed. "
                        "Run verify_audit: it names the first."
                    )
                yield place, values
                place += 1
        if place != self.until:
            raise CannotBeShown("Sealed events are gone. Run verify_audit: it names the first.")


def digests(
    connection: Connection, journal: Journal, signer: Signer, day: date
) -> Iterator[tuple[Digest, str]]:
    """The signed digest of a day for every organisation that has ever done anything.

    The connection is one in a transaction of repeatable read, as a login that may read events.

    :raises CannotBeShown: if the day is not over, nothing was sealed by then, or the events are not
        those that were sealed.
    """
    found = _day(journal, signer.verifier, day)
    encoding.settle(connection)
    owns: dict[int, _Own] = defaultdict(_Own)
    for number, name in _organisations(connection):
        owns[number].name = name
    with found.log.mapped() as leaves:
        for place, values in found.events(connection, leaves):
            number = values[ORGANISATION_ID]
            if number is not None:
                owns[int(number)].leaves.append(leaves.hash(place))
    if found.last is None:
        raise CannotBeShown(f"Nothing was sealed before the end of {day}.")
    for number, own in sorted(owns.items()):
        digest = Digest(
            log=found.last.origin,
            organisation=number,
            name=own.name,
            day=day,
            since=found.since,
            until=found.until,
            events=len(own.leaves),
            slice_root=root_of(own.leaves),
            tree_root=found.last.root,
        )
        yield digest, signer.sign(digest.text())


def slice_of(
    connection: Connection, journal: Journal, verifier: Verifier, note: str, *, since: str = ""
) -> dict[str, Any]:
    """The events of a digest with their proofs, ready for JSON. It holds personal data.

    ``since`` is an earlier digest's note of the same log: what the log was then is shown to be
    the beginning of what it was at this one.

    :raises NotGenuine: if a digest is not signed by this installation's key.
    :raises CannotBeShown: if the events are not those that were sealed.
    """
    digest = Digest.parse(verifier.text_of(note))
    found = _counted(journal, verifier, digest)
    encoding.settle(connection)
    with found.log.mapped() as leaves:
        latest = found.log.notes()[-1]
        newest = Checkpoint.parse(verifier.text_of(latest))
        tree = Tree(leaves.hash, newest.size)
        events = [
            {
                "position": place,
                "columns": [None if value is None else value.decode() for value in values],
                "proof": _texts(tree.inclusion(place, digest.until)),
            }
            for place, values in found.events(connection, leaves)
            if values[ORGANISATION_ID] == str(digest.organisation).encode()
        ]
        grown: dict[str, Any] = {}
        if since:
            earlier = Digest.parse(verifier.text_of(since))
            if earlier.log != digest.log or earlier.until > digest.until:
                raise CannotBeShown("The earlier digest is of another log, or it is a later one.")
            grown = {
                "since": since,
                "since_proof": _texts(tree.consistency(earlier.until, digest.until)),
            }
        return {
            "form": SLICE,
            "digest": note,
            "events": events,
            "latest": latest,
            "latest_proof": _texts(tree.consistency(digest.until, newest.size)),
            **grown,
        }


def _day(journal: Journal, verifier: Verifier, day: date) -> _Day:
    begins = datetime.combine(day, time(), UTC)
    ends = begins + timedelta(days=1)
    for log in reversed(journal.logs()):
        checkpoints = [Checkpoint.parse(verifier.text_of(note)) for note in log.notes()]
        if checkpoints and checkpoints[0].at < ends:
            before = [each for each in checkpoints if each.at < begins]
            until = [each for each in checkpoints if each.at < ends]
            return _Day(log, before[-1] if before else None, until[-1])
    raise CannotBeShown(f"Nothing was sealed before the end of {day}.")


def _counted(journal: Journal, verifier: Verifier, digest: Digest) -> _Day:
    """The part of a log that a digest counted."""
    for log in journal.logs():
        by_size = {
            each.size: each
            for each in (Checkpoint.parse(verifier.text_of(note)) for note in log.notes())
            if each.origin == digest.log
        }
        if digest.until in by_size:
            return _Day(log, by_size.get(digest.since), by_size[digest.until])
    raise CannotBeShown(f"The journal holds no log {digest.log} of {digest.until:,} events.")


def _organisations(connection: Connection) -> list[tuple[int, str]]:
    """Every organisation in the events, with its last name there. One look at an index for each."""
    return connection.execute(
        """
        with recursive known as (
            (select organisation_id from public.audit_event where organisation_id is not null
             order by organisation_id limit 1)
            union all
            select (select event.organisation_id from public.audit_event event
                    where event.organisation_id > known.organisation_id
                    order by event.organisation_id limit 1)
            from known where known.organisation_id is not null)
        select organisation_id, (
            select organisation_name from public.audit_event event
            where event.organisation_id = known.organisation_id order by at desc limit 1)
        from known where organisation_id is not null
        """
    ).fetchall()


def _text(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _texts(hashes: list[bytes]) -> list[str]:
    return [_text(each) for each in hashes]
