"""The order of work at a webhook door: what is refused before anything is read, while it is read, and after."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hooks import JSON, MAIL, MULTIMAIL_SECRET, TICKET, ZENDESK_SECRET, Hooks, hooks, of_multimail, of_zendesk

from bench import Bench, bench
from deskgate.desk.clock import iso
from deskgate.protocol.http import build_http_app
from deskgate.protocol.server import build_server
from deskgate.web.callers import KnownTokens
from deskgate.web.token_file import issue
from deskgate.web.webhooks import MULTIMAIL_BYTES, ROOM_BYTES, ZENDESK_BYTES, Webhooks

pytestmark = pytest.mark.anyio


@pytest.fixture
async def h(tmp_path: Path) -> AsyncIterator[Hooks]:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as opened:
        yield opened


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_only_post_is_answered(h: Hooks, method: str) -> None:
    for door, headers in (("multimail", of_multimail(MAIL)), ("zendesk", of_zendesk(MAIL, iso(h.clock.now())))):
        answer = await h.http.request(method, f"/webhooks/{door}", content=MAIL, headers=headers)
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (405, b"", "POST")
    assert h.refused() == {"method": 1}
    assert await h.events() == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 202),
        ("Application/JSON; Charset=UTF-8", 202),
        ('application/json;charset="utf-8"', 202),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=iso-8859-1", 415),
        ("application/json; charset=utf-7", 415),
        ("application/jsonp", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=application/json", 415),
        ("", 415),
    ],
)
async def test_only_json_in_utf8_is_taken(h: Hooks, kind: str, status: int) -> None:
    assert await h.post("multimail", MAIL, {**of_multimail(MAIL), "content-type": kind}) == status
    assert len(await h.events()) == (status == 202)


async def test_two_content_types_none_and_compressed_bodies_are_refused(h: Hooks) -> None:
    signed = [(name, value) for name, value in of_multimail(MAIL).items() if name != "content-type"]
    kind = ("content-type", "application/json")
    for headers in ([kind, kind, *signed], signed, [kind, *signed, ("content-encoding", "gzip")]):
        assert await h.post("multimail", MAIL, headers) == 415
    assert await h.post("multimail", MAIL, [kind, *signed, ("content-encoding", "identity")]) == 202
    assert h.refused() == {"content_type": 3}


@pytest.mark.parametrize(("door", "limit"), [("multimail", MULTIMAIL_BYTES), ("zendesk", ZENDESK_BYTES)])
async def test_the_longest_body_is_taken_and_one_byte_more_is_not(h: Hooks, door: str, limit: int) -> None:
    for size, status in ((limit, 202), (limit + 1, 413)):
        body = b"x" * size
        headers = of_multimail(body) if door == "multimail" else of_zendesk(body, iso(h.clock.now()))
        assert await h.post(door, body, headers) == status
    assert h.refused() == {"too_large": 1}


class Body:
    """A body that comes in pieces, and how many of them were asked for."""

    def __init__(self, *pieces: bytes, ends: str = "end") -> None:
        self.asked = 0
        self._pieces = pieces
        self._ends = ends

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.asked <= len(self._pieces):
            more = self._ends != "end" or self.asked < len(self._pieces)
            return {"type": "http.request", "body": self._pieces[self.asked - 1], "more_body": more}
        if self._ends == "never":
            await anyio.sleep_forever()
        return {"type": "http.disconnect"}


async def _raw(h: Hooks, body: Any, headers: dict[str, str], door: str = "multimail", app: Any = None) -> list[Any]:
    """What the door says to the server, message by message."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    said: list[Any] = []

    async def send(message: Any) -> None:
        said.append(message)

    scope = {"type": "http", "method": "POST", "path": f"/webhooks/{door}", "headers": raw, "query_string": b""}
    await (app or h.app)(scope, body, send)
    return said


async def test_an_announced_size_beyond_the_limit_is_refused_unread(h: Hooks) -> None:
    body = Body(MAIL)
    said = await _raw(h, body, {**of_multimail(MAIL), "content-length": str(MULTIMAIL_BYTES + 1)})
    assert said[0]["status"] == 413
    assert (b"connection", b"close") in said[0]["headers"]
    assert body.asked == 0


async def test_a_stream_is_cut_at_the_limit_whatever_it_announced(h: Hooks) -> None:
    body = Body(*[b"x" * 65_536] * 1000)
    said = await _raw(h, body, {**of_multimail(MAIL), "content-length": "10"})
    assert said[0]["status"] == 413
    assert body.asked == MULTIMAIL_BYTES // 65_536 + 1


async def test_a_body_in_many_pieces_is_one_body(h: Hooks) -> None:
    pieces = [MAIL[at : at + 1] for at in range(len(MAIL))]
    assert (await _raw(h, Body(*pieces, b""), of_multimail(MAIL)))[0]["status"] == 202
    (event,) = await h.events()
    assert bytes(event["body"]) == MAIL


async def test_a_sender_that_leaves_before_the_end_is_not_answered_and_nothing_is_kept(h: Hooks) -> None:
    assert await _raw(h, Body(MAIL, ends="nothing"), of_multimail(MAIL)) == []
    assert h.refused() == {"left": 1}
    assert await h.events() == []


