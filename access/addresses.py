"""Where a request came from, as the network address that tries and requests are counted by."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def where_from(request: HttpRequest) -> str:
    """The address that a request came from: of IPv6 its network's first, as one household has it.

    In production the proxy writes it, over whatever was sent (``deploy/Caddyfile``). What is no
    address is answered as the loopback's: nothing that was sent is passed on.
    """
    said = (
        request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
        if settings.PRODUCTION
        else ""
    )
    try:
        address = ipaddress.ip_address(said or request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "127.0.0.1"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)
