"""One HTTP habit for both services: time limits, connection reuse, retries, and what a status means.

A request says when it may be sent a second time (`Again`). Reads and requests under an idempotency key may be repeated
after any passing failure. Every other write is repeated only when it is proven that nothing was applied: the connection
was refused, or the service said 429. Whatever else may have taken effect ends as `OutcomeUnknown`, and the caller looks
it up before it tries again.

Statuses are compared here and nowhere else; callers catch `Missing`, `Conflict`, `Rejected`, `Denied`.
"""

import enum
import json
import logging
import math
import random
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import anyio

from deskgate.desk.clock import Clock
from deskgate.desk.credentials import Credential
from deskgate.desk.errors import BadInput, DeskError, Forbidden, OutcomeUnknown, RateLimited, UpstreamUnavailable
from deskgate.desk.waiting import RETRY_AFTER_BOUND_SECONDS, Patience, retry_after_seconds

if TYPE_CHECKING:
    import httpx

    # What stands in for the network; a function is asked for it at the first request, so that no start waits for it.
    Network = httpx.AsyncBaseTransport | Callable[[], httpx.AsyncBaseTransport]

log = logging.getLogger("deskgate.wire")

# The statuses by which a service says that it did not do what was asked. Any other one may come from something in
# between (a redirect, a time-out of a proxy) after the service did it.
REFUSALS = frozenset({400, 401, 403, 404, 405, 406, 409, 410, 411, 413, 414, 415, 422})
# How Cloudflare, which stands in front of MultiMail, words its own refusals (README of the vendor's command line).
GATEWAY_SIGN = re.compile(r"error code: 1\d{3}")
# What a caller is told where a service asks for patience and does not say how long.
UNSAID_WAIT_SECONDS = 60
ANSWER_LIMIT_BYTES = 16 * 1024 * 1024


class Again(enum.Enum):
    """When a request may be sent a second time."""

    READ = "it changes nothing"
    KEYED = "a repeat has no second effect: an idempotency key, or a change that is the same when made twice"
    UNAPPLIED = "only when it is proven that the first one had no effect"


