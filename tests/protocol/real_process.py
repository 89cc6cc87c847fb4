"""`deskgate` as a real process, spoken to line by line, with every wait bounded."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

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
        self._heard = b""
        assert process.stdout is not None
        self._lines = BufferedByteReceiveStream(process.stdout)

    @property
    def stderr(self) -> str:
        """What it said to people so far."""
        return self._heard.decode() + self._errors.read_text()

    async def said(self, beginning: str) -> str:
        """Wait until it says a line to people that begins so; only for a process that is heard."""
        assert self.process.stderr is not None
        with anyio.fail_after(LIMIT_SECONDS):
            while True:
                lines = self._heard.decode().splitlines(keepends=True)
                found = next((one for one in lines if one.startswith(beginning) and one.endswith("\n")), None)
                if found:
                    return found
                self._heard += await self.process.stderr.receive()

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
            code = await self.process.wait()
            if self.process.stderr is not None:
                self._heard += b"".join([chunk async for chunk in self.process.stderr])
            return code

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
    folder: Path,
    *words: str,
    environment: Mapping[str, str] | None = None,
    bare: bool = False,
    hears: bool = False,
) -> AsyncIterator[Pipe]:
    """Start `deskgate WORDS` with its data in `folder`.

    `environment` is added to the test's own, less every setting of deskgate; `bare` leaves only what is given. With
    `hears`, what it says to people is read as it comes (`Pipe.said`), else it lands in a file.
    """
    inherited = {} if bare else {name: value for name, value in os.environ.items() if not _is_setting(name)}
    told = inherited | {"DESKGATE_HOME": str(folder)} | dict(environment or {})
    errors = folder / f"stderr-{uuid4().hex}.txt"
    with errors.open("wb") as sink:
        process = await anyio.open_process(
            [sys.executable, "-m", "deskgate", *words],
            env=told,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE if hears else sink,
            cwd=folder,
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
