"""The account of who looked as a tagged PDF (PDF/UA-1), in standard and in large print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from consent.letter_pdf import set_as_pdf

_TEMPLATE = (Path(__file__).resolve().parent / "account.typ").read_bytes()


def as_pdf(content: dict[str, Any], *, large_print: bool) -> bytes:
    """What :func:`access.presenters_accounts.for_paper` makes, as a PDF.

    :raises consent.letter_pdf.CannotBeSet: if a character cannot be shown.
    """
    return set_as_pdf(_TEMPLATE, json.dumps(content), large_print=large_print)
