#!/usr/bin/env python3
"""Check what Connect Care handed over of its audit, without trusting whoever keeps it.

    python connectcare_verify.py --key KEY DIGEST... [--slice SLICE]...

DIGEST is the signed note of a day that your organisation was sent, SLICE the file with that day's
events. KEY is the verifier's key (name+hash+base64), which you were given once and keep yourself.
Needs Python 3.11 and the library `cryptography`, and nothing of Connect Care. The forms are
described in docs/audit-log.md. Ends with 0 where everything holds, else with 1 and what does not.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

EVENT, DIGEST, SLICE = "connectcare-event/1", "connectcare-digest/1", "connectcare-slice/1"
COLUMNS = 18
ORGANISATION = 11
"""Which column of an event is the organisation for which somebody acted."""


class DoesNotHold(Exception):
    """What was handed over is not what was signed; the message says what."""


def sha256(data: bytes) -> bytes:
    """The hash that everything here is made of."""
    return hashlib.sha256(data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """RFC 6962's hash of two trees."""
    return sha256(b"\x01" + left + right)


def leaf(columns: list[str | None]) -> bytes:
    """RFC 6962's hash of a leaf that is one event."""
    if len(columns) != COLUMNS:
        raise DoesNotHold(f"an event has {len(columns)} columns, not {COLUMNS}")
    written = [_netstring(EVENT), *("-" if each is None else _netstring(each) for each in columns)]
    return sha256(b"\x00" + "".join(written).encode())


def _netstring(text: str) -> str:
    return f"{len(text.encode())}:{text},"


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962's root over leaf hashes."""
    peaks: list[tuple[int, bytes]] = []
    for each in leaves:
        size, found = 1, each
        while peaks and peaks[-1][0] == size:
            size, found = size * 2, node(peaks.pop()[1], found)
        peaks.append((size, found))
    if not peaks:
        return sha256(b"")
    found = peaks.pop()[1]
    while peaks:
        found = node(peaks.pop()[1], found)
    return found


