"""A mail server on the loopback that keeps what it is given: enough of RFC 5321 for a client."""

from __future__ import annotations

import socketserver
from email import message_from_bytes
from email.message import Message
from queue import Queue
from threading import Thread
from typing import Self


class MailServer:
    """Listens from entering to leaving; :attr:`messages` are those that came."""

    def __init__(self) -> None:
        self.messages: Queue[Message] = Queue()
        messages = self.messages

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 test")
                for line in self.rfile:
                    match line[:4].strip().upper():
                        case b"DATA":
                            self._say("354 go on")
                            messages.put(message_from_bytes(self._message()))
                            self._say("250 kept")
                        case b"QUIT":
                            self._say("221 bye")
                            return
                        case _:
                            self._say("250 well")

            def _message(self) -> bytes:
                lines = []
                for line in self.rfile:
                    if line == b".\r\n":
                        break
                    lines.append(line)
                return b"".join(lines)

            def _say(self, words: str) -> None:
                self.wfile.write(f"{words}\r\n".encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
