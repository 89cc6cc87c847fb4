"""What a reviewer must see of a mail: every link's real target, every address as mail servers read it, every difference."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape

from deskgate.desk.recipients import plain_address
from deskgate.desk.text import marked

COMPARED_LINES = 1_500
LINKS_SHOWN = 60
# Every pattern reads a character once: no nested repeats, so a hostile text costs no more than its length.
_MARKDOWN = re.compile(r"(!?)\[([^\[\]\n]{0,300})\]\(\s*<?([^\s()<>]{1,2000})")
_DEFINED = re.compile(r"^ {0,3}\[[^\[\]\n]{1,300}\]:\s*<?([^\s<>]{1,2000})", re.MULTILINE)
_ATTRIBUTE = re.compile(r"\b(href|src|action|background)\s{0,5}=\s{0,5}[\"']?([^\s\"'<>]{1,2000})", re.IGNORECASE)
_BARE = re.compile(r"\b(?:[a-z][a-z0-9+.-]{1,20}://|www\.|mailto:)[^\s<>()\[\]\"'‹›]{1,2000}", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!][^<>\n]{0,200}>")
_HOSTLIKE = re.compile(r"(?:https?://)?((?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24})\b")
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


def links(body: str) -> list[Link]:
    """Where the mail leads to, in order, each target once."""
    found: dict[str, Link] = {}
    for label, target, image in _targets(body):
        link = _link(label, target.rstrip(".,;:!?*_"), image)
        if link.target not in found or (link.warnings and not found[link.target].warnings):
            found[link.target] = link
    return list(found.values())[:LINKS_SHOWN]


def has_markup(body: str) -> bool:
    """Whether the text holds what a mail program may read as HTML instead of showing it."""
    return _TAG.search(body) is not None


def _targets(body: str) -> Iterator[tuple[str, str, bool]]:
    for match in _MARKDOWN.finditer(body):
        yield match[2], match[3], bool(match[1])
    for match in _DEFINED.finditer(body):
        yield "", match[1], False
    for match in _ATTRIBUTE.finditer(body):
        yield "", match[2], match[1].lower() in ("src", "background")
    for match in _BARE.finditer(body):
        yield "", match[0], False


def _link(label: str, target: str, image: bool) -> Link:
    host = _host(target)
    warnings = []
    claimed = _HOSTLIKE.search(label)
    if claimed and host and claimed[1].casefold().removeprefix("www.") != host.removeprefix("www."):
        warnings.append("The words of this link name another site than the one it leads to.")
    if "xn--" in host:
        warnings.append("The site's name uses letters outside ASCII; they may look like others.")
    if "@" in target.partition("?")[0] and "//" in target:
        warnings.append("What stands before the @ is not the site.")
    if image:
        warnings.append("Loaded when the mail is opened: it tells the sender so.")
    if not re.match(r"(?:https?://|www\.|mailto:)", target, re.IGNORECASE):
        warnings.append("Not a web or mail address.")
    return Link(marked(target), host, marked(label), tuple(warnings))


def _host(target: str) -> str:
    """The host as name servers know it; empty where there is none to be read."""
    if target.lower().startswith("mailto:"):
        target = "//" + unquote(target[7:]).partition("?")[0].rpartition("@")[2]
    try:
        host = urlsplit(target if "//" in target else f"//{target}").hostname or ""
    except ValueError:
        return ""
    if host.isascii():
        return host
    found = plain_address(f"name@{host}")
    return found.rpartition("@")[2] if found else marked(host)


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
