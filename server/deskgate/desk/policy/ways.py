"""Every way out of a text: whatever a mail program could make a link of. The policy judges these, and reviewers see them.

A text is read in three forms, because programs differ in what they resolve first.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass

from deskgate.desk.policy.marked_up import destinations
from deskgate.desk.policy.targets import NO_HOST, hosts_of_destination, hosts_of_run, resolved_target
from deskgate.desk.text import marked

EMPHASIS = str.maketrans("", "", "*`~\\_")

# Only characters that end a link everywhere.
_RUN = re.compile(r"[^\s<>()\[\]{}\"'|,;“”„«»‘’…]+")
_SIGN = re.compile(r"[.。．｡:@/\\]")
_AROUND = ".!?:*_~`"


@dataclass(frozen=True)
class Way:
    """One place that a text leads to: as it is written there, the hosts that it may mean (the likeliest first), the words
    that show it, and whether it is loaded without a click."""

    target: str
    hosts: tuple[str, ...]
    words: str = ""
    loaded: bool = False

    @property
    def key(self) -> str:
        """What is the same for all spellings of one target."""
        return resolved(resolved_target(self.target)).translate(EMPHASIS)


def ways_out(text: str, spared: Set[str] = frozenset()) -> Iterator[Way]:
    """All ways out of a text; one that several forms of it have comes several times.

    `spared` are mail addresses, case-folded, that are no news to the reader (their own).
    """
    plain = resolved(text)
    for form in dict.fromkeys((text, plain, plain.translate(EMPHASIS))):
        begun: dict[int, tuple[str, ...]] = {}
        for place in destinations(form):
            hosts = tuple(dict.fromkeys(hosts_of_destination(place.target, spared)))
            begun[place.start] = hosts
            if hosts:
                yield Way(place.target, hosts, place.words, place.loaded)
        yield from _runs(form, spared, begun)


def resolved(text: str, *, unseen: str = "") -> str:
    """A text as a mail program shows it: entities and compatible letters resolved, and what a decider is shown marks for
    replaced. White space stays, for it separates words."""
    shown = unicodedata.normalize("NFKC", html.unescape(text))
    hidden = (
        [] if shown.isascii() else [ord(char) for char in set(shown) if not char.isspace() and marked(char) != char]
    )
    return shown.translate(dict.fromkeys(hidden, unseen)) if hidden else shown


def _runs(form: str, spared: Set[str], begun: Mapping[int, tuple[str, ...]]) -> Iterator[Way]:
    """What stands in the text itself, but for the beginnings of destinations, which were found before."""
    for match in _RUN.finditer(form):
        if not _SIGN.search(match[0]):
            continue
        run = match[0].strip(_AROUND)
        hosts = list(hosts_of_run(run, spared))
        before = form[match.start() - 1 : match.start()]
        if run.startswith("@") and (match[0][0] != "@" or (before and not before.isspace())):
            # `https://good.example,@evil.example`: a comma ends a link for some programs; to a browser all is one.
            hosts += [host for host in hosts_of_destination(f"//{run}", spared) if host != NO_HOST]
        known = tuple(dict.fromkeys(hosts))
        if known and begun.get(match.start()) != known:
            yield Way(run, known)
