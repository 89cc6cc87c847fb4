"""For whom a local process acts, as the settings and the machine say."""

from collections.abc import Mapping


def principal(given: Mapping[str, str], faults: list[str]) -> str:
    """DESKGATE_PRINCIPAL, or an empty text where it is not set; what is wrong with it goes to `faults`."""
    name = _one_spelling(given.get("DESKGATE_PRINCIPAL", ""))
    if name.startswith(("policy:", "reviewer:")):
        faults.append(
            "DESKGATE_PRINCIPAL must not begin with policy: or reviewer:, which name rules and page reviewers."
        )
    if len(name) > 100 or not name.isprintable():
        faults.append(
            "DESKGATE_PRINCIPAL must be a name of at most 100 printable characters; it stands in every record."
        )
    return name


def someone(role: str) -> str:
    """Who a local process acts for when nobody said: the machine's user, told apart by role."""
    import getpass

    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "local"
    user = _one_spelling(user)
    return user if role == "solo" else f"{user}/{role}"


def _one_spelling(name: str) -> str:
    """The name as the gate compares it: a person who writes theirs in two ways must not pass for two."""
    return name.strip().lower()
