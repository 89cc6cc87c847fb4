"""The three ways in which an MCP client comes: as an agent alone, as one person at their machine, and with a token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from open_doors import TokenFile, client, open_doors

from bench import Bench, Caller, Person, bench

Way = Literal["agent", "solo", "tokens"]
WAYS: tuple[Way, ...] = ("agent", "solo", "tokens")
DECIDING: tuple[Way, ...] = ("solo", "tokens")


@asynccontextmanager
async def coming(
    way: Way, folder: Path, person: Person | None = None, **how: Any
) -> AsyncIterator[tuple[Bench, Caller]]:
    """A desk, and a client that came to it this way; with a token that may draft and decide."""
    role = "agent" if way == "agent" else "solo"
    async with bench(folder, role=role, **how) as here:
        if way != "tokens":
            async with here.client(person=person) as caller:
                yield here, caller
            return
        tokens = TokenFile(folder / "tokens.jsonl")
        secret = tokens.new("bot", "draft", "decide", owner="alice")
        async with open_doors(here, tokens) as origin, client(origin, secret, person=person) as caller:
            yield here, caller


@asynccontextmanager
async def a_drafter_and(
    way: Way, folder: Path, person: Person, **how: Any
) -> AsyncIterator[tuple[Bench, Caller, Caller]]:
    """A drafting client and one that decides, each as this way has them."""
    async with bench(folder, **how) as here:
        if way == "solo":
            async with here.client(person=person) as caller:
                yield here, caller, caller
            return
        tokens = TokenFile(folder / "tokens.jsonl")
        bot, lead = tokens.new("bot", "draft", owner="alice"), tokens.new("lead", "decide", owner="bob", kind="human")
        async with (
            open_doors(here, tokens) as origin,
            client(origin, bot) as drafter,
            client(origin, lead, person=person) as decider,
        ):
            yield here, drafter, decider
