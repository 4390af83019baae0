"""Asks the Personal Demographics Service. Whatever happens, a call ends in one outcome.

The order in which a request goes out is the order of what could forbid it: the circuit, the token,
the permit of the agreed rate, and when there is nothing left to wait for whoever asked, once more:
a resident may have objected in the meantime. A request is sent again after 408, 429, 502, 503 and
a lost connection, with the same request id, each time with a permit of its own; after that it is
*not now*, and the caller's row is still there.

A number stands in the address that is asked. So no address, no answer and no exception of the HTTP
library ever leaves this module, and that library's own log lines are shut off here.
"""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx
import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from identity.nhs_number import NhsNumber
from identity.pds.circuit import Circuit, CircuitUnknown
from identity.pds.comparing import Evidence, Held
from identity.pds.configuration import Configuration
from identity.pds.outcomes import (
    Delay,
    Malformation,
    Malformed,
    NotNow,
    NotSent,
    Retrieved,
    Searched,
    read_retrieval,
    read_search,
)
from identity.pds.questions import Search
from identity.pds.rate import NotYet, Permit, RateLimit, RateUnknown
from identity.pds.token import TokenNotNow, TokenRefused, Tokens

_log = logging.getLogger(__name__)
for _name in ("httpx", "httpcore"):
    # They log addresses, at INFO and DEBUG, and an address here holds an NHS number.
    logging.getLogger(_name).setLevel(logging.WARNING)