def is_included(found: bytes, index: int, size: int, proof: list[bytes], tree: bytes) -> bool:
    """Whether a leaf is in a tree: RFC 9162, section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node(sibling, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == tree


def has_grown(first: int, second: int, old: bytes, new: bytes, proof: list[bytes]) -> bool:
    """Whether a tree begins with an earlier one: RFC 9162, section 2.1.4.2."""
    if first == 0:
        return second >= 0 and not proof and old == sha256(b"")
    if first == second:
        return not proof and old == new
    hashes = [old, *proof] if first & (first - 1) == 0 else proof
    if not hashes or first > second:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    earlier = later = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            earlier, later = node(sibling, earlier), node(sibling, later)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            later = node(later, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and earlier == old and later == new


def signed_text(note: str, key: str) -> str:
    """The text of a note that this key signed (https://c2sp.org/signed-note)."""
    name, hashed, encoded = key.split("+", 2)
    public = base64.b64decode(encoded)
    known = sha256(name.encode() + b"\n" + public)[:4]
    if known.hex() != hashed or public[:1] != b"\x01":
        raise DoesNotHold("the key is not a verifier's key: name+hash+base64")
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        words = line.split(" ")
        if len(words) != 3 or words[:2] != ["—", name]:
            continue
        signature = base64.b64decode(words[2])
        if signature[:4] == known:
            try:
                verified = Ed25519PublicKey.from_public_bytes(public[1:])
                verified.verify(signature[4:], f"{text}\n".encode())
            except InvalidSignature:
                break
            return f"{text}\n"
    raise DoesNotHold("a note is not signed by this key, or was changed")


def digest_of(note: str, key: str) -> dict[str, str]:
    """What a digest says."""
    form, *lines = signed_text(note, key).splitlines()
    if form != DIGEST:
        raise DoesNotHold(f"what was signed is not a digest of the form {DIGEST}")
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def hashes(texts: list[str]) -> list[bytes]:
    """The hashes of a proof."""
    return [base64.b64decode(text) for text in texts]


def check_slice(found: dict, key: str) -> dict[str, str]:
    """Whether a slice is all that its digest counts, in the log, and the log only grew."""
    if found.get("form") != SLICE:
        raise DoesNotHold(f"it is not a slice of the form {SLICE}")
    digest = digest_of(found["digest"], key)
    size, tree = int(digest["until"]), base64.b64decode(digest["tree"])
    leaves, before = [], int(digest["since"]) - 1
    for event in found["events"]:
        position, columns = event["position"], event["columns"]
        called = f"event {columns[1]}, number {position} of the log,"
        sealed = leaf(columns)
        if columns[ORGANISATION] != digest["organisation"]:
            raise DoesNotHold(f"{called} is another organisation's")
        if not before < position < size:
            raise DoesNotHold(f"{called} is out of order, or of another day")
        if not is_included(sealed, position, size, hashes(event["proof"]), tree):
            raise DoesNotHold(f"{called} is not what was sealed there")
        leaves.append(sealed)
        before = position
    if len(leaves) != int(digest["events"]):
        raise DoesNotHold(f"{digest['events']} events were counted, and {len(leaves)} are here")
    if root(leaves) != base64.b64decode(digest["slice"]):
        raise DoesNotHold("the events are not those that the digest was made of")
    if "since" in found:
        earlier = digest_of(found["since"], key)
        if earlier["log"] != digest["log"] or not has_grown(
            int(earlier["until"]),
            size,
            base64.b64decode(earlier["tree"]),
            tree,
            hashes(found["since_proof"]),
        ):
            raise DoesNotHold(f"the log did not only grow since {earlier['day']}")
    origin, newest, latest = signed_text(found["latest"], key).splitlines()[:3]
    if origin != digest["log"] or not has_grown(
        size, int(newest), tree, base64.b64decode(latest), hashes(found["latest_proof"])
    ):
        raise DoesNotHold(f"the log did not only grow since {digest['day']}")
    return digest


def check(key: str, digests: list[Path], slices: list[Path]) -> list[str]:
    """Check everything, and say in lines what holds."""
    said = []
    held = {path.read_text(encoding="utf-8"): path for path in digests}
    known = sorted((digest_of(note, key) for note in held), key=lambda each: each["day"])
    for one, other in pairwise(known):
        if one["organisation"] != other["organisation"]:
            raise DoesNotHold("the digests are of several organisations; check each by itself")
        if one["day"] == other["day"] and one["tree"] != other["tree"]:
            raise DoesNotHold(f"two digests of {one['day']} were signed, and they differ")
        if one["log"] == other["log"] and int(one["until"]) > int(other["since"]):
            raise DoesNotHold(f"the log was shorter on {other['day']} than on {one['day']}")
    said += [f"{each['day']}: {each['events']} events were counted and signed" for each in known]
    for path in slices:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("digest") not in held:
            raise DoesNotHold(f"{path}: it is of a digest that you were not sent")
        if found.get("since") and found["since"] not in held:
            raise DoesNotHold(f"{path}: it refers to an earlier digest that you were not sent")
        digest = check_slice(found, key)
        said.append(f"{digest['day']}: {digest['events']} events are here, whole and as sealed")
        if "since" in found:
            earlier = digest_of(found["since"], key)["day"]
            said.append(f"{digest['day']}: the log only grew since {earlier}")
    return said


def main() -> int:
    """Read the command line, check, and say what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--key", required=True, help="the verifier's key: name+hash+base64")
    parser.add_argument("digests", nargs="+", type=Path, metavar="DIGEST")
    parser.add_argument("--slice", action="append", default=[], type=Path, metavar="SLICE")
    options = parser.parse_args()
    try:
        said = check(options.key, options.digests, options.slice)
    except (DoesNotHold, KeyError, TypeError, ValueError, IndexError) as error:
        sys.stderr.write(f"does not hold: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
