"""The RFC 6962 tree over the records: a frontier that fits into a row, and proofs from hashes that need no memory.

Verification, and the two hashes, are the verifier's own functions, so that there is one meaning of each.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from deskgate.desk.audit.verify import EMPTY_ROOT, leaf_hash, node_hash, verify_consistency, verify_inclusion

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "NodeFiles",
    "NodeSource",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "range_hash",
    "root_at",
    "verify_consistency",
    "verify_inclusion",
]

# The hash of the complete subtree number `index` of 2**`level` leaves: (level, index).
NodeSource = Callable[[int, int], bytes]
HASH_BYTES = 32


@dataclass(frozen=True)
class Frontier:
    """The complete subtrees of a tree of `size` leaves, largest first: at most one hash per bit of the size."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash."""
        peaks, rest = list(self.peaks), self.size
        while rest & 1:
            leaf = node_hash(peaks.pop(), leaf)
            rest >>= 1
        return Frontier(self.size + 1, (*peaks, leaf))

    def root(self) -> bytes:
        """The tree's root."""
        return _folded(self.peaks)

    def dump(self) -> str:
        """As text for a row: base64 of the hashes."""
        return base64.b64encode(b"".join(self.peaks)).decode()

    @classmethod
    def load(cls, size: int, text: str) -> "Frontier":
        """From a row.

        Raises:
            ValueError: the text is not the frontier of a tree of that size.
        """
        data = base64.b64decode(text, validate=True)
        if size < 0 or len(data) != size.bit_count() * HASH_BYTES:
            raise ValueError(f"not the frontier of {size} leaves")
        return cls(size, tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


def _folded(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for one in reversed(hashes[:-1]):
        root = node_hash(one, root)
    return root


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def range_hash(first: int, end: int, source: NodeSource) -> bytes:
    """The hash over the leaves `first` to `end - 1` as the tree cuts them: `first` is a multiple of a large enough power."""
    hashes = []
    while first < end:
        level = (end - first).bit_length() - 1
        hashes.append(source(level, first >> level))
        first += 1 << level
    return _folded(hashes)


def root_at(size: int, source: NodeSource) -> bytes:
    """The root when the log had that many leaves."""
    return range_hash(0, size, source)


def inclusion_proof(index: int, size: int, source: NodeSource) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of `size` leaves, from the leaf's sibling upwards.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in {size}")
    proof, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            proof.append(range_hash(middle, end, source))
            end = middle
        else:
            proof.append(range_hash(first, middle, source))
            first = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, source: NodeSource) -> list[bytes]:
    """The hashes that show that the first `old` of `new` leaves are an earlier tree.

    Raises:
        ValueError: `old` is larger than `new`, or negative.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no tree of {old} within {new}")
    if old in (0, new):
        return []
    proof, first, end = [], 0, new
    while end != old:
        middle = first + _split(end - first)
        if old <= middle:
            proof.append(range_hash(middle, end, source))
            end = middle
        else:
            proof.append(range_hash(first, middle, source))
            first = middle
    if first:
        proof.append(range_hash(first, end, source))
    return proof[::-1]


class NodeFiles:
    """Every node of a growing tree in files of a folder, one per level: 64 bytes of disk a leaf, and no memory.

    Use it in a `with` statement; calling it is a `NodeSource`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing: list[BinaryIO] = []
        self._reading: list[BinaryIO] = []
        self._peaks: list[bytes] = []
        self.size = 0

    def __enter__(self) -> "NodeFiles":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in (*self._writing, *self._reading):
            file.close()

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash, before the first proof is asked for."""
        level, rest = 0, self.size
        self._keep(0, leaf)
        while rest & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            rest >>= 1
            level += 1
            self._keep(level, leaf)
        self._peaks.append(leaf)
        self.size += 1

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add many."""
        for leaf in leaves:
            self.append(leaf)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _folded(self._peaks)

    def _keep(self, level: int, node: bytes) -> None:
        if level == len(self._writing):
            self._writing.append((self._folder / f"level-{level}").open("wb", buffering=1 << 16))
        self._writing[level].write(node)

    def __call__(self, level: int, index: int) -> bytes:
        if not self._reading:
            for at, file in enumerate(self._writing):
                file.flush()
                self._reading.append((self._folder / f"level-{at}").open("rb", buffering=0))
        file = self._reading[level]
        file.seek(index * HASH_BYTES)
        node = file.read(HASH_BYTES)
        if len(node) != HASH_BYTES:
            raise ValueError(f"no complete subtree {index} on level {level}")
        return node
