"""Front-end files as they are collected for serving: nothing in them names another host.

The design system's style sheet names fonts on a host of its own, which no page here may ask, and
images under ``/assets``, which lie elsewhere here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.base import ContentFile

_FONT_FACES = re.compile(r"@font-face\s*\{[^}]*\}")
_STYLE_SHEETS = re.compile(r"^nhsuk/nhsuk-frontend.*\.css$")


def without_other_hosts(style_sheet: str) -> str:
    """The design system's style sheet without its fonts, and with its images beside it."""
    return _FONT_FACES.sub("", style_sheet).replace("url(/assets/", "url(assets/")


class OwnHostOnly(StaticFilesStorage):
    """Collects like Django's, then rewrites the design system's style sheets."""

    def post_process(
        self,
        paths: dict[str, Any],
        dry_run: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **_options: Any,
    ) -> Iterator[tuple[str, str, bool]]:
        """Called by ``collectstatic`` with everything that it has collected."""
        for path in paths:
            if dry_run or not _STYLE_SHEETS.match(path):
                continue
            with self.open(path) as collected:
                before = collected.read().decode("utf-8")
            after = without_other_hosts(before)
            if after != before:
                self.delete(path)
                self.save(path, ContentFile(after.encode("utf-8")))
                yield path, path, True
