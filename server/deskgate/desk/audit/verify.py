"""Check an exported audit trail, offline: one file that needs Python 3.11 and `cryptography`, and nothing of deskgate.

    python verify.py DIR [--key VKEY] [--pin FILE] [--anchor FILE]

Exit codes: 0 intact, and all of it is covered by a checkpoint from outside; 1 tampered, with the record and the rule;
2 nothing wrong found, but no outside checkpoint covers all of it; 3 unreadable.
"""

import argparse
import base64
import errno
import hashlib
import hmac
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

T = TypeVar("T")

LINE_LIMIT_BYTES = 256 * 1024
NOTE_LIMIT_BYTES = 128 * 1024
SIGNATURES_LIMIT = 64
PERSONAL_LIMIT_BYTES = 4 * 1024 * 1024
SUMS_LIMIT_BYTES = 64 * 1024 * 1024
FINDINGS_LIMIT = 20
ROTATIONS_LIMIT = 1_000
NOTHING_BEFORE = "0" * 64
EMPTY_ROOT = hashlib.sha256(b"").digest()
ED25519 = 1
ROTATION_TITLE = "deskgate key rotation v1"
ROTATED = b'"ev":"key.rotate"'
KEY_FILES = ("public-key.vkey", "public-key.pem", "public-key.ssh", "allowed_signers")
FILES = ("audit.jsonl", "audit.csv", "checkpoint", "checkpoints.jsonl", "policy", *KEY_FILES, "VERIFY.txt")
SUMS, SUMS_SIGNATURE, PROOFS, PERSONAL = "SHA256SUMS", "SHA256SUMS.sig", "proofs", "personal.jsonl"
CSV_HEAD = '"seq","time","event","kind","actor","for","ticket","message","verdict","digest","status","record_sha256"'

OLDER = (
    "There are only {size} records here, and {name} was signed later: either this is older than what you gave (an earlier "
    "export, a database put back from a copy), or its end was cut off. Ask for an export that is made after it."
)

EARLIER = (
    "{path} goes on to {newest} records: this export was made earlier, or its end was cut off, which cannot be told apart. "
    "Take a newer export, or a copy of the checkpoint of that time."
)
SIGNED = "— ".encode()

_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_SUM = re.compile(r"([0-9a-f]{64})  ((?:proofs/)?[A-Za-z0-9_.-]+)", re.ASCII)
_REQUIRED = {"actor", "ev", "log", "prev", "seq", "ts", "v"}
_KNOWN = _REQUIRED | {"obj", "dec", "res", "pii"}
# What a spreadsheet would run, also behind spaces or behind a separator of another country's spreadsheet.
_FORMULA = re.compile("(^|[;,|])( *)(?=[=+\\-@＝＋－＠])")


class Broken(Exception):
    """A rule that does not hold: evidence of tampering."""

    def __init__(self, rule: str, sentence: str, seq: int | None = None) -> None:
        super().__init__(sentence)
        self.rule, self.sentence, self.seq = rule, sentence, seq


class Unreadable(Exception):
    """Nothing can be concluded: no such folder, not an export, a wrong argument."""


# --- RFC 6962 ---------------------------------------------------------------------------------------------------------


def leaf_hash(line: bytes) -> bytes:
    """The hash of a record; the line's own newline does not count."""
    return hashlib.sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The roots of the complete subtrees, largest first: all that is needed to append, and to say the root."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def push(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        size = self.size
        while size & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that `leaf` is number `index` of `size` leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            found = node_hash(sibling, found)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the first `old` of `new` leaves are the tree with `old_root` (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    if not path:
        return False
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


# --- C2SP signed notes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A public key under a name."""

    name: str
    id: bytes
    public: bytes

    @property
    def vkey(self) -> str:
        """`<name>+<hex id>+<base64(type, key)>`."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([ED25519]) + self.public).decode()}"

    def signed(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def named(name: str) -> bool:
    """Whether a key may bear this name: not empty, no space of any kind, no plus sign."""
    return bool(name) and "+" not in name and not any(one.isspace() for one in name)


def key_of(name: str, public: bytes) -> Key:
    """The key with the id that name and key give it."""
    return Key(name, hashlib.sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:4], public)


def unbase64(text: str) -> bytes:
    """Strict base64: what is not exactly what an encoder writes is a `ValueError`."""
    data = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("not canonical base64")
    return data


def parse_vkey(text: str) -> Key:
    """Read a verifier key.

    Raises:
        Unreadable: it is not one, its id does not fit, or it is not an Ed25519 key.
    """
    name, _, rest = text.partition("+")
    digits, _, encoded = rest.partition("+")
    try:
        data = unbase64(encoded)
    except ValueError:
        data = b""
    if not named(name) or len(data) != 33 or data[0] != ED25519 or key_of(name, data[1:]).id.hex() != digits:
        raise Unreadable(
            f"This is no Ed25519 verifier key: {text[:200]!r}. Give the key itself, the line that public-key.vkey holds, "
            "and no file's name."
        )
    return key_of(name, data[1:])


def is_vkey(text: str) -> bool:
    """Whether the text is a verifier key."""
    try:
        parse_vkey(text)
    except Unreadable:
        return False
    return True


@dataclass(frozen=True)
class Note:
    """A signed text: `text` ends with a newline; each signature has a key's name and id."""

    text: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...]


def parse_note(data: bytes) -> Note:
    """Read a signed note, strictly.

    Raises:
        Broken: it is none.
    """
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Broken("note.form", "The note is not UTF-8.") from None
    text, gap, tail = whole.rpartition("\n\n")
    if len(data) > NOTE_LIMIT_BYTES or not gap or not tail.endswith("\n") or re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise Broken("note.form", "The note is not a text, an empty line and signature lines.")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_LIMIT:
        raise Broken("note.form", "The note has too many signatures.")
    return Note(f"{text}\n".encode(), tuple(_signature(line) for line in lines))


