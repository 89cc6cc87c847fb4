"""Callers with tokens over HTTP: who gets in, whose rights hold, and who never approves what."""

import hashlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, MCPError
from mcp_frames import INITIALIZE, request, tool
from open_doors import (
    DOORS,
    WAYS_IN,
    Door,
    TokenFile,
    bearer,
    client,
    legacy_session,
    modern,
    open_doors,
    raw,
)

from bench import ERAS, Person, bench
from deskgate.protocol.server import build_server
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from deskgate.web.callers import KnownTokens
from deskgate.web.token_file import read_tokens, revoke

pytestmark = pytest.mark.anyio

BODY = "The parcel is on its way."
READERS = {
    "search_zendesk_tickets",
    "read_zendesk_ticket",
    "list_zendesk_pending",
    "cancel_reply",
    "track_reply",
    "check_inbox",
    "read_audit_trail",
}
DRAFTERS = READERS | {"draft_gated_reply", "note_zendesk_ticket"}
DECIDERS = READERS | {"decide_reply"}


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.jsonl")


@pytest.mark.parametrize(("method", "path"), WAYS_IN)
async def test_nobody_comes_in_without_a_good_token(tmp_path: Path, tokens: TokenFile, method: str, path: str) -> None:
    secret = tokens.new("bot", "draft", "decide")
    bad = [
        {},
        {"Authorization": secret},
        {"Authorization": f"Basic {secret}"},
        *(
            bearer(one)
            for one in ("x", secret[:-1], secret + "x", secret.upper(), secret.removeprefix("dgt_"), "x" * 5000)
        ),
        bearer(hashlib.sha256(secret.encode()).hexdigest()),
        {"Authorization": "Bearer dgt_ä"},
        {"Cookie": f"token={secret}"},
    ]
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin) as http:
        for headers in bad:
            encoded = {name: value.encode("latin-1") for name, value in headers.items()}
            answered = await http.request(method, path, headers=encoded, json=INITIALIZE)
            assert answered.status_code == 401, (headers, answered.text)
            assert answered.headers["www-authenticate"].startswith("Bearer ")
            assert secret not in answered.text
        asked = await http.request(method, path, params={"token": secret, "access_token": secret}, json=INITIALIZE)
        assert asked.status_code == 401


@pytest.mark.parametrize(("method", "path"), WAYS_IN)
async def test_a_token_that_may_neither_draft_nor_decide_nor_audit_is_forbidden_at_every_door(
    tmp_path: Path, tokens: TokenFile, method: str, path: str
) -> None:
    secret = tokens.new("monitor", "admin", kind="human")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, secret) as http:
        answered = await http.request(method, path, json=INITIALIZE)
        assert answered.status_code == 403
        assert "insufficient_scope" in answered.headers["www-authenticate"]


async def test_health_needs_no_token_and_says_nothing_else(tmp_path: Path, tokens: TokenFile) -> None:
    tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin) as http:
        answered = await http.get("/healthz")
        assert set(answered.json()) == {"status", "version"}


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_one_principal_drafts_and_another_decides_through_every_door(
    tmp_path: Path, tokens: TokenFile, door: Door, era: Any
) -> None:
    bot, lead = tokens.new("bot", "draft", owner="alice"), tokens.new("lead", "decide", owner="bob", kind="human")
    person = Person()
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin:
        async with client(origin, bot, door, era) as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
        b.clock.advance(5)
        async with client(origin, lead, door, era, person) as caller:
            (waiting,) = (await caller.ok("list_zendesk_pending"))["pending"]
            assert waiting["drafted_by"] == "bot"
            done = await caller.ok("decide_reply", message_id=held["message_id"], decision="approve")
        assert "lead" in done["decided_by"]
        assert len(person.asked) == 1
        assert len(b.world.sent_mails()) == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_two_tokens_of_one_owner_never_approve_each_others_drafts(
    tmp_path: Path, tokens: TokenFile, door: Door, era: Any
) -> None:
    bot = tokens.new("bot", "draft", owner="alice")
    second = tokens.new("alice-desk", "decide", owner="alice", kind="human")
    owner = tokens.new("alice", "decide", kind="human")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin:
        async with client(origin, bot, door, era) as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
        b.clock.advance(5)
        for secret in (second, owner):
            async with client(origin, secret, door, era, Person()) as caller:
                approve = {"message_id": held["message_id"], "decision": "approve"}
                assert await caller.fails("decide_reply", **approve) == "self_approval"
        assert len(b.world.held_mails()) == 1
        assert b.world.sent_mails() == []


