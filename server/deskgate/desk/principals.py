"""For whom a call acts, and what they may do."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["solo", "agent", "reviewer"]

DRAFT = "draft"
DECIDE = "decide"

SCOPES_OF_ROLE: dict[Role, frozenset[str]] = {
    "agent": frozenset({DRAFT}),
    "reviewer": frozenset({DECIDE}),
    "solo": frozenset({DRAFT, DECIDE}),
}


@dataclass(frozen=True)
class Principal:
    """Someone who acts: `id` names the credential, `owner` the person or team behind it.

    `solo` is one person at their own machine who both drafts and decides: only there does a word in the chat let them
    approve what they drafted themselves.
    """

    id: str
    kind: Literal["human", "agent", "policy"]
    scopes: frozenset[str]
    owner: str = ""
    solo: bool = False

    @property
    def names(self) -> set[str]:
        """Every name under which this principal must not meet itself at the gate."""
        return {self.id, self.owner or self.id}

    def may(self, scope: str) -> bool:
        """Whether this principal holds the scope."""
        return scope in self.scopes
