"""Clients that ask `server/discover` and then shake hands on the same pipe.

Some hosts probe with the 2026-07-28 `server/discover` and then send a handshake-era `initialize`. The SDK lets the
first request choose the era of the whole connection, so that probe would lock the client out for good. This filter
answers probes itself, until the first other request decides the era.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp.types as types
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import Server
from mcp.shared.message import SessionMessage
from mcp.types.version import MODERN_PROTOCOL_VERSIONS

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
UNSUPPORTED_VERSION = -32022

Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]


@asynccontextmanager
async def probes_answered(low: Server[Any], incoming: Incoming, outgoing: Outgoing) -> AsyncIterator[Incoming]:
    """Give the stream that `Server.run` should read instead of `incoming`."""
    send, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def copy() -> None:
        probing = True
        async with send:
            async for item in incoming:
                version = _probed_version(item) if probing else None
                if version is not None and isinstance(item, SessionMessage):
                    await outgoing.send(_answer(low, item, version))
                    continue
                if isinstance(item, SessionMessage) and isinstance(item.message, types.JSONRPCRequest):
                    probing = False
                await send.send(item)

    async with anyio.create_task_group() as group:
        group.start_soon(copy)
        yield receive
        group.cancel_scope.cancel()


def _probed_version(item: SessionMessage | Exception) -> str | None:
    if not isinstance(item, SessionMessage) or not isinstance(item.message, types.JSONRPCRequest):
        return None
    if item.message.method != "server/discover":
        return None
    meta = (item.message.params or {}).get("_meta")
    version = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None


def _answer(low: Server[Any], item: SessionMessage, version: str) -> SessionMessage:
    request = item.message
    assert isinstance(request, types.JSONRPCRequest)  # noqa: S101 - _probed_version saw to it
    if version not in MODERN_PROTOCOL_VERSIONS:
        error = types.ErrorData(
            code=UNSUPPORTED_VERSION,
            message="Unsupported protocol version",
            data={"supported": list(MODERN_PROTOCOL_VERSIONS), "requested": version},
        )
        return SessionMessage(types.JSONRPCError(jsonrpc="2.0", id=request.id, error=error))
    found = types.DiscoverResult(
        supported_versions=list(MODERN_PROTOCOL_VERSIONS),
        capabilities=low.get_capabilities(protocol_version=version),
        instructions=low.instructions,
    )
    result = found.model_dump(by_alias=True, mode="json", exclude_none=True)
    result["_meta"] = {**result.get("_meta", {}), types.SERVER_INFO_META_KEY: low.server_info_stamp}
    return SessionMessage(types.JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result))
