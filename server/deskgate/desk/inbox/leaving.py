"""Whether a customer asks, in so many words and in no others, to get no more mail.

The whole new text must be one of these short requests, once a greeting, a courtesy and a name below a closing are off.
What is longer, asks something or stands beside anything else goes to a person: whoever is taken off by mistake gets no
answer to their question any more.

"Stop" alone is not taken: in a support thread it may as well mean the order. Nor is anything that could end a paid
subscription, a booking or an account ("cancel my subscription", "baja", "abbestellen", "退订").
"""

import unicodedata

from deskgate.desk.inbox.leaving_words import CLOSINGS, COURTESIES, GREETINGS, REQUESTS

LONGEST_CHARS = 300
GREETING_WORDS = 5
NAME_LINES = 3
NAME_WORDS = 5
CJK = "\u2e80"
# Questions, and the mark of a quote.
_NO_REQUEST = ("?", "？", "؟", "⁇", "¿", "\u037e", ">")


def wants_out(new_text: str) -> bool:
    """Whether the new text is a plain request to be sent no more mail. Give it `Split.new`: a quote in it is none."""
    text = new_text.strip()
    if not text or len(text) > LONGEST_CHARS or any(mark in text for mark in _NO_REQUEST):
        return False
    lines = [words for line in text.splitlines() if (words := _words(line))]
    lines = _without_closing(_without_greeting(lines))
    return _without_courtesies(" ".join(lines)) in REQUESTS


def _words(line: str) -> str:
    """Letters and digits without case, accents composed, marks that do not show taken out, one space between words."""
    shown = "".join(char for char in unicodedata.normalize("NFKC", line) if unicodedata.category(char) != "Cf")
    folded = unicodedata.normalize("NFC", shown.casefold())
    return " ".join("".join(char if char.isalnum() or _joins(char) else " " for char in folded).split())


def _joins(char: str) -> bool:
    return unicodedata.category(char) in {"Mn", "Mc"}


def _without_greeting(lines: list[str]) -> list[str]:
    if len(lines) > 1 and lines[0] not in REQUESTS:
        words = lines[0].split()
        if len(words) <= GREETING_WORDS and words[0] in GREETINGS:
            return lines[1:]
    return lines


def _without_closing(lines: list[str]) -> list[str]:
    """Without "Kind regards" and the name below it; a name without a closing stays, for nobody knows that it is one."""
    for number in range(1, len(lines)):
        names = lines[number + 1 :]
        short = len(names) <= NAME_LINES and all(len(name.split()) <= NAME_WORDS for name in names)
        if lines[number] in CLOSINGS and short:
            return lines[:number]
    return lines


def _without_courtesies(text: str) -> str:
    while text not in REQUESTS:
        shorter = next((rest for one in COURTESIES if (rest := _without(text, one)) != text), text)
        if shorter == text:
            break
        text = shorter
    return text


def _without(text: str, courtesy: str) -> str:
    """The text without this courtesy before or behind it; scripts that write no spaces need none between."""
    space = "" if courtesy[0] >= CJK else " "
    if text.endswith(space + courtesy):
        return text.removesuffix(space + courtesy).rstrip()
    return text.removeprefix(courtesy + space).lstrip()
