"""Everything in a draft that a mail program could make a link of, and whether its host is one that the policy knows.

In doubt something is a link: the worst that follows is that a person looks at the mail.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator

from deskgate.desk.policy.facts import Link

NO_HOST = "(unreadable)"

# Only characters that end a link everywhere. Each pattern looks at a bounded piece or at one character class: linear.
_BREAKS = re.compile(r"[\s<>()\[\]{}\"'|,;“”„«»‘’…]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,30}:", re.IGNORECASE)
_DOMAIN = re.compile(r"[\w-]+(?:[.。．｡][\w-]+)+")
_ADDRESS_SCHEMES = frozenset({"mailto", "tel", "sms", "callto", "skype", "whatsapp", "tg", "facetime", "im", "sip"})
_ACTIVE_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "intent", "cid"})
_WEB_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "ws", "wss"})
_EMPHASIS = str.maketrans("", "", "*`~\\_")
_MARKUP = re.compile(r"!\[|</?[a-z!]|<\?", re.IGNORECASE)


def hosts_of(text: str, *, but: Iterable[str] = ()) -> tuple[str, ...]:
    """The hosts of everything that looks like a link or an address, sorted; `NO_HOST` for a link without a readable one.

    `but` names mail addresses that are no news to the reader (their own).
    """
    spared = {address.casefold() for address in but}
    found: set[str] = set()
    # A reader's program sees the text after Markdown, entities and compatible letters are resolved; both are looked at.
    for form in {text, _resolved(text), _resolved(text).translate(_EMPHASIS)}:
        for run in _BREAKS.split(form):
            found.update(_hosts(run.strip(".!?:*_~`"), spared))
    return tuple(sorted(found))


def has_markup(text: str) -> bool:
    """Whether the text holds an image or HTML, which show something other than what was read."""
    return bool(_MARKUP.search(html.unescape(text)) or _MARKUP.search(text))


def link_state(hosts: Iterable[str], known: Iterable[str]) -> Link:
    """Whether there are links at all, and whether the policy knows all of their hosts."""
    patterns = tuple(known)
    states = [any(_covers(pattern, host) for pattern in patterns) for host in hosts]
    if not states:
        return "none"
    return "known" if all(states) else "unknown"


def _covers(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) and host != pattern[2:] if pattern.startswith("*.") else host == pattern


def _resolved(text: str) -> str:
    shown = unicodedata.normalize("NFKC", html.unescape(text))
    return "".join(char for char in shown if unicodedata.category(char) != "Cf")


def _hosts(run: str, spared: set[str]) -> Iterator[str]:
    if not run or run.casefold() in spared:
        return
    scheme = _SCHEME.match(run)
    name = scheme[0][:-1].casefold() if scheme else ""
    rest = run[len(name) + 1 :] if scheme else run
    if name in _ACTIVE_SCHEMES:
        yield NO_HOST
    elif name in _ADDRESS_SCHEMES:
        if "?" in rest or "@" not in rest:  # further recipients, or a telephone
            yield NO_HOST
        elif rest.casefold() not in spared:
            yield _host(rest)
    elif "//" in run or (name in _WEB_SCHEMES and rest) or run.startswith("\\\\"):
        yield from _of_web(run, name, spared)
    else:
        yield from _bare(run, spared)


def _of_web(run: str, name: str, spared: set[str]) -> Iterator[str]:
    """The hosts behind every `//` in a run, what stands before the first, and what follows a scheme that has none."""
    if "//" not in run:
        yield _host(run[len(name) + 1 :].lstrip("/\\"))
        return
    before, *places = run.split("//")
    yield from _bare(before.rstrip(":"), spared)
    for place in places:
        yield _host(place.lstrip("/\\"))


def _bare(run: str, spared: set[str]) -> Iterator[str]:
    if "@" in run:
        for piece in re.split(r"[:=&]", run):
            if "@" in piece.strip("@") and piece.casefold() not in spared:
                yield _host(piece)
    for found in _DOMAIN.finditer(run if "@" not in run else ""):
        last = re.split(r"[.。．｡]", found[0])[-1]
        if (len(last) > 1 and not last.isdigit()) or _is_number_address(found[0]):
            yield _host(found[0])


def _is_number_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() for part in parts)


def _host(place: str) -> str:
    """The host at the start of what follows `//`: before any path, after any user, without port."""
    authority = re.split(r"[/\\?#]", place, maxsplit=1)[0].rpartition("@")[2]
    host = authority.partition(":")[0].rstrip(".").casefold()
    readable = host.isascii() and re.fullmatch(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?", host) is not None
    return host if readable and ".." not in host else host[:100] if host else NO_HOST
