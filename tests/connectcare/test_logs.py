"""A log says where a fault arose and of what class, and never what anybody typed."""

from __future__ import annotations

import logging
import sys

from connectcare.logs import PlainLine


def test_a_traceback_is_written_without_the_exceptions_own_words() -> None:
    try:
        try:
            int("Zzyzx Canary")
        except ValueError as error:
            raise RuntimeError("999 000 0000") from error
    except RuntimeError:
        record = logging.LogRecord(
            "portal", logging.ERROR, __file__, 1, "a fault", (), sys.exc_info()
        )
    line = PlainLine("{message}", style="{").format(record)
    assert "RuntimeError" in line
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "Canary" not in line
    assert "999" not in line
