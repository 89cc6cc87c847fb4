"""Text that crosses the desk: what a customer wrote is fenced and named as untrusted, what goes out is kept clean."""

import re
import unicodedata

OPEN, CLOSE = "⟪", "⟫"
_LABEL = "untrusted customer text"

# Cf holds the bidirectional, zero-width and tag characters; Co and Cs have no business in a message.
_INVISIBLE = frozenset({"Cf", "Co", "Cs"})
_KEPT = "\n\t"

_TOKEN_URL = re.compile(
    r"https?://[^\s<>()\"']{0,2000}?"
    r"(?:/attachments/token/|/(?:reset|magic|invite|unsubscribe|confirm)[^\s<>()\"'/]{0,40}/|"
    r"[?&#;](?:access_|auth_?|api_?|id_|refresh_)?"
    r"(?:token|key|sig|signature|secret|password|code|jwt|session|X-Amz-[A-Za-z]+)=)"
    r"[^\s<>()\"']*",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """Without invisible, bidirectional and control characters, and without links that carry a token."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    visible = "".join(char for char in unix if char in _KEPT or _shows(char))
    return _TOKEN_URL.sub("[link with a token removed]", visible)


def _shows(char: str) -> bool:
    category = unicodedata.category(char)
    return category not in _INVISIBLE and category != "Cc" and char not in "\u2028\u2029"


def fence(text: str) -> str:
    """A customer's words, cleaned, between marks that cannot occur inside them."""
    return f"{OPEN}{_LABEL}\n{_unmarked(clean(text))}\n{CLOSE}"


def fence_line(text: str) -> str:
    """The same for a subject or a name: one line."""
    return f"{OPEN}{_LABEL}: {' '.join(_unmarked(clean(text)).split())}{CLOSE}"


def _unmarked(text: str) -> str:
    return text.replace(OPEN, "«").replace(CLOSE, "»")


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
    return "".join(char if char in _KEPT or _shows(char) else f"‹U+{ord(char):04X}›" for char in text)


def subject_line(text: str) -> str:
    """A subject that is safe to hand to any mail builder: one line, nothing invisible, no encoded words.

    An encoded word (`=?…?=`) that hides a line feed became a header of its own in widespread mail libraries
    (CVE-2024-6923), and the subject is the customer's.
    """
    line = " ".join("".join(char for char in text.replace("\t", " ") if _shows(char) or char == "\n").split())
    return line.replace("=?", "= ?")[:900]


def reply_subject(subject: str) -> str:
    """`Re: ` once, whatever the ticket's subject already begins with."""
    line = subject_line(subject)
    while line[:3].lower() == "re:":
        line = line[3:].lstrip()
    return f"Re: {line or '(no subject)'}"
