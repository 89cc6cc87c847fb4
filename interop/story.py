"""The calls that every client makes, and how a call uses what an earlier one gave."""

import json
from pathlib import Path
from typing import Any

STORY = json.loads(Path(__file__).with_name("story.json").read_text())


def filled(arguments: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    """`$step.field` becomes that field of an earlier result."""
    found = dict(arguments)
    for name, value in arguments.items():
        if isinstance(value, str) and value.startswith("$"):
            step, _, field = value[1:].partition(".")
            found[name] = results[step]["structured"][field]
    return found
