"""Before and at the start of `deskgate serve`: what is not safe to serve, and where the server and its page are."""

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deskgate.addresses import LOCAL_ADDRESS
from deskgate.cli import complain
from deskgate.desk.hints import typed_here

if TYPE_CHECKING:
    from deskgate.desk import Desk
    from deskgate.settings import Settings

_WHY_NOT = {
    ("DESKGATE_TOKENS",): "whoever reaches it could act for you. Make a token with `deskgate token new`.",
    ("DESKGATE_PUBLIC_URL",): (
        "any web page could pretend to be it. Set DESKGATE_PUBLIC_URL to the address that clients use, such as "
        "https://desk.example.com."
    ),
    ("DESKGATE_TOKENS", "DESKGATE_PUBLIC_URL"): (
        "whoever reaches it could act for you, and any web page could pretend to be it. Make a token with `deskgate token "
        "new`, and set DESKGATE_PUBLIC_URL to the address that clients use."
    ),
}


def may_serve(settings: "Settings", host: str) -> bool:
    """Whether this is safe to serve; says what is missing where it is not."""
    from deskgate.addresses import LOOPBACK

    if host not in LOOPBACK:
        missing = [
            name
            for name, value in (("DESKGATE_TOKENS", settings.tokens), ("DESKGATE_PUBLIC_URL", settings.public_url))
            if value is None
        ]
        if missing:
            why = typed_here(_WHY_NOT[tuple(missing)], sandbox=settings.sandbox)
            complain(
                f"deskgate listens on this machine only (127.0.0.1, localhost or ::1), not on {host or 'every address'}, "
                f"without {' and '.join(missing)}: {why}"
            )
        return not missing and _in_private(settings, host)
    if settings.tokens is None and settings.public_url and urlsplit(settings.public_url).hostname not in LOOPBACK:
        told = (
            f"DESKGATE_PUBLIC_URL ({settings.public_url}) says that others can reach this, and DESKGATE_TOKENS is not "
            "set: through the proxy anybody could act for you. Make a token with `deskgate token new`."
        )
        complain(typed_here(told, sandbox=settings.sandbox))
        return False
    return True


def _in_private(settings: "Settings", host: str) -> bool:
    """Whether a browser would keep the session to an encrypted connection; says what to do where it would not."""
    if urlsplit(settings.public_url or "").scheme == "https":
        return True
    complain(
        f"deskgate does not listen on {host or 'every address'} while DESKGATE_PUBLIC_URL is {settings.public_url}: "
        "sessions and tokens would travel in the open. Set it to the https:// address of the proxy before it."
    )
    return False


def fault_problem(settings: "Settings") -> str | None:
    """What is wrong with the trouble that was asked for; `None` where nothing is."""
    if not settings.sandbox_faults:
        return None
    if not settings.sandbox:
        return "--fault rehearses trouble in the pretend world: it goes with --sandbox."
    from deskgate.sandbox.faults import parse_fault

    try:
        for text in settings.sandbox_faults:
            parse_fault(text)
    except ValueError as error:
        return f"--fault cannot be read: {error}"
    return None


def origin_of(host: str, port: int) -> str:
    """Where it listens, as an address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def with_page(desk: "Desk", origin: str) -> "Desk":
    """The desk with its page at that origin: the settings know of no other port than the usual one."""
    return replace(desk, core=replace(desk.core, page=f"{origin}/approvals"))


def served(settings: "Settings", here: str, page: str) -> str:
    """What is served where, and how a reviewer gets in."""
    invite = typed_here(f"`deskgate reviewer invite NAME{_where(settings, here)}`", sandbox=settings.sandbox)
    return (
        f"deskgate serves MCP at {here}/mcp and /sse\n"
        f"The reviewer's page is at {page}; {invite} makes the link that signs NAME in."
    )


def _where(settings: "Settings", here: str) -> str:
    """What an invitation has to be told of the address; nothing where it knows it."""
    if settings.public_url or here == LOCAL_ADDRESS:
        return ""
    parts = urlsplit(here)
    return f" --port {parts.port}" if parts.hostname == "127.0.0.1" else f" --url {here}"