@dataclass(frozen=True)
class Answer:
    """A 2xx answer: the parsed JSON (`None` for an empty body) and the headers, names in lower case."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def only_accepted(self) -> bool:
        """Whether the service took the request and says that it is not carried out yet (202)."""
        return self.status == 202


class Refusal:
    """What a service said when it refused: `status`, its error `label`, and the start of its `text`.

    `text` is for decisions and is never shown: it is somebody else's words.
    """

    status: int = 0
    label: str = ""
    text: str = ""


class Rejected(BadInput, Refusal):
    """The service refused the request as invalid."""


class Missing(BadInput, Refusal):
    """The service has nothing under that id."""


class Denied(Forbidden, Refusal):
    """The service refused the credential, or the credential lacks a right."""

    @property
    def unknown_credential(self) -> bool:
        """Whether the credential itself was refused, rather than a right it lacks."""
        return self.status == 401

    @property
    def from_gateway(self) -> bool:
        """Whether something in front of the service refused, which says nothing about the credential."""
        return _by_gateway(self.label, self.text)


class Conflict(UpstreamUnavailable, Refusal):
    """Something else changed the same thing at the same time. Look at it again."""


@dataclass
class _Failure(Exception):
    """One attempt that did not give a usable answer."""

    error: DeskError
    passing: bool  # a later attempt may well succeed
    applied: bool  # the request may have taken effect
    wait_seconds: float | None = None  # what the service asked for


class Wire:
    """The connection to one service.

    `base_url` is where every path is appended; requests never leave that origin and redirects are not followed, so the
    credential cannot travel. `deadline_seconds` bounds one call with all its retries and waits.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        credential: Credential | None,
        clock: Clock,
        *,
        transport: "Network | None" = None,
        deadline_seconds: float = 25.0,
        attempt_seconds: float = 12.0,
        chance: random.Random | None = None,
    ) -> None:
        self.service = service
        self.base_url = base_url.rstrip("/")
        self._credential = credential
        self._clock = clock
        self._transport = transport
        self._deadline_seconds = deadline_seconds
        self._attempt_seconds = attempt_seconds
        self._chance = chance or random.Random()  # noqa: S311 - jitter, not a secret
        self._client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Wire({self.service!r}, {self.base_url!r})"

    async def aclose(self) -> None:
        """Close the pooled connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        again: Again,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and give its 2xx answer.

        Raises:
            RateLimited: 429, and the service wants a longer wait than one call may take.
            UpstreamUnavailable: no usable answer, and certainly nothing changed.
            OutcomeUnknown: a write whose answer was lost; look it up.
            Rejected, Missing, Conflict, Denied: the service said no.
        """
        patience = Patience(self._clock, self._deadline_seconds, self._chance)
        doubtful = renewed = False
        sent = {"Accept": "application/json", **(headers or {})}
        while True:
            try:
                if self._credential is not None:
                    sent["Authorization"] = await self._credential.header()
                return await self._attempt(method, path, params, body, sent, patience.left())
            except _Failure as failure:
                doubtful = doubtful or (failure.applied and again is not Again.READ)
                if not renewed and await self._renewed(failure.error, sent, doubtful):
                    renewed = True
                    continue
                repeatable = failure.passing and (again is not Again.UNAPPLIED or not failure.applied)
                if repeatable and await patience.wait(failure.wait_seconds):
                    continue
                raise self._final(failure.error, doubtful) from None
            except DeskError as error:  # nothing was sent in this attempt: no credential, or no such request
                raise self._final(error, doubtful) from None

    async def _renewed(self, error: DeskError, sent: Mapping[str, str], doubtful: bool) -> bool:
        if self._credential is None or not isinstance(error, Denied) or not error.unknown_credential:
            return False
        try:
            return await self._credential.renew(sent["Authorization"])
        except DeskError as failed:
            raise self._final(failed, doubtful) from None

    def _final(self, error: DeskError, doubtful: bool) -> DeskError:
        if not doubtful:
            return error
        return OutcomeUnknown(
            f"{self.service} took the request and its answer was lost, so it may or may not have taken effect.",
            service=self.service,
        )

    async def _attempt(
        self, method: str, path: str, params: Any, body: Any, headers: Mapping[str, str], left: float
    ) -> Answer:
        import httpx

        client = self._client or self._open()
        request = self._request(client, method, path, params, body, headers)
        try:
            with anyio.fail_after(min(left, self._attempt_seconds)):
                response = await client.send(request, stream=True)
                try:
                    content = await self._content(response)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise self._unreachable(error, applied=False) from None
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
            raise self._unreachable(error, applied=True) from None
        return self._judge(response, content)

    def _request(
        self, client: "httpx.AsyncClient", method: str, path: str, params: Any, body: Any, headers: Mapping[str, str]
    ) -> "httpx.Request":
        import httpx

        if not path.startswith("/"):
            raise BadInput("A path must begin with '/'.")  # else it could continue the host name
        try:
            return client.build_request(method, self.base_url + path, params=params, json=body, headers=headers)
        except (httpx.InvalidURL, ValueError, TypeError):
            # Lone surrogates, over-long queries, non-ASCII secrets. The cause is dropped: it quotes what it failed on.
            sentence = (
                f"The request to {self.service} cannot be written: a text or a setting holds unusable characters."
            )
            raise BadInput(sentence, service=self.service) from None

    def _open(self) -> "httpx.AsyncClient":
        from http.cookiejar import DefaultCookiePolicy

        import httpx

        here = urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1", "sandbox.localhost"}
        # The default context uses the machine's own trust store and honours SSL_CERT_FILE, as operators expect.
        # Making one takes tens of milliseconds, so there is none where nothing would ask it.
        bare = self._transport is not None or self.base_url.startswith("http://")
        trust: ssl.SSLContext | bool = False if bare else ssl.create_default_context()
        client = httpx.AsyncClient(
            transport=self._transport() if callable(self._transport) else self._transport,
            verify=trust,
            trust_env=not here,
            follow_redirects=False,
            timeout=httpx.Timeout(self._attempt_seconds, connect=5.0),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30.0),
            headers={"User-Agent": "deskgate"},
        )
        # A cookie from one answer must not become a second, invisible credential of the next request.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._client = client
        return client

    async def _content(self, response: "httpx.Response") -> bytes:
        content = bytearray()
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > ANSWER_LIMIT_BYTES:
                large = UpstreamUnavailable(f"{self.service}'s answer is larger than 16 MB and was not read.")
                raise _Failure(large, passing=False, applied=True)
        return bytes(content)

    def _unreachable(self, error: Exception, *, applied: bool) -> _Failure:
        log.info("%s: %s", self.service, type(error).__name__)
        what = "broke off before an answer came" if applied else "cannot be reached"
        sentence = f"{self.service} {what} ({type(error).__name__}). Nothing was changed; try again in a moment."
        return _Failure(UpstreamUnavailable(sentence, service=self.service), passing=True, applied=applied)

    def _judge(self, response: "httpx.Response", content: bytes) -> Answer:
        status = response.status_code
        if 200 <= status < 300:
            return Answer(status, self._parsed(response, content), dict(response.headers))
        label, text = _said(content)
        log.info("%s: %s %s: %s", self.service, response.request.method, response.request.url.path, status)
        wait = retry_after_seconds(response.headers.get("retry-after"), self._clock.now())
        if status == 429:
            raise _Failure(_rate_limited(self.service, wait), passing=True, applied=False, wait_seconds=wait)
        if status >= 500:
            error = _broken(self.service, status, wait)
            raise _Failure(error, passing=status in {502, 503, 504}, applied=True, wait_seconds=wait)
        error = _refusal(self.service, status, label, text)
        raise _Failure(error, passing=status == 408, applied=status not in REFUSALS)

    def _parsed(self, response: "httpx.Response", content: bytes) -> Any:
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            pass
        kind = response.headers.get("content-type", "no content type").split(";")[0][:40]
        sentence = f"{self.service} answered {response.status_code} with something that is not JSON ({kind})."
        hint = " If this stays, check the address in the settings."
        raise _Failure(UpstreamUnavailable(sentence + hint, service=self.service), passing=True, applied=True)


