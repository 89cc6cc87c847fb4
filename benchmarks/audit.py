"""What the audit trail costs: `python benchmarks/audit.py [RECORDS]` appends, exports and verifies a synthetic log.

Each step runs in a process of its own, so that its peak memory is its own. With 1,000,000 records it takes some minutes.
"""

import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

RECORDS = 100_000
EVERY = 1_000
SOME = 20_000
TRIES = 30
SHORT = ("append", "verify, 20,000 lines, best of 30")
NAME = "deskgate.example/desk"
START = datetime(2026, 1, 1, tzinfo=UTC)


def entry(number: int):  # noqa: ANN201 - the product is imported in the process that needs it
    """A decision, which is one of the longer records."""
    from deskgate.desk.audit.record import Actor, Entry

    actor = Actor("human", "anna", credential="sha256:0123456789abcdef", auth="page", client="browser")
    obj = {
        "ticket": number % 5_000,
        "message": f"msg_{number:08d}",
        "reply": f"{number:032x}",
        "thread": f"zd-{number}",
    }
    dec = {"verdict": "approve", "digest": f"sha256:{number:064x}", "policy": "low-risk", "draft": number}
    return Entry("email.decide", actor, obj, dec, {"status": "sent", "attempt": 1})


def append_some(folder: Path, records: int) -> dict[str, float]:
    """Append as the product does: clean, put into canonical form, chain, grow the tree."""
    from deskgate.desk.audit.record import Head, append

    head = Head(NAME)
    for number in range(records):
        head = append(head, entry(number), START + timedelta(seconds=number)).head
    return {}


def write_log(folder: Path, records: int) -> dict[str, float]:
    """The same lines, chained with less care and so in less time: a log as a store would give it back."""
    from deskgate.desk.audit.note import Signer, checkpoint_of
    from deskgate.desk.audit.record import Head, append, stamp
    from deskgate.desk.audit.verify import Tree, leaf_hash

    signer, tree, before = Signer(NAME, bytes(32)), Tree(), "0" * 64
    model = json.loads(append(Head(NAME), entry(0), START).line)
    encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
    with (folder / "lines").open("wb") as lines, (folder / "checkpoints").open("w") as points:
        for number in range(records):
            made = entry(number)
            parts = {"obj": made.obj, "dec": made.dec, "seq": number, "prev": before}
            line = encode({**model, **parts, "ts": stamp(START + timedelta(seconds=number))}).encode()
            before = hashlib.sha256(line).hexdigest()
            tree.push(leaf_hash(line))
            lines.write(line + b"\n")
            if tree.size % EVERY == 0 or tree.size == records:
                points.write(json.dumps(checkpoint_of(NAME, tree.size, tree.root(), signer).decode()) + "\n")
    return {}


def _checkpoints(folder: Path) -> Iterator[bytes]:
    with (folder / "checkpoints").open() as file:
        for line in file:
            yield json.loads(line).encode()


def export(folder: Path, name: str, select: bool) -> dict[str, float]:
    """Write an export from the lines: all, or one ticket of 5,000."""
    from deskgate.desk.audit.export import Source, of_tickets, write_export
    from deskgate.desk.audit.note import Signer

    *_, newest = _checkpoints(folder)
    with (folder / "lines").open("rb") as file:
        source = Source((line[:-1] for line in file), newest, _checkpoints(folder), Signer(NAME, bytes(32)))
        write_export(folder / name, source, of_tickets([42]) if select else None)
    (folder / "anchor").write_bytes(newest)
    return {}


def verify(folder: Path, name: str) -> dict[str, float]:
    """Check the export against its key and its newest checkpoint; anything but 0 is no figure."""
    from deskgate.desk.audit.note import Signer
    from deskgate.desk.audit.verify import verify_folder

    report = verify_folder(
        folder / name, keys=[Signer(NAME, bytes(32)).vkey], anchors=[(folder / "anchor").read_bytes()]
    )
    if report.exit_code:
        raise SystemExit(report.text())
    return {}


def walk(folder: Path) -> dict[str, float]:
    """Check the log as a database gives it: chain, tree, checkpoints, without sums and table."""
    from deskgate.desk.audit.note import Signer
    from deskgate.desk.audit.verify import verify_log

    newest = (folder / "anchor").read_bytes()
    with (folder / "lines").open("rb") as file:
        lines = (line[:-1] for line in file)
        key = Signer(NAME, bytes(32)).vkey
        report = verify_log(lines, newest, keys=[key], checkpoints=_checkpoints(folder), anchors=[newest])
    if report.exit_code:
        raise SystemExit(report.text())
    return {}


def walk_some(folder: Path, records: int) -> dict[str, float]:
    """The best of many tries on the first lines, already in memory: what the work takes when nobody else is at work."""
    from deskgate.desk.audit.verify import Report, check_lines

    with (folder / "lines").open("rb") as file:
        lines = [line[:-1] for line in islice(file, records)]
    best = float("inf")
    for _ in range(TRIES):
        begun = time.perf_counter()
        report = Report()
        check_lines(lines, report, NAME, [])
        best = min(best, time.perf_counter() - begun)
        if report.findings:
            raise SystemExit(report.text())
    return {"s": best, "cpu_s": best}


STEPS: dict[str, Callable[[Path, int], dict[str, float]]] = {
    "append": append_some,
    "(write the log)": write_log,
    "export, all": lambda folder, _: export(folder, "all", False),
    "verify, 20,000 lines, best of 30": walk_some,
    "verify, the lines": lambda folder, _: walk(folder),
    "verify, the export": lambda folder, _: verify(folder, "all"),
    "export, one ticket of 5,000": lambda folder, _: export(folder, "one", True),
    "verify, one ticket": lambda folder, _: verify(folder, "one"),
}


def step(name: str, folder: Path, records: int) -> None:
    """One step, in this process; its figures go to stdout."""
    begun, worked = time.perf_counter(), time.process_time()
    figures = STEPS[name](folder, records)
    figures = {"s": time.perf_counter() - begun, "cpu_s": time.process_time() - worked} | figures
    figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps(figures))


def main() -> int:
    """All steps, each in its own process, as a table."""
    if len(sys.argv) == 5:
        step(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
        return 0
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    load = os.getloadavg()[0]
    sys.stdout.write(
        f"{records:,} records, Python {platform.python_version()}, {os.cpu_count()} cores, load before {load:.1f}\n\n"
        "| step | s | processor s | records/s | records/processor s | peak MB |\n|---|---:|---:|---:|---:|---:|\n"
    )
    with tempfile.TemporaryDirectory() as place:
        for name in STEPS:
            count = min(records, SOME) if name in SHORT else records
            command = [sys.executable, __file__, "step", name, place, str(count)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rates = f"{count / found['s']:,.0f} | {count / found['cpu_s']:,.0f}"
            sys.stdout.write(
                f"| {name} | {found['s']:.1f} | {found['cpu_s']:.1f} | {rates} | {found['peak_mb']:.0f} |\n"
            )
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
