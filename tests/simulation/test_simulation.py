"""Some seeds of the simulation on every run; `make simulate` does the rest."""

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from deskgate.desk.store import open_store
from deskgate.sandbox.world import World
from simulation.controls import without
from simulation.kills import TICKETS, Loop
from simulation.seeds import play

SEEDS = int(os.environ.get("SIMULATED_SEEDS", "60"))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_mail_stands_once_on_its_ticket_whatever_fails_and_dies() -> None:
    outcomes = [play(seed) for seed in range(SEEDS)]
    assert [line for one in outcomes for line in (f"seed {one.seed}: {what}" for what in one.broken)] == []
    total = sum((one.counts for one in outcomes), Counter[str]())
    for happened in (
        "late",
        "reset_after",
        "429_wait",
        "truncated",
        "webhook lost",
        "webhook doubled",
        "death",
        "kill",
        "jump",
    ):
        assert total[happened], f"no seed saw {happened}"
    assert total["effects"] > 2 * SEEDS


def test_with_every_webhook_lost_everything_is_found_by_asking() -> None:
    outcomes = [play(seed, no_webhooks=True) for seed in range(10_000, 10_012)]
    assert [(one.seed, one.broken) for one in outcomes if one.broken] == []


def test_the_same_seed_is_the_same_story_in_any_process() -> None:
    here = [play(seed).fingerprint for seed in (7, 680)]
    assert [play(seed).fingerprint for seed in (7, 680)] == here
    assert here[0] != here[1]
    program = "from simulation.seeds import play; print(*(play(seed).fingerprint for seed in (7, 680)))"
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent,
    )
    assert told.stdout.split() == here


@pytest.mark.parametrize("control", ["look-up", "effect-key"])
def test_a_desk_that_lacks_a_control_is_found_out(control: str) -> None:
    with without(control):
        assert any(play(seed).broken for seed in range(100))


def test_the_real_processes_that_are_killed_have_tickets_with_a_reply_on_their_threads(tmp_path: Path) -> None:
    loop = Loop(tmp_path, f"sqlite:///{tmp_path / 'desk.db'}", servers=1, kills=0, seed=1, minutes=0)
    with closing(World.open(tmp_path / "sandbox")) as loop.world:
        loop._prepare()

    async def on_threads() -> int:
        store = await open_store(loop.database)
        (found,) = await store.rows("SELECT count(DISTINCT thread_id) AS n FROM replies WHERE thread_id LIKE 'thr_%'")
        await store.aclose()
        return int(found["n"])

    assert anyio.run(on_threads) == TICKETS
