"""A seeded random walk over the whole product: what may happen on one day at a desk, in any order, at any moment.

Everything runs on one thread with seeded ids and seeded waits, so a seed and a number of steps are a whole story.
"""

import json
import random
import shutil
import sqlite3
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio.lowlevel
import anyio.to_thread
import httpx
import pytest

from desk.policy.policy_texts import LOW_RISK
from deskgate import settings
from deskgate.app import open_desk
from deskgate.desk import Confirmation, Core, Desk, Principal, Queue, Reply, wire
from deskgate.desk.errors import DeskError
from deskgate.desk.settle import recover
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock
from story.dying import Died, MortalStore
from story.gate_line import Attempt, Fate, Late, Line
from story.gate_promise import TICKETS, Promise
from story.trial import truth

DRAFT, DECIDE, BOTH = frozenset({"draft"}), frozenset({"decide"}), frozenset({"draft", "decide"})
SOLO = Principal("solo", "agent", BOTH, "solo's desk", solo=True)
DRAFTERS = [
    Principal("agent-a", "agent", DRAFT, "team-a"),
    Principal("agent-b", "agent", DRAFT, "team-b"),
    Principal("agent-robin", "agent", DRAFT, "robin"),
    Principal("ines", "human", BOTH),
    Principal("clerk", "agent", BOTH, "team-a"),
    SOLO,
]
DECIDERS = [
    Principal("ines", "human", BOTH),
    Principal("tomasz", "human", DECIDE),
    Principal("reviewer-robin", "human", DECIDE, "robin"),
    Principal("clerk", "agent", BOTH, "team-a"),
    Principal("agent-b", "agent", DRAFT, "team-b"),
    SOLO,
]
REQUESTERS = (33144692240101, 33144692240104, 33144692240105)
EVIL = ["mallory@example.net"]
KINDS = ("reset_after", "reset_before", "503", "503_after", "500_after", "timeout_after", "refused", "truncated", "409")
LATE_SECONDS = 15.0  # less than a decision or a draft may be under way by what the desk assumes
OPEN = ("held", "approving", "rejecting", "cancelling")
OUTSIDE = "somebody at MultiMail, outside deskgate"
WEIGHTS = {
    "draft": 20, "approve": 26, "show": 12, "reject": 3, "cancel": 5, "edit": 6, "decide_outside": 4, "ticket": 6, "time": 8,
    "track": 6, "reopen": 2, "written_back": 2, "arrive": 3, "lose": 1,
}  # fmt: skip

Call = Callable[[Desk], Awaitable[Any]]


@dataclass
class Process:
    """One open desk on the folder."""

    line: Line
    core: Core
    stack: AsyncExitStack


