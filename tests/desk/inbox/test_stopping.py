"""A worker that is told to stop in the middle of an event: the next one has not to wait for the end of a lease."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from bench import bench
from desk.inbox.desk_at_work import TICKET, AtWork
from deskgate.desk.core import Core
from deskgate.desk.inbox import worker

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_what_a_stopped_worker_had_in_hand_is_free_at_once_and_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path) as one:
        at = AtWork.of(one)
        await at.sent()
        await at.work()
        one.world.receive_reply(TICKET, "Still broken, sorry.")
        await at.carry()
        begun = anyio.Event()

        async def hangs(_core: Core, *_given: Any) -> None:
            begun.set()
            await anyio.sleep_forever()

        with monkeypatch.context() as patched:
            patched.setattr(worker, "handle", hangs)
            async with anyio.create_task_group() as group:
                group.start_soon(at.worker.step)
                with anyio.fail_after(10):
                    await begun.wait()
                group.cancel_scope.cancel()
        await at.work()
        assert len([each for each in at.notes() if "Still broken" in each]) == 1
