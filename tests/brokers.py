"""The broker that all tests share, in parts: nudges of one test's database are no other's."""

from __future__ import annotations

from urllib.parse import urlsplit


def database_of_our_own(address: str, number: int) -> str:
    """The address of one of the broker's databases; everybody else's is number 0."""
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={number}"
    return parts._replace(path=f"/{number}", query="").geturl()