def _signature(line: str) -> tuple[str, bytes, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        data = unbase64(encoded)
    except ValueError:
        data = b""
    if dash != "—" or not named(name) or len(data) < 5:
        raise Broken("note.form", "A signature line of the note cannot be read.")
    return name, data[:4], data[4:]


def signers(note: Note, keys: Iterable[Key]) -> list[Key]:
    """The known keys that signed the note; unknown ones are ignored.

    Raises:
        Broken: a known key's signature fails, or no known key signed.
    """
    found = []
    for name, key_id, signature in note.signatures:
        known = [key for key in keys if (key.name, key.id) == (name, key_id)]
        for key in known:
            if not key.signed(signature, note.text):
                raise Broken("note.signature", f"The signature of {name} ({key_id.hex()}) does not fit the text.")
        found += known
    if not found:
        raise Broken("note.signature", "No key that is trusted here signed it.")
    return found


@dataclass(frozen=True)
class Checkpoint:
    """A promise about a log: its name, how many records it has, and their root."""

    origin: str
    size: int
    root: bytes


def parse_checkpoint(text: bytes) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        Broken: it is none.
    """
    lines = text.decode("utf-8", "replace").split("\n")
    try:
        origin, size, root = lines[0], lines[1], unbase64(lines[2])
        right = len(lines) > 3 and lines[-1] == "" and all(lines[:-1]) and named(origin) and len(root) == 32
    except (ValueError, IndexError):
        right = False
    if not right or not _SIZE.fullmatch(size):
        raise Broken("checkpoint.form", "The checkpoint does not consist of a log's name, a size and a root.")
    return Checkpoint(origin, int(size), root)


def parse_proof(data: bytes) -> tuple[int, list[bytes], bytes]:
    """The index, the hashes and the checkpoint of a tlog-proof file.

    Raises:
        Broken: it is none.
    """
    head, gap, note = data.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if lines[1:2] and lines[1].startswith("extra "):
        del lines[1]
    try:
        title, index = lines[0], lines[1].removeprefix("index ")
        hashes = [unbase64(line) for line in lines[2:]]
        right = (
            title == "c2sp.org/tlog-proof@v1" and lines[1].startswith("index ") and {len(one) for one in hashes} <= {32}
        )
    except (ValueError, IndexError):
        right = False
    if not right or not gap or not _SIZE.fullmatch(index) or len(hashes) > 64:
        raise Broken("proof.form", "The inclusion proof cannot be read.")
    return int(index), hashes, note


# --- What was found ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """A rule that does not hold, and the record that it names, if any."""

    rule: str
    sentence: str
    seq: int | None = None


def span(first: int, end: int, one: str = "is", several: str = "are") -> str:
    """The beginning of a sentence on the records from number `first` to before `end`."""
    return f"Record {first} {one}" if end - first == 1 else f"Records {first} to {end - 1} {several}"


@dataclass
class Report:
    """What a check found: `gaps` is what it cannot know, `facts` what a reader should know anyway.

    `records` were looked at, in a whole log from number `first` on; `size` is what the newest checkpoint counts.
    """

    findings: list[Finding] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    unreadable: str = ""
    first: int = 0
    records: int = 0
    size: int = 0
    covered: int = -1
    checkpoint: bytes = b""
    compared: bool = True
    more: int = 0

    @property
    def exit_code(self) -> int:
        """0 intact and covered, 1 tampered, 2 incomplete, 3 unreadable."""
        return 3 if self.unreadable else 1 if self.findings else 2 if self.gaps else 0

    def found(self, rule: str, sentence: str, seq: int | None = None) -> None:
        """Add a finding, once; beyond a bound they are only counted."""
        one = Finding(rule, sentence, seq)
        if one in self.findings:
            return
        if len(self.findings) < FINDINGS_LIMIT:
            self.findings.append(one)
        else:
            self.more += 1

    def attempt(self, work: Callable[[], T]) -> T | None:
        """Run one check and give what it gives; the rule that it breaks becomes a finding."""
        try:
            return work()
        except Broken as broken:
            self.found(broken.rule, broken.sentence, broken.seq)
            return None

    def told(self, items: Iterable[T]) -> Iterator[T]:
        """The items up to where they end or cannot be read on, which becomes a finding."""
        try:
            yield from items
        except Broken as broken:
            self.found(broken.rule, broken.sentence, broken.seq)

    def text(self) -> str:
        """For people."""
        lines = [f"UNREADABLE  {self.unreadable}"] if self.unreadable else []
        for one in self.findings:
            lines.append(f"TAMPERED    {one.rule}{'' if one.seq is None else f', record {one.seq}'}: {one.sentence}")
        lines += [f"            … and {self.more} more."] if self.more else []
        lines += [f"NOT KNOWN   {one}" for one in self.gaps] + [f"note        {one}" for one in self.facts]
        if not self.unreadable and not self.findings:
            intact = "NO FAULT    " if self.gaps else "INTACT      "
            there = max(self.size, self.first + self.records)  # the last ones may have no checkpoint yet
            lines.insert(0, f"{intact}{self.records} records of a log of {there}.")
        return "".join("".join(one if one.isprintable() else "?" for one in line) + "\n" for line in lines)


# --- Keys that follow each other --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    """Somebody says that the log of that size had this root. `outside`: not kept with the log."""

    size: int
    root: bytes
    name: str
    outside: bool = False


@dataclass(frozen=True)
class Keyring:
    """Who may sign a checkpoint of which size: key, smallest size, largest size. `claims`: the log at each change of key."""

    spans: tuple[tuple[Key, int, float], ...]
    claims: tuple[Claim, ...] = ()

    def at(self, size: int) -> list[Key]:
        """The keys that may sign a checkpoint of that size."""
        return [key for key, first, last in self.spans if first <= size <= last]


@dataclass(frozen=True)
class Rotation:
    """The record number `seq` changes the key; both keys signed that the records before it have this root."""

    seq: int
    old: Key
    new: Key
    root: bytes


def keyring(origin: str, trusted: Iterable[Key], rotations: Iterable[bytes]) -> Keyring:
    """The trusted keys, and those that a chain of rotation records (lines, in order) ties to them: each is signed by both.

    Raises:
        Broken: a rotation record is not what it says, or there are too many.
    """
    steps: list[Rotation] = []
    for line in rotations:
        if step := _rotation(origin, line):
            steps.append(step)
        if len(steps) > ROTATIONS_LIMIT:
            raise Broken("key.rotation", f"More than {ROTATIONS_LIMIT} records change the key.", steps[-1].seq)
    keys = {key.vkey: key for key in trusted}
    for step in steps:
        if step.old.vkey in keys:
            keys[step.new.vkey] = step.new
    for step in reversed(steps):
        if step.new.vkey in keys:
            keys[step.old.vkey] = step.old
    tied = [step for step in steps if step.new.vkey in keys]
    # Were the old key enough for the first checkpoint with the change in it, its thief could write that record anew.
    first, last = {step.new.vkey: step.seq + 1 for step in tied}, {step.old.vkey: step.seq for step in tied}
    claims = tuple(Claim(step.seq, step.root, f"the change of key in record {step.seq}") for step in tied)
    return Keyring(tuple((key, first.get(at, 0), last.get(at, float("inf"))) for at, key in keys.items()), claims)


def _rotation(origin: str, line: bytes) -> Rotation | None:
    """The change that a record tells, `None` where it only has such words within."""
    try:
        record = read_record(line)
        if record["ev"] != "key.rotate":
            return None
        note = parse_note(record["dec"]["rotation"].encode())
        title, log, old, new, size, root, end = note.text.decode().split("\n")
        made = Rotation(record["seq"], parse_vkey(old), parse_vkey(new), unbase64(root))
        pair = {made.old, made.new}
        right = (title, log, size, end) == (ROTATION_TITLE, origin, str(made.seq), "") and len(made.root) == 32
        right = right and set(signers(note, pair)) == pair
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError, Unreadable, Broken):
        right = False
    if not right:
        raise Broken(
            "key.rotation",
            "A record that changes the key is not signed by the old and the new key, with its own number and the tree "
            "before it.",
        )
    return made


# --- Records ----------------------------------------------------------------------------------------------------------


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _refuse("a name twice")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)


def read_json(line: bytes) -> dict[str, Any]:
    """The JSON object that a line consists of; no name stands in it twice.

    Raises:
        ValueError, RecursionError: there is none.
    """
    text = line.decode()
    made, end = _DECODER.raw_decode(text)
    if type(made) is not dict or end != len(text):
        raise ValueError("not an object")
    return made


def read_record(line: bytes) -> dict[str, Any]:
    """The record on a line.

    Raises:
        ValueError, RecursionError: there is none.
    """
    record = read_json(line)
    get = record.get
    if not _REQUIRED <= record.keys() <= _KNOWN or record["v"] != 1:
        raise ValueError("not a record of version 1")
    if not (type(record["actor"]) is type(get("obj", record)) is type(get("dec", record)) is dict):
        raise ValueError("actor, obj, dec")
    if not (type(get("res", record)) is type(get("pii", record)) is dict) or type(record["seq"]) is not int:
        raise ValueError("res, pii, seq")
    if type(record["ts"]) is not str or not _TIME.fullmatch(record["ts"]):
        raise ValueError("ts")
    return record


class Chain:
    """Follows the lines: form, number, time, and the hash of the line before."""

    def __init__(self, report: Report, origin: str, *, gaps: bool = False) -> None:
        self._report, self._origin, self._gaps = report, origin, gaps
        self.next, self.before, self._time = 0, NOTHING_BEFORE, ""

    def take(self, line: bytes) -> dict[str, Any] | None:
        """The next line's record; `None` where there is none on it. `before` is its hash afterwards."""
        record: dict[str, Any] | None
        try:
            record = read_record(line)
        except (ValueError, RecursionError):
            self._report.found("record.form", "The line is not a record as deskgate writes them.", self.next)
            record = None
            self.next += 1
        else:
            self._follow(record)
            self.next = record["seq"] + 1
        self.before = hashlib.sha256(line).hexdigest()
        return record

    def _follow(self, record: dict[str, Any]) -> None:
        seq, found = record["seq"], self._report.found
        if seq == self.next:
            if record["prev"] != self.before:
                found(
                    "record.chain",
                    f"It is not what record {seq} was written after: it was changed, or its hash there was.",
                    max(seq - 1, 0),
                )
        elif seq < self.next or not self._gaps:
            found("record.seq", f"Record {self.next} was expected here: records were removed, added or moved.", seq)
        if record["ts"] < self._time:
            found("record.time", "It is older than the record before it.", seq)
        if record["log"] != self._origin:
            found("record.log", f"It belongs to another log than {self._origin}.", seq)
        self._time = record["ts"]


def csv_row(record: dict[str, Any], digest: str) -> str:
    """The record's line of audit.csv; nothing in it makes a spreadsheet calculate."""
    who, what = record["actor"].get, record.get("obj", record).get
    said, came = record.get("dec", record).get, record.get("res", record).get
    row = (
        f'"{record["seq"]}","{record["ts"]}","{record["ev"]}","{who("kind", "")}","{who("id", "")}","{who("behalf", "")}",'
        f'"{what("ticket", "")}","{what("message", "")}","{said("verdict", "")}","{said("digest", "")}",'
        f'"{came("status", "")}","{digest}"'
    )
    if row.count('"') == 24 and row.count(",") == 11 and row.isprintable() and not _doubtful(row):
        return row
    values = [record["seq"], record["ts"], record["ev"], who("kind", ""), who("id", ""), who("behalf", "")]
    values += [what("ticket", ""), what("message", ""), said("verdict", ""), said("digest", "")]
    values += [came("status", ""), digest]
    return ",".join(f'"{harmless(str(value))}"' for value in values)


def _doubtful(row: str) -> bool:
    """Whether a cell may begin with what a spreadsheet runs; asked of every record, so it asks for little."""
    if '"=' in row or '"+' in row or '"-' in row or '"@' in row or '" ' in row:
        return True
    return ";" in row or "|" in row or (not row.isascii() and _FORMULA.search(row.replace('"', ",")) is not None)


def harmless(cell: str) -> str:
    """The text for a spreadsheet's quoted cell: on one line, and with an apostrophe before what could be a formula."""
    # First the spaces: what is invisible would hide the formula that it becomes a space before.
    text = "".join(one if one.isprintable() else " " for one in cell)
    return _FORMULA.sub(r"\1'\2", text).replace('"', '""')


# --- A whole log ------------------------------------------------------------------------------------------------------


def anchor_of(data: bytes, origin: str, keys: Iterable[Key]) -> Claim:
    """The claim of a checkpoint that was kept elsewhere: a signed note, or only its three lines (as from paper).

    Raises:
        Unreadable: it is no checkpoint, or it bears a failing signature of a trusted key.
        Broken: it is of another log.
    """
    try:
        note = parse_note(data) if b"\n\n" in data else Note(data, ())
        point = parse_checkpoint(note.text)
        known = [key for key in keys if any((key.name, key.id) == one[:2] for one in note.signatures)]
        if known:
            signers(note, known)
    except Broken as broken:
        raise Unreadable(f"The checkpoint from outside cannot be used: {broken.sentence}") from None
    if point.origin != origin:
        raise Broken("anchor.log", f"The checkpoint from outside is of {point.origin}, and this log is {origin}.")
    return Claim(point.size, point.root, f"the checkpoint from outside over {point.size} records", outside=True)


class Comparison:
    """Compares a growing tree with claims, as each one's size is reached."""

    def __init__(self, report: Report, claims: Iterable[Claim]) -> None:
        self._report, self._claims = report, iter(claims)
        self._right, self._wrong = 0, False
        self._claim = next(self._claims, None)
        self.due = self._claim.size if self._claim else -1

    def reached(self, size: int, root: bytes) -> None:
        """Compare with all that was claimed of this size; `due` is the next size afterwards."""
        while self._claim and self._claim.size == size:
            if self._claim.root == root:
                self._right = size
                self._report.covered = max(self._report.covered, size if self._claim.outside else -1)
            elif not self._wrong:
                self._wrong = True
                first = self._right if self._right < size else 0  # two claims of one size
                sentence = f"{span(first, size)} not what {self._claim.name} was made over."
                self._report.found("tree.root", sentence, first)
            self._claim = next(self._claims, None)
        self.due = self._claim.size if self._claim else -1

    def finish(self, size: int) -> None:
        """What is claimed of larger sizes is missing."""
        if self._claim is not None and self._claim.outside:
            self._report.found("tree.size", OLDER.format(size=size, name=self._claim.name), size)
        elif self._claim is not None:
            self._report.found("tree.size", f"There are only {size} records under {self._claim.name}.", size)


def check_lines(
    lines: Iterable[bytes], report: Report, origin: str, claims: Iterable[Claim], beside: "Beside | None" = None
) -> None:
    """Follow every line of a whole log, what stands beside it, and its tree at each claim's size, smallest first."""
    chain, tree, comparison = Chain(report, origin), Tree(), Comparison(report, claims)
    if comparison.due == 0:
        comparison.reached(0, EMPTY_ROOT)
    for line in lines:
        record = chain.take(line)
        tree.push(leaf_hash(line))
        if tree.size == comparison.due:
            comparison.reached(tree.size, tree.root())
        if beside is not None and record is not None:
            beside.take(record, chain.before)
    comparison.finish(tree.size)
    report.records = tree.size


def signed_claim(data: bytes, ring: Keyring, origin: str, least: int) -> Claim:
    """The claim of one of the log's own checkpoints, not smaller than `least`.

    Raises:
        Broken: it is not in its form, not of this log, not in order, or not signed as it must be.
    """
    note = parse_note(data)
    point = parse_checkpoint(note.text)
    if point.origin != origin:
        raise Broken("checkpoint.log", f"A checkpoint is of {point.origin}, and this log is {origin}.")
    try:
        signers(note, ring.at(point.size))
    except Broken as broken:
        raise Broken("checkpoint.signature", f"Checkpoint over {point.size} records: {broken.sentence}") from None
    if point.size < least:
        raise Broken("checkpoint.order", f"The checkpoint over {point.size} records comes after one over {least}.")
    return Claim(point.size, point.root, f"the checkpoint over {point.size} records")


def claims_of(
    report: Report, ring: Keyring, origin: str, checkpoints: Iterable[bytes], others: Iterable[Claim]
) -> Iterator[Claim]:
    """The log's own checkpoints, and the others at their places."""
    rest, least = sorted(others, key=lambda one: one.size), 0
    for data in checkpoints:
        try:
            claim = signed_claim(data, ring, origin, least)
        except Broken as broken:
            report.found(broken.rule, broken.sentence)
            continue
        while rest and rest[0].size <= claim.size:
            yield rest.pop(0)
        least = claim.size
        yield claim
    yield from rest


@dataclass(frozen=True)
class Given:
    """What a log is checked against: its newest checkpoint (`None` where that is no good), its keys, claims from outside."""

    origin: str
    point: Checkpoint | None
    newest: bytes
    ring: Keyring
    anchors: tuple[Claim, ...]

    @classmethod
    def of(
        cls, report: Report, newest: bytes, keys: Sequence[str], rotations: Iterable[bytes], anchors: Iterable[bytes]
    ) -> "Given":
        """Check the newest checkpoint and read the rest; what is wrong with the log becomes a finding.

        Raises:
            Unreadable: a key or an anchor cannot be used.
        """
        trusted = [parse_vkey(key) for key in keys]
        origin = trusted[0].name if trusted else ""
        point = report.attempt(lambda: parse_checkpoint(parse_note(newest).text))
        if point is not None:
            origin, report.size = origin or point.origin, point.size
        ring = report.attempt(lambda: keyring(origin, trusted, rotations)) or Keyring(())
        if point is not None:
            report.attempt(lambda: signed_claim(newest, ring, origin, 0))
        claims = [report.attempt(partial(anchor_of, one, origin, trusted)) for one in anchors]
        report.checkpoint = newest
        return cls(origin, point, newest, ring, tuple(one for one in claims if one is not None))

    @property
    def claims(self) -> list[Claim]:
        """The newest checkpoint's, those of the changes of key, and those from outside."""
        own = [Claim(self.point.size, self.point.root, "the newest checkpoint")] if self.point else []
        return [*own, *self.ring.claims, *self.anchors]


def verify_log(
    lines: Iterable[bytes],
    newest: bytes,
    *,
    keys: Sequence[str],
    checkpoints: Iterable[bytes] = (),
    rotations: Iterable[bytes] = (),
    anchors: Sequence[bytes] = (),
) -> Report:
    """Check a whole log that is not an export: its lines, its checkpoints in order, the newest one, rotation records.

    Records after the newest checkpoint are normal here, and are told as not known.

    Raises:
        Unreadable: a key or an anchor cannot be used.
    """
    report = Report()
    given = Given.of(report, newest, keys, rotations, anchors)
    claims = claims_of(report, given.ring, given.origin, checkpoints, given.claims)
    check_lines(lines, report, given.origin, claims)
    if report.records > report.size:
        report.gaps.append(f"{span(report.size, report.records)} not covered by a checkpoint yet.")
    uncovered(report)
    return report


def uncovered(report: Report) -> None:
    """Say what no checkpoint from outside covers."""
    first, last = max(report.covered, 0), report.size - 1
    if report.covered < 0 and not report.size:
        report.gaps.append("No checkpoint from outside was given: that this log is empty proves nothing.")
    elif report.covered < report.size:
        report.gaps.append(
            f"The tail after size {first} is not covered by a checkpoint from outside. Whoever holds the signing key "
            f"could have rewritten records {first} to {last} or cut off what came after them, and it would not show."
        )


# --- An export --------------------------------------------------------------------------------------------------------


class Folder:
    """An export's files: regular ones only, never through a link, never more than a bound."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            Broken: it is missing, or no regular file.
            OSError: it may not or cannot be read, which says nothing about it.
        """
        try:
            handle = os.open(
                self.path / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            )
        except FileNotFoundError:
            raise Broken("file.missing", f"{name} is missing.") from None
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EMLINK, errno.ENXIO):  # a link or a socket, as systems say it
                raise
            raise Broken("file.kind", f"{name} cannot be read as a file ({error.strerror}).") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Broken("file.kind", f"{name} is not a regular file.")
        return os.fdopen(handle, "rb", buffering=1 << 20)

    def small(self, name: str, limit: int) -> bytes:
        """A file's bytes.

        Raises:
            Broken: it is missing, no regular file, or larger than `limit` bytes.
        """
        with self.open(name) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Broken("file.size", f"{name} is larger than {limit} bytes.")
        return data

    def lines(self, name: str, limit: int = LINE_LIMIT_BYTES) -> Iterator[bytes]:
        """A file's lines without their newlines.

        Raises:
            Broken: it is missing, no regular file, a line is too long, or the last one does not end.
        """
        yield from lines_of(self.open(name), name, limit)

    def selected(self) -> bool:
        """Whether the export is a selection: then proofs stand for the lines that it lacks."""
        return os.path.lexists(self.path / PROOFS) and stat.S_ISDIR(os.lstat(self.path / PROOFS).st_mode)

    def names(self) -> Iterator[str]:
        """What is in the folder, and among the proofs."""
        for entry in os.scandir(self.path):
            if entry.name != PROOFS or not self.selected():
                yield entry.name
        if self.selected():
            yield from (f"{PROOFS}/{entry.name}" for entry in os.scandir(self.path / PROOFS))


