"""JSON-RPC frames as clients of both eras write them."""

from typing import Any

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
META = "io.modelcontextprotocol/"
WHO = {"name": "a test", "version": "1"}

INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": "hello",
    "method": "initialize",
    "params": {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": WHO},
}
INITIALIZED: dict[str, Any] = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(identity: int | str, method: str, **params: Any) -> dict[str, Any]:
    """A request of the handshake era."""
    return {"jsonrpc": "2.0", "id": identity, "method": method, **({"params": params} if params else {})}


def enveloped(identity: int | str, method: str, *, version: str = MODERN, **params: Any) -> dict[str, Any]:
    """A request of 2026-07-28: version, capabilities and name travel in every one."""
    meta = {f"{META}protocolVersion": version, f"{META}clientCapabilities": {}, f"{META}clientInfo": WHO}
    return request(identity, method, **params, _meta=meta)


def tool(identity: int | str, name: str, **arguments: Any) -> dict[str, Any]:
    """A tool call of the handshake era."""
    return request(identity, "tools/call", name=name, arguments=arguments)