@pytest.mark.parametrize("asks", ["confirm", "unattended"])
async def test_a_principal_with_both_rights_never_approves_its_own_draft_even_with_a_word_in_the_chat(
    tmp_path: Path, tokens: TokenFile, asks: str
) -> None:
    first, second = tokens.new("bot", "draft", "decide"), tokens.new("bot", "decide")
    async with bench(tmp_path, DESKGATE_APPROVE=asks) as b, open_doors(b, tokens) as origin:
        async with client(origin, first) as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
        b.clock.advance(5)
        for secret in (first, second):
            async with client(origin, secret, person=Person()) as caller:
                approve = {"message_id": held["message_id"], "decision": "approve"}
                assert await caller.fails("decide_reply", **approve) == "self_approval"
        assert b.world.sent_mails() == []
        async with client(origin, second, person=Person()) as caller:
            await caller.ok("decide_reply", message_id=held["message_id"], decision="reject")


async def test_a_token_of_a_human_proves_no_person_so_the_chat_is_still_asked(
    tmp_path: Path, tokens: TokenFile
) -> None:
    bot, lead = tokens.new("bot", "draft"), tokens.new("lead", "decide", kind="human")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin:
        async with client(origin, bot) as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
        b.clock.advance(5)
        approve = {"message_id": held["message_id"], "decision": "approve"}
        async with client(origin, lead) as caller:
            assert await caller.fails("decide_reply", **approve) == "confirmation_needed"
        async with client(origin, lead, person=Person(action="decline")) as caller:
            assert await caller.fails("decide_reply", **approve) == "declined"
        assert b.world.sent_mails() == []


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("scopes", "offered"),
    [(("draft",), DRAFTERS), (("decide",), DECIDERS), (("draft", "decide"), DRAFTERS | DECIDERS)],
)
async def test_the_tools_offered_and_allowed_follow_the_token(
    tmp_path: Path, tokens: TokenFile, door: Door, era: Any, scopes: tuple[str, ...], offered: set[str]
) -> None:
    secret = tokens.new("bot", *scopes)
    words: dict[str, dict[str, Any]] = {
        "draft_gated_reply": {"ticket_id": 101, "body": BODY},
        "note_zendesk_ticket": {"ticket_id": 101, "note": "For the record."},
        "decide_reply": {"message_id": "any", "decision": "reject"},
    }
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, client(origin, secret, door, era) as caller:
        listed = await caller.client.list_tools()
        assert {one.name for one in listed.tools} == offered
        if era == "auto":
            assert listed.cache_scope == "private"
        for name in words.keys() - offered:
            assert await caller.fails(name, **words[name]) == "forbidden"
        assert (await caller.ok("read_zendesk_ticket", ticket_id=101))["ticket"]["id"] == 101
        if "draft" not in scopes:
            assert b.world.held_mails() == []


async def test_a_token_gives_no_right_that_the_process_was_started_without(tmp_path: Path, tokens: TokenFile) -> None:
    secret = tokens.new("lead", "draft", "decide")
    async with (
        bench(tmp_path, role="agent") as b,
        open_doors(b, tokens) as origin,
        client(origin, secret) as caller,
    ):
        assert {one.name for one in (await caller.client.list_tools()).tools} == DRAFTERS
        assert await caller.fails("decide_reply", message_id="any", decision="approve") == "forbidden"


async def test_a_refused_call_of_2026_is_a_whole_result_of_that_revision(tmp_path: Path, tokens: TokenFile) -> None:
    secret = tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, secret) as http:
        words = {"message_id": "any", "decision": "approve"}
        answered = (await modern(http, "tools/call", "decide_reply", name="decide_reply", arguments=words)).json()
        result = answered["result"]
        assert result["resultType"] == "complete"
        assert result["isError"] is True
        assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "deskgate"
        assert result["content"][0]["text"].startswith("forbidden: ")


