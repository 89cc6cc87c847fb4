"""The reply scanner beside two public libraries, on mails in files: `python benchmarks/scanner_oracle.py FOLDER…`.

It needs `mail-parser-reply` and `email-reply-parser`, which are no part of deskgate (both hang on hostile mails), and
folders of `*.txt` mails, such as the `test/emails` of either library's source. Compared is the newest reply, line by line,
white space at the edges aside.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from email_reply_parser import EmailReplyParser
from mailparser_reply import EmailReplyParser as ManyLanguages

from deskgate.desk.inbox.quoted import split

LANGUAGES = ["en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh", "david"]
SHOWN_CHARS = 60


def lines(text: str) -> list[str]:
    """What two answers are compared by."""
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def many(text: str) -> list[str]:
    """The newest reply as mail-parser-reply sees it: with its signature, and without."""
    newest = ManyLanguages(languages=LANGUAGES).read(text).replies[0]
    return [newest.full_body, newest.body]


def english(text: str) -> list[str]:
    """The same of email-reply-parser, which knows one language and drops signatures."""
    return [EmailReplyParser.parse_reply(text)]


def relation(ours: list[str], theirs: list[list[str]]) -> str:
    """How our answer stands to theirs; the nearest of several counts."""
    if ours in theirs:
        return "same"
    nearest = min(theirs, key=lambda one: abs(len(one) - len(ours)))
    if not (Counter(nearest) - Counter(ours)):
        return "ours is longer"
    if not (Counter(ours) - Counter(nearest)):
        return "ours is shorter"
    return "other"


def compare(name: str, library: Callable[[str], list[str]], paths: list[Path]) -> None:
    """Print how many files agree, and each that does not."""
    out = sys.stdout.write
    found: Counter[str] = Counter()
    out(f"\n{name}\n")
    for path in paths:
        text = path.read_bytes().decode("utf-8", "replace")
        ours = lines(split(text).new)
        begun = time.perf_counter()
        theirs = [lines(one) for one in library(text)]
        took = time.perf_counter() - begun
        how = relation(ours, theirs)
        found[how] += 1
        if how != "same":
            last = (ours or ["(nothing)"])[-1][:SHOWN_CHARS]
            other = (theirs[0] or ["(nothing)"])[-1][:SHOWN_CHARS]
            out(
                f"  {how:15} {path.name}: {len(ours)} lines, theirs {[len(one) for one in theirs]} ({took * 1000:.0f} ms)\n"
            )
            out(f"      ours ends   {last!r}\n      theirs ends {other!r}\n")
    out(f"  {len(paths)} files: " + ", ".join(f"{count} {how}" for how, count in found.most_common()) + "\n")


def main() -> int:
    """Compare with both."""
    paths = sorted(path for folder in sys.argv[1:] for path in Path(folder).rglob("*.txt"))
    compare("mail-parser-reply", many, paths)
    compare("email-reply-parser", english, paths)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
