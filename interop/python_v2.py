"""The story by the Python SDK 2.x: python_v2.py ERA DOOR TARGET, where TARGET is JSON. Prints what happened as JSON."""

import asyncio
import json
import sys
from typing import Any

from mcp import Client, types
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters

from story import STORY, filled


async def tell(era: Any, door: str, target: dict[str, Any]) -> dict[str, Any]:
    """Open the door and make every call."""
    asked: list[str] = []

    async def person(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"confirm": True})

    ways: dict[str, Any] = {
        "stdio": lambda: StdioServerParameters(**target),
        "sse": lambda: sse_client(target["url"]),
        "http": lambda: target["url"],
    }
    async with Client(ways[door](), mode=era, elicitation_callback=person) as client:
        tools = (await client.list_tools()).tools
        results: dict[str, Any] = {}
        for step in STORY:
            result = await client.call_tool(step["tool"], filled(step["arguments"], results))
            text = "".join(one.text for one in result.content if isinstance(one, types.TextContent))
            results[step["name"]] = {"error": result.is_error, "structured": result.structured_content, "text": text}
        version = client.protocol_version
    return {"version": version, "tools": [tool.name for tool in tools], "results": results, "asked": asked}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(tell(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))))
