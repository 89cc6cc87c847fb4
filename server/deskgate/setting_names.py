"""The names of all settings, and what to say of names that look like them."""

from collections.abc import Mapping
from difflib import get_close_matches

KNOWN = frozenset(
    f"{prefix}_{rest}"
    for prefix, names in {
        "ZENDESK": (
            "SUBDOMAIN",
            "BASE_URL",
            "OAUTH_TOKEN",
            "OAUTH_CLIENT_ID",
            "OAUTH_CLIENT_SECRET",
            "EMAIL",
            "TOKEN",
            "WEBHOOK_SECRET",
        ),
        "MULTIMAIL": (
            "TOKEN",
            "API_KEY",
            "OVERSIGHT_TOKEN",
            "ADMIN_TOKEN",
            "MAILBOX",
            "BASE_URL",
            "API",
            "WEBHOOK_SECRET",
        ),
        "DESKGATE": (
            "HOME",
            "DATABASE_URL",
            "ROLE",
            "PRINCIPAL",
            "APPROVE",
            "POLICY",
            "TOKENS",
            "PUBLIC_URL",
            "SANDBOX",
        ),
    }.items()
    for rest in names
)


def misspelt(given: Mapping[str, str], faults: list[str]) -> list[str]:
    """Names that look like ours and are not: a misspelt role or key must not fall back to a default unseen."""
    notices: list[str] = []
    for name in sorted(given):
        prefix, _, rest = name.partition("_")
        if prefix not in {"DESKGATE", "MULTIMAIL", "ZENDESK"} or name in KNOWN:
            continue
        known = {one.partition("_")[2]: one for one in KNOWN if one.startswith(prefix)}
        close = get_close_matches(rest, list(known), n=1, cutoff=0.7)
        if close and prefix == "DESKGATE":
            faults.append(f"{name} is no setting. Did you mean {known[close[0]]}?")
        elif close:
            notices.append(f"{name} is no setting of deskgate. Did you mean {known[close[0]]}?")
    return notices
