"""For whom a call acts, and what they may do."""

from dataclasses import dataclass
from typing import Literal

from deskgate.desk.audit.said import Who

Role = Literal["solo", "agent", "reviewer"]

DRAFT = "draft"
DECIDE = "decide"
AUDIT = "audit"

SCOPES_OF_ROLE: dict[Role, frozenset[str]] = {
    "agent": frozenset({DRAFT}),
    "reviewer": frozenset({DECIDE}),
    "solo": frozenset({DRAFT, DECIDE}),
}


@dataclass(frozen=True)
class Principal:
    """Someone who acts: `id` names the credential, `owner` the person or team behind it.

    `solo` is one person at their own machine who both drafts and decides: only there does a word in the chat let them
    approve what they drafted themselves. `credential` is the fingerprint of the key they came with, and `auth` says what it
    was: both are for the record only.
    """

    id: str
    kind: Literal["human", "agent", "policy"]
    scopes: frozenset[str]
    owner: str = ""
    solo: bool = False
    credential: str = ""
    auth: str = ""

    @property
    def who(self) -> Who:
        """As the audit trail names them."""
        return Who(self.kind, self.id, self.credential, self.auth, self.owner)

    @property
    def names(self) -> set[str]:
        """Every name under which this principal must not meet itself at the gate."""
        return {self.id, self.owner or self.id}

    def may(self, scope: str) -> bool:
        """Whether this principal holds the scope."""
        return scope in self.scopes

    def offered(self, scope: str | None) -> bool:
        """Whether a tool of this scope is for them: `None` is for whoever drafts or decides.

        They may read the trail, too; whoever has the scope `audit` alone may do nothing else.
        """
        if scope in (DRAFT, DECIDE):
            return self.may(scope)
        return self.may(DRAFT) or self.may(DECIDE) or (scope == AUDIT and self.may(AUDIT))
