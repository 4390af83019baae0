"""Listen for a source's HL7 v2 messages by MLLP."""

from __future__ import annotations

import asyncio
import io
import signal
import ssl
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection, transaction

from feeds import actions
from feeds.mllp import FeedRefuses, Limits, Listener, NotKept
from feeds.nudges import tell_of

FORMAT = "hl7v2"


class Command(BaseCommand):
    """``mllp_listen --source RJ2 --port 2575 [--certificate C --key K [--clients CA]]``."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        limits = Limits()
        parser.add_argument("--source", required=True, help="ODS code of the organisation")
        parser.add_argument("--host", default="127.0.0.1", help="address (127.0.0.1)")
        parser.add_argument("--port", type=int, default=2575, help="port (2575); 0 chooses one")
        parser.add_argument("--certificate", help="PEM file: speak TLS, and nothing else")
        parser.add_argument("--key", help="PEM file of the certificate's key")
        parser.add_argument("--clients", help="PEM file: take only peers with its certificates")
        parser.add_argument("--connections", type=int, default=limits.connections)
        parser.add_argument("--idle-seconds", type=float, default=limits.idle)

    def handle(self, **options: Any) -> None:
        """Listen until Ctrl-C or SIGTERM; then answer what was taken and end."""
        source = options["source"]
        try:
            actions.feed_of(source, FORMAT)
        except actions.DeliveryRefused as error:
            raise CommandError(str(error)) from error
        listener = Listener(
            keep=lambda messages: keep(messages, source=source),
            limits=Limits(idle=options["idle_seconds"], connections=options["connections"]),
            let_go=let_go,
            tls=tls_of(options["certificate"], options["key"], options["clients"]),
        )
        asyncio.run(self._listen(listener, options["host"], options["port"]))
        self.stdout.write(f"Ended: {listener.taken} taken, {listener.refused} refused.")

    async def _listen(self, listener: Listener, host: str, port: int) -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, ended.set)
        bound = await listener.start(host, port)
        self.stdout.write(f"Listening on {host}:{bound}{' with TLS' if listener.tls else ''}.")
        self.stdout.flush()
        await ended.wait()
        await listener.stop()


def keep(messages: Sequence[bytes], *, source: str) -> None:
    """Commit messages as one batch of the source's feed, and tell a worker of it.

    :raises NotKept: if they could not be; nothing of them was then.
    """
    content = b"\r".join(messages) + b"\r"
    try:
        # Asked anew each time: a feed that has ended takes nothing more.
        with transaction.atomic():
            feed = actions.feed_of(source, FORMAT)
            batch = actions.receive([actions.File("mllp", io.BytesIO(content))], feed=feed, by=None)
            tell_of(batch.pk)
    except actions.DeliveryRefused as error:
        raise FeedRefuses(str(error)) from error
    except Error as error:
        connection.close()
        raise NotKept("the database could not keep it. Send it again") from error


def let_go() -> None:
    """Close the connection of the thread that this runs in."""
    connection.close()


def tls_of(certificate: str | None, key: str | None, clients: str | None) -> ssl.SSLContext | None:
    """TLS 1.2 or later; with ``clients``, only peers whose certificate one of these signed.

    :raises CommandError: if a file is missing or is no such thing.
    """
    if certificate is None:
        if key or clients:
            raise CommandError("--key and --clients need --certificate.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if clients:
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:
        raise CommandError(
            "The certificate, its key or the clients' file cannot be read."
        ) from error
    return context
