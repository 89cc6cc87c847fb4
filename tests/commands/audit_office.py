"""An operator at the audit trail of a desk that worked, and an auditor beside them."""

from dataclasses import dataclass, replace
from pathlib import Path

import anyio.to_thread
from at_terminal import Told, typed

import bench as benches
from bench import Bench, bench
from desk.inbox.desk_at_work import AtWork
from deskgate import settings
from deskgate.cli import _parser
from deskgate.commands.audit import act, checked
from deskgate.desk.audit.keeper import Keeper
from deskgate.desk.audit.said import Who, acting_as

__all__ = ["AtWork", "Operator", "bench"]


@dataclass
class Operator:
    """Types `deskgate audit …` at the bench's database."""

    one: Bench
    folder: Path

    @property
    def settings(self) -> settings.Settings:
        told = settings.read({"DESKGATE_HOME": str(self.folder)}, sandbox=True)
        return replace(told, database=benches.DATABASE(self.folder)) if benches.DATABASE else told

    @property
    def keeper(self) -> Keeper:
        """Whoever signs at this desk."""
        return Keeper(self.one.desk.core.store, self.one.clock, self.settings.keys_folder)

    async def __call__(self, *words: str, anchor: Path | None = None) -> Told:
        """Anything but `verify`."""
        told = replace(self.settings, audit_anchor=anchor)
        with acting_as(Who("human", "ines", auth="terminal")):
            return await typed(
                lambda terminal, given: act(self.one.desk.core.store, told, terminal, given, self.one.clock),
                "audit",
                *map(str, words),
            )

    def outside(self, folder: Path) -> Path:
        """A copy of an export's checkpoint that is kept elsewhere."""
        kept = self.folder / f"{folder.name}.checkpoint"
        kept.write_bytes((folder / "checkpoint").read_bytes())
        return kept

    async def verify(self, target: object = None, *words: object) -> Told:
        """As on the auditor's machine; without a target the desk's own database."""
        where = str(target or self.settings.database)
        given = _parser().parse_args(["audit", "verify", where, *map(str, words)])
        report = await anyio.to_thread.run_sync(checked, where, given)
        return Told(report.exit_code, report.text(), "")
