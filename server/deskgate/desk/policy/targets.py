"""Where one link leads, read as browsers read it (the WHATWG URL standard) and, where programs differ, in every way they do.

In doubt a host is unknown: the worst that follows is that a person looks at the mail.
"""

import html
import re
from collections.abc import Iterator, Set

NO_HOST = "(unreadable)"
HOST_SHOWN = 100

_DOT = "[.。．｡]"
# A word is tried from its beginning only and never given back: a long one costs its length, not the square of it.
_DOMAIN = re.compile(rf"(?<![\w-])[\w-]++(?:{_DOT}[\w-]++)+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*", re.IGNORECASE)
_BEFORE_COLON = re.compile(r"(?<![a-z0-9+.-])[a-z0-9+.-]++:", re.IGNORECASE)
_NUMBERS = re.compile(r"\d[\d.,:–-]*(?:[/?#]|$)")
_LOCAL = re.compile(r"[\w.+-]+")
_READABLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))
_EDGES = "".join(map(chr, range(0x21)))

WEB_SCHEMES = frozenset({"http", "https", "ftp", "ftps", "ws", "wss"})
_ADDRESS_SCHEMES = frozenset({"mailto", "tel", "sms", "callto", "skype", "whatsapp", "tg", "facetime", "im", "sip"})
SCHEMES_WITH_HOSTS = WEB_SCHEMES | _ADDRESS_SCHEMES
# Links even in capitals and before a mere number. Any other word before a colon is judged by how it is written.
_NAMES = """
about acct aim android-app app apt bitcoin bitcoincash blob chrome cid content data dav discord dns dogecoin ed2k
ethereum facebook facetime-audio facetime-video fb feed file finger geo git gopher gtalk h323 iax imap imessage intent
ipp irc ircs itms itms-apps itms-services itmss jabber jar javascript ldap ldaps lightning litecoin magnet maps market
message mid mms mmst monero ms-access ms-excel ms-powerpoint ms-settings ms-word msteams musics nfs nntp notes oid
onenote openid outlook paypal pop prefs res resource rtmp rtsp search search-ms sftp sgn shortcuts signal sips slack
smb smsto solana spotify ssh steam stun svn tc teams telnet tip turn udp upi urn vbscript viber view-source vnc wc
webcal webcals whatsapp wtai wyciwyg x-apple xmpp ymsgr zoommtg zoomphonecall zoomus
"""
_LINKED = frozenset(_NAMES.split())


def is_readable(host: str) -> bool:
    """Whether it is a whole host name in ASCII; only such a one can be known to a policy."""
    return len(host) <= 253 and _READABLE.fullmatch(host) is not None  # as DNS has it


def scheme_of(target: str) -> str:
    """The scheme with which a target begins, in lower case, or nothing."""
    name, colon, _ = target.partition(":")
    return name.lower() if colon and _SCHEME.fullmatch(name) else ""


def resolved_target(target: str) -> str:
    """A destination as a program opens it: entities resolved, and without what the URL standard drops."""
    return html.unescape(target).strip(_EDGES).translate(_DROPPED)


def hosts_of_destination(target: str, spared: Set[str]) -> Iterator[str]:
    """The hosts of what certainly is a link's destination: every scheme counts, and so does a place within nowhere."""
    clean = resolved_target(target)
    scheme = scheme_of(clean)
    slashed = clean.replace("\\", "/")
    if not clean or clean.casefold() in spared:
        return
    if scheme:
        yield from _of_scheme(scheme, clean[len(scheme) + 1 :], spared)
    elif slashed.startswith("//"):
        yield _host(slashed.lstrip("/"))
    else:
        host = _host(clean)
        yield host if _DOMAIN.fullmatch(host) and _is_domain(host) else NO_HOST


def hosts_of_run(run: str, spared: Set[str]) -> Iterator[str]:
    """The hosts of characters that stand together in a text, where they look like a link or an address."""
    if not run or run.casefold() in spared:
        return
    start = _scheme_within(run)
    if start is None:
        yield from _schemeless(run, spared)
    else:
        scheme = scheme_of(run[start:])
        yield from _bare(run[:start], spared)
        yield from _of_scheme(scheme, run[start + len(scheme) + 1 :], spared)


def _scheme_within(run: str) -> int | None:
    """Where in a run a link with a scheme begins: a program that makes links looks back from the colon."""
    for found in _BEFORE_COLON.finditer(run.partition("//")[0]):
        word = found[0].lstrip("0123456789+.-")
        if _links(word[:-1], run[found.end() :]):
            return found.end() - len(word)
    return None


def _links(word: str, rest: str) -> bool:
    """Whether a word before a colon, with `rest` directly after it, is a scheme rather than prose (`Ref:x`, `kl.18:00`)."""
    name = word.lower()
    if name in SCHEMES_WITH_HOSTS or name in _LINKED:
        return bool(rest)
    return len(word) > 1 and not word[0].isupper() and bool(rest) and not _NUMBERS.match(rest)


def _of_scheme(scheme: str, rest: str, spared: Set[str]) -> Iterator[str]:
    if scheme in WEB_SCHEMES:
        # Browsers take any number of slashes, of either kind. What follows a later `//` may be where a redirect leads.
        first, *later = rest.lstrip("/\\").split("//")
        yield _host(first)
        yield from (_host(place.lstrip("/\\")) for place in later)
    elif scheme in _ADDRESS_SCHEMES:
        if "?" in rest or "@" not in rest:  # further recipients, or a telephone
            yield NO_HOST
        elif rest.casefold() not in spared:
            yield _host(rest)
    else:
        yield NO_HOST
        if scheme not in _LINKED:
            yield from _schemeless(rest, spared)


def _schemeless(run: str, spared: Set[str]) -> Iterator[str]:
    if "//" not in run and not run.startswith("\\\\"):
        yield from _bare(run, spared)
        return
    before, *places = run.split("//") if "//" in run else ("", run)
    yield from _bare(before, spared)
    yield from (_host(place.lstrip("/\\")) for place in places)


def _bare(run: str, spared: Set[str]) -> Iterator[str]:
    for piece in re.split(r"[:=&]", run) if "@" in run else (run,):
        inner = piece.strip("@")
        if "@" not in inner:
            yield from _domains(inner)
        elif piece.casefold() not in spared:
            local = inner.rpartition("@")[0]
            if not _LOCAL.fullmatch(local):
                yield from _domains(local)
            yield _host(piece)


def _domains(text: str) -> Iterator[str]:
    return (_host(found[0]) for found in _DOMAIN.finditer(text) if _is_domain(found[0]))


def _is_domain(name: str) -> bool:
    parts = re.split(_DOT, name)
    numbers = len(parts) == 4 and all(part.isdigit() for part in parts)  # IPv4
    return numbers or (len(parts) > 1 and len(parts[-1]) > 1 and not parts[-1].isdigit())


def _host(place: str) -> str:
    """The host at the start of what follows `//`: before any path, after any user, without port.

    What is no readable name is given as it is written; cut, it ends in a character that no name has.
    """
    authority = re.split(r"[/\\?#]", place, maxsplit=1)[0].rpartition("@")[2]
    host = authority.partition(":")[0].removesuffix(".").casefold()
    if not host:
        return NO_HOST
    return host if is_readable(host) or len(host) <= HOST_SHOWN else f"{host[:HOST_SHOWN]}…"
