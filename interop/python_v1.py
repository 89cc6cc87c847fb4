"""The story by the Python SDK 1.x: python_v1.py ERA DOOR TARGET, where TARGET is JSON. Prints what happened as JSON."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from mcp import ClientSession, StdioServerParameters, types
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from story import STORY, filled


async def tell(door: str, target: dict[str, Any]) -> dict[str, Any]:
    """Open the door and make every call."""
    asked: list[str] = []

    async def person(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"confirm": True})

    async with AsyncExitStack() as opened:
        if door == "stdio":
            streams = await opened.enter_async_context(stdio_client(StdioServerParameters(**target)))
        elif door == "sse":
            streams = await opened.enter_async_context(sse_client(target["url"]))
        else:
            streams = await opened.enter_async_context(streamable_http_client(target["url"]))
        session = await opened.enter_async_context(ClientSession(*streams[:2], elicitation_callback=person))
        shaken = await session.initialize()
        tools = (await session.list_tools()).tools
        results: dict[str, Any] = {}
        for step in STORY:
            result = await session.call_tool(step["tool"], filled(step["arguments"], results))
            text = "".join(one.text for one in result.content if isinstance(one, types.TextContent))
            results[step["name"]] = {"error": result.isError, "structured": result.structuredContent, "text": text}
    names = [tool.name for tool in tools]
    return {"version": str(shaken.protocolVersion), "tools": names, "results": results, "asked": asked}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(tell(sys.argv[2], json.loads(sys.argv[3])))))