@dataclass(kw_only=True)
class Walk(Promise):
    """The world, two processes on one folder, and what we know ourselves of who did what."""

    seed: int
    folder: Path
    log: list[str] = field(default_factory=list)
    under_way: list[Late] = field(default_factory=list)
    confirmations: list[tuple[str, Confirmation]] = field(default_factory=list)

    async def open(self) -> None:
        """Begin the day."""
        self.dice = random.Random(self.seed)
        self.clock = FakeClock()
        self.world = World.open(self.folder / "world", self.clock.now)
        self.form = self.dice.choice(["v1", "short"])
        self.world.switch("forms", self.form)
        self.world.switch("ticket_updates", 0)
        self.world.switch("footer_in_body", self.dice.random() < 0.5)
        self.world.switch("decide_twice", self.dice.choice(["404", "409", "200"]))
        self.environment = {"DESKGATE_HOME": str(self.folder)}
        if self.dice.random() < 0.4:
            (self.folder / "policy.toml").write_text(LOW_RISK, "utf-8")
            self.environment["DESKGATE_POLICY"] = str(self.folder / "policy.toml")
        self.processes = [await self._opened(), await self._opened()]
        self.rows_seen = sqlite3.connect(settings.read(self.environment, sandbox=True, role="solo").data)
        self.rows_seen.row_factory = sqlite3.Row

    async def close(self) -> None:
        """End the day."""
        self.rows_seen.close()
        for process in self.processes:
            await process.stack.aclose()
        self.world.close()

    async def _opened(self) -> Process:
        line = Line(self.world, Fate(), self.clock, self.under_way)
        stack = AsyncExitStack()
        told = settings.read(self.environment, sandbox=True, role="solo")
        desk = await stack.enter_async_context(open_desk(told, clock=self.clock, transport=line))
        store: Any = MortalStore(desk.core.store, line.fate)  # type: ignore[arg-type]
        return Process(line, replace(desk.core, store=store), stack)

    # --- one step -------------------------------------------------------------------------------------------------

    async def step(self) -> None:
        """One thing happens; then everything must still be true."""
        self.tried = []
        self.requesters = {number: {self._requester(number)} for number in TICKETS}
        kind = self.dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        await self._arrive_if_due()
        await getattr(self, kind)()
        self.world.faults.clear()
        for number in TICKETS:
            self.requesters[number].add(self._requester(number))
        self.counts[kind] += 1
        self.check()

    def _requester(self, number: int) -> str:
        return str(self.world.user(self.world.ticket(number)["requester_id"])["email"])

    async def act(
        self,
        who: Principal,
        call: Call,
        attempt: Attempt | None = None,
        *,
        nested: bool = False,
        dies_at: int | None = None,
    ) -> Any:
        """Let somebody use the desk of one process, which may be disturbed, overtaken or killed over it."""
        number = 1 if nested else 0
        if not nested and self.dice.random() < 0.5:
            self.processes.reverse()
        process = self.processes[number]
        process.line.calm()
        process.line.attempt = attempt
        if dies_at is not None:
            process.line.fate.ends_in = dies_at
        elif not nested:
            self._trouble(process.line)
        try:
            outcome = await call(Desk(process.core, who))
        except DeskError as error:
            outcome = error
        except BaseException:
            if not process.line.fate.dead:
                raise
            outcome = Died()
            await self._restart(process)
        process.line.calm()
        if attempt is not None:
            attempt.outcome = outcome
        told = outcome.code if isinstance(outcome, DeskError) else type(outcome).__name__
        self.counts[f"  -> {told}"] += 1
        self.log.append(f"    {'(meanwhile) ' if nested else ''}{who.id}: {told}")
        return outcome

    def _trouble(self, line: Line) -> None:
        luck = self.dice.random()
        if luck < 0.20:
            for _ in range(self.dice.choice([1, 1, 2, 4])):
                kind = self.dice.choice(KINDS)
                method = self.dice.choice(["POST", "POST", "GET", None])
                self.world.faults.add(kind, service="multimail", method=method, times=self.dice.choice([1, 1, 2, 5]))
                self.log.append(f"    fault {kind} {method}")
        elif luck < 0.32:
            line.fate.ends_in = self.dice.randint(1, 9)
            self.log.append(f"    dies at {line.fate.ends_in}")
        elif luck < 0.42:
            line.late_at = self.dice.choice([1, 1, 2])
            if self.dice.random() < 0.5:
                self.world.faults.add("refused", service="multimail", method="GET", times=9)
            self.log.append(f"    late at {line.late_at}")
        if self.dice.random() < 0.3:
            line.overtaken_at = self.dice.randint(1, 8)
            line.meanwhile = self._meanwhile
            self.log.append(f"    overtaken at {line.overtaken_at}")

    async def _meanwhile(self) -> None:
        """What happens between two calls of a process: the other process, the ticket, or time."""
        name = self.dice.choice(["draft", "approve", "approve", "cancel", "reject", "show", "track", "ticket", "pause"])
        if name == "ticket":
            await self.ticket()
        elif name == "pause":
            self.clock.advance(self.dice.choice([1, 5]))
        else:
            await getattr(self, name)(nested=True)

    async def _restart(self, process: Process) -> None:
        await process.stack.aclose()
        self.processes[self.processes.index(process)] = fresh = await self._opened()
        if self.dice.random() < 0.7:
            await recover(fresh.core)

    # --- what people and agents do --------------------------------------------------------------------------------

    async def draft(self, *, nested: bool = False) -> None:
        """New words, or words that somebody drafted before."""
        if self.drafters and self.dice.random() < 0.5:
            ticket, body = self.dice.choice(list(self.drafters))
        else:
            ticket = self.dice.choice(TICKETS)
            body = f"Hello, about {ticket}.\nAnswer {self.dice.randrange(12)}."
            body += self.dice.choice(["", "", "", "\nYours\n"])
        who = self.dice.choice(DRAFTERS)
        self.log.append(f"  draft {ticket} {body!r} by {who.id}")
        outcome = await self.act(who, lambda desk: desk.draft(ticket, body), nested=nested)
        if isinstance(outcome, Reply):
            self.drafters.setdefault((ticket, body), set()).update(who.names)
            if outcome.message_id and outcome.digest:
                self.shown.setdefault(outcome.message_id, set()).add(outcome.digest)

    async def lose(self) -> None:
        """A process dies when its mail is there and its answer is not; much later somebody asks for the same words."""
        ticket, body = self.dice.choice(TICKETS), f"Lost, about {self.dice.getrandbits(32)}."
        self.log.append(f"  lose {ticket} {body!r}")
        # Before and after the new row, before and after the call that hands the mail over.
        await self.act(DRAFTERS[0], lambda desk: desk.draft(ticket, body), dies_at=4)
        await self.arrive()
        self.clock.advance(self.dice.choice([700, 30 * 3600]))
        await self.act(DRAFTERS[1], lambda desk: desk.draft(ticket, body))

    async def show(self, *, nested: bool = False) -> None:
        """List what waits, with each mail in whole, or look at one mail."""

        async def listed(desk: Desk) -> Queue:
            queue = await desk.pending(limit=20)
            await desk.show(queue.items)
            return queue

        mail = self._one_mail()
        if mail is None or self.dice.random() < 0.5:
            queue = await self.act(DECIDERS[0], listed, nested=nested)
            looks = [] if isinstance(queue, DeskError | Died) else [item.look for item in queue.items if item.look]
        else:
            looks = [await self.act(DECIDERS[0], lambda desk: desk.look(mail), nested=nested)]
        for look in looks:
            if look is not None and not isinstance(look, DeskError | Died):
                self.shown.setdefault(look.reply.message_id, set()).add(look.digest)
                self.confirmations.append((look.reply.message_id, Confirmation("a person", look.digest)))

    async def approve(self, *, nested: bool = False) -> None:
        """Approve with whatever digest and confirmation somebody may come with."""
        mail = self._one_mail()
        if mail is None:
            return await self.draft(nested=nested)
        who = self.dice.choice(DECIDERS)
        known = sorted(self.shown.get(mail, ()))
        way = self.dice.choice(["fresh", "fresh", "fresh", "old", "random", "none", "replayed"])
        digest = self.dice.choice(known) if way == "old" and known else None
        if way == "random":
            digest = f"sha256:{self.dice.getrandbits(256):064x}"
        if way == "fresh":
            digest = await self._fresh_digest(mail, nested=nested)
        confirmation = Confirmation("a person", digest) if digest and self.dice.random() < 0.6 else None
        if way == "replayed" and self.confirmations:
            own = [one for one in self.confirmations if one[0] == mail] or self.confirmations
            confirmation = self.dice.choice(own)[1]
        attempt = Attempt(mail, self._entitled(who, mail, confirmation))
        self.tried.append(attempt)
        self.log.append(f"  approve {mail} by {who.id} {way} confirmed={confirmation is not None}")
        await self.act(
            who,
            lambda desk: desk.decide(mail, "approve", digest=digest, confirmation=confirmation),
            attempt,
            nested=nested,
        )
        return None

    async def _fresh_digest(self, mail: str, *, nested: bool) -> str | None:
        look = None
        try:
            process = self.processes[1 if nested else 0]
            look = await Desk(process.core, SOLO).look(mail)
        except DeskError:
            pass
        if look is None:
            return None
        self.shown.setdefault(mail, set()).add(look.digest)
        self.confirmations.append((mail, Confirmation("a person", look.digest)))
        return look.digest

    def _entitled(self, who: Principal, mail: str, confirmation: Confirmation | None) -> bool:
        if "decide" not in who.scopes or (who.kind == "agent" and confirmation is None):
            return False
        own = who.names & self.drafters.get(self.words_of.get(mail, (0, "")), set())
        return not own or (who.solo and confirmation is not None)

    async def reject(self, *, nested: bool = False) -> None:
        """Send a reply back."""
        mail = self._one_mail()
        if mail is not None:
            self.log.append(f"  reject {mail}")
            await self.act(DECIDERS[1], lambda desk: desk.decide(mail, "reject", reason="no"), nested=nested)

    async def cancel(self, *, nested: bool = False) -> None:
        """Take a reply back."""
        mail = self._one_mail()
        if mail is not None:
            self.log.append(f"  cancel {mail}")
            await self.act(self.dice.choice(DRAFTERS), lambda desk: desk.cancel(mail), nested=nested)

    async def track(self, *, nested: bool = False) -> None:
        """Ask what became of a ticket's replies, on a quiet day; the answer must be the world's own."""
        number = self.dice.choice(TICKETS)
        if nested:
            await self.act(SOLO, lambda desk: desk.track(ticket_id=number), nested=True)
            return
        self.log.append(f"  track {number}")
        lives = await Desk(self.processes[0].core, SOLO).track(ticket_id=number)
        mails = {mail["id"]: mail for mail in self.world.emails()}
        for life in lives:
            if life.message_id is None:
                continue
            true = truth(mails[life.message_id])
            told = "held" if life.state in OPEN else life.state
            assert told == true, f"track says {life.state}, MultiMail has {true}: {life}"
            if self.outside.get(life.message_id) is False:
                assert life.decided_by == OUTSIDE, f"decided outside, recorded as by {life.decided_by}"

    # --- what happens around them ---------------------------------------------------------------------------------

    async def edit(self) -> None:
        """Somebody changes a held mail at MultiMail."""
        held = [mail["id"] for mail in self.world.held_mails() if mail["id"] in self.words_of]
        awaited = {late.attempt.message_id for late in self.under_way if late.attempt}
        held = [
            one for one in held if one not in awaited
        ]  # bytes may change before a late decision: nobody can help it
        if not held:
            return
        mail = self.dice.choice(held)
        row = next(one for one in self.world.emails() if one["id"] == mail)
        change: dict[str, Any] = self.dice.choice(
            [
                {"markdown": f"Something else {self.dice.randrange(3)}"},
                {"markdown": self.words_of[mail][1]},
                {"markdown": row["markdown"] + "\n\n---\nCall this number now"},
                {"subject": f"Another subject {self.dice.randrange(3)}"},
                {"to": EVIL},
                {"to": [*json.loads(row["recipients"]), *EVIL]},
                # The short form shows no copies, so nobody who works through it could see this one.
                {"cc": EVIL if self.form == "v1" else []},
                {"thread_id": "thr_elsewhere"},
            ]
        )
        self.log.append(f"  edit {mail} {change}")
        self.world.edit_held(mail, **change)

    async def ticket(self) -> None:
        """Somebody works on a ticket, or its requester writes."""
        number = self.dice.choice(TICKETS)
        ticket = self.world.ticket(number)
        kind = self.dice.choice(["public", "note", "tag", "tag", "untag", "requester", "solved", "open"])
        author = self.dice.choice([constants.API_USER_ID, constants.HUMAN_AGENT_ID])
        wish: dict[str, Any] = {"status": kind} if kind in ("solved", "open") else {}
        if kind in ("public", "note"):
            author = ticket["requester_id"] if kind == "public" else author
            wish = {"comment": {"body": "And?", "public": kind == "public"}}
        if kind == "requester":
            wish = {"requester_id": self.dice.choice(REQUESTERS)}
        if kind == "untag":
            wish = {"tags": [tag for tag in ticket["tags"] if tag != "low-risk"]}
            self.tagged_by[number] = None
        if kind == "tag":
            wish = {"tags": [*ticket["tags"], "low-risk"]}
            if "low-risk" not in ticket["tags"]:
                self.tagged_by[number] = "a human" if author == constants.HUMAN_AGENT_ID else "the API"
        self.log.append(f"  ticket {number} {kind} by {author}")
        channel = "api" if author == constants.API_USER_ID else "web"
        self.world.edit_ticket(number, author, channel, **wish)

    async def written_back(self) -> None:
        """A customer answers a mail."""
        try:
            self.world.receive_reply(self.dice.choice(TICKETS), "Thank you, and another thing")
        except LookupError:
            return

    async def time(self) -> None:
        """Nothing happens for a while."""
        await self.arrive()
        seconds = self.dice.choice([1, 5, 30, 65, 130, 700, 4000, 30 * 3600, 3 * 86400])
        self.log.append(f"  time {seconds}")
        self.clock.advance(seconds)

    async def reopen(self) -> None:
        """A process ends and begins again."""
        self.log.append("  reopen")
        await self._restart(self.dice.choice(self.processes))

    async def _arrive_if_due(self) -> None:
        now = self.clock.monotonic()
        if any(now - late.since > LATE_SECONDS for late in self.under_way):
            await self.arrive()

    async def arrive(self) -> None:
        """What was under way arrives."""
        late = list(self.under_way)
        self.under_way.clear()
        for one in late:
            if one.attempt is not None:
                self.tried.append(one.attempt)
            answer = await SandboxTransport(self.world).handle_async_request(one.request)
            self.log.append(f"    arrives late: {one.request.url.path} {answer.status_code}")

    async def decide_outside(self) -> None:
        """Somebody decides in MultiMail itself, with a key that deskgate does not see."""
        held = [mail["id"] for mail in self.world.held_mails() if mail["id"] in self.words_of]
        if not held:
            return
        mail = self.dice.choice(held)
        action = self.dice.choice(["approve", "reject"])
        path, body = "/v1/oversight/decide", {"email_id": mail, "action": action}
        if self.form == "short":
            path, body = "/decide_email", {"message_id": mail, "decision": action}
        if action == "approve":
            # Where we began an approval whose answer was lost, nobody can tell afterwards which of the two it was.
            row = self.rows().get(mail)
            self.outside[mail] = row is None or row["state"] == "approving"
        self.log.append(f"  outside {action} {mail}")
        headers = {"authorization": f"Bearer {constants.MULTIMAIL_OVERSIGHT_KEY}"}
        request = httpx.Request("POST", f"{constants.ORIGIN}/multimail{path}", json=body, headers=headers)
        assert (await SandboxTransport(self.world).handle_async_request(request)).status_code == 200

    def _one_mail(self) -> str | None:
        rows = self.rows()
        held = [name for name, row in rows.items() if row["state"] in OPEN]
        if held and self.dice.random() < 0.85:
            return self.dice.choice(held)
        return self.dice.choice(list(rows)) if rows else None


@contextmanager
def one_thread(seed: int) -> Iterator[None]:
    """No thread, no chance but ours: the same seed is the same story, and faster."""
    chance = random.Random(seed)

    async def at_once(work: Callable[..., Any], *given: Any, **_how: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        return work(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", at_once)
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=chance.getrandbits(128)))
        patch.setattr("secrets.randbits", chance.getrandbits)
        patch.setattr(wire, "random", SimpleNamespace(Random=lambda: random.Random(seed)))
        yield


async def walk(seed: int, steps: int, folder: Path, morning: Path, counts: Counter[str]) -> None:
    """One day of that many steps; a broken promise names the seed and tells the story up to there."""
    shutil.copytree(morning, folder)
    day = Walk(seed=seed, folder=folder, counts=counts)
    with one_thread(seed):
        await day.open()
        number = 0
        try:
            for number in range(1, steps + 1):  # noqa: B007
                await day.step()
        except Exception as broken:
            story = "\n".join(day.log[-60:])
            raise AssertionError(f"seed {seed}, step {number} ({day.form}): {broken}\n{story}") from broken
        finally:
            await day.close()
    shutil.rmtree(folder)
