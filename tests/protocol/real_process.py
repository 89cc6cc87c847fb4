"""`deskgate` as a real process, spoken to line by line, with every wait bounded."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp_frames import INITIALIZE, INITIALIZED

LIMIT_SECONDS = 30.0
LEAVE_SECONDS = 5.0
LINE_BYTES = 1_000_000


class Pipe:
    """One running `deskgate`, its standard input and its standard output."""

    def __init__(self, process: anyio.abc.Process, errors: Path) -> None:
        self.process = process
        self._errors = errors
        assert process.stdout is not None
        self._lines = BufferedByteReceiveStream(process.stdout)

    @property
    def stderr(self) -> str:
        """What it said to people so far."""
        return self._errors.read_text()

    async def send(self, *frames: Mapping[str, Any]) -> None:
        """Write frames, one line each, in one go."""
        assert self.process.stdin is not None
        await self.process.stdin.send(b"".join(json.dumps(frame).encode() + b"\n" for frame in frames))

    async def line(self) -> bytes:
        """The next line of standard output, without its end."""
        with anyio.fail_after(LIMIT_SECONDS):
            return await self._lines.receive_until(b"\n", LINE_BYTES)

    async def answer(self, *frames: Mapping[str, Any]) -> dict[str, Any]:
        """Send frames and read one back; anything but JSON on the line fails here."""
        if frames:
            await self.send(*frames)
        found: dict[str, Any] = json.loads(await self.line())
        assert found["jsonrpc"] == "2.0"
        return found

    async def shake_hands(self, **capabilities: Any) -> dict[str, Any]:
        """The handshake of 2025-11-25."""
        hello = {**INITIALIZE, "params": {**INITIALIZE["params"], "capabilities": capabilities}}
        answered = await self.answer(hello)
        await self.send(INITIALIZED)
        return answered

    async def hang_up(self) -> None:
        """Close its standard input."""
        assert self.process.stdin is not None
        await self.process.stdin.aclose()

    async def leaves(self) -> int:
        """The exit code of a process that must end by itself, soon."""
        with anyio.fail_after(LEAVE_SECONDS):
            return await self.process.wait()

    async def rest(self) -> bytes:
        """Whatever else it wrote on standard output until it closed it."""
        found = bytearray()
        with anyio.fail_after(LIMIT_SECONDS):
            try:
                while True:
                    found += await self._lines.receive()
            except anyio.EndOfStream:
                return bytes(found)


@asynccontextmanager
async def deskgate(
    folder: Path, *words: str, environment: Mapping[str, str] | None = None, bare: bool = False
) -> AsyncIterator[Pipe]:
    """Start `deskgate WORDS` with its data in `folder`.

    `environment` is added to the test's own, less every setting of deskgate; `bare` leaves only what is given.
    """
    inherited = {} if bare else {name: value for name, value in os.environ.items() if not _is_setting(name)}
    told = inherited | {"DESKGATE_HOME": str(folder)} | dict(environment or {})
    errors = folder / f"stderr-{len(list(folder.glob('stderr-*')))}.txt"
    with errors.open("wb") as sink:
        process = await anyio.open_process(
            [sys.executable, "-m", "deskgate", *words], env=told, stdin=subprocess.PIPE, stderr=sink, cwd=folder
        )
    try:
        yield Pipe(process, errors)
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            await process.aclose()


def _is_setting(name: str) -> bool:
    return name.startswith(("DESKGATE_", "ZENDESK_", "MULTIMAIL_"))
