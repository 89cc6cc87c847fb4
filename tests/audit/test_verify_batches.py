"""A long log is looked through by all cores, and what comes of it is what one core finds going line by line."""

import random
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from trail import NAME, SIGNER, summed, trail

from deskgate.desk.audit import verify
from deskgate.desk.audit.verify import Report, verify_folder

KEYS = [SIGNER.vkey]
LOG = trail(60, every=10)


def in_threads() -> Executor:
    return ThreadPoolExecutor(2)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Batches of seven lines, the first of which is gone through alone."""
    monkeypatch.setattr(verify, "BATCH_LINES", 7)
    monkeypatch.setattr(verify, "ALONE_BATCHES", 1)
    monkeypatch.setattr(verify, "helpers", in_threads)
    return monkeypatch


def told(report: Report) -> dict[str, Any]:
    return vars(report) | {"exit": report.exit_code}


def both_ways(folder: Path, patch: pytest.MonkeyPatch) -> tuple[dict[str, Any], dict[str, Any]]:
    together = told(verify_folder(folder, keys=KEYS))
    with patch.context() as alone:
        alone.setattr(verify, "ALONE_BATCHES", 10**6)
        return together, told(verify_folder(folder, keys=KEYS))


def without(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], *lines[at + 1 :]]


def swapped(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def twice(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def flipped(lines: list[bytes], at: int) -> list[bytes]:
    line = lines[at]
    middle = len(line) // 2
    return [*lines[:at], line[:middle] + bytes([line[middle] ^ 1]) + line[middle + 1 :], *lines[at + 1 :]]


def cut(lines: list[bytes], at: int) -> list[bytes]:
    return lines[:at]


def emptied(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], b"", *lines[at + 1 :]]


def test_an_intact_log_is_found_intact_by_all_cores_together(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    through = verify.look_through

    def counted(origin: str, lines: list[bytes]) -> verify.Batch | None:
        found = through(origin, lines)
        looked.append(len(lines) if found else 0)
        return found

    small.setattr(verify, "look_through", counted)
    together, alone = both_ways(LOG.export(tmp_path / "export", with_personal=True), small)
    assert together == alone
    assert together["exit"] == 2
    assert together["records"] == len(LOG.lines)
    assert sorted(looked) == sorted([7] * ((len(LOG.lines) - 7) // 7) + [(len(LOG.lines) - 7) % 7])


@pytest.mark.parametrize("change", [without, swapped, twice, flipped, cut, emptied])
@pytest.mark.parametrize("at", [3, 6, 7, 8, 13, 14, 27, 54, 55, 57])
def test_what_was_done_to_a_record_is_named_the_same_wherever_it_stands(
    tmp_path: Path, small: pytest.MonkeyPatch, change: Callable[[list[bytes], int], list[bytes]], at: int
) -> None:
    folder = LOG.export(tmp_path / "export")
    lines = change(list(LOG.lines), at)
    (folder / "audit.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    together, alone = both_ways(folder, small)
    assert together == alone
    assert together["exit"] == 1


@pytest.mark.parametrize("name", ["audit.csv", "personal.jsonl", "checkpoints.jsonl"])
def test_what_was_done_to_the_files_beside_it_is_named_the_same(
    tmp_path: Path, small: pytest.MonkeyPatch, name: str
) -> None:
    dice = random.Random(7)
    folder = LOG.export(tmp_path / "export", with_personal=True)
    whole = (folder / name).read_bytes()
    for _ in range(25):
        at = dice.randrange(len(whole))
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        together, alone = both_ways(folder, small)
        assert together == alone
        assert together["exit"] == 1
    (folder / name).write_bytes(whole[: len(whole) * 2 // 3])
    together, alone = both_ways(folder, small)
    assert together == alone


def test_a_table_that_was_changed_with_its_sums_is_found_at_its_record(
    tmp_path: Path, small: pytest.MonkeyPatch
) -> None:
    folder = LOG.export(tmp_path / "export")
    rows = (folder / "audit.csv").read_text("utf-8").splitlines(keepends=True)
    rows[31] = rows[31].replace('"', "'", 1)
    (folder / "audit.csv").write_text("".join(rows), "utf-8")
    summed(folder)
    together, alone = both_ways(folder, small)
    assert together == alone
    assert [one.seq for one in together["findings"] if one.rule == "csv.row"] == [30]


class Dying(ThreadPoolExecutor):
    """The process that does the looking is killed on its third batch."""

    asked = 0

    def submit(self, *given: Any, **named: Any) -> Future[Any]:
        self.asked += 1
        if self.asked > 5:
            raise BrokenExecutor
        answer: Future[Any] = super().submit(*given, **named)
        if self.asked > 2:
            answer = Future()
            answer.set_exception(BrokenExecutor("killed"))
        return answer


@pytest.mark.parametrize("pool", [Dying, lambda _cores: None])
def test_without_helpers_or_when_they_die_the_log_is_gone_through_all_the_same(
    tmp_path: Path, small: pytest.MonkeyPatch, pool: Callable[[int], Executor | None]
) -> None:
    small.setattr(verify, "helpers", lambda: pool(2))
    together, alone = both_ways(LOG.export(tmp_path / "export"), small)
    assert together == alone
    assert together["records"] == len(LOG.lines)


def test_real_processes_do_the_same(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    small.undo()
    small.setattr(verify, "BATCH_LINES", 7)
    small.setattr(verify, "ALONE_BATCHES", 1)
    pool = verify.helpers()
    if pool is not None:
        with pool:
            found = pool.submit(verify.look_through, NAME, LOG.lines[:7]).result(60)
        assert found == verify.look_through(NAME, LOG.lines[:7])
        assert found is not None
    together, alone = both_ways(LOG.export(tmp_path / "export"), small)
    assert together == alone