def lines_of(opened: BinaryIO, name: str, limit: int) -> Iterator[bytes]:
    """The lines of an open file without their newlines, and then it is closed.

    Raises:
        Broken: a line is too long, or the last one does not end.
    """
    with opened as file:
        while line := file.readline(limit):
            if line[-1] != 10:
                raise Broken("file.line", f"{name} has a line that is too long or does not end.")
            yield line[:-1]


class Beside:
    """What stands beside the lines and must say the same: the table for people, and personal data that was not erased."""

    def __init__(self, report: Report, folder: Folder) -> None:
        self._report = report
        table = report.attempt(lambda: folder.open("audit.csv"))
        self._rows = report.told(lines_of(table, "audit.csv", 2 * LINE_LIMIT_BYTES)) if table else iter(())
        there = os.path.lexists(folder.path / PERSONAL)
        self._opened = map(read_json, folder.lines(PERSONAL, PERSONAL_LIMIT_BYTES)) if there else iter(())
        self._next: Any = None
        self._sealed = 0
        self._same_rows = table is not None

    def start(self) -> None:
        """Read the first lines."""
        if self._same_rows and next(self._rows, b"") != CSV_HEAD.encode():
            self._same_rows = False
            self._report.found("csv.row", "audit.csv does not begin with its headings.")
        self._report.attempt(self._advance)

    def take(self, record: dict[str, Any], digest: str) -> None:
        """Compare with the next record."""
        if self._same_rows and next(self._rows, b"") != csv_row(record, digest).encode("utf-8", "replace"):
            self._same_rows = False
            self._report.found("csv.row", "audit.csv does not say what audit.jsonl says.", record["seq"])
        if "pii" in record:
            self._compare(record["seq"], record["pii"])

    def _compare(self, seq: int, sealed: dict[str, Any]) -> None:
        self._sealed += 1
        if self._next is not None:
            self._report.attempt(lambda: self._open(seq, sealed))

    def _advance(self) -> None:
        try:
            self._next = next(self._opened, None)
        except (ValueError, RecursionError):
            self._next = None
            raise Broken("personal.form", "personal.jsonl has a line that cannot be read.") from None

    def _open(self, seq: int, sealed: dict[str, Any]) -> None:
        try:
            if self._next["seq"] != seq:
                return
            key, text = bytes.fromhex(self._next["key"]), f"{self._next['person']}\n{self._next['text']}"
            commitment = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
            right = (self._next["row"], commitment) == (sealed["row"], sealed["commitment"]) and len(key) == 32
        except (ValueError, TypeError, KeyError, AttributeError):
            right = False
        self._sealed -= 1
        self._advance()
        if not right:
            raise Broken("personal.commitment", "The personal data is not what the record was made over.", seq)

    def finish(self) -> None:
        """There must be nothing left, and what is sealed is told."""
        if self._same_rows and next(self._rows, None) is not None:
            raise Broken("csv.row", "audit.csv has more rows than audit.jsonl.")
        if self._sealed:
            self._report.facts.append(
                f"Personal data of {self._sealed} records is not in this folder (erased, or not part of this export)."
            )
        if self._next is not None:
            raise Broken("personal.order", "personal.jsonl has texts that belong to none of these records.")


