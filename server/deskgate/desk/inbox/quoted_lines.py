"""What one line of a mail is, or a few that belong together. Every look is bounded, whatever the line holds."""

import re
from collections.abc import Sequence

from deskgate.desk.inbox.quoted_signs import (
    DEVICES,
    FORWARDED,
    FROM,
    LABELS,
    OPENERS,
    ORIGINAL,
    SENT,
    SENT_FROM,
    SUBJECT,
    TO,
    WROTE,
    WROTE_INSIDE,
)

LONGEST_ATTRIBUTION_CHARS = 400
WRAPPED_LINES = 4
WORDS_BEHIND, WORDS_BEHIND_DATED = 3, 8
LABEL_CHARS = 32
LABELS_WITHIN_LINES = 12
LABELS_ABOVE = 4
ONE_LINE_HEADER_CHARS = 1000
LONGEST_MOBILE_CHARS = 120
LONGEST_MOBILE_WORDS = 11
LONGEST_RULE_CHARS = 120

# Marks that do not show; some programs put them at the edges of what they quote.
_UNSEEN = "\ufeff\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
_SPACES = "".join(
    map(
        chr,
        (9, 11, 12, *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
    )
)
# A line is bare without them at its ends; all functions here take bare lines.
EDGES = _SPACES + _UNSEEN
_COLONS = (":", "：")
_RULING = "-_*=—–\\ "
_DECORATION = str.maketrans(dict.fromkeys(_UNSEEN + "*\\") | dict.fromkeys("\xa0\u202f\t", " "))
_LINK = re.compile(r"\[([^\[\]]{0,200})\]\([^()\s]{0,300}\)")
_CLOCK = re.compile(r"\d ?[:.h] ?\d\d")
_YEAR = re.compile(r"(?:19|20)\d\d")


def is_quote(line: str) -> bool:
    """Whether a bare line is marked as quoted. `>From ` is how mailboxes escape a writer's own line."""
    return line[:1] == ">" and not line.startswith(">From ")


def is_rule(line: str) -> bool:
    """Whether a bare line is a drawn one: `____`, `-----`, `* * *`."""
    return 3 <= len(line) <= LONGEST_RULE_CHARS and not line.strip(_RULING)


def is_cut_mark(line: str) -> bool:
    """Whether a bare line says that the original follows: `-----Original Message-----`, or Zendesk's `##- … -##`."""
    if len(line) > LONGEST_RULE_CHARS:
        return False
    if line.startswith("##-") and line.endswith("-##"):
        return True
    inner = _between_dashes(line)
    return inner is not None and inner in ORIGINAL


def is_forward_mark(line: str) -> bool:
    """Whether a bare line says that a forwarded mail follows."""
    if len(line) > LONGEST_RULE_CHARS:
        return False
    inner = _between_dashes(line)
    if inner is None and line.endswith(_COLONS):
        inner = _plain(line).rstrip(":： ").casefold()
    return inner is not None and inner.endswith(FORWARDED)


def _between_dashes(line: str) -> str | None:
    plain = _plain(line)
    inner = plain.strip("-–— ")
    dashes = plain.startswith(("--", "—", "–")) and plain.endswith(("--", "—", "–"))
    return inner.rstrip(":： ").casefold().replace("’", "'") if dashes else None


def label_of(line: str) -> int:
    """Which line of a header block a bare line is (`FROM`, `SENT`, …); 0 for none. Takes `**From:**` too."""
    head, colon, _ = line[:LABEL_CHARS].partition(":")
    if not colon:
        head, colon, _ = line[:LABEL_CHARS].partition("：")
    return LABELS.get(head.strip("*_\\ \xa0").casefold(), 0) if colon else 0


def header_block(lines: Sequence[str], sender: int) -> int | None:
    """Where the header of a mail begins that has this `FROM` line; it says when, and to whom or about what.

    Without a subject it takes an address: "From: Berlin, To: Paris, Date: May 3" is a traveller's.
    """
    found = FROM | _labels_inside(lines[sender])
    at = "@" in lines[sender][:ONE_LINE_HEADER_CHARS]
    first = sender
    while first > max(sender - LABELS_ABOVE, 0) and (above := label_of(lines[first - 1])) not in (0, FROM):
        first -= 1
        found |= above
    blank = 0
    for line in lines[sender + 1 : sender + LABELS_WITHIN_LINES]:
        blank = 0 if line else blank + 1
        label = label_of(line)
        if label == FROM or blank > 1:
            break
        found |= label
        at = at or (label > 0 and "@" in line[:ONE_LINE_HEADER_CHARS])
    return first if found & SENT and found & (TO | SUBJECT) and (found & SUBJECT or at) else None


def _labels_inside(line: str) -> int:
    """The labels of a header that was squeezed into one line, as some converters to Markdown do."""
    if line.count(":", 0, ONE_LINE_HEADER_CHARS) < 3:
        return 0
    found = 0
    for piece in _plain(line, ONE_LINE_HEADER_CHARS).split(":")[1:-1]:
        words = piece[-LABEL_CHARS:].split()
        found |= LABELS.get(words[-1].casefold(), 0) if words else 0
    return found


def attribution(lines: Sequence[str], last: int, *, marked: bool) -> int | None:
    """Where the introduction of a quote that ends at this line begins ("On … wrote:"), over at most `WRAPPED_LINES` lines.

    `marked`: a `>` follows, so that a moment suffices. Otherwise an address must stand there too, because everything below
    will count as quoted.
    """
    joined = ""
    for start in range(last, max(last - WRAPPED_LINES, -1), -1):
        line = lines[start]
        if not line or is_quote(line) or len(line) + len(joined) > LONGEST_ATTRIBUTION_CHARS:
            return None
        joined = f"{_plain(line)} {joined}".strip()
        if _attributes(joined, marked=marked):
            return _opening(lines, start, last, joined)
    return None


def may_attribute(line: str) -> bool:
    """Whether a bare line can be the last one of an attribution: a look that costs next to nothing."""
    return line.rstrip("*_\\ ").endswith((":", "：", "--"))


def _attributes(text: str, *, marked: bool) -> bool:
    if not text.endswith((*_COLONS, "--")):
        return False
    at = text.rfind("@")
    moment = _YEAR.search(text) or _CLOCK.search(text)
    if moment is None or not (marked or _ends_soon(text, at)):
        return False
    folded = text.rstrip(":：- ").casefold()
    if folded.endswith(WROTE) or any(verb in folded for verb in WROTE_INSIDE):
        return True
    if folded.endswith(")") and (opened := folded.rfind("(")) > 0:  # Turkish Apple Mail puts the date behind the verb
        return folded[:opened].rstrip().endswith(WROTE)
    # Japanese and Czech programs write a date, a name, `<address>:`, and no verb.
    return at >= 0 and folded.endswith(">") and _YEAR.search(text) is not None and _CLOCK.search(text) is not None


def _ends_soon(text: str, at: int) -> bool:
    """Whether only a verb, or a date, stands behind the address: "I asked a@b and your colleague wrote:" goes on."""
    behind = text[at:].partition(" ")[2].rstrip(":：- ")
    dated = any(char.isdigit() for char in behind)
    return at >= 0 and len(behind.split()) <= (WORDS_BEHIND_DATED if dated else WORDS_BEHIND)


def _opening(lines: Sequence[str], start: int, last: int, joined: str) -> int:
    """The first line of a wrapped attribution, where the lines below already suffice to know it."""
    if joined[:1].isdigit() or joined.casefold().startswith(OPENERS):
        return start
    for above in range(start - 1, max(last - WRAPPED_LINES, -1), -1):
        line = lines[above]
        if not line or is_quote(line) or len(line) > LONGEST_ATTRIBUTION_CHARS:
            break
        if _plain(line).casefold().startswith(OPENERS) and any(char.isdigit() for char in line):
            return above
    return start


def is_mobile(line: str) -> bool:
    """Whether a bare line is what a telephone or a mail program adds by itself ("Sent from my iPhone")."""
    if len(line) > LONGEST_MOBILE_CHARS:
        return False
    plain = _plain(line).split("<")[0].strip("-–—. _").casefold().replace("’", "'")
    words = plain.split()
    if len(words) > LONGEST_MOBILE_WORDS or any(mark in plain for mark in ",;!?"):
        return False
    if not any(word.startswith(DEVICES) for word in words[-3:]):
        return False
    return any(plain.startswith(begin) and plain.endswith(end) for begin, end in SENT_FROM)


def _plain(line: str, chars: int = LONGEST_ATTRIBUTION_CHARS) -> str:
    """A line without Markdown's bold, escapes and links, and without marks that do not show."""
    text = line[:chars]
    if "&" in text:
        text = text.replace("&lt;", "<").replace("&gt;", ">")
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    return text.translate(_DECORATION).strip(EDGES)
