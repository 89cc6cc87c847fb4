"""Carries the world's deliveries over HTTP. It posts to this machine only: nothing of the sandbox leaves it."""

import logging
import sqlite3
from itertools import groupby

import httpx
from anyio import create_task_group, sleep, to_thread

from deskgate.sandbox.multimail.webhooks import is_loopback
from deskgate.sandbox.outbox import Delivery
from deskgate.sandbox.world import World

POLL_SECONDS = 0.2
ROUND = 10
"""Deliveries per round: with ANSWER_SECONDS each, a whole round is over before its claims are."""

ANSWER_SECONDS = 5.0
log = logging.getLogger(__name__)


async def carry(world: World) -> None:
    """Post what is due, for ever. Each address gets its deliveries one after the other."""
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
        while True:
            try:
                due = await to_thread.run_sync(world.due_deliveries, ROUND)
                await _round(world, client, due)
            except sqlite3.OperationalError as error:  # another process kept the file longer than the busy timeout
                log.warning("Webhooks wait: the sandbox's file is busy (%s).", error)
                due = []
            if len(due) < ROUND:
                await sleep(POLL_SECONDS)


async def _round(world: World, client: httpx.AsyncClient, due: list[Delivery]) -> None:
    async with create_task_group() as tasks:
        for _, lane in groupby(sorted(due, key=_address), key=_address):
            tasks.start_soon(_in_order, world, client, list(lane))


async def _in_order(world: World, client: httpx.AsyncClient, lane: list[Delivery]) -> None:
    for delivery in lane:
        status = await _post(client, delivery) if is_loopback(delivery.url) else None
        await to_thread.run_sync(world.delivered, delivery.id, status)


async def _post(client: httpx.AsyncClient, delivery: Delivery) -> int | None:
    try:
        async with client.stream(
            "POST", delivery.url, content=delivery.body, headers=delivery.headers
        ) as answer:  # the body of the answer means nothing to a sender of webhooks
            return answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return None


def _address(delivery: Delivery) -> str:
    return delivery.url