def verify_folder(path: Path, *, keys: Sequence[str] = (), anchors: Sequence[bytes] = ()) -> Report:
    """Check an export. Without `keys` the folder's own key is used, and the report says so."""
    report = Report()
    try:
        _folder(report, Folder(path), keys, anchors)
    except Unreadable as error:
        report.unreadable = str(error)
    except OSError as error:
        report.unreadable = f"{error.filename or path} cannot be read ({error.strerror}), so nothing can be said of it."
    return report


def _folder(report: Report, folder: Folder, keys: Sequence[str], anchors: Sequence[bytes]) -> None:
    with suppress(FileNotFoundError):
        (folder.path / "checkpoint").lstat()  # in a folder that may not be entered, everything looks missing
    if not any(os.path.lexists(folder.path / name) for name in ("audit.jsonl", "checkpoint")):
        raise Unreadable(f"{folder.path} is not an export: it has neither audit.jsonl nor checkpoint.")
    newest = report.attempt(lambda: folder.small("checkpoint", NOTE_LIMIT_BYTES)) or b""
    own_keys = policy_keys(report.attempt(lambda: folder.small("policy", NOTE_LIMIT_BYTES)) or b"")
    if not keys:
        keys = [one for one in own_keys if is_vkey(one)]
        report.facts.append(f"The key was taken from the folder; compare it with the log's own: {' '.join(keys)}")
    given = Given.of(report, newest, keys, report.told(_rotations(folder)), anchors)
    if not set(own_keys) <= {key.vkey for key, _, _ in given.ring.spans}:
        report.found(
            "policy.key",
            "The file policy names a key that neither you nor the log's records vouch for. If the log's key was changed "
            "after this export, give the key of its time.",
        )
    beside = Beside(report, folder)
    beside.start()
    check = _selection if folder.selected() else _whole
    report.attempt(lambda: check(report, folder, given, beside))
    report.attempt(beside.finish)
    report.attempt(lambda: _sums(report, folder, given.ring.at(report.size if given.point else sys.maxsize)))
    uncovered(report)


