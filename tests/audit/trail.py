"""A log to attack: records, checkpoints and side rows as the product would write them, and exports of it."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deskgate.desk.audit import verify
from deskgate.desk.audit.commitments import Personal, seal
from deskgate.desk.audit.export import Source, Wanted, write_export
from deskgate.desk.audit.note import Signer, checkpoint_of
from deskgate.desk.audit.record import Actor, Entry, Head, append
from deskgate.desk.audit.tree import Frontier, leaf_hash

NAME = "deskgate.example/desk"
SIGNER = Signer(NAME, bytes(range(32)))
OTHER_KEY = Signer(NAME, bytes(range(1, 33)))
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
ANNA = Actor("human", "anna", credential="sha256:5f1d", auth="page", client="browser")
AGENT = Actor("agent", "writer", behalf="support", auth="stdio")


@dataclass(frozen=True)
class Trail:
    """What an auditor could be handed: the lines, the checkpoints, the newest one, and who signed."""

    lines: list[bytes]
    checkpoints: list[bytes]
    newest: bytes
    signer: Signer = SIGNER
    personal: tuple[tuple[int, Personal], ...] = ()

    def source(self, *, with_personal: bool = False) -> Source:
        """For an export."""
        personal = self.personal if with_personal else None
        return Source(self.lines, self.newest, self.checkpoints, self.signer, personal=personal)

    def export(self, folder: Path, wanted: Wanted | None = None, *, with_personal: bool = False) -> Path:
        """As the product writes it."""
        return write_export(folder, self.source(with_personal=with_personal), wanted).folder

    def check(self, *anchors: bytes, key: str = SIGNER.vkey) -> verify.Report:
        """As a log that was not exported."""
        return verify.verify_log(self.lines, self.newest, keys=[key], checkpoints=self.checkpoints, anchors=anchors)


def entry(number: int) -> tuple[Entry, Personal | None]:
    """One step of a reply's life, about one of seven tickets."""
    obj = {"ticket": 40 + number % 7, "message": f"msg_{number // 4}", "reply": f"{number:032x}"}
    digest = "sha256:" + hashlib.sha256(b"%d" % number).hexdigest()
    if number % 4 == 0:
        words = seal(
            {"to": f"customer{number}@example.com", "subject": "Re: order", "body": f"Dear customer {number}, …"}
        )
        return Entry("draft.create", AGENT, obj, {"digest": digest}, {"status": "held"}, words.sealed), words
    if number % 4 == 1:
        dec = {"verdict": "hold", "policy": "low-risk", "inputs": {"priority": "low", "tags": ["low-risk"]}}
        return Entry("policy.eval", Actor("policy", "low-risk"), obj, dec), None
    if number % 4 == 2:
        dec = {"verdict": "approve", "digest": digest, "draft": number - 2, "approvals": []}
        return Entry("email.decide", ANNA, obj, dec, {"status": "sent", "attempt": 1}), None
    return Entry("email.delivered", Actor("system", "webhook"), obj, res={"status": "delivered"}), None


def trail(size: int = 200, every: int = 50, signer: Signer = SIGNER) -> Trail:
    """A log of that size with a checkpoint every so many records, and one at its end."""
    head, lines, checkpoints, personal = Head(NAME), [], [], []
    for number in range(size):
        event, words = entry(number)
        added = append(head, event, START + timedelta(seconds=number))
        head = added.head
        lines.append(added.line)
        if words:
            personal.append((added.seq, words))
        if head.size % every == 0 or head.size == size:
            checkpoints.append(checkpoint_of(NAME, head.size, head.root, signer))
    newest = checkpoints[-1] if checkpoints else checkpoint_of(NAME, 0, head.root, signer)
    return Trail(lines, checkpoints, newest, signer, tuple(personal))


def frontier(lines: Iterable[bytes]) -> Frontier:
    """The tree over the lines."""
    found = Frontier()
    for line in lines:
        found = found.append(leaf_hash(line))
    return found


def signed_again(lines: list[bytes], signer: Signer, every: int = 50) -> Trail:
    """These lines with checkpoints of that key, as whoever holds it could make them."""
    sizes = [*range(every, len(lines), every), len(lines)]
    made = [checkpoint_of(NAME, size, frontier(lines[:size]).root(), signer) for size in sizes]
    return Trail(lines, made, made[-1], signer)


def changed(line: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The line with something else in it, in canonical form."""
    record = json.loads(line)
    change(record)
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chained(lines: Sequence[bytes], start: int = 0) -> list[bytes]:
    """The lines numbered and chained anew from `start` on, as a forger would."""
    made = list(lines[:start])
    before = hashlib.sha256(made[-1]).hexdigest() if made else verify.NOTHING_BEFORE
    for seq, line in enumerate(lines[start:], start):
        made.append(changed(line, lambda record, at=seq, prev=before: record.update(seq=at, prev=prev)))
        before = hashlib.sha256(made[-1]).hexdigest()
    return made


def with_lines(one: Trail, lines: list[bytes]) -> Trail:
    """The same checkpoints beside other lines."""
    return replace(one, lines=lines)


def planted(folder: Path, one: Trail, signer: Signer = SIGNER) -> Path:
    """The forged log put into an export, table and checkpoints with it; only then are the sums made, by `signer`."""
    (folder / "audit.jsonl").write_bytes(b"".join(line + b"\n" for line in one.lines))
    rows = [verify.csv_row(json.loads(line), hashlib.sha256(line).hexdigest()) for line in one.lines]
    (folder / "audit.csv").write_text("\n".join([verify.CSV_HEAD, *rows, ""]), "utf-8", newline="")
    lines = [json.dumps({"checkpoint": note.decode()}, ensure_ascii=False) + "\n" for note in one.checkpoints]
    (folder / "checkpoints.jsonl").write_text("".join(lines), "utf-8")
    (folder / "checkpoint").write_bytes(one.newest)
    return summed(folder, signer)


def summed(folder: Path, signer: Signer = SIGNER) -> Path:
    """SHA256SUMS made again over what is there, and signed: so that a test shows that another rule catches it, too."""
    names = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file())
    names = [name for name in names if not name.startswith("SHA256SUMS")]
    sums = "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names).encode()
    (folder / "SHA256SUMS").write_bytes(sums)
    (folder / "SHA256SUMS.sig").write_bytes(signer.ssh_sign(sums))
    return folder


def rules(report: verify.Report) -> set[str]:
    """The rules that were found broken."""
    return {one.rule for one in report.findings}
