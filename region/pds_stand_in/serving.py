"""The stand-in on a socket: HTTP, its log, and faults that only a socket can have.

A plain HTTP server rather than an application behind one: a connection that drops in the middle of
an answer is not something that an application can ask its server for.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from region.pds_stand_in.answers import PLAIN_JSON, Answer, problem
from region.pds_stand_in.faults import Fault, Faults
from region.pds_stand_in.service import BASE_PATH, TOKEN_PATH, Request, Service

HOST = "127.0.0.1"
FAULTS_PATH = "/stand-in/faults"
_STATUSES = {
    Fault.TIMEOUT: problem(408, "UNABLE_TO_CALL_SERVICE", "timeout"),
    Fault.TOO_MANY: problem(429, "TOO_MANY_REQUESTS", "value", gateway=True),
    Fault.TOO_MANY_WAIT: problem(429, "TOO_MANY_REQUESTS", "value", gateway=True, retry_after=1),
    Fault.INTERNAL: Answer(500, b"", PLAIN_JSON),
    Fault.BAD_GATEWAY: problem(502, "UNKNOWN_ERROR", "exception", gateway=True),
    Fault.UNAVAILABLE: problem(503, "SERVICE_UNAVAILABLE", "timeout", gateway=True, retry_after=5),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long every answer takes, a slow one, and one that stalls."""

    answer: float = 0.0
    slow: float = 2.0
    stalled: float = 60.0


class RequestLog:
    """One line of JSON a request, appended: when it arrived, its ids, what became of it."""

    def __init__(self, path: Path | None) -> None:
        self._path, self._lock = path, threading.Lock()

    def write(self, **said: Any) -> None:
        """Append one request."""
        if self._path is None:
            return
        line = json.dumps(said) + "\n"
        with self._lock, self._path.open("a", encoding="utf-8") as log:
            log.write(line)


class StandIn:
    """A stand-in that serves from its own threads until it is closed.

    :param port: nought for any that is free.
    """

    def __init__(
        self, service: Service, *, port: int = 0, log: Path | None = None, pace: Pace | None = None
    ) -> None:
        self.service, self.faults, self.pace = service, Faults(), pace or Pace()
        self.log = RequestLog(log)
        self.stopping = threading.Event()
        stand_in = self

        class Handler(_Handler):
            owner = stand_in

        self._server = _Server((HOST, port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def address(self) -> str:
        """Its origin."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        """What a client is given as the address of PDS."""
        return f"{self.address}{BASE_PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Its threads may be waiting in a stalled answer: nobody waits for them.
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    owner: StandIn
    protocol_version = "HTTP/1.1"
    timeout = 120
    server_version, sys_version = "pds-stand-in", ""

    def handle(self) -> None:
        """Serve a connection; one that the other side drops is no fault of ours."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        """Every method is the service's to refuse."""
        arrived = time.monotonic()
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value.strip() for name, value in self.headers.items()},
            body=self.rfile.read(length),
            address=self.owner.address,
            arrived=arrived,
        )
        if self.path == FAULTS_PATH:
            self._send(self._ordered(request))
            return
        fault = self.owner.faults.take()
        answer = self._answer(request, fault)
        is_token = self.path == TOKEN_PATH
        self.owner.log.write(
            at=arrived,
            request_id=request.headers.get("x-request-id"),
            correlation_id=request.headers.get("x-correlation-id"),
            organisation=request.headers.get("nhsd-end-user-organisation-ods"),
            kind="token" if is_token else "search" if "/Patient?" in self.path else "retrieval",
            status=answer.status,
            fault=fault,
        )
        self._deliver(answer, fault)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 - the library's names

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        if fault is Fault.TOKENS_GONE:
            self.owner.service.tokens.withdraw_all()
        answer = self.owner.service.answer(request)
        if fault in _STATUSES:
            return _STATUSES[fault]
        if fault is Fault.GARBLED:
            return Answer(answer.status, b'{"resourceType": "Patient", ', answer.content_type)
        return answer

    def _ordered(self, request: Request) -> Answer:
        try:
            self.owner.faults.order(json.loads(request.body))
        except (ValueError, AttributeError) as error:
            return Answer(400, json.dumps({"error": str(error)}).encode(), PLAIN_JSON)
        return Answer(200, b"{}", PLAIN_JSON)

    def _deliver(self, answer: Answer, fault: Fault | None) -> None:
        pace = self.owner.pace
        self.owner.stopping.wait(pace.slow if fault is Fault.SLOW else pace.answer)
        if fault is Fault.DROPPED:
            self._drop()
        elif fault in (Fault.CUT, Fault.STALLED):
            self._send(answer, content=answer.body[: len(answer.body) // 2])
            if fault is Fault.STALLED:
                self.owner.stopping.wait(pace.stalled)
            self._drop()
        else:
            self._send(answer)

    def _send(self, answer: Answer, content: bytes | None = None) -> None:
        self.send_response(answer.status, HTTPStatus(answer.status).phrase)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("PDS-Stand-In", "these people are made up")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body if content is None else content)
        self.wfile.flush()

    def _drop(self) -> None:
        """Reset the connection, as a middle box does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing: the request log says what there is to say, without the address."""