def _rotations(folder: Folder) -> Iterator[bytes]:
    """The records that change the key; most logs have none, which a look at larger pieces tells faster."""
    with folder.open("audit.jsonl") as file:
        before = b""
        while block := file.read(1 << 20):
            if ROTATED in before + block:
                yield from (line for line in folder.lines("audit.jsonl") if ROTATED in line)
                return
            before = block[-len(ROTATED) :]


def policy_keys(policy: bytes) -> list[str]:
    """The log keys of a tlog-policy file."""
    lines = [line.split() for line in policy.decode("utf-8", "replace").splitlines()]
    return [words[1] for words in lines if len(words) in (2, 3) and words[0] == "log"]


def _points(folder: Folder) -> Iterator[tuple[bytes, list[bytes]]]:
    for line in folder.lines("checkpoints.jsonl"):
        try:
            made = read_json(line)
            yield made["checkpoint"].encode(), [unbase64(one) for one in made.get("consistency", [])]
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            raise Broken("checkpoint.form", "checkpoints.jsonl has a line that cannot be read.") from None


def _whole(report: Report, folder: Folder, given: Given, beside: Beside) -> None:
    notes = report.told(note for note, _ in _points(folder))
    claims = claims_of(report, given.ring, given.origin, notes, given.claims)
    check_lines(report.told(folder.lines("audit.jsonl")), report, given.origin, claims, beside)
    if given.point and report.records > report.size:
        report.found("tree.size", "There are records that the checkpoint does not cover.", report.size)