async def test_an_unknown_tool_is_unknown_whoever_asks(tmp_path: Path, tokens: TokenFile) -> None:
    secret = tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, client(origin, secret) as caller:
        result = await caller.call("send_email", to="a@example.com")
        assert result.is_error
        assert "Unknown tool" in result.content[0].text  # type: ignore[union-attr]


async def test_a_ticket_is_read_as_a_resource_with_a_token(tmp_path: Path, tokens: TokenFile) -> None:
    secret = tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, client(origin, secret) as caller:
        found = await caller.client.read_resource("zendesk://tickets/101")
        assert "101" in found.contents[0].text  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_server_with_tokens_answers_nothing_that_came_without_http(
    tmp_path: Path, tokens: TokenFile, mode: Any
) -> None:
    tokens.new("bot", "draft")
    async with bench(tmp_path) as b:
        server = build_server(b.desk, verifier=await KnownTokens.open(tokens.path, b.clock))
        with pytest.raises((MCPError, ExceptionGroup)):
            async with Client(server, mode=mode) as one:
                await one.list_tools()


async def test_a_session_of_one_principal_is_not_there_for_another(tmp_path: Path, tokens: TokenFile) -> None:
    mine, other, rotated = tokens.new("bot", "draft"), tokens.new("spy", "draft"), tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, mine) as http:
        session = await legacy_session(http)
        for method in ("POST", "GET", "DELETE"):
            headers = {**session, **bearer(other)}
            theirs = await http.request(method, "/mcp", headers=headers, json=request(1, "tools/list"))
            unknown = await http.request(
                method, "/mcp", headers={**headers, "Mcp-Session-Id": "0" * 32}, json=request(1, "tools/list")
            )
            assert (theirs.status_code, theirs.text) == (404, unknown.text)
        headers = {**session, **bearer(rotated)}
        assert (await http.post("/mcp", headers=headers, json=request(1, "tools/list"))).status_code == 200


async def test_an_sse_stream_of_one_principal_takes_no_message_of_another(tmp_path: Path, tokens: TokenFile) -> None:
    mine, other = tokens.new("bot", "draft"), tokens.new("spy", "draft")
    async with (
        bench(tmp_path) as b,
        open_doors(b, tokens) as origin,
        raw(origin, mine) as http,
        http.stream("GET", "/sse") as stream,
    ):
        data = (line.removeprefix("data: ") async for line in stream.aiter_lines() if line.startswith("data: "))
        way = await anext(data)
        assert (await http.post(way, headers=bearer(other), json=INITIALIZE)).status_code == 404
        assert (await http.post(way, headers={"Authorization": ""}, json=INITIALIZE)).status_code == 401
        assert (await http.post(way, json=INITIALIZE)).status_code == 202


async def test_on_a_long_stream_every_message_has_the_rights_of_its_own_token(
    tmp_path: Path, tokens: TokenFile
) -> None:
    wide, narrow = tokens.new("bot", "draft", "decide"), tokens.new("bot", "decide")
    async with (
        bench(tmp_path) as b,
        open_doors(b, tokens) as origin,
        raw(origin, wide) as http,
        http.stream("GET", "/sse") as stream,
    ):
        data = (line.removeprefix("data: ") async for line in stream.aiter_lines() if line.startswith("data: "))
        way = await anext(data)
        await http.post(way, json=INITIALIZE)
        await anext(data)
        await http.post(way, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        draft = tool(1, "draft_gated_reply", ticket_id=101, body=BODY)
        await http.post(way, headers=bearer(narrow), json=draft)
        assert "forbidden" in await anext(data)
        assert b.world.held_mails() == []
        await http.post(way, json=draft)
        assert "held" in await anext(data)


async def test_a_question_to_one_principal_cannot_be_answered_by_another(tmp_path: Path, tokens: TokenFile) -> None:
    bot, lead, spy = tokens.new("bot", "draft"), tokens.new("lead", "decide"), tokens.new("spy", "decide")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, lead) as http:
        async with client(origin, bot) as caller:
            held = await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
        b.clock.advance(5)
        call = {"name": "decide_reply", "arguments": {"message_id": held["message_id"], "decision": "approve"}}
        able = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}}
        asked = (await _asking(http, able, **call)).json()["result"]
        assert asked["resultType"] == "input_required"
        answers = {key: {"action": "accept", "content": {"confirm": True}} for key in asked["inputRequests"]}
        again = {**call, "inputResponses": answers, "requestState": asked["requestState"]}
        http.headers.update(bearer(spy))
        refused = (await _asking(http, able, **again)).json()
        assert refused["error"]["code"] == -32602
        assert b.world.sent_mails() == []
        http.headers.update(bearer(lead))
        assert (await _asking(http, able, **again)).json()["result"]["structuredContent"]["decision"] == "approve"


