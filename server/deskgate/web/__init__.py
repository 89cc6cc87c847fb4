"""What people, probes and other services may reach over HTTP beside MCP."""