def _selection(report: Report, folder: Folder, given: Given, beside: Beside) -> None:
    report.facts.append("This is a selection of records. That none was left out of it cannot be shown.")
    chain, proven, last = Chain(report, given.origin, gaps=True), True, -1
    for line in folder.lines("audit.jsonl"):
        record = chain.take(line)
        report.records += 1
        if record is None:
            continue
        if not proven and record["seq"] != last + 1:
            report.found("proof.missing", "Neither a proof nor the record after it ties it to the checkpoint.", last)
        last, proven = record["seq"], _proven(report, folder, given, record["seq"], line)
        beside.take(record, chain.before)
    if not proven:
        report.found("proof.missing", "Neither a proof nor the record after it ties it to the checkpoint.", last)
    _connect(report, folder, given)


def _proven(report: Report, folder: Folder, given: Given, seq: int, line: bytes) -> bool:
    """Whether the record has its own proof; a wrong one becomes a finding."""
    name = f"{PROOFS}/{seq}.tlog-proof"
    if not os.path.lexists(folder.path / name):
        return False
    try:
        index, hashes, note = parse_proof(folder.small(name, NOTE_LIMIT_BYTES))
        if note != given.newest or index != seq:
            raise Broken("proof.other", "Its proof is of another record or of another checkpoint.")
        if given.point and not verify_inclusion(leaf_hash(line), seq, given.point.size, hashes, given.point.root):
            raise Broken("proof.inclusion", "It is not in the log that the checkpoint was made over.")
    except Broken as broken:
        report.found(broken.rule, broken.sentence, seq)
    return True


