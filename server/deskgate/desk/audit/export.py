"""Writing the audit trail to a folder that anyone can check, from iterators, in bounded memory."""

import base64
import hashlib
import json
import os
import re
import shutil
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deskgate.desk.audit.commitments import Personal
from deskgate.desk.audit.leaflet import leaflet
from deskgate.desk.audit.note import Signer, pem_of, ssh_public_of
from deskgate.desk.audit.tree import NodeFiles, consistency_proof, inclusion_proof, leaf_hash
from deskgate.desk.audit.verify import (
    CSV_HEAD,
    PERSONAL,
    PROOFS,
    ROTATED,
    SUMS,
    SUMS_SIGNATURE,
    Checkpoint,
    Key,
    csv_row,
    parse_checkpoint,
    parse_note,
    read_record,
)
from deskgate.desk.errors import BadInput, DeskError

# A selection up to this size gets a proof file for every record; a larger one for the last of each unbroken run, whose hash
# chain ties the others.
EACH_LIMIT = 10_000

Wanted = Callable[[int, bytes], bool]
_TICKET = re.compile(rb'"ticket":([0-9]+)')
_REPLY = re.compile(rb'"(?:reply|corrects)":"([^"\\]{1,100})"')


class LogDamaged(DeskError):
    """The audit trail does not fit its newest checkpoint, so nothing was exported. Run `deskgate audit verify`."""


@dataclass(frozen=True)
class Source:
    """What an export is made of.

    `lines` are all lines from record 0; `newest` is the checkpoint over exactly these; `checkpoints` are all, smallest
    first; `personal` goes with the number of a record, smallest first, and lacks what was erased; `keys` are earlier keys.
    """

    lines: Iterable[bytes]
    newest: bytes
    checkpoints: Iterable[bytes]
    signer: Signer
    keys: Sequence[Key] = ()
    personal: Iterable[tuple[int, Personal]] | None = None


@dataclass(frozen=True)
class Exported:
    """What an export holds: `records` of a log of `size`."""

    folder: Path
    records: int
    size: int


def of_tickets(ticket_ids: Iterable[int]) -> Wanted:
    """Selects the records about these tickets and their replies, which some records name alone; lines come in order."""
    tickets = set(ticket_ids)
    traces = {str(one).encode() for one in tickets}
    replies: set[object] = set()

    def wanted(seq: int, line: bytes) -> bool:
        named = _REPLY.findall(line)
        if traces.isdisjoint(_TICKET.findall(line)) and not any(one.decode() in replies for one in named):
            return False
        about = _read(line).get("obj", {})
        if about.get("ticket") in tickets:
            replies.update({about.get("reply")} - {None})
            return True
        return "ticket" not in about and bool(replies & {about.get("reply"), about.get("corrects")})

    return wanted


def of_period(since: str, until: str) -> Wanted:
    """Selects the records from `since` to before `until`, both as `record.stamp` writes times."""
    return lambda seq, line: since <= _read(line)["ts"] < until


def of_records(seqs: Iterable[int]) -> Wanted:
    """Selects these records; the numbers come smallest first, as a query for a customer gives them."""
    rest = iter(seqs)
    due = next(rest, None)

    def wanted(seq: int, line: bytes) -> bool:
        nonlocal due
        while due is not None and due < seq:
            due = next(rest, None)
        return due == seq

    return wanted


