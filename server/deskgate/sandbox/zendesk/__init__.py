"""The pretend Zendesk Support API."""
