"""The ward of the record's tests."""

from tests.records.conftest import ward

__all__ = ["ward"]
