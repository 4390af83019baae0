"""The source with a feed that deliveries are tested with."""

from tests.feeds.conftest import feed

__all__ = ["feed"]
