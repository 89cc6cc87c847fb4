"""Every message acts for the principal of the token it came with: their tools, their desk, their share."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from mcp import MCPError
from mcp.server import Server
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.types import SERVER_INFO_META_KEY, CallToolResult
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

from deskgate.desk import Desk, Principal
from deskgate.desk.clock import Clock
from deskgate.desk.errors import DeskError, Forbidden, RateLimited
from deskgate.desk.principals import DECIDE, DRAFT
from deskgate.protocol.registration import failed
from deskgate.web.callers import principal_of
from deskgate.web.limits import TOOL_CALLS, Buckets
from deskgate_tools import TOOLS

INVALID_REQUEST = -32600
# What is no tool and still leads to customers' words.
ABOUT_TICKETS = ("resources/read", "resources/subscribe", "prompts/get")
SCOPE_OF_TOOL = {function.__name__: facts.scope for function, facts in TOOLS}


class Callers:
    """MCP middleware for a server that knows its callers by their tokens. `server` is set once the server exists.

    The token is taken from the HTTP request that carried the message, not from the one that opened the connection: on
    a long stream they can be two, and the older one may have been revoked.
    """

    server: Server[Any]

    def __init__(self, clock: Clock) -> None:
        self._calls = Buckets(TOOL_CALLS, clock)

    async def __call__(self, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        """Handle one message as its caller, or refuse it before anything looked at it."""
        access = _access(ctx)
        if access is None:
            raise MCPError(INVALID_REQUEST, "This server answers only messages that came with a bearer token.")
        desk: Desk = ctx.lifespan_context
        caller = _within(principal_of(access), desk.caller)
        if ctx.method == "tools/call":
            refusal = self._refusal(caller, (ctx.params or {}).get("name"))
            if refusal is not None:
                return self._answer(ctx.protocol_version, failed(refusal))
        if ctx.method in ABOUT_TICKETS and not caller.offered(None):
            raise MCPError(INVALID_REQUEST, "The token in use reads the audit trail and nothing else.")
        result = await call_next(replace(ctx, lifespan_context=replace(desk, caller=caller)))
        if ctx.method == "tools/list":
            return {**result, "tools": [tool for tool in result["tools"] if _offered(caller, tool["name"])]}
        return result

    def _refusal(self, caller: Principal, name: object) -> DeskError | None:
        wait = self._calls.take(caller.id)
        if wait:
            return RateLimited(
                f"This principal called too many tools. Nothing was done; try again in {wait} seconds.",
                retry_after_seconds=wait,
            )
        if not isinstance(name, str) or _offered(caller, name):
            return None
        return Forbidden(f"The token in use has no right to {name}. Nothing was done.")

    def _answer(self, version: str, result: CallToolResult) -> dict[str, Any]:
        """A whole result, as the SDK would have put it on the wire: it adds nothing to one that it did not make."""
        wire = result.model_dump(by_alias=True, mode="json", exclude_none=True)
        if version in MODERN_PROTOCOL_VERSIONS:
            return {"resultType": "complete", "_meta": {SERVER_INFO_META_KEY: self.server.server_info_stamp}, **wire}
        wire.pop("resultType", None)
        return wire


def _access(ctx: Any) -> AccessToken | None:
    user = ctx.request.scope.get("user") if ctx.request is not None else None
    return user.access_token if isinstance(user, AuthenticatedUser) else None


def _within(caller: Principal, process: Principal) -> Principal:
    """A token gives no right that the process was started without (`--role`)."""
    return replace(caller, scopes=caller.scopes - ({DRAFT, DECIDE} - process.scopes))


def _offered(caller: Principal, name: str) -> bool:
    """Whether the caller is offered this tool; a name that is no tool is left to the SDK, which has no such tool."""
    return name not in SCOPE_OF_TOOL or caller.offered(SCOPE_OF_TOOL[name])
