"""An operator's command at a database: what it answers, and what people see."""

import io
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from deskgate.cli import _parser
from deskgate.commands.terminal import Terminal


@dataclass(frozen=True)
class Told:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """What it said to a script."""
        return json.loads(self.out)


async def typed(act: Callable[[Terminal, Any], Awaitable[int]], *words: str) -> Told:
    """Type the words; `act` carries the command out."""
    out, err = io.StringIO(), io.StringIO()
    read = _parser().parse_args(words)
    size = os.terminal_size((200, 50))
    terminal = Terminal(io.StringIO(), out, err, False, size, lambda _text: None, bool(read.sandbox))
    code = await act(terminal, read)
    return Told(code, out.getvalue(), err.getvalue())
