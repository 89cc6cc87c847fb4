"""With which program a caller came, for the audit trail."""

from collections.abc import Awaitable, Callable
from typing import Any

from deskgate.desk.audit.said import came_with

NAME_CHARS = 80


async def told_client(ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
    """MCP middleware: what is recorded during a tool's call names the client, as it introduced itself."""
    if ctx.method != "tools/call":
        return await call_next(ctx)
    introduced = ctx.session.client_params
    known = introduced.client_info if introduced else None
    with came_with(f"{known.name} {known.version}".strip()[:NAME_CHARS] if known else ""):
        return await call_next(ctx)
