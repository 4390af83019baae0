"""The service itself: a request in, an answer out; no sockets."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from region.nhs_number import check_digit
from region.pds_stand_in.answers import Answer, bundle, patient, problem, resource
from region.pds_stand_in.people import Register
from region.pds_stand_in.searching import Refused, search
from region.pds_stand_in.tokens import TokenService

BASE_PATH = "/personal-demographics/FHIR/R4"
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - an address
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_TEN_DIGITS = re.compile(r"[0-9]{10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrived. Header names are in small letters; ``address`` is its origin."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""
    address: str = ""
    arrived: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Quota:
    """At most so many requests in any window (seconds); nought for no limit."""

    limit: int = 0
    window: float = 60.0
    _taken: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passed(self, arrived: float) -> bool:
        """Whether a request that arrives then is one too many."""
        if not self.limit:
            return False
        with self._lock:
            while self._taken and self._taken[0] <= arrived - self.window:
                self._taken.popleft()
            if len(self._taken) >= self.limit:
                return True
            self._taken.append(arrived)
            return False


@dataclass(slots=True)
class Service:
    """PDS for these people, for this application, at this rate."""

    register: Register
    tokens: TokenService
    quota: Quota

    def answer(self, request: Request) -> Answer:
        """What the contract has for this request."""
        parts = urlsplit(request.target)
        if parts.path == TOKEN_PATH:
            content_type = request.headers.get("content-type", "")
            return self.tokens.answer(request.body, content_type, f"{request.address}{TOKEN_PATH}")
        refusal = self._refused(request)
        if refusal:
            return refusal
        path = parts.path.removeprefix(BASE_PATH)
        if path == parts.path or not path.startswith("/Patient"):
            return problem(400, "UNSUPPORTED_REQUEST", "processing",
                           "Unsupported path", gateway=True)  # fmt: skip
        if request.method != "GET":
            return problem(403, "INVALID_METHOD", "forbidden", gateway=True)
        mirrored = {
            name: value
            for name, value in request.headers.items()
            if name in ("x-request-id", "x-correlation-id")
        }
        answer = self._found(path, parts.query, request.address)
        return Answer(answer.status, answer.body, answer.content_type, answer.headers | mirrored)

    def _found(self, path: str, query: str, address: str) -> Answer:
        if path == "/Patient":
            return self._search(query, address)
        number, _, related = path.removeprefix("/Patient/").partition("/")
        if related == "RelatedPerson":
            return resource(200, bundle([], "", _now()))
        return self._retrieve(number)

    def _refused(self, request: Request) -> Answer | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        diagnostics = ""
        if "authorization" not in request.headers:
            diagnostics = "Missing Authorization header"
        elif not scheme:
            diagnostics = "Empty Authorization header"
        elif scheme != "Bearer":
            diagnostics = f"Invalid token type '{scheme}', must be 'Bearer'"
        elif not token:
            diagnostics = "Missing access token"
        elif not self.tokens.accepts(token):
            diagnostics = "Invalid Access Token"
        if diagnostics:
            return problem(401, "ACCESS_DENIED", "forbidden", diagnostics, gateway=True)
        if self.quota.passed(request.arrived):
            said = f"You have exceeded your application's quota of {self.quota.limit} requests"
            return problem(429, "TOO_MANY_REQUESTS", "value", said, gateway=True)
        request_id = request.headers.get("x-request-id")
        if request_id is None:
            return problem(400, "MISSING_VALUE", "required",
                           "Invalid request with error - X-Request-ID header must be supplied to "
                           "access this resource")  # fmt: skip
        if not _UUID.fullmatch(request_id):
            said = f"Invalid value - '{request_id}' in header 'X-Request-ID'"
            return problem(400, "INVALID_VALUE", "value", said)
        return None

    def _retrieve(self, number: str) -> Answer:
        if not number:
            return problem(400, "UNSUPPORTED_SERVICE", "processing")
        if not _TEN_DIGITS.fullmatch(number) or str(check_digit(number[:9])) != number[9]:
            return problem(400, "INVALID_RESOURCE_ID", "value")
        if number in self.register.invalidated:
            return problem(404, "INVALIDATED_RESOURCE", "processing")
        person = self.register.people.get(self.register.superseded.get(number, number))
        if person is None:
            return problem(404, "RESOURCE_NOT_FOUND", "not-found", severity="information")
        return resource(200, patient(person, searched=False), ETag='W/"1"')

    def _search(self, query: str, address: str) -> Answer:
        try:
            hits = search(self.register, parse_qsl(query, keep_blank_values=True))
        except Refused as refused:
            return refused.answer
        if len(hits) > 1:
            # With status 200: whoever looks at the status only takes it for "nobody".
            return problem(200, "TOO_MANY_MATCHES", "multiple-matches", severity="information")
        return resource(200, bundle(hits, f"{address}{BASE_PATH}", _now()))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
