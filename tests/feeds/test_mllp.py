"""MLLP: what is answered AA is committed; broken, slow and dead peers harm no other."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import hl7
import pytest
from hl7.client import MLLPClient

from feeds import actions, selectors
from feeds.management.commands import mllp_listen
from feeds.mllp import Limits, Listener, NotKept
from feeds.models import Batch
from organisations.models import Feed
from tests import factories
from tests.feeds.hl7v2_messages import bloods, message, sodium

Connect = Callable[[], socket.socket]


@contextmanager
def listening(listener: Listener) -> Iterator[int]:
    """A listener in a thread of its own, with its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        port = asyncio.run_coroutine_threadsafe(listener.start("127.0.0.1", 0), loop).result(30)
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(listener.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


class Kept:
    """A keeper that remembers, and fails when told to."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []
        self.together: list[int] = []
        self.fault: Exception | None = None

    def __call__(self, messages: Sequence[bytes]) -> None:
        if self.fault is not None:
            raise self.fault
        self.messages += messages
        self.together.append(len(messages))


def peer(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def framed(content: bytes) -> bytes:
    return b"\x0b" + content + b"\x1c\r"


def answered(connection: socket.socket) -> list[str]:
    """MSA-1 and MSA-3 of the next answer; empty when the peer was let go."""
    got = b""
    while not got.endswith(b"\x1c\r"):
        piece = connection.recv(4096)
        if not piece:
            return []
        got += piece
    read = hl7.parse(got.strip(b"\x0b\x1c\r").decode())
    msa = read.segment("MSA")
    return [str(msa[1]), str(msa[3]) if len(msa) > 3 else ""]


def say(connection: socket.socket, content: bytes) -> list[str]:
    connection.sendall(framed(content))
    return answered(connection)


def turned_away(connection: socket.socket, content: bytes, times: int = 1) -> bool:
    """Whether a peer is let go without an answer, or cannot send on."""
    try:
        for _ in range(times):
            connection.sendall(content)
        return answered(connection) == []
    except OSError:
        return True


def sent_until_let_go(connection: socket.socket, content: bytes) -> bool:
    """Whether a peer that reads nothing is let go before it has sent for ever."""
    try:
        for _ in range(20_000):
            connection.sendall(content)
    except ConnectionError:
        return True
    return False


# ── Answers ─────────────────────────────────────────────────────────────────────────────────


def test_a_message_is_kept_before_it_is_answered_to_whom_sent_it() -> None:
    kept = Kept()
    with listening(Listener(kept)) as port, MLLPClient("127.0.0.1", port) as client:
        got = client.send_message(bloods(sodium(), control="c42"))
        assert kept.messages == [bloods(sodium(), control="c42").strip()]
    read = hl7.parse(got.strip(b"\x0b\x1c\r").decode())
    assert str(read.segment("MSA")[1]) == "AA"
    assert str(read.segment("MSA")[2]) == "c42"
    assert str(read.segment("MSH")[5]) == "LAB", "sent back to the sender"
    assert str(read.segment("MSH")[9]) == "ACK^R01"


@pytest.mark.parametrize(
    ("content", "code", "why"),
    [
        (b"rubbish", "AR", "does not begin with MSH"),
        (b"", "AR", "no message"),
        (b"MSH|^~\\&|a|b", "AR", "MSH-9"),
        (bloods(sodium()) * 2, "AR", "more than one"),
        (message("ORU^R01", person=""), "AE", "PID: no segment"),
        (message("ADT^A01"), "AE", "PV1-19"),
        (message("ORM^O01"), "AA", ""),
    ],
)
def test_what_is_not_taken_is_answered_with_the_reason(content: bytes, code: str, why: str) -> None:
    kept = Kept()
    with listening(Listener(kept)) as port, peer(port) as connection:
        got, reason = say(connection, content)
        assert got == code
        assert why in reason
        assert say(connection, bloods(sodium())) == ["AA", ""], "and it can go on"
    assert len(kept.messages) == (2 if code == "AA" else 1)


def test_what_could_not_be_kept_is_not_answered_aa_and_can_be_sent_again() -> None:
    kept = Kept()
    with listening(Listener(kept)) as port, peer(port) as connection:
        for fault in (NotKept("the disk is full"), RuntimeError("anything")):
            kept.fault = fault
            assert say(connection, bloods(sodium()))[0] == "AE"
        kept.fault = None
        assert say(connection, bloods(sodium()))[0] == "AA"
    assert len(kept.messages) == 1


# ── Peers ───────────────────────────────────────────────────────────────────────────────────


def test_a_hundred_connections_at_once() -> None:
    kept = Kept()

    def send(number: int) -> int:
        with MLLPClient("127.0.0.1", port) as client:
            answers = [
                client.send_message(bloods(sodium(str(n)), control=f"{number}-{n}"))
                for n in range(3)
            ]
        return sum(f"MSA|AA|{number}-{n}".encode() in got for n, got in enumerate(answers))

    with listening(Listener(kept)) as port, ThreadPoolExecutor(100) as pool:
        assert sum(pool.map(send, range(100))) == 300
    assert len(set(kept.messages)) == 300
    assert sum(kept.together) == 300


def test_slow_silent_cut_off_and_noisy_peers_harm_no_other() -> None:
    kept = Kept()
    listener = Listener(kept, Limits(frame=0.5))
    with listening(listener) as port, ExitStack() as stack:
        slow, silent, cut, noisy, nested = (stack.enter_context(peer(port)) for _ in range(5))
        slow.sendall(b"\x0bMSH|^~\\&|")
        cut.sendall(b"\x0bMSH|^~\\&|a")
        cut.shutdown(socket.SHUT_WR)
        noisy.sendall(b"GET / HTTP/1.1\r\n" * 9000)
        nested.sendall(b"\x0bMSH|^~\\&|a" + framed(bloods(sodium())))
        good = stack.enter_context(peer(port))
        assert say(good, bloods(sodium()))[0] == "AA"
        assert "cut off" in answered(cut)[1]
        assert "within another" in answered(nested)[1]
        assert answered(slow) == [], "let go after its time"
        assert say(good, bloods(sodium("1")))[0] == "AA"
        assert say(silent, bloods(sodium("2")))[0] == "AA"
    assert len(kept.messages) == 3


def test_a_peer_that_reads_no_answers_is_let_go() -> None:
    kept = Kept()
    with listening(Listener(kept, Limits(answer=0.3))) as port, peer(port) as deaf:
        much = framed(message("ORM^O01", control="c" * 150)) * 20
        assert sent_until_let_go(deaf, much)
        with peer(port) as other:
            assert say(other, bloods(sodium()))[0] == "AA"


def test_a_message_too_long_and_too_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feeds.mllp.LONGEST_MESSAGE", 100_000)
    with listening(Listener(Kept(), Limits(unfinished=150_000))) as port, ExitStack() as stack:
        one, two, three = (stack.enter_context(peer(port)) for _ in range(3))
        one.sendall(b"\x0b" + b"x" * 200_000)
        assert "longer" in answered(one)[1]
        two.sendall(b"\x0b" + b"x" * 90_000)
        # Whichever of the two is behind the limit is told, and the other may go on.
        assert "at once" in answered_of_either(two, three)


def answered_of_either(two: socket.socket, three: socket.socket) -> str:
    three.sendall(b"\x0b" + b"x" * 90_000)
    readable, _, _ = select.select([two, three], [], [], 20)
    return answered(readable[0])[1]


def test_more_connections_than_allowed_are_turned_away() -> None:
    with listening(Listener(Kept(), Limits(connections=1))) as port, peer(port) as first:
        assert say(first, bloods(sodium()))[0] == "AA"
        with peer(port) as second:
            assert turned_away(second, framed(bloods(sodium())))
        assert say(first, bloods(sodium()))[0] == "AA"


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of this machine, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"]
    command += ["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


def stranger_is_turned_away(port: int, client: ssl.SSLContext) -> bool:
    try:
        with peer(port) as plain, client.wrap_socket(plain, server_hostname="127.0.0.1") as safe:
            return turned_away(safe, framed(bloods(sodium())))
    except OSError:
        return True


def test_tls_and_peers_known_by_their_certificates(certificate: tuple[Path, Path]) -> None:
    made, key = map(str, certificate)
    client = ssl.create_default_context(cafile=made)
    with listening(Listener(Kept(), tls=mllp_listen.tls_of(made, key, None))) as port:
        with peer(port) as plain, client.wrap_socket(plain, server_hostname="127.0.0.1") as safe:
            assert say(safe, bloods(sodium()))[0] == "AA"
        with peer(port) as plain:
            assert turned_away(plain, framed(bloods(sodium())))
    with listening(Listener(Kept(), tls=mllp_listen.tls_of(made, key, made))) as port:
        assert stranger_is_turned_away(port, client)
        client.load_cert_chain(made, key)
        with peer(port) as plain, client.wrap_socket(plain, server_hostname="127.0.0.1") as safe:
            assert say(safe, bloods(sodium()))[0] == "AA"


# ── With the database ───────────────────────────────────────────────────────────────────────


def test_what_was_answered_is_in_the_database_and_loads(feed: Feed, as_login: Any) -> None:
    with as_login("pipeline"):
        factories.feed(feed.organisation, format="hl7v2")

    def keep(messages: Sequence[bytes]) -> None:
        with as_login("web"):  # as the command runs
            mllp_listen.keep(messages, source="RJ2")

    with listening(Listener(keep)) as port:
        with peer(port) as connection:
            assert say(connection, bloods(sodium()))[0] == "AA"
            assert say(connection, bloods(sodium("140"), filler="F2"))[0] == "AA"
        with as_login("pipeline"):
            batches = list(Batch.objects.order_by("pk"))
            assert len(batches) == 2
            reports = [selectors.report(done) for b in batches if (done := actions.load(b.pk))]
            assert [report.total("loaded") for report in reports] == [1, 1]
            Feed.objects.filter(format="hl7v2").update(valid_until="2021-01-01T00:00Z")
        with peer(port) as connection:
            code, reason = say(connection, bloods(sodium()))
            assert code == "AR"
            assert "add_feed" in reason
