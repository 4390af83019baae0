"""The wires and folders by which a source's system sends, and whether what was sent was taken."""

from __future__ import annotations

import http.client
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

_START, _END = b"\x0b", b"\x1c\r"
#: Seconds to wait for a connection or an answer.
_PATIENCE = 30.0
_LONGEST_ANSWER = 65_536


class NotTaken(Exception):
    """What was sent was refused, or not answered as it ought to be. It is to be sent again."""


@dataclass(slots=True)
class Mllp:
    """A connection to a listener for HL7 v2, kept open from message to message."""

    host: str
    port: int
    _connection: socket.socket | None = field(default=None, repr=False)

    def send(self, content: bytes) -> None:
        """Send one message; returns once it is acknowledged with AA.

        :raises NotTaken: where the listener is away, or says that it did not take it.
        """
        try:
            if self._connection is None:
                where = (self.host, self.port)
                self._connection = socket.create_connection(where, timeout=_PATIENCE)
            self._connection.sendall(_START + content + _END)
            answer = self._answer(self._connection)
        except OSError as error:
            self.close()
            raise NotTaken(f"the listener is away ({type(error).__name__})") from error
        code = _acknowledged(answer)
        if code != "AA":
            raise NotTaken(f"the listener answered {code or 'nothing that is known'}")

    @staticmethod
    def _answer(connection: socket.socket) -> bytes:
        got = b""
        while not got.endswith(_END):
            piece = connection.recv(4096)
            if not piece or len(got) > _LONGEST_ANSWER:
                raise ConnectionError
            got += piece
        return got

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
            self._connection = None


def _acknowledged(answer: bytes) -> str:
    """MSA-1."""
    for line in answer.decode(errors="replace").split("\r"):
        if line.startswith("MSA|"):
            return line.split("|")[1]
    return ""


@dataclass(frozen=True, slots=True)
class Fhir:
    """Where FHIR R4 is posted, with the key of one feed."""

    host: str
    port: int
    key: str = field(repr=False)

    def send(self, content: bytes) -> None:
        """Post one bundle.

        :raises NotTaken: where nobody answers, or it is not taken in.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        headers = {
            "Content-Type": "application/fhir+json",
            "Authorization": f"Bearer {self.key}",
        }
        try:
            connection.request("POST", "/fhir/R4", body=content, headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise NotTaken(f"the portal is away ({type(error).__name__})") from error
        finally:
            connection.close()
        if status not in (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED):
            raise NotTaken(f"the portal answered {status}")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is watched."""

    path: Path

    def put(self, name: str, content: bytes) -> None:
        """Write a file that appears whole.

        :raises NotTaken: where it cannot be written.
        """
        try:
            unfinished = self.path / f"{name}.part"
            unfinished.write_bytes(content)
            unfinished.replace(self.path / name)
        except OSError as error:
            raise NotTaken(f"the folder cannot be written ({type(error).__name__})") from error
