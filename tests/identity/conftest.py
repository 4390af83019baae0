"""Somebody who was recorded twice."""

from __future__ import annotations

from tests.identity.recorded_twice import twice

__all__ = ["twice"]
