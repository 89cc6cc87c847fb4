"""A whole story with marked keys, logged down to the last detail: no key turns up anywhere but in the requests."""

import base64
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench import ERAS, Bench, Caller, Person
from deskgate import settings
from deskgate.app import open_desk
from deskgate.protocol.server import build_server
from deskgate.sandbox import constants
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from fakes import FakeClock

pytestmark = pytest.mark.anyio

KEYS = {
    "ZENDESK_TOKEN": ("canary-zendesk-token", constants.ZENDESK_TOKEN),
    "ZENDESK_OAUTH_TOKEN": ("canary-zendesk-oauth", constants.ZENDESK_BEARER),
    "ZENDESK_OAUTH_CLIENT_SECRET": ("canary-client-secret", constants.ZENDESK_CLIENT_SECRET),
    "MULTIMAIL_TOKEN": ("canary-multimail-send", constants.MULTIMAIL_SEND_KEY),
    "MULTIMAIL_OVERSIGHT_TOKEN": ("canary-multimail-oversight", constants.MULTIMAIL_OVERSIGHT_KEY),
    "MULTIMAIL_ADMIN_TOKEN": ("canary-multimail-admin", constants.MULTIMAIL_ADMIN_KEY),
}
WAYS = {
    "api token": {"ZENDESK_EMAIL": constants.API_USER_EMAIL, "ZENDESK_TOKEN": KEYS["ZENDESK_TOKEN"][0]},
    "oauth token": {"ZENDESK_OAUTH_TOKEN": KEYS["ZENDESK_OAUTH_TOKEN"][0]},
    "oauth client": {
        "ZENDESK_OAUTH_CLIENT_ID": constants.ZENDESK_CLIENT_ID,
        "ZENDESK_OAUTH_CLIENT_SECRET": KEYS["ZENDESK_OAUTH_CLIENT_SECRET"][0],
    },
}


class Rekeyed(httpx.AsyncBaseTransport):
    """The pretend world behind other keys than its own; `seen` are the canaries that came by."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.seen: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Exchange the keys, and pass it on."""
        shown = request.headers.get("authorization", "")
        kind, _, value = shown.partition(" ")
        login = base64.b64decode(value).decode() if kind == "Basic" else value
        content = (await request.aread()).decode()
        for canary, real in KEYS.values():
            if canary in login or canary in content:
                self.seen.add(canary)
            login, content = login.replace(canary, real), content.replace(canary, real)
        value = base64.b64encode(login.encode()).decode() if kind == "Basic" else login
        headers = {
            name: text for name, text in request.headers.items() if name not in ("authorization", "content-length")
        }
        headers |= {"authorization": f"{kind} {value}"} if shown else {}
        return await self._inner.handle_async_request(
            httpx.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)
        )


def traces(canaries: set[str]) -> set[str]:
    """The keys in every form in which they could turn up."""
    logins = {f"{constants.API_USER_EMAIL}/token:{canary}" for canary in canaries}
    encoded = {base64.b64encode(login.encode()).decode() for login in logins}
    return canaries | encoded | {canary[::-1] for canary in canaries}


async def story(caller: Caller, world: World, clock: FakeClock) -> list[str]:
    """Everything that the tools do, in good days and bad ones; every answer as text."""
    answers = []

    async def say(tool: str, **arguments: Any) -> dict[str, Any]:
        result = await caller.call(tool, **arguments)
        answers.append(repr(result))
        return result.structured_content or {}

    for fault in (None, "429:300", "500", "reset_after", "html", "truncated", "cloudflare_403", "refused"):
        if fault:
            world.faults.add(f"{fault} xforever")
        await say("search_zendesk_tickets", query="kettle")
        await say("read_zendesk_ticket", ticket_id=101)
        drafted = await say("draft_gated_reply", ticket_id=101, body=f"It is at the shop. {fault}")
        await say("list_zendesk_pending")
        await say("note_zendesk_ticket", ticket_id=101, note=f"Asked. {fault}")
        clock.advance(1)
        await say("decide_reply", message_id=drafted.get("message_id") or "none", decision="approve")
        await say("cancel_reply", message_id=drafted.get("message_id") or "none")
        await say("track_reply", ticket_id=101)
        await say("check_inbox", ticket_id=101)
        await say("read_audit_trail", ticket_id=101)
        world.faults.clear()
    for key in ("draft_gated_reply", "decide_reply"):
        await say(key, ticket_id=[KEYS], nonsense=True)
    return answers


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("way", WAYS)
async def test_no_key_turns_up_in_logs_errors_answers_or_the_data_file(
    tmp_path: Path, era: Any, way: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock()
    world = World.open(tmp_path / "world", clock.now)
    network = Rekeyed(SandboxTransport(world))
    environment = {
        "DESKGATE_HOME": str(tmp_path / "home"),
        "ZENDESK_BASE_URL": f"{constants.ORIGIN}/zendesk",
        "MULTIMAIL_BASE_URL": f"{constants.ORIGIN}/multimail",
        "MULTIMAIL_MAILBOX": constants.MAILBOX_ADDRESS,
        **{name: KEYS[name][0] for name in KEYS if name.startswith("MULTIMAIL")},
        **WAYS[way],
    }
    told = settings.read(environment)
    with caplog.at_level(logging.DEBUG):
        async with open_desk(told, clock=clock, transport=network) as desk:
            one = Bench(world, clock, desk, build_server(desk))
            async with one.client(era, Person()) as caller:
                answers = await story(caller, world, clock)
                shown = [repr(told), repr(desk), repr(desk.core), repr(desk.zendesk), repr(vars(desk.core))]
                files = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
    world.close()
    used = {KEYS[name][0] for name in environment if name in KEYS}
    assert network.seen == used - {KEYS["MULTIMAIL_ADMIN_TOKEN"][0]}, "the keys were in use"
    assert any("delivered" in answer or "'sent'" in answer for answer in answers), "the story went well"
    assert len(caplog.text) > 1_000, "there was something to look at"
    assert files
    printed = capfd.readouterr()
    everything = "\n".join([*answers, *shown, caplog.text, printed.out, printed.err])
    stored = b"\n".join(files)
    for trace in traces(used):
        assert trace not in everything, trace
        assert trace.encode() not in stored, trace
