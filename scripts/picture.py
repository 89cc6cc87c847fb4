"""Draw docs/demo.svg from a real run: python scripts/picture.py. The text is what `deskgate demo` printed, nothing else."""

import html
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

WIDTH_CHARS, CHAR, LINE, MARGIN = 112, 7.8, 18, 20
COLOURS = {"step": "#7ee2b8", "quote": "#9db4d0", "plain": "#e4e7ec", "prompt": "#f5c26b"}


def main() -> None:
    """Run the demo and write the picture."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"DESKGATE_HOME": home}
        run = subprocess.run(
            [sys.executable, "-m", "deskgate", "demo"], env=environment, capture_output=True, text=True, check=True
        )
        printed = run.stdout.replace(home, "~/.local/share/deskgate")
    lines = ["$ make demo"]
    for line in printed.splitlines():
        indent = line[: len(line) - len(line.lstrip(" │"))]
        lines += textwrap.wrap(line, WIDTH_CHARS, subsequent_indent=indent, drop_whitespace=False) or [""]
    Path("docs/demo.svg").write_text(drawn(lines), encoding="utf-8")


def drawn(lines: list[str]) -> str:
    """The lines as a terminal window."""
    width, height = int(WIDTH_CHARS * CHAR) + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * (number + 1) - 5}" fill="{COLOURS[kind(line)]}" xml:space="preserve">'
        f"{html.escape(line)}</text>"
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="A run of make demo, as text"><rect width="100%" height="100%" rx="8" fill="#14181f"/>\n'
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13">\n{rows}\n</g></svg>\n'
    )


def kind(line: str) -> str:
    """How a line is coloured."""
    if line.startswith("$"):
        return "prompt"
    if line[:1].isdigit():
        return "step"
    return "quote" if line.startswith("  │") else "plain"


if __name__ == "__main__":
    main()
