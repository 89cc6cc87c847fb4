"""Web addresses in settings: where the services are, and how others reach this server."""

import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# Where HTTP is served when nobody said otherwise.
LOCAL_ADDRESS = "http://127.0.0.1:8642"
# Where the two services post what happens.
MULTIMAIL_PATH = "/webhooks/multimail"
ZENDESK_PATH = "/webhooks/zendesk"
SANDBOX_HOST = "sandbox.localhost"
NETLOC = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]+)?")


def origin(name: str, value: str, faults: list[str]) -> str:
    """The address in the setting `name`, without a slash at its end; what is wrong with it goes to `faults`."""
    url = value.rstrip("/")
    try:
        parts = urlsplit(url)
        host, known_port = parts.hostname, parts.port != 0
    except ValueError:
        host, known_port = None, False
    if not host or not known_port or parts.scheme not in {"http", "https"} or not url.isascii() or " " in url:
        faults.append(f"{name} is not a web address: it begins with https://.")
    elif parts.scheme == "http" and host not in LOOPBACK | {SANDBOX_HOST}:
        faults.append(f"{name} uses http:// to another machine; the keys would travel in the open. Use https://.")
    elif "@" in parts.netloc or parts.query or parts.fragment:
        faults.append(f"{name} must hold no user, query or fragment.")
    return url


def public_origin(name: str, value: str | None, faults: list[str]) -> str | None:
    """The origin that others use, in the spelling browsers use: lower case, without the scheme's own port."""
    if value is None:
        return None
    before = len(faults)
    url = origin(name, value.lower(), faults)
    if len(faults) > before:
        return None
    parts = urlsplit(url)
    if parts.path or not NETLOC.fullmatch(parts.netloc):
        faults.append(
            f"{name} must be one host, with a port if need be, and no path: deskgate needs a name of its own."
        )
        return None
    return url.removesuffix(":443" if parts.scheme == "https" else ":80")
