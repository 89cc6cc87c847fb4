"""Search by typed parameters.

Zendesk's search is one string in which text and operators look alike, so text from a model would change the question
(`foo type:user`, `-tags:vip`, `OR`). Here every operator comes from a checked parameter. Free text is cut down to
words: a plain word goes as it is, a word with anything else in it goes in quotes, and whatever is no word is dropped.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from deskgate.desk.errors import BadInput
from deskgate.desk.zendesk.cursors import unwrap, wrap

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
# Zendesk gives at most 1,000 results per query, 100 a page, and answers 422 beyond (developer documentation, search).
REACHABLE = 1000
LARGEST_PAGE = 100
LONGEST_QUERY = 300

_INSIDE_WORDS = "@.+'/-_"
_TAG = re.compile(r"\w[\w./-]*")
_RESERVED = frozenset({"and", "or", "not"})


@dataclass(frozen=True)
class TicketSearch:
    """What to look for; everything given must hold. `limit` is tickets per page, 1 to 100."""

    query: str | None = None
    status: str | None = None
    priority: str | None = None
    tag: str | None = None
    limit: int = 20
    cursor: str | None = None

    def terms(self) -> str:
        """The query in Zendesk's search language; it always starts with `type:ticket`.

        Raises:
            BadInput: a parameter is not one of its values, or the query holds nothing to look for.
        """
        found = ["type:ticket"]
        if self.status:
            found.append("status:" + _chosen("status", self.status, STATUSES))
        if self.priority:
            found.append("priority:" + _chosen("priority", self.priority, PRIORITIES))
        if self.tag:
            found.append("tags:" + tag_name(self.tag))
        return " ".join(found + _words(self.query or ""))

    def page(self) -> tuple[int, int]:
        """The number of the page and its size.

        Raises:
            BadInput: the cursor belongs to another search, or is none.
        """
        size = min(max(self.limit, 1), LARGEST_PAGE)
        if self.cursor is None:
            return 1, size
        number, size, question = unwrap(self.cursor, "search", int, int, str)
        if question != self._question() or not 1 <= size <= LARGEST_PAGE or not 2 <= number <= REACHABLE // size:
            raise BadInput("This cursor belongs to another search. Start again without it.")
        return number, size

    def cursor_after(self, number: int, size: int, total: int) -> str | None:
        """The cursor of the next page, or `None` where there is no reachable one."""
        if number * size >= total or number >= REACHABLE // size:
            return None
        return wrap("search", number + 1, size, self._question())

    def _question(self) -> str:
        return hashlib.sha256(self.terms().encode("utf-8", "replace")).hexdigest()[:16]


def tag_name(tag: str) -> str:
    """A tag as Zendesk keeps it: lower case, no spaces.

    Raises:
        BadInput: it is not one tag.
    """
    name = tag.strip().lower()
    if len(name) > 255 or not _TAG.fullmatch(name):
        raise BadInput("A tag is one word of letters, digits, '_', '-', '.' or '/'.")
    return name


def _chosen(name: str, value: str, allowed: tuple[str, ...]) -> str:
    chosen = value.strip().lower()
    if chosen not in allowed:
        raise BadInput(f"{name} is one of {', '.join(allowed)}.")
    return chosen


def _words(text: str) -> list[str]:
    if len(text) > LONGEST_QUERY:
        raise BadInput(f"The query is longer than {LONGEST_QUERY} characters. Use fewer words.")
    # NFKC first: a full-width colon or quotation mark must not become an operator at the other side.
    signs = unicodedata.normalize("NFKC", text)
    kept = "".join(sign if sign in _INSIDE_WORDS or unicodedata.category(sign)[0] in "LMN" else " " for sign in signs)
    words = [word for word in (piece.strip(_INSIDE_WORDS) for piece in kept.split()) if word]
    if text.strip() and not words:
        raise BadInput("The query holds no word to look for.")
    return [word if word.isalnum() and word.lower() not in _RESERVED else f'"{word}"' for word in words]