def write_export(folder: Path, source: Source, wanted: Wanted | None = None) -> Exported:
    """Write an export; the folder appears whole or not at all. With `wanted` it is a selection with proofs.

    Raises:
        BadInput: the folder is there already.
        LogDamaged: the lines are not those of the newest checkpoint.
        OSError: it cannot be written.
    """
    if os.path.lexists(folder):
        raise BadInput(f"{folder} is there already. Name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as nodes:
            exported = _write(draft, Path(nodes), source, wanted)
        _durable(draft)
        draft.rename(folder)
        _sync(folder.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Exported(folder, exported.records, exported.size)


def _write(draft: Path, nodes: Path, source: Source, wanted: Wanted | None) -> Exported:
    point = parse_checkpoint(parse_note(source.newest).text)
    with NodeFiles(nodes) as tree:
        chosen = _lines(draft, tree, source, wanted)
        if (tree.size, tree.root()) != (point.size, point.root):
            raise LogDamaged
        _checkpoints(draft, source, tree if wanted else None, point)
        if wanted:
            _proofs(draft, chosen, tree, source.newest)
    _keys(draft, source)
    (draft / "checkpoint").write_bytes(source.newest)
    (draft / "VERIFY.txt").write_text(leaflet(source.signer.key, len(chosen), point.size), "utf-8")
    _sums(draft, source.signer)
    return Exported(draft, len(chosen), point.size)


def _lines(draft: Path, tree: NodeFiles, source: Source, wanted: Wanted | None) -> Sequence[int]:
    """Write the records, for programs and for people; gives the numbers of those written."""
    personal = _Opened(draft, source.personal)
    chosen = array("Q")
    with (
        (draft / "audit.jsonl").open("wb") as lines,
        (draft / "audit.csv").open("w", encoding="utf-8", newline="") as rows,
    ):
        rows.write(f"{CSV_HEAD}\n")
        for seq, line in enumerate(source.lines):
            tree.append(leaf_hash(line))
            if wanted and ROTATED not in line and not wanted(seq, line):
                continue
            chosen.append(seq)
            lines.write(line + b"\n")
            rows.write(csv_row(_read(line), hashlib.sha256(line).hexdigest()) + "\n")
            personal.write(seq)
    personal.close()
    return chosen


def _read(line: bytes) -> dict[str, Any]:
    try:
        return read_record(line)
    except (ValueError, RecursionError):
        raise LogDamaged from None


class _Opened:
    """personal.jsonl, in step with the records that are written."""

    def __init__(self, draft: Path, personal: Iterable[tuple[int, Personal]] | None) -> None:
        self._file: IO[str] | None = None if personal is None else (draft / PERSONAL).open("w", encoding="utf-8")
        self._rest: Iterator[tuple[int, Personal]] = iter(personal or ())
        self._next = next(self._rest, None)

    def write(self, seq: int) -> None:
        """Write what belongs to that record."""
        while self._next and self._next[0] < seq:
            self._next = next(self._rest, None)
        if self._file and self._next and self._next[0] == seq:
            one = self._next[1]
            words = {"key": one.key.hex(), "person": one.person, "row": one.row, "seq": seq, "text": one.text}
            self._file.write(json.dumps(words, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


def _checkpoints(draft: Path, source: Source, tree: NodeFiles | None, point: Checkpoint) -> None:
    with (draft / "checkpoints.jsonl").open("w", encoding="utf-8") as file:
        for note in source.checkpoints:
            words: dict[str, Any] = {"checkpoint": note.decode()}
            if tree is not None:
                size = parse_checkpoint(parse_note(note).text).size
                if size > point.size:
                    raise LogDamaged
                words["consistency"] = _texts(consistency_proof(size, point.size, tree))
            file.write(json.dumps(words, ensure_ascii=False, separators=(",", ":")) + "\n")


def _texts(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


def _proofs(draft: Path, chosen: Sequence[int], tree: NodeFiles, newest: bytes) -> None:
    (draft / PROOFS).mkdir()
    for at, seq in enumerate(chosen):
        last = at + 1 == len(chosen) or chosen[at + 1] != seq + 1
        if last or len(chosen) <= EACH_LIMIT:
            (draft / PROOFS / f"{seq}.tlog-proof").write_bytes(proof_file(seq, tree, newest))


def proof_file(seq: int, tree: NodeFiles, newest: bytes) -> bytes:
    """A C2SP tlog-proof: that record `seq` is in the log of the checkpoint."""
    hashes = _texts(inclusion_proof(seq, tree.size, tree))
    return "\n".join(["c2sp.org/tlog-proof@v1", f"index {seq}", *hashes, "", ""]).encode() + newest


def _keys(draft: Path, source: Source) -> None:
    """The key that signs now, in the forms that other programs read, and the policy with all the log's keys."""
    key = source.signer.key
    public = ssh_public_of(key)
    vkeys = [one.vkey for one in (*source.keys, key)]
    texts = {
        "public-key.vkey": f"{key.vkey}\n",
        "public-key.pem": pem_of(key).decode(),
        "public-key.ssh": f"{public} {key.name}\n",
        "allowed_signers": f'{key.name} namespaces="file" {public}\n',
        "policy": "".join(f"log {vkey}\n" for vkey in dict.fromkeys(vkeys)) + "quorum none\n",
    }
    for name, text in texts.items():
        (draft / name).write_text(text, "utf-8")


def _sums(draft: Path, signer: Signer) -> None:
    lines = []
    for path in sorted(one for one in draft.rglob("*") if one.is_file()):
        with path.open("rb") as file:
            lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {path.relative_to(draft).as_posix()}\n")
    data = "".join(lines).encode()
    (draft / SUMS).write_bytes(data)
    (draft / SUMS_SIGNATURE).write_bytes(signer.ssh_sign(data))


def _durable(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