def _connect(report: Report, folder: Folder, given: Given) -> None:
    """Earlier checkpoints, changes of key, and checkpoints from outside must lead to the newest one by the proofs here."""
    if given.point is None:
        return
    least, size, root = 0, given.point.size, given.point.root
    open_claims = [one for one in given.anchors if one.size <= size]
    if len(open_claims) < len(given.anchors):
        newest = max(given.anchors, key=lambda one: one.size)
        report.found("tree.size", OLDER.format(size=size, name=newest.name), size)
    open_claims += [one for one in given.ring.claims if one.size <= size]
    for data, proof in _points(folder):
        claim = signed_claim(data, given.ring, given.origin, least)
        least = claim.size
        if not verify_consistency(claim.size, size, claim.root, root, proof):
            raise Broken("tree.consistency", f"{claim.name} does not lead to the newest checkpoint.", claim.size)
        open_claims = _matched(report, open_claims, claim)
    for one in _matched(report, open_claims, Claim(size, root, "the newest checkpoint")):
        if not one.outside:
            report.found(
                "tree.consistency", f"No checkpoint of this export shows what {one.name} says of the log.", one.size
            )
            continue
        report.compared = False
        report.gaps.append(f"{one.name} is not among this export's checkpoints, so it could not be compared.")


def _matched(report: Report, claims: list[Claim], known: Claim) -> list[Claim]:
    for one in claims:
        if one.size == known.size and one.root == known.root:
            report.covered = max(report.covered, one.size if one.outside else -1)
        elif one.size == known.size:
            report.found("tree.root", f"{known.name} has another root than {one.name}.", known.size)
    return [one for one in claims if one.size != known.size]


def ssh_text(data: bytes) -> bytes:
    """A string of the SSH wire format."""
    return len(data).to_bytes(4, "big") + data


def ssh_key(public: bytes) -> bytes:
    """An Ed25519 public key as SSH writes it (RFC 8709)."""
    return ssh_text(b"ssh-ed25519") + ssh_text(public)


def ssh_head(public: bytes) -> bytes:
    """What an SSH signature (SSHSIG, namespace "file", SHA-512) by this key has before the 64 bytes themselves."""
    head = b"SSHSIG" + (1).to_bytes(4, "big") + ssh_text(ssh_key(public)) + ssh_text(b"file")
    return (
        head + ssh_text(b"") + ssh_text(b"sha512") + (83).to_bytes(4, "big") + ssh_text(b"ssh-ed25519") + b"\0\0\0\x40"
    )


def ssh_message(data: bytes) -> bytes:
    """What is signed for an SSH signature over `data`."""
    return b"SSHSIG" + ssh_text(b"file") + ssh_text(b"") + ssh_text(b"sha512") + ssh_text(hashlib.sha512(data).digest())


def ssh_armor(blob: bytes) -> bytes:
    """The text form of an SSH signature."""
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def ssh_signed(key: Key, armored: bytes, data: bytes) -> bool:
    """Whether the SSH signature is this key's over the data."""
    body = b"".join(armored.split(b"\n")[1:-2])
    try:
        blob = unbase64(body.decode())
    except ValueError:
        return False
    head = ssh_head(key.public)
    right = blob[:-64] == head and ssh_armor(blob) == armored
    return right and key.signed(blob[-64:], ssh_message(data))


