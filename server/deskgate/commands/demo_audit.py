"""The end of the demo: what was recorded is exported, checked, made to forget the customer, and checked again."""

import os
import sys
from pathlib import Path

import anyio

from deskgate.cli import say
from deskgate.commands.demo_world import expect

INTACT, NO_ANCHOR = 0, 2


class Auditor:
    """Types `deskgate audit …` in the demo's own data folder."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self._environment = environment

    async def __call__(self, *words: str, codes: tuple[int, ...] = (0,)) -> tuple[int, str, str]:
        """The exit code and what it printed, on either side. It is shown as typed."""
        say(f"  $ deskgate audit {' '.join(self._short(word) for word in words)}")
        run = await anyio.run_process(
            [sys.executable, "-m", "deskgate", "audit", *words], env=self._environment, check=False
        )
        out, complained = run.stdout.decode(), run.stderr.decode()
        expect(run.returncode in codes, f"deskgate audit {words[0]} ended with {run.returncode}: {complained or out}")
        return run.returncode, self._short(out.strip()), self._short(complained.strip())

    def _short(self, text: str) -> str:
        return text.replace(str(self.folder) + os.sep, "")

    async def exported(self, name: str) -> str:
        """Export everything; the log's key, which an auditor gets by another way."""
        _, out, complained = await self("export", str(self.folder / name))
        say(f"    {out.splitlines()[0]}")
        return complained.split()[-1]

    async def verified(self, name: str, *more: str, codes: tuple[int, ...]) -> None:
        """Check an export, as the auditor would, and say what came of it."""
        code, out, _ = await self("verify", str(self.folder / name), *more, codes=codes)
        for line in out.splitlines():
            say(f"    {line}")
        say(f"    exit code {code}: {_MEANING[code]}")


_MEANING = {
    INTACT: "intact, and a checkpoint from outside covers all of it",
    NO_ANCHOR: "nothing wrong found, and it says what it cannot know",
}


async def audit(auditor: Auditor, customer: str) -> None:
    """Play it."""
    key = await auditor.exported("audit-1")
    # The auditor keeps a checkpoint of their own from now on; the next export must follow from it.
    pin = ("--key", key, "--pin", str(auditor.folder / "pin"))
    await auditor.verified("audit-1", *pin, codes=(INTACT, NO_ANCHOR))
    _, out, _ = await auditor("erase", "--requester", customer, "--yes")
    say(f"    {out.splitlines()[0]}")
    await auditor.exported("audit-2")
    await auditor.verified("audit-2", *pin, codes=(INTACT, NO_ANCHOR))
    left = (auditor.folder / "audit-2" / "audit.jsonl").read_text("utf-8")
    expect(customer not in left, "the customer's address is in the second export")
