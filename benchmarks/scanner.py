"""What the reply scanner costs on inputs made to hang it: `python benchmarks/scanner.py [KILOBYTES]`.

Every input is timed at the full and at half the size; the ratio of a linear scanner is 2. Processor time is what the work
takes; the time on the wall adds whatever else the machine does.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator

from deskgate.desk.inbox.quoted import split

ROUNDS = 5
LIMIT_MS = 50.0

# A unit that is repeated up to the size asked for.
REPEATED = {
    "line feeds": "\n",
    "carriage returns": "\r",
    "line separators": "\u2028",
    "NUL": "\x00",
    "lines of NUL": "\x00\n",
    "On": "On ",
    "On, one a line": "On \n",
    "On Mon, one a line": "On Mon\n",
    "On … wrote:, one a line": "On wrote:\n",
    "wrote:, one a line": "wrote:\n",
    "On with a time, one a line": "On 1 May 2024 10:00\n",
    "attributions without an address": "On 1 May 2024 10:00 X wrote:\n",
    "attributions that are followed by a quote": "On 1 May 2024 10:00 x@y.z wrote:\n>\nx\n",
    "wrapped attributions that never end": "On 1 May 2024, X <\nx@y.z>\n",
    "times and @ before a colon": "1:00@:\n",
    "colons": ":\n",
    "a:": "a:\n",
    "quote marks in one line": ">",
    "quote marks, one a line": ">\n",
    "quote marks and text in turn": ">\na\n",
    "quotes and blank lines": ">a\n\n",
    "From:": "From:",
    "From:, one a line": "From:\n",
    "From: and eleven lines": "From: x\n" + "a\n" * 11,
    "From: and To:": "From: x\nTo: y\n",
    "From:To:Date:": "From:a:b:c:d\n",
    "bold labels": "**From:**\n",
    "labels in Chinese": "发件人：\n",
    "signature dashes": "--\n",
    "signature dashes and text": "-- \na\n",
    "dashes": "-\n",
    "drawn lines": "-----\n",
    "Sent from my iPhone": "Sent from my iPhone\n",
    "forward marks that are none": "-----forwarded mail-----\n",
    "links": "[a](b)\n",
    "open brackets": "[",
    "open brackets before a colon": "@[[[[[[[[[[[[[[[[[[[[[[[[[1:00:\n",
    "entities": "&lt;@1:00&gt;:\n",
    "right to left": "\u202eabc\u202c \u05d0\u05d1\n",
    "zero width": "\u200b",
    "spaces": " ",
    "spaces and line feeds": " \n",
    "words that fold to two": "ß\n",
    "ordinary text": "Thank you, that helped: the blue one works, the red one does not.\n",
}
LAST_LINES = {
    "an unmarked quote at the very end": "\nOn 1 May 2024 10:00 x@y.z wrote:\nx",
    "a marked quote at the very end": "\nOn 1 May 2024 10:00 x@y.z wrote:\n> x",
}


def hostile(size: int) -> Iterator[tuple[str, str]]:
    """Names and texts of about that many characters."""
    for name, unit in REPEATED.items():
        yield name, (unit * (size // len(unit) + 1))[:size]
    yield "one long word", "a" * size
    yield "one long attribution", ("On 1 May 2024 10:00 " + "a" * size)[:size] + " x@y.z wrote:"
    yield "all of it in turn", ("".join(REPEATED.values()) * (size // 500 + 1))[:size]
    yield "all of it, upside down", ("".join(reversed(REPEATED.values())) * (size // 500 + 1))[:size]
    for name, last in LAST_LINES.items():
        yield f"ordinary text and {name}", (REPEATED["ordinary text"] * (size // 60 + 1))[:size] + last
        yield f"signs inside words and {name}", ("seems inlined in reduced xin rotx " * (size // 34 + 1))[:size] + last
        yield f"labels and {name}", ("From: x\nTo: y\n" * (size // 14 + 1))[:size] + last


def milliseconds(work: Callable[[str], object], text: str) -> tuple[list[float], list[float]]:
    """Several times of the same work: of the processor, and on the wall."""
    processor, wall = [], []
    for _ in range(ROUNDS):
        worked, begun = time.process_time(), time.perf_counter()
        work(text)
        processor.append((time.process_time() - worked) * 1000)
        wall.append((time.perf_counter() - begun) * 1000)
    return processor, wall


def main() -> int:
    """Print a table, the slowest first; 1 when an input took too long."""
    size = int(sys.argv[1]) * 1000 if len(sys.argv) > 1 else 60_000
    halves = dict(hostile(size // 2))
    rows = []
    for name, text in hostile(size):
        processor, wall = milliseconds(split, text)
        half, _ = milliseconds(split, halves[name])
        middle = statistics.median(processor)
        rows.append((max(processor), middle, max(wall), middle / statistics.median(half), name))
    out = sys.stdout.write
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    out(f"{len(rows)} inputs of {size:,} characters, {ROUNDS} rounds each{load}\n\n")
    out(
        "| input | processor ms, median | largest | on the wall, largest | over half the size |\n|---|---:|---:|---:|---:|\n"
    )
    for largest, middle, wall_largest, ratio, name in sorted(rows, reverse=True):
        out(f"| {name} | {middle:.1f} | {largest:.1f} | {wall_largest:.1f} | {ratio:.1f} × |\n")
    return int(max(largest for largest, *_ in rows) >= LIMIT_MS)


if __name__ == "__main__":
    raise SystemExit(main())
