"""The page on a real port of this machine."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from approvals_bench import Desk, opened


@asynccontextmanager
async def served(folder: Path, **given: Any) -> AsyncIterator[Desk]:
    """The page over a world in this folder, answering at `desk.origin`."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with opened(folder, origin=origin, **given) as desk, anyio.create_task_group() as group:
        server = uvicorn.Server(uvicorn.Config(desk.app, log_level="error", lifespan="off"))
        group.start_soon(server._serve, [listener])
        try:
            yield desk
        finally:
            server.should_exit = True
