"""Names, sizes and shares at the doors for callers with tokens."""

from pathlib import Path
from typing import Any

import pytest
from mcp_frames import INITIALIZE, request
from open_doors import DOORS, WAYS_IN, Door, TokenFile, bearer, client, legacy_session, modern, open_doors, raw

from bench import ERAS, bench
from deskgate.protocol.http import BODY_LIMIT_BYTES, allowed_names
from deskgate.web.limits import OPENINGS, REQUESTS, TOOL_CALLS

pytestmark = pytest.mark.anyio

PUBLIC = "https://desk.example.com"
OPEN_HOSTS = ("0.0.0.0", "::", "192.0.2.1")


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.jsonl")


@pytest.mark.parametrize("host", OPEN_HOSTS)
@pytest.mark.parametrize(("method", "path"), [*WAYS_IN, ("GET", "/healthz"), ("GET", "/nothing")])
async def test_beyond_loopback_only_the_public_name_is_answered(
    tmp_path: Path, tokens: TokenFile, host: str, method: str, path: str
) -> None:
    secret = tokens.new("bot", "draft")
    async with (
        bench(tmp_path) as b,
        open_doors(b, tokens, host=host, public_url=PUBLIC) as origin,
        raw(origin, secret) as http,
    ):
        here = f"127.0.0.1:{http.base_url.port}"
        for foreign in ("evil.example", "desk.example.com.evil.example", "desk.example.com:8642", here, "localhost"):
            forwarded = {"X-Forwarded-Host": "desk.example.com", "Forwarded": "host=desk.example.com"}
            answered = await http.request(method, path, headers={"Host": foreign, **forwarded}, json={})
            assert answered.status_code == 421, (foreign, answered.text)
        named = {"Host": "desk.example.com"}
        for foreign in ("https://evil.example", "http://desk.example.com", f"http://{here}", "null"):
            answered = await http.request(method, path, headers={**named, "Origin": foreign}, json={})
            assert answered.status_code == 403, (foreign, answered.text)


async def test_the_public_name_is_answered_with_and_without_its_port_and_from_its_own_origin(
    tmp_path: Path, tokens: TokenFile
) -> None:
    secret = tokens.new("bot", "draft")
    async with (
        bench(tmp_path) as b,
        open_doors(b, tokens, host="0.0.0.0", public_url=PUBLIC) as origin,
        raw(origin, secret) as http,
    ):
        for name in ("desk.example.com", "desk.example.com:443"):
            for more in ({}, {"Origin": PUBLIC}):
                shaken = await http.post("/mcp", headers={"Host": name, **more}, json=INITIALIZE)
                assert shaken.status_code == 200, shaken.text


async def test_on_loopback_behind_a_proxy_both_names_are_answered(tmp_path: Path, tokens: TokenFile) -> None:
    secret = tokens.new("bot", "draft")
    async with (
        bench(tmp_path) as b,
        open_doors(b, tokens, public_url=PUBLIC) as origin,
        raw(origin, secret) as http,
    ):
        for name in ("desk.example.com", f"127.0.0.1:{http.base_url.port}"):
            assert (await http.get("/healthz", headers={"Host": name})).status_code == 200
        assert (await http.get("/healthz", headers={"Host": "evil.example"})).status_code == 421


@pytest.mark.parametrize(
    ("public_url", "hosts", "origins"),
    [
        (None, [], []),
        (PUBLIC, ["desk.example.com", "desk.example.com:443"], [PUBLIC]),
        (f"{PUBLIC}:8443", ["desk.example.com:8443"], [f"{PUBLIC}:8443"]),
        ("http://localhost:8642", ["localhost:8642"], ["http://localhost:8642"]),
    ],
)
async def test_the_names_come_from_the_public_address(
    public_url: str | None, hosts: list[str], origins: list[str]
) -> None:
    found = allowed_names("0.0.0.0", 8642, public_url)
    assert found.enable_dns_rebinding_protection
    assert (found.allowed_hosts, found.allowed_origins) == (hosts, origins)


