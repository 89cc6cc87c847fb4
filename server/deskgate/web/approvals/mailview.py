"""What a reviewer must see of a mail: every link's real target, every address as mail servers read it, every difference."""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from markupsafe import Markup, escape

from deskgate.desk.policy.links import NO_HOST, hosts_of
from deskgate.desk.policy.targets import SCHEMES_WITH_HOSTS, WEB_SCHEMES, is_readable, resolved_target, scheme_of
from deskgate.desk.policy.ways import Way, ways_out
from deskgate.desk.recipients import plain_address
from deskgate.desk.text import marked

COMPARED_LINES = 1_500
LINKS_SHOWN = 60
LABEL_CHARS = 300
TARGET_CHARS = 2_000
_TAG = re.compile(r"<[a-zA-Z/!][^<>\n]{0,200}>")
_PLAIN = ("http", "https", "mailto")
_MARK = re.compile(r"‹U\+[0-9A-F]{4,6}›")


@dataclass(frozen=True)
class Link:
    """One place that the mail leads to. `host` is as name servers know it; `warnings` are sentences."""

    target: str
    host: str
    label: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Address:
    """A recipient: the address as held, and as mail servers read it where that differs."""

    held: str
    ascii: str
    warning: str


@dataclass(frozen=True)
class Line:
    """One line of a comparison; `kind` says where it stands."""

    kind: Literal["same", "new", "old", "gap"]
    text: str


def shown(text: str) -> Markup:
    """A text as HTML with every invisible character marked; nothing in it is ever read as HTML."""
    if text.isascii() and text.isprintable():
        return escape(text)
    safe = escape(marked(text.replace("\r\n", "\n")))
    return Markup(_MARK.sub(r'<mark class="hidden">\g<0></mark>', str(safe)))  # noqa: S704  # escaped on the line above


def hidden_marks(text: str) -> int:
    """How many invisible characters `shown` marks."""
    return len(_MARK.findall(marked(text.replace("\r\n", "\n"))))


def address(held: str) -> Address:
    """An address as it is held and in punycode, with a warning where the two are not the same thing to a reader."""
    plain = plain_address(held)
    if plain is None:
        return Address(marked(held), "", "This is not one plain address.")
    if plain.casefold() == held.strip().casefold():
        exotic = "xn--" in plain.casefold() or not plain.isascii()
        return Address(held, plain, _LETTERS if exotic else "")
    return Address(marked(held), plain, _LETTERS)


_LETTERS = "The address uses letters outside ASCII; they may look like others. Compare it letter by letter."


def found_links(text: str) -> dict[tuple[str, str], Link]:
    """Every way out of a text that the policy counts, each once: what looks wrong first, otherwise in order."""
    found: dict[tuple[str, str], Link] = {}
    for way in ways_out(text):
        link = _link(way)
        key = (way.key, link.host)
        if key not in found or (link.warnings and not found[key].warnings):
            found[key] = link
    return dict(sorted(found.items(), key=lambda one: not one[1].warnings))


def links(text: str) -> list[Link]:
    """All of these as a list."""
    return list(found_links(text).values())


def first_links(found: dict[tuple[str, str], Link]) -> list[Link]:
    """As many of the links as the page has room for; it says how many more there are."""
    return list(found.values())[:LINKS_SHOWN]


def has_markup(body: str) -> bool:
    """Whether the text holds what a mail program may read as HTML instead of showing it."""
    return _TAG.search(body) is not None


def _link(way: Way) -> Link:
    target = resolved_target(way.target)
    scheme, host, before_path = scheme_of(target), _site(way.hosts[0]), _authority(target)
    warnings = []
    if any(_site(claimed).removeprefix("www.") != host.removeprefix("www.") for claimed in hosts_of(way.words)):
        warnings.append("The words of this link name another site than the one it leads to.")
    if "xn--" in host:
        warnings.append("The site's name uses letters outside ASCII; they may look like others.")
    if scheme not in _PLAIN and (not host or scheme in SCHEMES_WITH_HOSTS):
        warnings.append("Not a web or mail address.")
    elif scheme != "mailto" and not is_readable(host):
        warnings.append("The site's name cannot be read.")
    if "@" in before_path.partition("\\")[0]:
        warnings.append("What stands before the @ is not the site.")
    if "\\" in before_path:
        warnings.append("A browser reads the backslash as a slash: the site ends before it.")
    if way.loaded:
        warnings.append("Loaded when the mail is opened: it tells the sender so.")
    return Link(marked(_cut(way.target, TARGET_CHARS)), host, marked(_cut(way.words, LABEL_CHARS)), tuple(warnings))


@lru_cache(4_096)
def _site(host: str) -> str:
    """The host as name servers know it; empty where there is none to be read."""
    if host == NO_HOST:
        return ""
    found = None if host.isascii() else plain_address(f"name@{host}")
    return found.rpartition("@")[2] if found else marked(host)


def _authority(target: str) -> str:
    """What stands where a web address has its user and site."""
    scheme = scheme_of(target)
    rest = target[len(scheme) + 1 :] if scheme else target
    begins = scheme in WEB_SCHEMES or (not scheme and rest.startswith(("/", "\\")))
    return re.split(r"[/?#]", rest.lstrip("/\\"), maxsplit=1)[0] if begins else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def difference(before: str, after: str) -> list[Line] | None:
    """What changed from one text to another, line by line; `None` where nothing did or the texts are too long for it."""
    old, new = before.replace("\r\n", "\n").split("\n"), after.replace("\r\n", "\n").split("\n")
    if old == new or max(len(old), len(new)) > COMPARED_LINES:
        return None
    lines: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new).get_grouped_opcodes(2):
        if lines or group[0][1] > 0:
            lines.append(Line("gap", ""))
        for kind, old_from, old_to, new_from, new_to in group:
            if kind == "equal":
                lines += [Line("same", text) for text in old[old_from:old_to]]
                continue
            lines += [Line("old", text) for text in old[old_from:old_to]]
            lines += [Line("new", text) for text in new[new_from:new_to]]
    return lines
