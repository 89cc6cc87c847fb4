"""What the settings say of the two services. Secrets do not show in a repr."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ZendeskSettings:
    """Where Zendesk is, and one of the three ways to sign in."""

    base_url: str
    oauth_token: str = field(default="", repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    email: str = ""
    token: str = field(default="", repr=False)

    @property
    def way(self) -> Literal["oauth token", "oauth client", "api token"]:
        """Which of the three ways is used; OAuth wins where several are set."""
        if self.oauth_token:
            return "oauth token"
        return "oauth client" if self.client_id else "api token"


@dataclass(frozen=True)
class MultiMailSettings:
    """Where MultiMail is, the keys, and the support mailbox (an address, or in v1 an id)."""

    base_url: str
    mailbox: str
    token: str = field(default="", repr=False)
    oversight_token: str = field(default="", repr=False)
    admin_token: str = field(default="", repr=False)
    api: Literal["auto", "v1", "short"] = "auto"
