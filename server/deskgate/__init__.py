"""deskgate: an MCP server between Zendesk tickets and MultiMail's approval gate."""

__version__ = "0.1.0"
