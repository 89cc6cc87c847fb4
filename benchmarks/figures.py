"""Measure what docs/figures.md publishes, and write it there: `make figures`.

The figures belong to one machine at one time; ratios and differences travel, milliseconds do not.
"""

import compileall
import os
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import anyio
from calling import queue_figures, reading_figures
from measure import Figure
from starting import start_figures

PAGE = Path(__file__).parent.parent / "docs" / "figures.md"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
STARTS = 21
READS = 200
DEPTHS = (20, 100, 200)
DECISIONS = 15
PACKAGES = ("deskgate", "mcp", "pydantic", "httpx", "starlette", "uvicorn", "anyio")
HEAD = "| figure | values | min | median | max | unit |\n|---|---:|---:|---:|---:|---|"


def machine() -> str:
    """What the figures were measured on."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = f", load average before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}{load}.\n{versions}."
    )


def table(title: str, figures: list[Figure]) -> str:
    """One section of the page."""
    return "\n".join([f"### {title}", "", HEAD, *(figure.row() for figure in figures)])


def measured() -> str:
    """Everything, as Markdown."""
    facts = machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("start", "read", "queue"):
            (folder / part).mkdir()
        begun = time.monotonic()
        start = start_figures(folder / "start", STARTS)
        read = anyio.run(partial(reading_figures, folder / "read", READS))
        queue = anyio.run(partial(queue_figures, folder / "queue", DEPTHS, DECISIONS))
        took = time.monotonic() - begun
    sections = [
        f"{facts} `make figures` took {took:.0f} s.",
        table("Start, memory, size", start),
        table("Reading a ticket", read),
        table("The queue, in the sandbox", queue),
    ]
    return "\n\n".join(sections)


def main() -> int:
    """Measure, print, and write between the markers. With bytecode in place, as an installed program has it."""
    compileall.compile_dir(PAGE.parents[1] / "server", quiet=1)
    compileall.compile_dir(PAGE.parents[1] / "tools", quiet=1)
    text = measured()
    sys.stdout.write(text + "\n")
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.stderr.write(f"docs/figures.md has no {BEGIN} … {END} to write between\n")
        return 1
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
