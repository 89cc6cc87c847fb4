"""A customer's new words, told apart from what their mail program quoted below them.

One pass over the lines; no look goes further than a fixed number of lines and characters, so that the cost grows with the
length of the mail and nothing else. (Libraries for this hang for seconds on a few kilobytes of "On" or of empty lines.)

In doubt text is kept: the price of a quote too many is a longer note, the price of a word too few is a customer unheard.

- Answers between quoted lines: everything up to the customer's last words is new, quotes included, since they are what the
  answers are about.
- A forwarded mail stays: it is what the customer wants to show.
- A signature under `-- ` and a "Sent from my iPhone" at the end are no new words.
- Below an unmarked quote (Outlook's header block, "On … <address> wrote:" without `>`) nobody can tell who wrote what: all
  of it is the rest, unless the customer says that answers stand there ("see below", "in red").
- `>` lines at the end that nothing introduces count as a quote from the third on; a single one may be the customer's.
"""

from dataclasses import dataclass

from deskgate.desk.inbox.quoted_lines import (
    EDGES,
    attribution,
    header_block,
    is_cut_mark,
    is_forward_mark,
    is_mobile,
    is_quote,
    is_rule,
    label_of,
    may_attribute,
)
from deskgate.desk.inbox.quoted_signs import BELOW, FROM

SCANNED_CHARS = 262_144
# A mail has a handful of lines that look like the beginning of a quote. Whoever sends more of them gets a longer note.
TRIES = 250
REMOVALS = 40
MARKED_WITHIN_LINES = 15
SIGNATURE_LINES = 12
SHORT_SIGNATURE_LINES = 6
SIGNATURE_CHARS = 1000
UNINTRODUCED_QUOTE_LINES = 3
BLANK_LINES_ABOVE = 3
SHORTEST_SIGN_CHARS = 5
MARK_BEGINS = ("--", "\\-", "—", "–", "##-", "*-", "**-")
EMPTY_QUOTES = frozenset({"", ">", ">>", ">>>", "> >"})
CJK = "\u2e80"


@dataclass(frozen=True)
class Split:
    """A mail in two pieces. Together they are the mail, with line feeds as its only line ends.

    `new` is empty where no words of the customer's own were found, as when only a quote came back: show the whole mail then.
    """

    new: str
    rest: str

    @property
    def quoted(self) -> bool:
        """Whether anything but white space was taken off."""
        return bool(self.rest.strip())


def split(text: str) -> Split:
    """Part the customer's new words from the quote, signature and additions below them.

    Only the first `SCANNED_CHARS` characters are looked at; where the quote does not begin in them, all of the text is new.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = text[:SCANNED_CHARS].split("\n")
    lines = [line.strip(EDGES) for line in raw]
    cut = _unmarked_quote(lines)
    if cut is not None and _points_below(lines[:cut]):
        cut = None
    if cut is None:
        if len(text) > SCANNED_CHARS:
            return Split(text, "")
        cut = len(lines)
    end = _last_words(raw, lines, cut)
    chars = sum(len(line) for line in raw[:end]) + max(end - 1, 0)
    return Split(text[:chars], text[chars:])


def _unmarked_quote(lines: list[str]) -> int | None:
    """The line at which a quote begins that no `>` marks; everything below belongs to it."""
    tries = 0
    for number, line in enumerate(lines):
        if len(line) < SHORTEST_SIGN_CHARS or line[0] == ">":
            continue
        sender = (":" in line or "：" in line) and label_of(line) == FROM
        if not (sender or may_attribute(line) or (line.startswith(MARK_BEGINS) and not is_rule(line))):
            continue
        tries += 1
        if tries > TRIES or is_forward_mark(line):
            break
        start = header_block(lines, number) if sender else None
        if start is None and is_cut_mark(line):
            start = number
        if start is None:
            start = attribution(lines, number, marked=False)
            start = None if start is not None and _marked_soon(lines, number) else start
        if start is not None:
            return _above(lines, start)
    return None


def _marked_soon(lines: list[str], number: int) -> bool:
    """Whether `>` lines follow an attribution closely; then those are the quote, and what stands between may be answers."""
    return any(is_quote(line) for line in lines[number + 1 : number + 1 + MARKED_WITHIN_LINES])


def _above(lines: list[str], number: int) -> int:
    """Where a drawn line or a mark for the original, just above a quote, begins."""
    above = number
    while above > 0 and number - above < BLANK_LINES_ABOVE and not lines[above - 1]:
        above -= 1
    if above > 0 and (is_rule(lines[above - 1]) or is_cut_mark(lines[above - 1])):
        return above - 1
    return number


def _points_below(lines: list[str]) -> bool:
    words = " ".join(lines).casefold()
    return any(_stands_alone(words, sign) for sign in BELOW)


def _stands_alone(words: str, sign: str) -> bool:
    """Whether a sign occurs other than as a part of a longer word; scripts without spaces cannot tell."""
    at = words.find(sign)
    while at >= 0:
        after = words[at + len(sign) : at + len(sign) + 1]
        if sign[0] >= CJK or not (words[max(at - 1, 0) : at].isalnum() or after.isalnum()):
            return True
        at = words.find(sign, at + 1)
    return False


def _last_words(raw: list[str], lines: list[str], cut: int) -> int:
    """The number of lines, from the top, up to the customer's last own one."""
    end = _without_blank(lines, cut)
    for _ in range(REMOVALS):
        if end == 0:
            break
        shorter = _without_quote(lines, end)
        if shorter == end:
            shorter = _without_signature(raw, lines, end)
        if shorter == end and is_mobile(lines[end - 1]):
            shorter = end - 1
        if shorter == end:
            break
        end = _without_blank(lines, shorter)
    return end


def _without_blank(lines: list[str], end: int) -> int:
    while end > 0 and not lines[end - 1]:
        end -= 1
    return end


def _without_quote(lines: list[str], end: int) -> int:
    """Without the `>` lines at the end and what introduces them."""
    start, quoted = end, 0
    while start > 0 and (not lines[start - 1] or is_quote(lines[start - 1])):
        start -= 1
        quoted += lines[start] not in EMPTY_QUOTES
    if start == end:
        return end
    last = start - 1
    while start < end and not lines[start]:
        start += 1
    while last >= 0 and start - last <= BLANK_LINES_ABOVE and not lines[last]:
        last -= 1
    introduced = attribution(lines, last, marked=True) if last >= 0 else None
    if introduced is not None:
        return introduced
    return start if quoted >= UNINTRODUCED_QUOTE_LINES or last < 0 else end


def _without_signature(raw: list[str], lines: list[str], end: int) -> int:
    """Without a signature of a few lines below `-- `; one that asks something is none."""
    chars = 0
    for number in range(end - 1, max(end - 2 - SIGNATURE_LINES, -1), -1):
        line = lines[number]
        if line in ("--", "\\--", "\\-\\-", "-\\-"):
            strict = raw[number] in ("-- ", "--\xa0")
            return number if strict or end - number - 1 <= SHORT_SIGNATURE_LINES else end
        chars += len(line)
        if is_quote(line) or line.endswith(("?", "？")) or chars > SIGNATURE_CHARS:
            break
    return end