async def test_a_body_that_does_not_come_in_time_is_given_up(h: Hooks) -> None:
    async def never() -> dict[str, Any]:
        await anyio.sleep_forever()
        raise AssertionError

    door = h.webhooks.routes()[0].app
    hasty = replace(door, body_seconds=0)  # type: ignore[type-var]
    said = await _raw(h, never, of_multimail(MAIL), app=hasty)
    assert said[0]["status"] == 408
    assert h.refused() == {"slow": 1}


async def test_all_bodies_together_have_so_much_room_and_give_it_back(h: Hooks) -> None:
    door: Any = h.webhooks.routes()[0].app
    with door.room.share() as others:
        assert others.take(ROOM_BYTES - len(MAIL) + 1)
        assert await h.multimail() == 503
    assert h.refused() == {"busy": 1}
    assert await h.multimail() == 202
    assert await h.multimail(secret="wrong") == 401
    assert door.room.left == ROOM_BYTES


async def test_bodies_that_never_end_do_not_keep_the_signed_ones_out(h: Hooks) -> None:
    """Whoever has been sending for the longest makes way; a real sender has sent its body at once."""
    said: dict[int, list[dict[str, Any]]] = {}
    door: Any = h.webhooks.routes()[0].app

    async def endless(number: int) -> None:
        first = Body(b"x" * (MULTIMAIL_BYTES - 1), ends="never")
        said[number] = await _raw(h, first, of_multimail(MAIL), app=replace(door, body_seconds=3600))

    async with anyio.create_task_group() as group:
        for number in range(ROOM_BYTES // MULTIMAIL_BYTES + 2):
            group.start_soon(endless, number)
            await anyio.wait_all_tasks_blocked()
        assert sorted(said) == [0, 1]
        for number in range(5):
            assert await h.multimail(MAIL.replace(b"01KMAIL", b"01KMAIL%d" % number)) == 202
        group.cancel_scope.cancel()
    assert [one[0]["status"] for one in said.values()][:2] == [503, 503]
    assert len(await h.events()) == 5
    assert door.room.left == ROOM_BYTES
    assert door.room.sending == []


async def test_a_store_that_refuses_makes_503_and_the_sender_comes_again(h: Hooks) -> None:
    await h.store.write(("ALTER TABLE inbox_events RENAME TO elsewhere", {}))
    assert await h.multimail() == 503
    await h.store.write(("ALTER TABLE elsewhere RENAME TO inbox_events", {}))
    assert await h.multimail() == 202
    assert h.refused() == {"store": 1}
    assert len(await h.events()) == 1


async def test_a_refusal_says_nothing_but_its_status(h: Hooks) -> None:
    answer = await h.http.post("/webhooks/multimail", content=MAIL, headers=of_multimail(MAIL, secret="wrong"))
    assert answer.status_code == 401
    assert dict(answer.headers) == {"content-length": "0"}
    assert answer.content == b""


async def test_an_empty_body_that_was_signed_is_an_event(h: Hooks) -> None:
    assert await h.zendesk(b"") == 202
    assert len(await h.events()) == 1


def _hooked(b: Bench, **how: Any) -> Webhooks:
    secrets = {"multimail_secrets": (MULTIMAIL_SECRET,), "zendesk_secrets": (ZENDESK_SECRET,)}
    return Webhooks(b.desk.core.store, b.clock, **secrets, **how)


async def test_behind_the_whole_server_a_signature_is_enough_and_a_token_counts_for_nothing(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.jsonl"
    _, secret = issue(tokens, "bot", "agent", ["draft", "decide"], created="2026-01-28T12:00:00Z")
    async with bench(tmp_path) as b:
        verifier = await KnownTokens.open(tokens, b.clock)
        server = build_server(b.desk, verifier=verifier, public_url="https://desk.example.com")
        app = build_http_app(
            server,
            "0.0.0.0",
            8642,
            desk=b.desk,
            public_url="https://desk.example.com",
            clock=b.clock,
            webhooks=_hooked(b),
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://desk.example.com") as http:
            ticket = of_zendesk(TICKET, iso(b.clock.now()))
            assert (await http.post("/webhooks/multimail", content=MAIL, headers=of_multimail(MAIL))).status_code == 202
            assert (await http.post("/webhooks/zendesk", content=TICKET, headers=ticket)).status_code == 202
            odd = {**of_multimail(b"1"), "authorization": "Basic YTpi"}
            assert (await http.post("/webhooks/multimail", content=b"1", headers=odd)).status_code == 202
            unsigned = {**JSON, "authorization": f"Bearer {secret}"}
            assert (await http.post("/webhooks/multimail", content=MAIL, headers=unsigned)).status_code == 401
            foreign = {**of_multimail(MAIL), "host": "evil.example"}
            assert (await http.post("/webhooks/multimail", content=MAIL, headers=foreign)).status_code == 421
            from_a_page = {**of_multimail(MAIL), "origin": "https://evil.example"}
            assert (await http.post("/webhooks/multimail", content=MAIL, headers=from_a_page)).status_code == 403
        rows = await b.desk.core.store.rows("SELECT count(*) AS n FROM inbox_events")
        assert rows == [{"n": 3}]
