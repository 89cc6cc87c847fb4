"""Where the Authorization header of a connection comes from."""

from typing import Protocol


class Credential(Protocol):
    """Where the Authorization header comes from."""

    async def header(self) -> str:
        """The value of the Authorization header for the next request."""
        ...

    async def renew(self, refused: str) -> bool:
        """Called once after a 401 with the header value that earned it: true when there is now another one."""
        ...


class FixedCredential:
    """A header value that never changes. Its repr does not show it."""

    def __init__(self, value: str) -> None:
        self._value = value

    async def header(self) -> str:
        """The fixed header value."""
        return self._value

    async def renew(self, refused: str) -> bool:
        """Nothing can be renewed."""
        return False
