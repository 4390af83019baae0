"""A log says where a fault arose and of what class, and never what anybody typed."""

from __future__ import annotations

import logging
import sys
from io import StringIO
from typing import Any

from django.test import Client

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


def test_a_fault_is_told_on_its_page_and_in_its_log_without_what_it_quotes(
    database: Any, monkeypatch: Any
) -> None:
    def quote() -> None:
        raise ValueError("Zzyzx Canary, born 3 March 1941, SE13 6LH")

    monkeypatch.setattr("organisations.selectors.participating_organisations", quote)
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainLine("{levelname} {name} {message}", style="{"))
    root = logging.getLogger()
    root.addHandler(handler)
    client = Client(raise_request_exception=False)
    try:
        answer = client.get("/participating-organisations?canary=Zzyzx")
    finally:
        root.removeHandler(handler)
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Sorry, there is a problem" in page
    assert "ValueError" in written.getvalue()
    for told in (page, written.getvalue()):
        assert not any(word in told for word in ("Zzyzx", "Canary", "1941", "SE13"))
