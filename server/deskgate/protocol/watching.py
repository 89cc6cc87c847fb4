"""How often each tool was called, with which outcome, and how long it took."""

from collections.abc import Awaitable, Callable
from typing import Any

from deskgate.desk.clock import Clock
from deskgate_tools import TOOLS

Watch = Callable[[str, str, float], None]

NAMES = frozenset(function.__name__ for function, _ in TOOLS)


def watched(clock: Clock, watch: Watch) -> Callable[..., Awaitable[Any]]:
    """MCP middleware that tells `watch` each call's tool, outcome and seconds.

    The outcome is `ok`, `asked` (the answer is a question), the error's code, `error` where it has none, or `refused` by
    the protocol. A name that is no tool counts as `unknown`: names come from clients, and a monitor keeps every name.
    """

    async def middleware(ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        if ctx.method != "tools/call":
            return await call_next(ctx)
        name = (ctx.params or {}).get("name")
        tool = name if isinstance(name, str) and name in NAMES else "unknown"
        outcome, begun = "refused", clock.monotonic()
        try:
            result = await call_next(ctx)
            outcome = _outcome(result)
        finally:
            watch(tool, outcome, clock.monotonic() - begun)
        return result

    return middleware


def _outcome(result: Any) -> str:
    if not isinstance(result, dict):
        return "asked" if getattr(result, "request_state", None) else "ok"
    if result.get("resultType") == "input_required":
        return "asked"
    return str((result.get("structuredContent") or {}).get("code", "error")) if result.get("isError") else "ok"
