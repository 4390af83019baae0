"""Parts of pages that a script swaps in place: asked for at the page's own address.

htmx asks for the whole page and takes a part of it, so that there is no other address, view or
gate. Whatever is not that page (a redirect to sign in, a refusal, a fault) is none of its parts:
the browser is sent there, and shows it whole.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

Next = Callable[[HttpRequest], HttpResponse]

ASKED_BY_SCRIPT = "HX-Request"
LEAD_TO = "HX-Redirect"
OK = 200


class FragmentsLeadToPages:
    """Sends the browser on where a part of a page was asked for and something else answered."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on; what is not the page becomes an order to go there."""
        response = self._next(request)
        patch_vary_headers(response, [ASKED_BY_SCRIPT])
        if request.headers.get(ASKED_BY_SCRIPT) != "true" or response.status_code == OK:
            return response
        # A redirect says where; anything else is asked for once more, as a page.
        address = response.get("Location") or request.get_full_path()
        sent_on = HttpResponse(headers={LEAD_TO: address})
        sent_on.cookies = response.cookies
        patch_vary_headers(sent_on, [ASKED_BY_SCRIPT])
        return sent_on
