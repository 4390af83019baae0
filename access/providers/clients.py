"""The clients of this process, one a provider, so that what a provider publishes is asked once."""

from __future__ import annotations

import threading

from django.conf import settings

from access.providers.client import Client

_clients: dict[str, Client] = {}
_lock = threading.Lock()


def client(code: str) -> Client | None:
    """The client of the provider with this code; ``None`` if there is none."""
    provider = settings.SIGN_IN_PROVIDERS.get(code)
    if provider is None:
        return None
    with _lock:
        kept = _clients.get(code)
        if kept is None or kept.provider is not provider:
            kept = _clients[code] = Client(provider)
        return kept
