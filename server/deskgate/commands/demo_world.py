"""The demo's surroundings: the sandbox as a process of its own, and what it delivered."""

import sys
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import TracebackType

import anyio
from anyio.abc import Process
from anyio.streams.text import TextReceiveStream

from deskgate.settings import inherited

START_SECONDS = 20.0
SHOWN_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe")


class DemoFailed(Exception):
    """A step did not hold."""


def expect(holds: bool, otherwise: str) -> None:
    """Stop the demo where something is not as it says.

    Raises:
        DemoFailed: with the reason.
    """
    if not holds:
        raise DemoFailed(otherwise)


class DemoWorld:
    """`deskgate sandbox` on a free port, in a folder of its own; stopped when left."""

    def __init__(self, folder: Path) -> None:
        self.base = ""
        self.environment = {
            "DESKGATE_HOME": str(folder),
            "DESKGATE_PRINCIPAL": "demo",
            "DESKGATE_RECONCILE_SECONDS": "1",
        }
        self._maildir = folder / "sandbox" / "Maildir" / "new"
        self._process: Process | None = None

    async def __aenter__(self) -> "DemoWorld":
        command = [sys.executable, "-m", "deskgate", "sandbox", "--port", "0", "--desk", ""]
        self.environment = inherited() | self.environment
        self._process = await anyio.open_process(command, stderr=None, env=self.environment)
        try:
            with anyio.fail_after(START_SECONDS):
                await self._connected(self._process)
        except TimeoutError:
            raise DemoFailed(f"the sandbox did not start within {START_SECONDS:.0f} s") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with anyio.CancelScope(shield=True):
                self._process.terminate()
                await self._process.aclose()

    async def _connected(self, process: Process) -> None:
        """Take over the environment lines that the sandbox prints for whoever wants to connect."""
        assert process.stdout is not None  # noqa: S101 - open_process pipes it
        printed = ""
        async for chunk in TextReceiveStream(process.stdout):
            printed += chunk
            lines = [line.removeprefix("export ").partition("=") for line in printed.splitlines() if "=" in line]
            told = {name: value for name, _, value in lines if name.isupper()}
            if printed.endswith("\n") and "MULTIMAIL_MAILBOX" in told:
                self.environment |= told
                self.base = told["ZENDESK_BASE_URL"].removesuffix("/zendesk")
                return
        raise DemoFailed("the sandbox ended before it answered")

    async def customer_writes(self, ticket: int, text: str) -> None:
        """The customer answers the last mail about this ticket, quoting it."""
        await _post(f"{self.base}/sandbox/reply", {"ticket": ticket, "text": text, "quoted": True})

    def mails(self) -> Sequence[Path]:
        """The delivered mails, as files."""
        return sorted(self._maildir.iterdir()) if self._maildir.is_dir() else []


async def _post(url: str, document: dict[str, object]) -> None:
    import httpx

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, json=document)
    expect(answer.is_success, f"the sandbox answered {answer.status_code}: {answer.text}")


def delivered_mail(path: Path) -> str:
    """The mail as its recipient has it: the headers that matter and the text part."""
    message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
    assert isinstance(message, EmailMessage)  # noqa: S101 - policy.default makes one
    body = message.get_body(("plain",))
    heads = [f"{name}: {message[name]}" for name in SHOWN_HEADERS if message[name]]
    return "\n".join([*heads, "", body.get_content() if body else "(no text part)"])