def _sum_of(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _sums(report: Report, folder: Folder, keys: list[Key]) -> None:
    data, signature = folder.small(SUMS, SUMS_LIMIT_BYTES), folder.small(SUMS_SIGNATURE, NOTE_LIMIT_BYTES)
    if not any(ssh_signed(key, signature, data) for key in keys):
        report.found("sums.signature", "SHA256SUMS is not signed by the log's key, or was changed.")
    listed: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").split("\n")[:-1]:
        entry = _SUM.fullmatch(line)
        if not entry or entry[2] in listed:
            raise Broken("sums.form", "SHA256SUMS has a line that cannot be read.")
        listed[entry[2]] = entry[1]
    for name in sorted({*FILES, *listed}):
        try:
            with folder.open(name) as file:
                if _sum_of(file) != listed.get(name):
                    report.found("sums.file", f"{name} is not the file that was exported.")
        except Broken as broken:
            report.found(broken.rule, broken.sentence)
    strange = sorted(name for name in folder.names() if name not in listed and name not in (SUMS, SUMS_SIGNATURE))
    if strange:
        told = ", ".join(ascii(name)[:100] for name in strange[:10])
        report.facts.append(f"{len(strange)} files are not part of the export and were not looked at: {told}")


# --- The command ------------------------------------------------------------------------------------------------------


class _Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Unreadable(message)


def _arguments() -> _Arguments:
    parser = _Arguments(prog="verify", description="Check an exported audit trail, offline.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--key", action="append", default=[], metavar="VKEY", help="the log's key, from its operator")
    parser.add_argument("--pin", type=Path, metavar="FILE", help="keeps the last checkpoint seen; the next must follow")
    parser.add_argument(
        "--anchor", type=Path, action="append", default=[], metavar="FILE", help="checkpoints that were kept elsewhere"
    )
    return parser


def check_outside(path: Path, given: Iterable[Path]) -> None:
    """What comes with a folder vouches for nothing in it, and a pin among its files would be handed on with it.

    Raises:
        Unreadable: one of these files lies in the folder.
    """
    for one in given:
        if Path(os.path.realpath(one)).is_relative_to(os.path.realpath(path)):
            raise Unreadable(
                f"{one} lies in the folder that is checked, so it proves nothing: whoever made the folder could have made "
                "it as well. Name a file that was kept elsewhere."
            )


def notes_in(path: Path) -> Iterator[bytes]:
    """The signed checkpoints that stand one after the other in a file; a file without signatures is given whole.

    Raises:
        Unreadable: it cannot be read, or holds something else.
    """
    note: list[bytes] = []
    with _opened(path) as file:
        while line := file.readline(NOTE_LIMIT_BYTES):
            if note and note[-1].startswith(SIGNED) and not line.startswith(SIGNED):
                yield by_hand(b"".join(note))
                note = []
            if note or line.strip():
                note.append(line)
            if len(note) > 100:
                raise Unreadable(f"{path} holds something else than checkpoints.")
    if note:
        yield by_hand(b"".join(note))


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise Unreadable(f"{path} cannot be read ({error.strerror}). Name a file that holds a checkpoint.") from None


def by_hand(copy: bytes) -> bytes:
    """A checkpoint as it was signed, without what copying adds or loses: a mark before it, line ends, blanks at the ends."""
    return b"".join(line.rstrip() + b"\n" for line in copy.removeprefix(b"\xef\xbb\xbf").strip().split(b"\n"))


def chosen(path: Path, size: int | None) -> tuple[bytes | None, str | None]:
    """The checkpoint of that file to compare with, and what cannot be known.

    From a file with one checkpoint it is that one. From a file with many it is the newest, and for an export of `size`
    records the newest that is not newer.

    Raises:
        Unreadable: it cannot be read, or holds no checkpoint.
    """
    best: tuple[int, bytes] | None = None
    newest, count, last = -1, 0, b""
    for note in notes_in(path):
        count, last = count + 1, note
        if (point := _point(note)) is None:
            continue
        newest = max(newest, point.size)
        if (size is None or point.size <= size) and (best is None or point.size >= best[0]):
            best = point.size, note
    if count == 1:
        return last, None
    if newest < 0:
        raise Unreadable(f"{path} holds no checkpoint.")
    gap = EARLIER.format(path=path.name, newest=newest) if size is not None and newest > size else None
    return (best[1] if best else None), gap


def _point(note: bytes) -> Checkpoint | None:
    with suppress(Broken):
        return parse_checkpoint(parse_note(note).text)
    return None


def counted(path: Path) -> int | None:
    """How many records an export's checkpoint counts; `None` where it has none that can be read."""
    with suppress(Broken, OSError):  # the check itself tells
        return parse_checkpoint(parse_note(Folder(path).small("checkpoint", NOTE_LIMIT_BYTES)).text).size
    return None


def pinned(pin: Path | None) -> list[bytes]:
    """What the pin holds; nothing where there is none yet.

    Raises:
        Unreadable: it cannot be read.
    """
    if pin is None or not os.path.lexists(pin):
        return []
    with _opened(pin) as file:
        return [by_hand(file.read(NOTE_LIMIT_BYTES + 1))]


def move_pin(pin: Path | None, report: Report) -> None:
    """The pin moves on where nothing is wrong, and what it held could be compared. The report says if it cannot."""
    if pin is None or report.exit_code not in (0, 2) or not report.compared or not report.checkpoint:
        return
    fresh = pin.with_name(pin.name + ".new")
    try:
        fresh.write_bytes(report.checkpoint)
        fresh.replace(pin)
    except OSError as error:
        report.unreadable = (
            f"The pin {pin} cannot be written ({error.strerror}), so nothing was kept. Name a file in a folder that is "
            "there and that you may write to."
        )


def verify_pinned(path: Path, keys: Sequence[str], pin: Path | None, anchors: Sequence[Path]) -> Report:
    """Check an export against files with checkpoints, see `chosen`, and move the pin.

    Raises:
        Unreadable: one of the files cannot be used.
    """
    check_outside(path, [*anchors, *([pin] if pin else [])])
    given = [chosen(one, counted(path)) for one in anchors]
    report = verify_folder(path, keys=keys, anchors=[note for note, _ in given if note] + pinned(pin))
    report.gaps += [gap for _, gap in given if gap]
    move_pin(pin, report)
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, tell, and give the exit code."""
    try:
        asked = _arguments().parse_args(arguments)
        report = verify_pinned(asked.folder, asked.key, asked.pin, asked.anchor)
    except (Unreadable, OSError) as error:
        report = Report(unreadable=str(error))
    sys.stdout.write(report.text())
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main())
