"""The three ways into Zendesk. None of them shows its secret in a repr, a log line or an error."""

import base64
from typing import TYPE_CHECKING

import anyio

from deskgate.desk.clock import Clock
from deskgate.desk.credentials import Credential, FixedCredential
from deskgate.desk.errors import Forbidden
from deskgate.desk.wire import Again, Denied, Missing, Rejected, Wire
from deskgate.desk.zendesk.reading import number, strange, words

if TYPE_CHECKING:
    from deskgate.desk.wire import Network

TOKEN_PATH = "/oauth/tokens"  # noqa: S105 - a path; it is not under /api/v2
# Global OAuth clients of 2026 give 30 minutes unless asked otherwise (Zendesk, OAuth migration).
DEFAULT_LIFE_SECONDS = 1800
EARLY_SECONDS = 60


def api_token_credential(email: str, token: str) -> Credential:
    """An API token. Zendesk switches all of them off on 2027-04-30; OAuth is the lasting way."""
    pair = f"{email}/token:{token}".encode()
    return FixedCredential("Basic " + base64.b64encode(pair).decode())


def bearer_credential(token: str) -> Credential:
    """An OAuth access token that somebody else keeps fresh."""
    return FixedCredential(f"Bearer {token}")


class ClientCredentials:
    """OAuth client credentials: fetches an access token, keeps it, and renews it before its end or after a 401.

    Calls act as the user that the OAuth client belongs to. Only one task fetches at a time, and a 401 that a token of
    yesterday earned does not throw away the one that replaced it.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        *,
        scope: str = "read write",
        transport: "Network | None" = None,
    ) -> None:
        self._wire = Wire("Zendesk", base_url, None, clock, transport=transport)
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._scope = scope
        self._lock = anyio.Lock()
        self._header: str | None = None
        self._good_until = 0.0

    def __repr__(self) -> str:
        return f"ClientCredentials({self._wire.base_url!r})"

    async def aclose(self) -> None:
        """Close the connection to the token endpoint."""
        await self._wire.aclose()

    async def header(self) -> str:
        """The Authorization header of a token that is still good.

        Raises:
            Forbidden: Zendesk does not accept the client.
            RateLimited, UpstreamUnavailable: no token could be had right now.
        """
        async with self._lock:
            if self._header is None or self._clock.monotonic() >= self._good_until:
                self._header = await self._fetch()
            return self._header

    async def renew(self, refused: str) -> bool:
        """Replace the token that earned a 401, unless another task already did. Raises as `header` does."""
        async with self._lock:
            if self._header == refused:
                self._header = None
                self._header = await self._fetch()
            return self._header is not None

    async def _fetch(self) -> str:
        wanted = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "scope": self._scope,
        }
        asked_at = self._clock.monotonic()
        try:
            # A token fetched twice harms nobody, so this POST may be repeated like a read.
            answer = await self._wire.call("POST", TOKEN_PATH, again=Again.READ, body=wanted)
        except (Denied, Rejected, Missing) as error:
            raise Forbidden(
                f"Zendesk did not give an access token to the OAuth client ({error.status}). "
                "Check ZENDESK_OAUTH_CLIENT_ID, ZENDESK_OAUTH_CLIENT_SECRET and the address.",
                service="Zendesk",
                status=error.status,
            ) from None
        data = answer.data if isinstance(answer.data, dict) else {}
        token = words(data.get("access_token")) or ""
        if not token.isascii() or not token.isprintable() or not token.strip():
            raise strange("access_token")
        life = number(data.get("expires_in")) or DEFAULT_LIFE_SECONDS
        self._good_until = asked_at + max(life - EARLY_SECONDS, life / 2)
        return f"Bearer {token}"
