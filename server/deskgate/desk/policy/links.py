"""Whether what a mail program could make a link of has a host that the policy knows."""

import html
import re
from collections.abc import Iterable

from deskgate.desk.policy.facts import Link
from deskgate.desk.policy.targets import NO_HOST, is_readable
from deskgate.desk.policy.ways import ways_out

__all__ = ["NO_HOST", "has_markup", "hosts_of", "link_state"]

_MARKUP = re.compile(r"!\[|</?[a-z!]|<\?", re.IGNORECASE)


def hosts_of(text: str, *, but: Iterable[str] = ()) -> tuple[str, ...]:
    """The hosts of everything that looks like a link or an address, sorted; `NO_HOST` for a link without a readable one.

    `but` names mail addresses that are no news to the reader (their own).
    """
    spared = frozenset(address.casefold() for address in but)
    return tuple(sorted({host for way in ways_out(text, spared) for host in way.hosts}))


def has_markup(text: str) -> bool:
    """Whether the text holds an image or HTML, which show something other than what was read."""
    return bool(_MARKUP.search(html.unescape(text)) or _MARKUP.search(text))


def link_state(hosts: Iterable[str], known: Iterable[str]) -> Link:
    """Whether there are links at all, and whether the policy knows all of their hosts."""
    patterns = tuple(known)
    states = [is_readable(host) and any(_covers(pattern, host) for pattern in patterns) for host in hosts]
    if not states:
        return "none"
    return "known" if all(states) else "unknown"


def _covers(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
