"""Run many seeds: `python tests/simulation/seeds.py --seeds 10000`."""

import argparse
import gc
import logging
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.chaos import KINDS, Chaos
from simulation.controls import CONTROLS, without
from simulation.day import Day
from simulation.morning import morning
from simulation.oracle import Oracle
from simulation.seeded import seeded
from simulation.virtual import run


@dataclass
class Outcome:
    """What one seed came to."""

    seed: int
    fingerprint: str
    broken: list[str]
    hours: float
    counts: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)


def play(seed: int, *, no_webhooks: bool = False, story: bool = False) -> Outcome:
    """One seed, from the morning to its end."""
    image = morning()
    chaos = Chaos(seed, no_webhooks)
    day = Day(image, chaos, keep_story=story)
    with seeded(seed):
        try:
            run(day.live)
            oracle = Oracle(day)
            broken = oracle.check()
            counts = chaos.counts + oracle.counts
        except Exception:
            broken, counts = [f"crashed: {traceback.format_exc()}"], chaos.counts
        finally:
            hours = day.loop.time() / 3600
            day.close()
    return Outcome(seed, day.digest.hexdigest(), broken, hours, counts, day.story)


def _some(seeds: range, no_webhooks: bool, control: str) -> list[Outcome]:
    logging.disable(logging.CRITICAL)
    with without(*filter(None, control.split(","))):
        gc.disable()  # by hand between the seeds: a fifth of the time otherwise
        found = []
        for seed in seeds:
            found.append(play(seed, no_webhooks=no_webhooks))
            gc.collect(1)
        return found


def main() -> int:
    """Say what was seen; 1 where a promise was broken."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seeds", type=int, default=int(os.environ.get("SEEDS", "10000")))
    words.add_argument("--first", type=int, default=0)
    words.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    words.add_argument("--no-webhooks", action="store_true", help="every webhook is lost")
    words.add_argument("--without", default="", help=f"take controls away, with commas between: {', '.join(CONTROLS)}")
    words.add_argument("--tell", action="store_true", help="say how far it is")
    words.add_argument("--until-broken", action="store_true", help="stop at the first broken promise")
    words.add_argument("--story", action="store_true", help="tell the story of one seed")
    given = words.parse_args()
    if given.story:
        with without(*filter(None, given.without.split(","))):
            one = play(given.first, no_webhooks=given.no_webhooks, story=True)
        print("\n".join(one.story))  # noqa: T201
        print(one.broken, one.fingerprint)  # noqa: T201
        return bool(one.broken)
    return _many(given)


def _many(given: argparse.Namespace) -> int:
    begun = time.monotonic()
    step = 25
    parts = [
        range(first, min(first + step, given.first + given.seeds))
        for first in range(given.first, given.first + given.seeds, step)
    ]
    total: Counter[str] = Counter()
    bad, hours = 0, 0.0
    with ProcessPoolExecutor(given.jobs) as pool:
        many = len(parts)
        for part in pool.map(_some, parts, [given.no_webhooks] * many, [given.without] * many):
            if given.tell and part[0].seed % 250 == 0:
                print(f"  seed {part[0].seed} at {time.monotonic() - begun:.0f} s, {bad} broken", flush=True)  # noqa: T201
            for one in part:
                total += one.counts
                hours += one.hours
                bad += bool(one.broken)
                if one.broken and given.until_broken:
                    print(f"seed {one.seed}, after {one.seed - given.first + 1} seeds: {one.broken[0]}")  # noqa: T201
                    pool.shutdown(wait=False, cancel_futures=True)
                    return 1
                for line in one.broken if bad < 40 else ():
                    print(f"seed {one.seed}: {line}", flush=True)  # noqa: T201
    seconds = time.monotonic() - begun
    faults = sum(total[kind] for kind in KINDS) + sum(total[name] for name in OTHER_FAULTS)
    rate = f"{given.seeds / seconds:.1f}/s, {given.jobs} jobs"
    print(f"{given.seeds} seeds in {seconds:.0f} s ({rate}), {hours:.0f} virtual hours")  # noqa: T201
    print(f"{faults} faults, {bad} seeds with a broken promise")  # noqa: T201
    print(dict(sorted(total.items())))  # noqa: T201
    return bool(bad)


OTHER_FAULTS = (
    "death", "kill", "stall", "jump", "webhook lost", "webhook late", "webhook doubled",
    "acknowledgement lost", "edit beside ours",
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
