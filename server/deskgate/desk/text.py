"""Text that crosses the desk: what a customer wrote is fenced and named as untrusted, what goes out is kept clean."""

import re
import unicodedata
from urllib.parse import unquote

OPEN, CLOSE = "⟪", "⟫"
CUSTOMERS = "untrusted customer text"
AGENTS = "text of a support agent, may quote customers"

_HALVES = re.compile("[\ud800-\udfff]")
_UNFIT = re.compile("[\x00\ud800-\udfff]")

# Cf holds the bidirectional, zero-width and tag characters; Cc, Co and Cs have no business in a message.
_INVISIBLE = frozenset({"Cc", "Cf", "Co", "Cs"})
_KEPT = "\n\t"
# What Unicode calls default-ignorable without saying so in the category: fillers, joiners, variation selectors (a known
# way to hide a whole text behind one emoji), the planes reserved for more of them; besides, the two separators
# that some programs take for a line's end and the braille blank.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2028\u2029\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U000e0000-\U0010ffff]"
)
# Whatever a reader could take for our marks.
_LOOKALIKES = str.maketrans(dict.fromkeys("⟪《︽≪⪡⦅⸨", "«") | dict.fromkeys("⟫》︾≫⪢⦆⸩", "»"))

_RUN = re.compile(r"[^\s<>()\"']+")
_LINK = re.compile(r"//|^www\.|\w\.\w+[/?]", re.IGNORECASE)
_LINK_SOMEWHERE = re.compile(r"//|www\.|\w\.\w+[/?]", re.IGNORECASE)
_SECRET = re.compile(
    r"attachments/token/|hooks\.slack\.com/services/|\beyJ[\w-]{10,}\.|[?&#;]ticket=st-|"
    r"/(?:[\w-]{0,20}(?:password|passwd|verif|activat)[\w-]{0,20})/[^?#]{0,60}[^/?#]{4}|"
    r"/(?:reset|magic|invite|unsubscribe|confirm)[^/]{0,40}/|"
    r"//[^/?#@]{0,200}:[^/?#@]{1,200}@|"
    r"[?&#;][\w.-]{0,60}(?:token|secret|signature|password|passwd|jwt|api_?key|credential)[\w.-]{0,40}=|"
    r"[?&#;](?:[\w.-]{0,60}[_.-])?(?:key|sig|code|session|sid|auth|otp)=",
    re.IGNORECASE,
)
NO_LINK = "[link with a token removed]"


def storable(text: str, *, nul: bool = False) -> str:
    """With a mark in place of what no database, no socket and no canonical JSON takes: NUL, and half of a surrogate pair.

    `nul`: only what not even a socket takes.
    """
    return text if text.isprintable() else (_HALVES if nul else _UNFIT).sub("\ufffd", text)


def clean(text: str) -> str:
    """Without invisible, bidirectional and control characters, and without links that carry a token."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = _visible(unix)
    return _RUN.sub(_without_secret, visible) if _LINK_SOMEWHERE.search(visible) else visible


def _without_secret(run: re.Match[str]) -> str:
    """A run of characters as it was, unless it is a link that opens something for whoever holds it."""
    link = run[0]
    if not _LINK.search(link):
        return link
    return NO_LINK if _SECRET.search(link) or ("%" in link and _SECRET.search(unquote(link))) else link


def _visible(text: str) -> str:
    """Without the characters that do not show; each distinct one is looked at once, for a long thread has few."""
    if text.isascii() and text.isprintable():
        return text
    hidden = [ord(char) for char in set(text) if char not in _KEPT and not _shows(char)]
    return text.translate(dict.fromkeys(hidden)) if hidden else text


def _shows(char: str) -> bool:
    return unicodedata.category(char) not in _INVISIBLE and not _UNSEEN.match(char)


def fence(text: str, whose: str = CUSTOMERS) -> str:
    """Somebody else's words, cleaned, between marks that cannot occur inside them."""
    return f"{OPEN}{whose}\n{_unmarked(clean(text))}\n{CLOSE}"


def fence_line(text: str, limit: int = 500) -> str:
    """The same for a subject or a name: one line, of at most `limit` characters."""
    return f"{OPEN}{CUSTOMERS}: {label(text, limit)}{CLOSE}"


def fence_marked(text: str) -> str:
    """A reply's subject, which quotes the customer's: one line in a fence, with every hidden character shown."""
    return f"{OPEN}{CUSTOMERS}: {' '.join(_unmarked(marked(text)).split())}{CLOSE}"


def label(text: str, limit: int = 200) -> str:
    """A short text that stands without a fence (a tag, an agent's name): one line, cleaned, cut, without our marks."""
    line = " ".join(_unmarked(clean(text[: limit * 10])).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _unmarked(text: str) -> str:
    return text.translate(_LOOKALIKES)


def concealed(text: str) -> list[str]:
    """Characters that no honest mail needs: controls, private and tag characters, overrides of the reading direction.

    Zero-width joiners and direction marks are part of Persian, Hindi or emoji; those are shown by `marked` instead.
    """
    found = [f"U+{ord(char):04X}" for char in text if char not in _KEPT and _conceals(char)]
    return list(dict.fromkeys(found))


def _conceals(char: str) -> bool:
    tag = "\U000e0000" <= char <= "\U000e007f"
    override = "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"
    return tag or override or unicodedata.category(char) in {"Cc", "Co", "Cs"}


def marked(text: str) -> str:
    """A text as a decider must see it: whatever would be invisible stands there as `‹U+200B›`."""
    hidden = [char for char in set(text) if char not in _KEPT and not _shows(char)]
    return text.translate({ord(char): f"‹U+{ord(char):04X}›" for char in hidden}) if hidden else text


def subject_line(text: str) -> str:
    """A subject that is safe to hand to any mail builder: one line, nothing invisible, no encoded words.

    An encoded word (`=?…?=`) that hides a line feed became a header of its own in widespread mail libraries
    (CVE-2024-6923), and the subject is the customer's.
    """
    return " ".join(_visible(text).split()).replace("=?", "= ?")[:900].strip()


def reply_subject(subject: str) -> str:
    """`Re: ` once, whatever the ticket's subject already begins with."""
    line = subject_line(subject)
    while line[:3].lower() == "re:":
        line = line[3:].lstrip()
    return f"Re: {line or '(no subject)'}"
