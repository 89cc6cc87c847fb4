"""The names of all settings, what to say of names that look like them, and of numbers that are none."""

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
            "AUDIT_ANCHOR",
            "AUDIT_TICKET",
            "POLICY",
            "TOKENS",
            "PUBLIC_URL",
            "RECONCILE_SECONDS",
            "SEEN_HOURS",
            "WORKER",
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


def whole_number(given: Mapping[str, str], name: str, default: int, bounds: tuple[int, int], faults: list[str]) -> int:
    """A whole number within these bounds, both allowed; what is wrong with it goes to `faults`."""
    value = given.get(name, str(default))
    least, most = bounds
    if value.isascii() and value.isdigit() and len(value) <= len(str(most)) and least <= int(value) <= most:
        return int(value)
    faults.append(f"{name} must be a whole number from {least} to {most}.")
    return default


def choice(
    given: Mapping[str, str],
    name: str,
    allowed: tuple[str, ...],
    default: str,
    faults: list[str],
    chosen: str | None = None,
) -> str:
    """One of the allowed words; `chosen` comes from the command line and wins."""
    value = chosen or given.get(name, default)
    if value not in allowed:
        faults.append(f"{name} must be one of {', '.join(allowed)}.")
        return default
    return value


def flag(given: Mapping[str, str], name: str, faults: list[str], default: str = "0") -> bool:
    """A yes or a no."""
    value = given.get(name, default).lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        faults.append(f"{name} must be 1 or 0.")
    return value in {"1", "true", "yes"}
