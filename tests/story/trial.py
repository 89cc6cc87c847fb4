"""One step of the story, disturbed: which calls it makes, what a fault at one of them does to the answer, and whether
the story still ends well.

A step starts from a kept state of the two services and the store, so that a thousand trials cost a file copy each.
"""

import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import httpx
from mcp import Client
from mcp.server import MCPServer

from bench import Caller, Person
from deskgate import settings
from deskgate.app import open_desk
from deskgate.desk import Desk
from deskgate.protocol.server import build_server
from deskgate.sandbox.faults import Fault
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import Call, World
from fakes import FakeClock

FORMS = ("v1", "short")
TICKET = 101
FIRST = "Hello Maria,\n\nyour parcel waits for you at Kvarnen Livs.\n\nInes"
SECOND = "Hello Maria,\n\nthey are open until eight.\n\nInes"
ANSWER = "Thank you. Until when are they open?"
NOTE = "Wrote to the customer where the parcel is."
# What trouble with a service may be called; any other code would tell of something that is not so.
CODES = {"rate_limited", "upstream_unavailable", "outcome_unknown", "forbidden", "not_gated", "bad_input"}
# How long somebody waits before each further try of the same call, in seconds.
PAUSES = (0.0, 61.0, 15 * 60.0)
_ID = re.compile(r"/(01K[0-9A-Z]+|thr_[0-9a-z]+|\d+)(?=/|$)")


def _fault(kind: str, **parts: Any) -> tuple[str, dict[str, Any]]:
    return kind, parts


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "429, wait 1 s": _fault("429", retry_after="1"),
    "429, wait 120 s": _fault("429", retry_after="120"),
    "429, no wait named": _fault("429"),
    "429, until a date": _fault("429", retry_after="date"),
    "429 as text": _fault("429", flavour="text"),
    "503": _fault("503"),
    "503, wait 1 s": _fault("503", retry_after="1"),
    "503, wait 120 s": _fault("503", retry_after="120"),
    "503 as HTML": _fault("503", flavour="html"),
    "503 after applying": _fault("503_after"),
    "500": _fault("500"),
    "500 after applying": _fault("500_after"),
    "409": _fault("409"),
    "refused": _fault("refused"),
    "reset before": _fault("reset_before"),
    "reset after applying": _fault("reset_after"),
    "no answer": _fault("timeout_before"),
    "no answer after applying": _fault("timeout_after"),
    "slow": _fault("slow", seconds=0.0),
    "truncated JSON": _fault("truncated"),
    "200 with an HTML page": _fault("html"),
    "200 with HTML, applied": _fault("html_after"),
    "403 of a gateway": _fault("cloudflare_403"),
}


class Lent:
    """A desk that can be exchanged behind a running server: building a server costs more than a whole trial."""

    def __init__(self, desk: Desk) -> None:
        self.now = desk

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


class At(httpx.AsyncBaseTransport):
    """The sandbox, with a fault at the nth call."""

    def __init__(self, world: World, nth: int | None = None, fault: Fault | None = None) -> None:
        self._inner = SandboxTransport(world)
        self._world = world
        self._nth = nth
        self._fault = fault
        self._calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Forward one request."""
        here = self._calls == self._nth
        self._calls += 1
        if here and self._fault is not None:
            path = request.url.path.removeprefix("/zendesk").removeprefix("/multimail")
            self._world.faults.add(self._fault.kind, **_only(self._fault, request.method, path))
        return await self._inner.handle_async_request(request)


def _only(fault: Fault, method: str, path: str) -> dict[str, Any]:
    kept = {"retry_after": fault.retry_after, "flavour": fault.flavour, "seconds": fault.seconds}
    return {**kept, "method": method, "path": f"^{re.escape(path)}$", "times": 1}


@dataclass
class Stage:
    """One open trial: the services, the time, and a client."""

    world: World
    clock: FakeClock
    client: Caller
    desk: Desk

    def mails(self, body: str) -> list[dict[str, Any]]:
        """Every outbound mail with this text that MultiMail ever took."""
        return [one for one in self.world.emails() if one["direction"] == "outbound" and one["markdown"] == body]

    def state_of(self, body: str) -> str:
        """What MultiMail would say of the mail with this text; `none` where there is none."""
        found = self.mails(body)
        if len(found) != 1:
            return "none" if not found else "several"
        return truth(found[0])

    def notes(self) -> list[dict[str, Any]]:
        """The ticket's comments that are our note."""
        return [one for one in self.world.comments(TICKET) if one["body"] == NOTE]

    def decisions(self) -> int:
        """How many decisions MultiMail logged."""
        with self.world.moment() as moment:
            rows = moment.store.rows("audit_entries", before=2**62, limit=1000)
        return sum(1 for row in rows if row["action"].startswith("oversight."))


