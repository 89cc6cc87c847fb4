"""From a bearer token to the principal behind it."""

import hmac
import logging
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from pydantic import AnyHttpUrl

from deskgate.desk import Principal
from deskgate.desk.audit.said import FINGERPRINT_CHARS
from deskgate.desk.clock import Clock
from deskgate.desk.principals import AUDIT, DECIDE, DRAFT
from deskgate.web.token_file import PREFIX, read_tokens, readable_by_others
from deskgate.web.tokens import SCOPES, Token, TokenFileError, hash_of

log = logging.getLogger("deskgate.tokens")

RELOOK_SECONDS = 1.0
SECRET_LIMIT_CHARS = 200
MCP_SCOPE = "mcp"
"""What the MCP doors ask of a token. It stands in no file: every token that may draft, decide or read the trail has it."""

Stamp = tuple[int, int, int]


class KnownTokens:
    """The token file as the server knows it; looked at again at most once a second, when somebody comes.

    A file that became unusable leaves the last good one in force, and says so in the log. A file that is gone lets
    nobody in.
    """

    def __init__(self, path: Path, clock: Clock, tokens: tuple[Token, ...], stamp: Stamp | None) -> None:
        self._path = path
        self._clock = clock
        self._tokens = tokens
        self._stamp = stamp
        self._looked_at = clock.monotonic()
        self._busy = anyio.Lock()

    @classmethod
    async def open(cls, path: Path, clock: Clock) -> Self:
        """Read the file for the first time.

        Raises:
            TokenFileError: there is none, or it cannot be used.
        """
        try:
            stamp = await anyio.to_thread.run_sync(_stamp, path)
            tokens = await anyio.to_thread.run_sync(read_tokens, path)
            if await anyio.to_thread.run_sync(readable_by_others, path):
                log.warning("others than its owner can read the token file %s; it should have mode 600", path)
        except OSError as error:
            raise TokenFileError([f"it cannot be read ({error.strerror}). `deskgate token new` makes it"]) from None
        if not tokens:
            log.warning("the token file %s holds no token, so nobody can come in yet", path)
        return cls(path, clock, tokens, stamp)

    async def verify_token(self, token: str) -> AccessToken | None:
        """The caller behind a token, or `None`. The secret itself goes no further than this."""
        await self._look_again()
        found = self._find(token)
        if found is None:
            return None
        entitled = bool(found.scopes & {DRAFT, DECIDE, AUDIT})
        return AccessToken(
            token=found.id,
            client_id=found.principal,
            subject=found.principal,
            scopes=[*(scope for scope in SCOPES if scope in found.scopes), *([MCP_SCOPE] if entitled else [])],
            claims={
                "kind": found.kind,
                "owner": found.owner,
                "token_id": found.id,
                "credential": found.sha256[:FINGERPRINT_CHARS],
            },
        )

    def _find(self, secret: str) -> Token | None:
        if not secret.startswith(PREFIX) or len(secret) > SECRET_LIMIT_CHARS:
            return None
        given = hash_of(secret)
        found = None
        for token in self._tokens:  # all of them, every time: where it stands in the file must not show in the time
            if hmac.compare_digest(token.sha256, given):
                found = token
        return found

    async def _look_again(self) -> None:
        async with self._busy:
            if self._clock.monotonic() - self._looked_at < RELOOK_SECONDS:
                return
            self._looked_at = self._clock.monotonic()
            await self._read_if_changed()

    async def _read_if_changed(self) -> None:
        try:
            stamp = await anyio.to_thread.run_sync(_stamp, self._path)
            if stamp == self._stamp:
                return
            self._tokens, self._stamp = await anyio.to_thread.run_sync(read_tokens, self._path), stamp
            log.warning("the token file was read again: %d tokens", len(self._tokens))
        except FileNotFoundError:
            if self._stamp is not None:
                log.error("the token file is gone; nobody is let in")  # noqa: TRY400 - the operator's matter, no trace
            self._tokens, self._stamp = (), None
        except (OSError, TokenFileError) as error:
            said = "; ".join(error.faults) if isinstance(error, TokenFileError) else error.strerror
            log.error("the token file cannot be used, the last good one stays in force: %s", said)  # noqa: TRY400


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


def principal_of(access: AccessToken) -> Principal:
    """For whom an MCP call with this token acts.

    Always as an agent, whatever the token's kind: what comes through an MCP client was put together by a model or a
    program, and a token cannot show that a person was there. So the rules of confirmation hold for every token.
    """
    claims = access.claims or {}
    owner = str(claims.get("owner") or access.client_id)
    scopes = frozenset(access.scopes) & frozenset(SCOPES)
    credential = str(claims.get("credential", ""))
    return Principal(access.client_id, "agent", scopes, owner=owner, credential=credential, auth="bearer token")


def auth_settings(public_url: str | None) -> AuthSettings:
    """The SDK's settings for static tokens. It wants an issuer; none is advertised, because there is no OAuth server."""
    return AuthSettings(
        issuer_url=AnyHttpUrl(public_url or "http://127.0.0.1"), resource_server_url=None, required_scopes=[MCP_SCOPE]
    )
