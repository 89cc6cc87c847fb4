"""Every single changed byte of an export of 1,000 records is caught.

By default: every byte of 26 records and 8 bytes of every other one, against the verifier's own steps; every byte of the
checkpoint; every 31st byte of all other files of a small selection, through the whole verifier. `DESKGATE_BYTES=all`
takes every byte of everything.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from trail import NAME, SIGNER, frontier, trail

from deskgate.desk.audit.export import of_records
from deskgate.desk.audit.verify import (
    Broken,
    Chain,
    Report,
    leaf_hash,
    parse_note,
    read_record,
    signers,
    verify_folder,
)

ALL = os.environ.get("DESKGATE_BYTES") == "all"
LOG = trail(1_000, every=100)
ROOT = frontier(LOG.lines).root()
KEYS = [SIGNER.vkey]


def flips(data: bytes, places: Iterator[int]) -> Iterator[bytes]:
    """The data with one bit of one byte changed; which bit goes with the place."""
    for at in places:
        yield data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :]


def chain_before(seq: int) -> tuple[Report, Chain]:
    """The verifier, having just read what stands before that record."""
    report = Report()
    chain = Chain(report, NAME, gaps=True)
    for line in LOG.lines[max(seq - 1, 0) : seq]:
        chain.take(line)
    assert not report.findings
    return report, chain


def places_of(seq: int, length: int) -> Iterator[int]:
    if ALL or seq % 40 == 0 or seq == 999:
        return iter(range(length))
    return (at * length // 8 + seq % (length // 8) for at in range(8))


def test_every_byte_of_the_records() -> None:
    tried = 0
    for seq, line in enumerate(LOG.lines):
        after = LOG.lines[seq + 1 : seq + 2]
        for wrong in flips(line, places_of(seq, len(line))):
            report, chain = chain_before(seq)
            chain.take(wrong)
            if after:
                chain.take(after[0])
                assert report.findings, (seq, wrong)
            else:
                assert frontier([*LOG.lines[:-1], wrong]).root() != ROOT
            tried += 1
    assert tried > (400_000 if ALL else 15_000)


def test_every_line_end() -> None:
    for seq in range(len(LOG.lines) - 1):
        both = LOG.lines[seq] + b"\x0b" + LOG.lines[seq + 1]
        with pytest.raises(ValueError, match=r"."):
            read_record(both)


def test_every_byte_of_the_checkpoint_in_every_way() -> None:
    for at, byte in enumerate(LOG.newest):
        for other in range(256) if ALL else (byte ^ 1, byte ^ 2, byte ^ 32, byte ^ 128, 10, 0):
            if other != byte:
                with pytest.raises(Broken):
                    signers(parse_note(LOG.newest[:at] + bytes([other]) + LOG.newest[at + 1 :]), [SIGNER.key])


def test_the_whole_verifier_names_the_record(tmp_path: Path) -> None:
    folder = LOG.export(tmp_path / "export")
    path = folder / "audit.jsonl"
    good = path.read_bytes()
    for place in range(0, len(good), len(good) // (200 if ALL else 12)):
        seq = good[:place].count(b"\n")
        path.write_bytes(next(flips(good, iter([place]))))
        report = verify_folder(folder, keys=KEYS)
        assert report.exit_code == 1
        assert seq in {one.seq for one in report.findings}
    path.write_bytes(good)
    assert verify_folder(folder, keys=KEYS, anchors=[LOG.newest]).exit_code == 0


def test_every_byte_of_every_other_file(tmp_path: Path) -> None:
    small = trail(24, every=8)
    folder = small.export(tmp_path / "export", of_records([4, 5, 11]), with_personal=True)
    assert verify_folder(folder, keys=KEYS, anchors=[small.newest]).exit_code == 0
    tried = 0
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        good = path.read_bytes()
        for wrong in flips(good, iter(range(0 if ALL else tried % 31, len(good), 1 if ALL else 31))):
            path.write_bytes(wrong)
            report = verify_folder(folder, keys=KEYS, anchors=[small.newest])
            assert report.exit_code == 1, (path.name, report.text())
            tried += 1
        path.write_bytes(good)
    assert tried > (5_000 if ALL else 150)


def test_the_leaf_is_the_line_without_its_newline() -> None:
    """Fixed once, and said so in VERIFY.txt."""
    assert frontier(LOG.lines[:1]).root() == leaf_hash(LOG.lines[0])
    assert leaf_hash(LOG.lines[0]) != leaf_hash(LOG.lines[0] + b"\n")