def truth(mail: dict[str, Any]) -> str:
    """The state of a mail in our words."""
    if mail["bounced_at"]:
        return "bounced"
    if mail["delivered_at"]:
        return "delivered"
    if mail["approved_at"]:
        return "sent"
    return {"pending_scan": "held", "pending_send_approval": "held"}.get(mail["status"], str(mail["status"]))


@dataclass(frozen=True)
class Step:
    """One tool call of the story, what it starts from, what makes its success true, and how the story goes on."""

    name: str
    tool: str
    start: str
    arguments: Callable[[dict[str, Any]], dict[str, Any]]
    true: Callable[[Stage, dict[str, Any]], bool]
    untouched: Callable[[Stage], bool]
    after: Callable[[Stage, dict[str, Any]], Any]


async def _drafted(stage: Stage, answer: dict[str, Any], body: str, before: int) -> None:
    held = stage.mails(body)
    assert len(held) == 1, f"{len(held)} mails with these words"
    again = await stage.client.ok("draft_gated_reply", ticket_id=TICKET, body=body)
    assert again["message_id"] == answer["message_id"] == held[0]["id"]
    await stage.client.ok("decide_reply", message_id=answer["message_id"], decision="approve", digest=answer["digest"])
    assert len(stage.mails(body)) == 1
    assert [mail.to for mail in stage.world.sent_mails()] == [["maria.lindqvist@example.com"]] * (before + 1)
    assert stage.decisions() == before + 1
    await _tracked(stage, body)


async def _tracked(stage: Stage, body: str) -> None:
    lives = (await stage.client.ok("track_reply", ticket_id=TICKET))["replies"]
    assert len(stage.mails(body)) == 1
    told = [one["state"] for one in lives if one["message_id"] == stage.mails(body)[0]["id"]]
    assert told == [stage.state_of(body)]


async def _decided(stage: Stage, _answer: dict[str, Any]) -> None:
    assert stage.decisions() == 1
    await _tracked(stage, FIRST)
    life = (await stage.client.ok("track_reply", ticket_id=TICKET))["replies"][0]
    assert "person in the chat" in life["decided_by"], life


async def _cancelled(stage: Stage, _answer: dict[str, Any]) -> None:
    assert stage.decisions() == 0
    await _tracked(stage, FIRST)


async def _noted(stage: Stage, answer: dict[str, Any]) -> None:
    again = await stage.client.ok("note_zendesk_ticket", ticket_id=TICKET, note=NOTE)
    assert again["comment_id"] == answer["comment_id"]
    assert [(one["id"], one["public"]) for one in stage.notes()] == [(answer["comment_id"], False)]


async def _nothing(_stage: Stage, _answer: dict[str, Any]) -> None:
    return


def _unwritten(stage: Stage) -> bool:
    return not stage.notes() and not stage.mails(SECOND)