async def test_a_body_above_the_limit_is_refused_at_every_door_and_a_strangers_is_not_even_read(
    tmp_path: Path, tokens: TokenFile
) -> None:
    secret = tokens.new("bot", "draft")
    large = b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * BODY_LIMIT_BYTES + b'"}'
    json = {"Content-Type": "application/json"}
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, secret) as http:

        async def pieces() -> Any:
            for start in range(0, len(large), 65_536):
                yield large[start : start + 65_536]

        for path in ("/mcp", "/messages/?session_id=00000000000000000000000000000000"):
            assert (await http.post(path, content=large, headers=json)).status_code == 413
            assert (await http.post(path, content=pieces(), headers=json)).status_code == 413
            stranger = await http.post(path, content=large, headers={**json, "Authorization": ""})
            assert stranger.status_code == 401


async def test_the_longest_reply_fits_below_the_limit_with_every_character_escaped(
    tmp_path: Path, tokens: TokenFile
) -> None:
    secret = tokens.new("bot", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, secret) as http:
        words = {"ticket_id": 101, "body": "😀" * 60_000}
        answered = await modern(http, "tools/call", "draft_gated_reply", name="draft_gated_reply", arguments=words)
        assert answered.status_code == 200
        assert answered.json()["result"]["isError"] is False


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("door", DOORS)
async def test_a_principal_that_calls_too_often_is_told_when_to_come_back_and_others_are_not_touched(
    tmp_path: Path, tokens: TokenFile, door: Door, era: Any
) -> None:
    bot, again, other = tokens.new("bot", "draft"), tokens.new("bot", "draft"), tokens.new("other", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin:
        async with client(origin, bot, door, era) as caller:
            for _ in range(TOOL_CALLS.burst):
                await caller.ok("track_reply", ticket_id=101)
        async with client(origin, again, door, era) as caller:
            refused = await caller.call("track_reply", ticket_id=101)
            assert refused.is_error
            assert refused.structured_content is not None
            assert refused.structured_content["code"] == "rate_limited"
            assert refused.structured_content["retry_after_seconds"] == 1
        async with client(origin, other, door, era) as caller:
            await caller.ok("track_reply", ticket_id=101)
        b.clock.advance(1)
        async with client(origin, bot, door, era) as caller:
            await caller.ok("track_reply", ticket_id=101)


async def test_too_many_requests_are_answered_429_with_the_seconds_to_wait(tmp_path: Path, tokens: TokenFile) -> None:
    bot, other = tokens.new("bot", "draft"), tokens.new("other", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, bot) as http:
        session = await legacy_session(http)
        ping = request(1, "ping")
        for _ in range(REQUESTS.burst - 2):
            assert (await http.post("/mcp", headers=session, json=ping)).status_code == 200
        refused = await http.post("/mcp", headers=session, json=ping)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json() == {"error": "rate_limited", "retry_after_seconds": 1}
        assert (await http.post("/mcp", headers=bearer(other), json=INITIALIZE)).status_code == 200
        assert (await http.post("/mcp", headers={"Authorization": "Bearer dgt_x"}, json=ping)).status_code == 401
        b.clock.advance(1)
        assert (await http.post("/mcp", headers=session, json=ping)).status_code == 200


async def test_one_principal_cannot_fill_the_table_of_sessions(tmp_path: Path, tokens: TokenFile) -> None:
    bot, other = tokens.new("bot", "draft"), tokens.new("other", "draft")
    async with bench(tmp_path) as b, open_doors(b, tokens) as origin, raw(origin, bot) as http:
        session = await legacy_session(http)
        for _ in range(OPENINGS.burst - 1):
            assert (await http.post("/mcp", json=INITIALIZE)).status_code == 200
        assert (await http.post("/mcp", json=INITIALIZE)).headers["retry-after"] == "3"
        async with http.stream("GET", "/sse") as stream:
            assert stream.status_code == 429
        assert (await http.post("/mcp", headers=session, json=request(1, "ping"))).status_code == 200
        assert (await modern(http, "tools/list")).status_code == 200
        assert (await http.post("/mcp", headers=bearer(other), json=INITIALIZE)).status_code == 200
        b.clock.advance(3)
        assert (await http.post("/mcp", json=INITIALIZE)).status_code == 200
