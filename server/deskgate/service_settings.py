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
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)

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
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    api: Literal["auto", "v1", "short"] = "auto"


# What Zendesk signs with while a webhook is being tried out and not yet saved. Everybody knows it, so it proves nothing.
# https://developer.zendesk.com/documentation/webhooks/verifying/
ZENDESK_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105


def webhook_secrets(name: str, value: str, faults: list[str], *, sandbox: bool) -> tuple[str, ...]:
    """The secrets of a setting that may hold several, comma-separated; what is wrong with them goes to `faults`."""
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    if value and not found:
        faults.append(f"{name} holds commas and no secret.")
    if any(not one.isascii() or not one.isprintable() or " " in one for one in found):
        faults.append(f"{name} holds a character that no secret has (a space, a line break, an accent). Copy it again.")
    if ZENDESK_TEST_SECRET in found and not sandbox:
        faults.append(
            f"{name} holds Zendesk's public test secret, with which anybody can sign. Save the webhook in Zendesk and set "
            "the secret that it then shows."
        )
    return found
