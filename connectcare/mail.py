"""Where mail goes while no server is configured in production: nowhere, and never as if it went."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

#: What health and a worker that refuses to start say.
NO_SERVER = "no mail server configured"


class NoMailServer(OSError):
    """A message could not be sent, because ``EMAIL_HOST`` names no server."""


class Nowhere(BaseEmailBackend):
    """Refuses each message, so that a notice waits and is not noted as sent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:  # noqa: ARG002 - Django's
        """Refuse.

        :raises NoMailServer: always.
        """
        raise NoMailServer("Set EMAIL_HOST to the mail server that notices go through.")