#: How often a request is sent at most, the first time included.
TRIES = 4
#: Seconds: the wait before the second try is drawn from nought to the first, doubled each time.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
#: Seconds for which a worker waits for what the service asks it to wait for; longer is *not now*.
_LONGEST_RETRY_AFTER = 20.0
#: Seconds for each phase of a request, and for the whole of an answer.
_TIMEOUT = httpx.Timeout(10.0, connect=5.0, pool=5.0)
_WHOLE_ANSWER = 30.0
_LARGEST_ANSWER = 4_000_000
_UNAUTHORISED, _TOO_MANY = 401, 429
_AGAIN = frozenset({408, 429, 502, 503})
#: Answers that say that the service, or our access to it, is not well.
_UNWELL = frozenset({401, 403, 408, 429, *range(500, 600)})
_ORGANISATION = re.compile(r"[A-Z0-9]{3,10}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What goes with a question: on whose behalf, and under which ids.

    Keep the request id with the question: asked again later, it is the same one, by which the
    service knows a repetition. ``organisation`` is the ODS code of the one on whose behalf we ask.

    :raises ValueError: if the organisation's code is none.
    """

    request_id: UUID
    correlation_id: UUID
    organisation: str

    def __post_init__(self) -> None:
        if not _ORGANISATION.fullmatch(self.organisation):
            raise ValueError("The organisation's ODS code must be 3 to 10 capitals and digits.")

    def headers(self) -> dict[str, str]:
        """As the service wants them."""
        return {
            "X-Request-ID": str(self.request_id),
            "X-Correlation-ID": str(self.correlation_id),
            "NHSD-End-User-Organisation-ODS": self.organisation,
        }


@dataclass(frozen=True, slots=True, repr=False)
class _Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class _Again:
    """It may go better soon: what to say if not, and how long the service asks us to wait."""

    otherwise: NotNow
    after: float = 0.0


class PdsClient:
    """Asks one PDS, as one application. Good for one process and its threads, made after it forked.

    ``service`` is which one: keep it with what it answered, and show ``service.warning`` there.

    :param sleep: waits for so many seconds between tries.
    """

    def __init__(
        self,
        configuration: Configuration,
        server: redis.Redis,
        *,
        test_ranges: bool,
        rate: RateLimit | None = None,
        circuit: Circuit | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.service = configuration.service
        name = f"pds:{self.service}"
        self._test_ranges, self._sleep = test_ranges, sleep
        self._rate = rate or RateLimit(server, name=name, limit=configuration.per_minute)
        self._circuit = circuit or Circuit(server, name=name)
        self._base_url = configuration.base_url
        self._http = httpx.Client(
            timeout=_TIMEOUT,
            headers={"Accept": "application/fhir+json", "User-Agent": "Connect-Care"},
            # A forward proxy of the environment is for hosts elsewhere.
            trust_env=not configuration.here,
        )
        self._tokens = Tokens(self._http, configuration)

    @classmethod
    def from_settings(cls) -> Self:
        """The client of this installation. Close it, or use it as a context manager.

        :raises ImproperlyConfigured: if no service is configured.
        """
        configuration: Configuration | None = settings.PDS
        if configuration is None:
            raise ImproperlyConfigured(
                "No Personal Demographics Service is configured. Set PDS_BASE_URL to trace."
            )
        server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5.0)
        return cls(configuration, server, test_ranges=settings.NHS_NUMBER_TEST_RANGES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed, and can ask nothing more."""
        return self._http.is_closed

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def retrieve(
        self,
        number: NhsNumber,
        *,
        held: Held,
        by: Evidence,
        call: Call,
        may_send: Callable[[], bool],
        patience: float = 30.0,
    ) -> Retrieved:
        """Ask for the person with this number, and compare them with the person whom we hold.

        :param by: how we came by the number.
        :param may_send: asked right before each sending; ``False`` ends the call as *not sent*.
        :param patience: seconds to wait for the agreed rate, before it is *not now*.
        """
        answer = self._ask(f"/Patient/{number.digits}", [], call, may_send, patience)
        if not isinstance(answer, _Answer):
            return answer
        return read_retrieval(
            answer.status, answer.body, asked=number, held=held, by=by,
            test_ranges=self._test_ranges,
        )  # fmt: skip

    def search(
        self, search: Search, *, call: Call, may_send: Callable[[], bool], patience: float = 30.0
    ) -> Searched:
        """Search for one person. A hit is to be retrieved by its number before it is believed.

        The parameters are those of :meth:`retrieve`.
        """
        answer = self._ask("/Patient", search.parameters(), call, may_send, patience)
        if not isinstance(answer, _Answer):
            return answer
        return read_search(answer.status, answer.body, test_ranges=self._test_ranges)

    def _ask(
        self,
        path: str,
        parameters: list[tuple[str, str]],
        call: Call,
        may_send: Callable[[], bool],
        patience: float,
    ) -> _Answer | NotNow | NotSent | Malformed:
        # Everything but letters and digits is escaped, the asterisk of a wildcard too.
        query = f"?{urlencode(parameters, safe='', quote_via=quote)}" if parameters else ""
        request = self._http.build_request(
            "GET", f"{self._base_url}{path}{query}", headers=call.headers()
        )
        outcome: _Answer | NotNow | NotSent | Malformed | _Again
        for tried in range(1, TRIES + 1):
            try:
                outcome = self._once(request, may_send, patience)
            except (RateUnknown, CircuitUnknown):
                outcome = NotNow(Delay.BROKER_DOWN)
            # An answer is in the audit, by whoever asked; a log is for what did not go well.
            level = logging.DEBUG if isinstance(outcome, _Answer) else logging.INFO
            _log.log(level, "PDS request %s, try %d: %s", call.request_id, tried, _said(outcome))
            if not isinstance(outcome, _Again):
                return outcome
            if outcome.after > _LONGEST_RETRY_AFTER or tried == TRIES:
                break
            most = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (tried - 1))
            # Full jitter, on top of what the service asks for: else all come back at once.
            self._sleep(outcome.after + random.uniform(0, most))  # noqa: S311 - no secret
        assert isinstance(outcome, _Again)  # noqa: S101 - for the type checker
        return NotNow(outcome.otherwise.why, outcome.after or None)

    def _once(
        self, request: httpx.Request, may_send: Callable[[], bool], patience: float
    ) -> _Answer | NotNow | NotSent | Malformed | _Again:
        """One try; two where the token turns out to be no longer good."""
        for last in (False, True):
            if (rest := self._circuit.resting()) > 0:
                return NotNow(Delay.CIRCUIT, rest)
            try:
                token = self._tokens.current()
            except TokenRefused:
                self._failed()
                return NotNow(Delay.ACCESS_REFUSED)
            except TokenNotNow:
                self._failed()
                return _Again(NotNow(Delay.DOWN))
            if token:
                request.headers["Authorization"] = f"Bearer {token}"
            answer = self._send(request, may_send, patience)
            if not isinstance(answer, _Answer) or answer.status != _UNAUTHORISED or last:
                return answer
            self._tokens.forget(token)
        raise AssertionError  # the second round returns

    def _send(
        self, request: httpx.Request, may_send: Callable[[], bool], patience: float
    ) -> _Answer | NotNow | NotSent | Malformed | _Again:
        try:
            with self._rate.permit(patience=patience) as permit:
                forbidden = self._forbidden(permit, may_send)
                if forbidden is not None:
                    permit.was_not_sent()
                    return forbidden
                return self._exchange(request, permit)
        except NotYet as not_yet:
            return NotNow(Delay.RATE, not_yet.after)

    def _forbidden(
        self, permit: Permit, may_send: Callable[[], bool]
    ) -> NotNow | NotSent | _Again | None:
        """What forbids sending now that there is a permit."""
        if not may_send():
            return NotSent()
        if permit.stale():
            return _Again(NotNow(Delay.RATE))
        # Last, since leave to ask a service that has just rested must be used.
        rest = self._circuit.ask()
        return NotNow(Delay.CIRCUIT, rest) if rest > 0 else None

    def _exchange(self, request: httpx.Request, permit: Permit) -> _Answer | Malformed | _Again:
        deadline = time.monotonic() + _WHOLE_ANSWER
        body = bytearray()
        try:
            response = self._http.send(request, stream=True)
            permit.was_answered()
            try:
                for chunk in response.iter_bytes():
                    body += chunk
                    if time.monotonic() > deadline:
                        raise httpx.ReadTimeout("slow")
                    if len(body) > _LARGEST_ANSWER:
                        self._succeeded()
                        return Malformed(Malformation.UNREADABLE)
            finally:
                response.close()
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
                permit.was_not_sent()
            # Its words and its request hold the address, and so a number.
            self._failed()
            return _Again(NotNow(Delay.DOWN))
        status = response.status_code
        if status in _UNWELL:
            self._failed()
        else:
            self._succeeded()
        if status not in _AGAIN:
            return _Answer(status, bytes(body))
        why = Delay.RATE if status == _TOO_MANY else Delay.DOWN
        return _Again(NotNow(why), _retry_after(response.headers.get("Retry-After")))

    def _failed(self) -> None:
        if self._circuit.failed():
            _log.error("PDS fails: nobody asks it for a while.")

    def _succeeded(self) -> None:
        if self._circuit.succeeded():
            _log.warning("PDS answers again.")


def _retry_after(said: str | None) -> float:
    """The seconds of a Retry-After, which may be a date; nought where it says nothing."""
    if not said:
        return 0.0
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return 0.0
    return max(0.0, until.timestamp() - time.time())


def _said(outcome: _Answer | NotNow | NotSent | Malformed | _Again) -> str:
    """An outcome for the log: a status or a reason, and nothing of anyone."""
    if isinstance(outcome, _Answer):
        return str(outcome.status)
    if isinstance(outcome, _Again):
        return f"again ({outcome.otherwise.why})"
    return f"{outcome.kind} ({outcome.why})" if not isinstance(outcome, NotSent) else outcome.kind