STEPS: tuple[Step, ...] = (
    Step(
        "search",
        "search_zendesk_tickets",
        "morning",
        lambda _: {"query": "kettle"},
        lambda _, answer: [one["id"] for one in answer["tickets"]] == [TICKET],
        _unwritten,
        _nothing,
    ),
    Step(
        "read",
        "read_zendesk_ticket",
        "morning",
        lambda _: {"ticket_id": TICKET},
        lambda _, answer: len(answer["comments"]) == 4 and answer["requester"]["email"] is not None,
        _unwritten,
        _nothing,
    ),
    Step(
        "draft",
        "draft_gated_reply",
        "morning",
        lambda _: {"ticket_id": TICKET, "body": FIRST},
        lambda stage, answer: answer["state"] == stage.state_of(FIRST) == "held",
        lambda stage: not stage.mails(FIRST),
        lambda stage, answer: _drafted(stage, answer, FIRST, 0),
    ),
    Step(
        "note",
        "note_zendesk_ticket",
        "morning",
        lambda _: {"ticket_id": TICKET, "note": NOTE},
        lambda stage, answer: [one["id"] for one in stage.notes()] == [answer["comment_id"]],
        lambda stage: not stage.notes(),
        _noted,
    ),
    Step(
        "list what waits",
        "list_zendesk_pending",
        "held",
        lambda _: {},
        lambda _, answer: [one["body"] for one in answer["pending"]] == [FIRST],
        _unwritten,
        _nothing,
    ),
    Step(
        "approve",
        "decide_reply",
        "held",
        lambda kept: {"message_id": kept["message_id"], "decision": "approve", "digest": kept["digest"]},
        lambda stage, answer: answer["decision"] == "approve" and stage.state_of(FIRST) == "delivered",
        lambda stage: stage.state_of(FIRST) == "held",
        _decided,
    ),
    Step(
        "reject",
        "decide_reply",
        "held",
        lambda kept: {"message_id": kept["message_id"], "decision": "reject"},
        lambda stage, answer: answer["state"] == stage.state_of(FIRST) == "rejected",
        lambda stage: stage.state_of(FIRST) == "held",
        _decided,
    ),
    Step(
        "cancel",
        "cancel_reply",
        "held",
        lambda kept: {"message_id": kept["message_id"]},
        lambda stage, answer: answer["state"] == stage.state_of(FIRST) == "cancelled",
        lambda stage: stage.state_of(FIRST) == "held",
        _cancelled,
    ),
    Step(
        "track",
        "track_reply",
        "answered",
        lambda kept: {"message_id": kept["message_id"]},
        lambda stage, answer: [one["state"] for one in answer["replies"]] == [stage.state_of(FIRST)],
        _unwritten,
        _nothing,
    ),
    Step(
        "draft on the thread",
        "draft_gated_reply",
        "answered",
        lambda _: {"ticket_id": TICKET, "body": SECOND},
        lambda stage, answer: answer["state"] == stage.state_of(SECOND) == "held",
        lambda stage: not stage.mails(SECOND),
        lambda stage, answer: _drafted(stage, answer, SECOND, 1),
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What a disturbed call answered: `ok` or a code; and what was wrong with the case, if anything."""

    told: str
    wrong: str = ""


@dataclass
class Theatre:
    """Where trials happen: kept states of one wire form, and one server with one client for all of them."""

    form: str
    folder: Path
    client: Caller
    lent: Lent
    kept: dict[str, dict[str, Any]]

    @asynccontextmanager
    async def stage(self, start: str, nth: int | None = None, fault: Fault | None = None) -> AsyncIterator[Stage]:
        """A trial from a kept state, with a fault at the nth call from here."""
        here = Path(shutil.copytree(self.folder / start, self.folder / "trial"))
        clock = FakeClock(self.kept[start]["now"])
        async with _opened(here, clock, nth, fault) as (world, desk):
            self.lent.now = desk
            yield Stage(world, clock, self.client, desk)
        shutil.rmtree(here)

    async def calls_of(self, step: Step) -> list[Call]:
        """The remote calls of the step when nothing goes wrong."""
        async with self.stage(step.start) as stage:
            answer = await self.client.ok(step.tool, **step.arguments(self.kept[step.start]))
            calls = stage.world.calls()
            assert step.true(stage, answer)
            await step.after(stage, answer)
        return calls

    async def disturbed(self, step: Step, fault: Fault, *, nth: int | None) -> Outcome:
        """Play the step with a fault, let the fault end, carry on, and judge."""
        async with self.stage(step.start, nth, fault) as stage:
            if nth is None:
                stage.world.faults.add(fault)
            arguments = step.arguments(self.kept[step.start])
            result = await self.client.call(step.tool, **arguments)
            stage.world.faults.clear()
            told = "ok" if not result.is_error else str((result.structured_content or {}).get("code"))
            wrong = _untrue(step, stage, told, result.structured_content or {})
            if not wrong:
                wrong = await self._carried_on(step, stage, arguments)
        return Outcome(told, wrong)

    async def _carried_on(self, step: Step, stage: Stage, arguments: dict[str, Any]) -> str:
        said: list[str] = []
        for pause in PAUSES:
            stage.clock.advance(pause)
            result = await self.client.call(step.tool, **arguments)
            if not result.is_error:
                answer = cast("dict[str, Any]", result.structured_content)
                if not step.true(stage, answer):
                    return f"at the end the answer is untrue: {answer}"
                try:
                    await step.after(stage, answer)
                except AssertionError as error:
                    return f"afterwards: {error}"
                return ""
            said.append(result.content[0].text)  # type: ignore[union-attr]
        return f"never succeeds again: {said}"


def _untrue(step: Step, stage: Stage, told: str, answer: dict[str, Any]) -> str:
    if told == "ok":
        return "" if step.true(stage, answer) else f"untrue success: {answer}"
    if told not in CODES:
        return f"not what happened: {told}"
    if told != "outcome_unknown" and not step.untouched(stage):
        return f"{told} although it took effect: {answer.get('message')}"
    return ""


@asynccontextmanager
async def _opened(
    folder: Path, clock: FakeClock, nth: int | None = None, fault: Fault | None = None
) -> AsyncIterator[tuple[World, Desk]]:
    world = World.open(folder / "world", clock.now)
    told = settings.read({"DESKGATE_HOME": str(folder)}, sandbox=True, role="solo")
    try:
        async with open_desk(told, clock=clock, transport=At(world, nth, fault)) as desk:
            yield world, desk
    finally:
        world.close()


@cache
def _server() -> tuple[MCPServer, Lent]:
    """One server for the whole run; the desk behind it is lent by whoever plays."""
    from deskgate.desk.principals import SCOPES_OF_ROLE, Principal

    class Nobody:
        caller = Principal("agent:stdio", "agent", SCOPES_OF_ROLE["solo"])
        core = type("Core", (), {"oversight": True})

    lent = Lent(cast("Desk", Nobody()))
    return build_server(cast("Desk", lent)), lent


@cache
def _kept(_folder: Path) -> dict[str, dict[str, Any]]:
    """What is known of the states in a folder; they are prepared once."""
    return {}


@asynccontextmanager
async def theatre(folder: Path, form: str, era: Literal["auto", "legacy"]) -> AsyncIterator[Theatre]:
    """Prepare the states that steps start from: `morning`, `held` and `answered`."""
    server, lent = _server()
    async with Client(server, mode=era, elicitation_callback=Person()) as client:
        kept = _kept(folder)
        here = Theatre(form, folder, Caller(client), lent, kept)
        if not kept:
            await _prepare(here)
        yield here


async def _prepare(here: Theatre) -> None:
    clock = FakeClock()
    world = World.open(here.folder / "morning" / "world", clock.now)
    world.switch("forms", here.form)
    world.close()
    here.kept["morning"] = {"now": clock.now()}
    shutil.copytree(here.folder / "morning", here.folder / "held")
    async with _opened(here.folder / "held", clock) as (_, desk):
        here.lent.now = desk
        drafted = await here.client.ok("draft_gated_reply", ticket_id=TICKET, body=FIRST)
    clock.advance(100)
    here.kept["held"] = {"now": clock.now(), **drafted}
    shutil.copytree(here.folder / "held", here.folder / "answered")
    async with _opened(here.folder / "answered", clock) as (world, desk):
        here.lent.now = desk
        await here.client.ok(
            "decide_reply", message_id=drafted["message_id"], decision="approve", digest=drafted["digest"]
        )
        world.receive_reply(TICKET, ANSWER)
    clock.advance(100)
    here.kept["answered"] = {"now": clock.now(), **drafted}


def route(call: Call) -> str:
    """A call's method and path with its ids left out."""
    return f"{call.service} {call.method} {_ID.sub('/{id}', call.path)}"


def routes(calls: Iterable[Call]) -> list[str]:
    """The distinct routes, in order of their first call."""
    return list(dict.fromkeys(map(route, calls)))


def faulted(name: str, at: str | None = None) -> Fault:
    """The named fault; with `at` (a route) for every call to it, for ever."""
    kind, parts = FAULTS[name]
    if at is None:
        return Fault(kind, **parts)
    service, method, path = at.split(" ")
    pattern = "^" + re.escape(path).replace(re.escape("{id}"), "[^/]+") + "$"
    return Fault(kind, service=service, method=method, path=pattern, times=None, **parts)
