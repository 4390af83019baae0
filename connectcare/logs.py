"""Log lines without personal data.

What is logged is ids and outcomes. An address of a page carries no more than opaque ids, a form's
content is never logged, and tracebacks are printed without the exception's own text, which may
quote a value.
"""

from __future__ import annotations

import logging
import traceback
from contextvars import ContextVar
from types import TracebackType

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class WithRequestId(logging.Filter):
    """Adds the id of the request that is being served."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set ``record.request_id``; every record passes."""
        record.request_id = request_id.get()
        return True


class PlainLine(logging.Formatter):
    """One line a record; of an exception its class and where it arose, never its text."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's own name
        """Frames and the exceptions' class names, the cause's too."""
        lines: list[str] = []
        error = ei[1]
        while error is not None:
            lines.append(f"{type(error).__module__}.{type(error).__qualname__}")
            lines.extend(
                f"  {frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            )
            error = error.__cause__ or error.__context__
        return "\n".join(lines)
