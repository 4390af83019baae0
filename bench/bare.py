"""A page that runs one bare query and nothing else: what :mod:`bench.pages` compares with.

The same server and the same framework, without its middleware; a login that bypasses row security,
no session, no gate, no event, and every row in one line of text.
"""

from __future__ import annotations

import html

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

COLUMNS = "public_id, category, source_id, status, effective, display, detail, value_text, unit"
QUERIES = {
    "whole": f"select {COLUMNS} from records_entry where resident_id = %s",
    "section": f"select {COLUMNS} from records_entry where resident_id = %s and category = 6 "
    "order by effective desc nulls last limit 50",
}


def bare(_request: HttpRequest, query: str, resident: int) -> HttpResponse:
    """The rows of a query, each a line."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(QUERIES[query], [resident])
        rows = cursor.fetchall()
    lines = "\n".join(f"<li>{html.escape(' '.join(map(str, row)))}</li>" for row in rows)
    return HttpResponse(f"<!doctype html><ul>{lines}</ul>")


urlpatterns = [path("<str:query>/<int:resident>", bare)]

settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare"
settings.DATABASES["default"]["CONN_MAX_AGE"] = 600
application = get_wsgi_application()
