"""Checking the log of a database, and exports, against what was kept elsewhere. Nothing is changed but a pin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain as following
from itertools import islice
from pathlib import Path

from anyio import from_thread

from deskgate.desk.audit.beside import Beside
from deskgate.desk.audit.book import ArchiveUnreadable, Book, HeadUnreadable, Standing, Start, bytes_of
from deskgate.desk.audit.verify import (
    Chain,
    Claim,
    Comparison,
    Folder,
    Given,
    Keyring,
    Report,
    Tree,
    Unreadable,
    anchor_of,
    chosen,
    claims_of,
    counted,
    keyring,
    leaf_hash,
    move_pin,
    parse_vkey,
    pinned,
    span,
    uncovered,
    verify_pinned,
)
from deskgate.desk.store.tables import Row


@dataclass(frozen=True)
class Trust:
    """What a check leans on: keys from the operator, a pin, and files with checkpoints that were kept elsewhere.

    `archive` has the records that a database dropped.
    """

    keys: Sequence[str] = ()
    pin: Path | None = None
    anchors: Sequence[Path] = field(default=())
    archive: Path | None = None


def check_folder(folder: Path, trust: Trust) -> Report:
    """Check an export."""
    if trust.archive is not None:
        return Report(unreadable="--archive goes with a database; an export has the archived records in it.")
    try:
        return verify_pinned(folder, trust.keys, trust.pin, trust.anchors)
    except (OSError, Unreadable) as error:
        return Report(unreadable=str(error))


def check_database(book: Book, trust: Trust) -> Report:
    """Check the log that is in a database: lines, tree, checkpoints, head, columns, side rows. Only in a thread."""
    report = Report()
    try:
        anchors = [note for path in trust.anchors if (note := chosen(path, None)[0])] + pinned(trust.pin)
        _check(report, book, trust.keys, anchors, trust.archive)
    except HeadUnreadable:
        report.found("head.row", "What the database says of the log's end, or of its key, cannot be read.")
    except ArchiveUnreadable:
        report.found("archive.row", "What the database says of archived records cannot be read.")
    except Unreadable as error:
        report.unreadable = str(error)
    except OSError as error:
        report.unreadable = f"{error.filename or 'A file'} cannot be read ({error.strerror})."
    move_pin(trust.pin, report)
    return report


def _check(report: Report, book: Book, keys: Sequence[str], anchors: Sequence[bytes], archive: Path | None) -> None:
    standing: Standing = from_thread.run(book.standing)
    start: Start = from_thread.run(book.start)
    if not keys and standing.vkey:
        keys = [standing.vkey]
        report.facts.append(f"The key was taken from the log itself; compare it with its operator's: {standing.vkey}")
    given = _given(report, standing, keys, from_thread.run(book.keys), anchors)
    claims = claims_of(report, given.ring, given.origin, book.checkpoints(standing.signed + 1), given.claims)
    head, chain, old = standing.head, Chain(report, given.origin), _archived(report, archive, start)
    first = start.size if old is None else 0
    tree = _follow(report, book, start, old, head.size, chain, _kept(report, start, first, claims))
    if (head.log, head.size, head.prev, head.root) != (given.origin, tree.size, chain.before, tree.root()):
        report.found("head.row", "What the database says of the log's end is not what its records come to.", tree.size)
    report.first, report.records = first, tree.size - first
    if first:
        report.gaps.append(
            f"{span(0, start.size, 'was', 'were')} archived to {start.folder} ({start.archived_at}) and dropped here: "
            "whether they are still what they were, only that folder shows. Name it with --archive."
        )
    if tree.size > report.size:
        report.gaps.append(f"{span(report.size, tree.size)} not covered by a checkpoint yet.")
    uncovered(report)


def _archived(report: Report, archive: Path | None, start: Start) -> Iterator[bytes] | None:
    if archive is None:
        return None
    if not (archive / "audit.jsonl").is_file():
        raise Unreadable(f"{archive} is no archive: it has no audit.jsonl.")
    size = counted(archive)
    if size is not None and size < start.size:
        raise Unreadable(
            f"{archive} has the first {size} records, and {start.size} were archived and dropped here. They are in "
            f"{start.folder}: name that folder, or where it was moved to."
        )
    return report.told(islice(Folder(archive).lines("audit.jsonl"), start.size))


def _given(
    report: Report, standing: Standing, keys: Sequence[str], rotations: list[bytes], anchors: Sequence[bytes]
) -> Given:
    if standing.note is not None:
        return Given.of(report, standing.note, keys, rotations, anchors)
    # A young log has no checkpoint; so has one whose checkpoints somebody threw away. Which it is, only a copy tells.
    trusted, origin = [parse_vkey(key) for key in keys], standing.head.log
    ring = report.attempt(lambda: keyring(origin, trusted, rotations)) or Keyring(())
    claims = [report.attempt(partial(anchor_of, one, origin, trusted)) for one in anchors]
    return Given(origin, None, b"", ring, tuple(one for one in claims if one is not None))


def _kept(report: Report, start: Start, first: int, claims: Iterator[Claim]) -> Iterator[Claim]:
    """The claims that can be compared with the records from `first` on; the archive's end must be one of them."""
    due = start.size > 0
    for claim in claims:
        if claim.size < first:
            if claim.outside:
                report.compared = False
                report.gaps.append(f"{claim.name} is about records that were archived; check the archive against it.")
            continue
        if due and claim.size > start.size:
            report.found("archive.root", "No signed checkpoint says what the archived records were.", start.size)
        due = due and claim.size < start.size
        yield claim


def _follow(
    report: Report,
    book: Book,
    start: Start,
    old: Iterator[bytes] | None,
    end: int,
    chain: Chain,
    claims: Iterator[Claim],
) -> Tree:
    """Through the archive's lines, where they are given, and through the kept ones."""
    tree, beside = Tree(), Beside(report, book, start, end, 0 if old is not None else start.size)
    if old is None:
        tree.size, tree.peaks = start.size, list(start.frontier.peaks)
        chain.next, chain.before = start.size, start.prev
    archived: Iterator[tuple[bytes, Row | None]] = ((line, None) for line in old or ())
    kept = ((bytes_of(row["line"]), row) for row in book.rows("records_between", start.size, end))
    comparison = Comparison(report, claims)
    if comparison.due == tree.size:
        comparison.reached(tree.size, tree.root())
    for line, row in following(archived, kept):
        record = chain.take(line)
        tree.push(leaf_hash(line))
        if record is not None:
            beside.take(record, row)
        if tree.size == comparison.due:
            comparison.reached(tree.size, tree.root())
    comparison.finish(tree.size)
    beside.finish()
    return tree