def path_of(*parts: str | int) -> str:
    """Join path parts, each quoted whole, so that no id can climb out of its place.

    Raises:
        BadInput: a part is empty or a dot segment.
    """
    texts = [str(part) for part in parts]
    if any(text in {"", ".", ".."} for text in texts):
        raise BadInput("An id is empty or not an id.")
    return "".join("/" + quote(text, safe="") for text in texts)


def _rate_limited(service: str, wait: float | None) -> RateLimited:
    seconds = max(1, math.ceil(wait)) if wait is not None else UNSAID_WAIT_SECONDS
    sentence = f"{service} asks for fewer requests (429). Try again in {seconds} seconds."
    return RateLimited(sentence, service=service, retry_after_seconds=seconds)


def _broken(service: str, status: int, wait: float | None) -> DeskError:
    seconds = math.ceil(wait) if wait is not None else None
    when = f"It asks to wait {seconds} seconds." if seconds is not None else "Try again in a moment."
    sentence = f"{service} answered {status}. {when}"
    kind = RateLimited if wait is not None and wait > RETRY_AFTER_BOUND_SECONDS else UpstreamUnavailable
    return kind(sentence, service=service, status=status, retry_after_seconds=seconds)


def _refusal(service: str, status: int, label: str, text: str) -> DeskError:
    error: Rejected | Missing | Denied | Conflict
    if status == 401:
        error = Denied(f"{service} does not accept the credential (401). Check its setting; `deskgate doctor` helps.")
    elif status == 403 and _by_gateway(label, text):
        error = Denied(
            f"Something in front of {service} refused the request (403). It is not about the key; try again later."
        )
    elif status == 403:
        error = Denied(f"{service} does not allow this to the credential in use (403).")
    elif status in {404, 410}:
        error = Missing(f"{service} has nothing under that id ({status}).")
    elif status == 409:
        error = Conflict(f"{service} reports a conflict (409): something else changed the same thing.")
    elif status < 400:
        return UpstreamUnavailable(
            f"{service} answered with a redirect ({status}), which is not followed. Check its address in the settings.",
            service=service,
            status=status,
        )
    else:
        error = Rejected(f"{service} refused the request as invalid ({status}).")
    error.status, error.label, error.text = status, label, text
    error.facts |= {"service": service, "status": status}
    return error


def _by_gateway(label: str, text: str) -> bool:
    return GATEWAY_SIGN.search((label or text).casefold()) is not None


def _said(content: bytes) -> tuple[str, str]:
    """A refusal's label and text, whatever its form: Zendesk alone has four, and some are not JSON."""
    text = content[:2000].decode("utf-8", "replace")
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return "", text[:200]
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        return str(error.get("title") or "")[:80], text
    return (error[:80] if isinstance(error, str) else ""), text