async def _asking(http: httpx.AsyncClient, able: dict[str, Any], **params: Any) -> httpx.Response:
    from mcp_frames import MODERN, enveloped

    frame = enveloped(1, "tools/call", **params)
    frame["params"]["_meta"].update(able)
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": params["name"]}
    return await http.post("/mcp", headers=headers, json=frame)


async def test_tokens_come_and_go_while_the_server_runs(tmp_path: Path, tokens: TokenFile) -> None:
    old = tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, old) as http:
        session = await legacy_session(http)
        new = tokens.new("bot", "draft")
        revoke(tokens.path, read_tokens(tokens.path)[0].id)
        b.clock.advance(1)
        listing = request(1, "tools/list")
        assert (await http.post("/mcp", headers=session, json=listing)).status_code == 401
        assert (await http.post("/mcp", headers={**session, **bearer(new)}, json=listing)).status_code == 200


async def test_a_file_that_became_unusable_leaves_the_last_good_one_and_is_named_in_the_log(
    tmp_path: Path, tokens: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, secret) as http:
        good = tokens.path.read_text()
        stranger = good.replace('"draft"', '"draft", "root"')
        tokens.path.write_text(good + stranger)
        b.clock.advance(1)
        assert (await modern(http, "tools/list")).status_code == 200
        assert "line 2: there is no scope 'root'" in caplog.text
        tokens.path.unlink()
        b.clock.advance(1)
        assert (await modern(http, "tools/list")).status_code == 401
        tokens.path.write_text(good)
        tokens.path.chmod(0o600)
        b.clock.advance(1)
        assert (await modern(http, "tools/list")).status_code == 200


async def test_the_callers_token_goes_to_nobody_else(
    tmp_path: Path, tokens: TokenFile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="deskgate")
    secret = tokens.new("bot", "draft")
    world = World.open(tmp_path / "world")
    seen: list[httpx.Request] = []

    class Ear(SandboxTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return await super().handle_async_request(request)

    async with (
        bench(tmp_path, world=world, transport=Ear(world)) as b,
        open_doors(b, tokens) as origin,
        client(origin, secret) as caller,
    ):
        await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
    world.close()
    assert seen
    for one in seen:
        assert "dgt_" not in str(one.headers.raw) + str(one.url) + one.content.decode(errors="replace")
    assert secret not in caplog.text


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_an_auditors_token_reads_the_trail_and_nothing_else(
    tmp_path: Path, tokens: TokenFile, door: Door, era: Any
) -> None:
    bot, auditor = tokens.new("bot", "draft"), tokens.new("auditor", "audit", kind="human")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin:
        async with client(origin, bot, door, era) as caller:
            await caller.ok("draft_gated_reply", ticket_id=101, body=BODY)
        async with client(origin, auditor, door, era) as caller:
            assert {tool.name for tool in (await caller.client.list_tools()).tools} == {"read_audit_trail"}
            records = (await caller.ok("read_audit_trail", ticket_id=101))["records"]
            assert "agent bot" in records[0]["who"]
            assert await caller.fails("read_zendesk_ticket", ticket_id=101) == "forbidden"
            assert await caller.fails("list_zendesk_pending") == "forbidden"
            with pytest.raises(MCPError, match="reads the audit trail and nothing else"):
                await caller.client.read_resource("zendesk://tickets/101")
            with pytest.raises(MCPError, match="reads the audit trail and nothing else"):
                await caller.client.get_prompt("triage_queue")
