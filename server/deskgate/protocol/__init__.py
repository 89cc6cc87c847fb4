"""The MCP side: how tools are registered, and the doors (stdio, Streamable HTTP, SSE) through which clients come."""
