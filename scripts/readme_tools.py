"""The tools table of README.md, as the registry has it: prints it; `--write` puts it between the markers."""

import sys
from pathlib import Path

from deskgate.protocol.registration import registered
from deskgate_tools import TOOLS
from deskgate_tools._call import Facts

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- tools:begin -->", "<!-- tools:end -->"
HEAD = "| tool | what it does | takes | changes | role |\n|---|---|---|---|---|"
ROLES = {None: "all", "audit": "all", "draft": "agent, solo", "decide": "reviewer, solo"}


def table() -> str:
    """One line a tool, in the order of the story. A parameter with `?` may be left out."""
    return "\n".join([HEAD, *(_line(registered(function, facts), facts) for function, facts in TOOLS)])


def _line(tool: object, facts: Facts) -> str:
    name, description, schema = (getattr(tool, part) for part in ("name", "description", "parameters"))
    required = schema.get("required", [])
    takes = ", ".join(f"`{one}`" if one in required else f"`{one}?`" for one in schema["properties"])
    changes = "nothing" if facts.read_only else "what waits" if facts.destructive else "adds"
    return f"| `{name}` | {description.partition('. ')[0].rstrip('.')} | {takes} | {changes} | {ROLES[facts.scope]} |"


def written(text: str) -> str:
    """The README with the table between its markers."""
    before, _, rest = text.partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        raise SystemExit(f"README.md has no {BEGIN} … {END}.")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        README.write_text(written(README.read_text("utf-8")), "utf-8")
    else:
        sys.stdout.write(table() + "\n")
