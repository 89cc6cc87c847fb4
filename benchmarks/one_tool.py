"""The smallest useful server on the same SDK: one tool over stdio. What deskgate's start is measured against."""

from mcp.server import MCPServer

server = MCPServer("one-tool", version="1")


@server.tool()
async def echo(text: str) -> str:
    """Give the text back."""
    return text


if __name__ == "__main__":
    server.run()
