"""What is the same event: repeats, replays, and one id with two bodies."""

import hashlib
from typing import Any

import pytest
from hooks import MAIL, TICKET, hooks, of_zendesk

from deskgate.desk.clock import iso

pytestmark = pytest.mark.anyio

NOW = "2026-01-28T12:00:00Z"
DAY = 86_400.0


async def test_a_body_of_multimail_is_one_event_whenever_it_comes_again(database: str) -> None:
    async with hooks(database) as h:
        for later in (0.0, 360.0, 2 * DAY, 89 * DAY, 400 * DAY):
            h.clock.advance(later)
            assert await h.multimail() == 202
        assert len(await h.events()) == 1
        assert await h.multimail(MAIL + b" ") == 202
        assert len(await h.events()) == 2


async def test_a_replay_under_another_invocation_id_is_no_second_event(database: str) -> None:
    async with hooks(database) as h:
        for invocation in ("01KFIRST", "01KSECOND", None, "not an id", "01KFIRST"):
            assert await h.zendesk(invocation=invocation) == 202
        assert [event["event_id"] for event in await h.events()] == ["01KFIRST"]
        h.clock.advance(360)
        assert await h.post("zendesk", TICKET, of_zendesk(TICKET, NOW, "01KTHIRD")) == 401
        h.clock.advance(2 * DAY)
        assert await h.post("zendesk", TICKET, of_zendesk(TICKET, NOW)) == 401
        assert len(await h.events()) == 1


async def test_a_repeated_invocation_with_a_newer_time_is_no_second_event(database: str) -> None:
    async with hooks(database) as h:
        for _ in range(3):
            assert await h.zendesk() == 202
            h.clock.advance(240)
        assert len(await h.events()) == 1


async def test_the_same_body_at_another_time_under_another_id_is_another_event(database: str) -> None:
    async with hooks(database) as h:
        assert await h.zendesk(invocation="01KSOLVED") == 202
        h.clock.advance(60)
        assert await h.zendesk(invocation="01KSOLVEDAGAIN") == 202
        assert [event["state"] for event in await h.events()] == ["new", "new"]


async def test_one_id_with_another_body_is_kept_and_flagged(database: str) -> None:
    other = b'{"ticket_id":"102"}'
    async with hooks(database) as h:
        for body in (TICKET, other, other, TICKET):
            assert await h.zendesk(body) == 202
            h.clock.advance(1)
        events = await h.events()
        assert [(bytes(event["body"]), event["state"]) for event in events] == [(TICKET, "new"), (other, "flagged")]


@pytest.mark.parametrize("invocation", [None, "", "a b", "ä", "x" * 101, "signed:0", "../x", '"'])
async def test_without_a_usable_invocation_id_the_event_is_what_was_signed(tmp_path: Any, invocation: str) -> None:
    headers = of_zendesk(TICKET, NOW, None)
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    if invocation is not None:
        raw.append((b"x-zendesk-webhook-invocation-id", invocation.encode()))
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        assert await h.post("zendesk", TICKET, raw) == 202
        assert await h.post("zendesk", TICKET, raw) == 202
        (event,) = await h.events()
        assert event["event_id"] == f"signed:{hashlib.sha256(NOW.encode() + TICKET).hexdigest()}"


async def test_headers_that_a_stranger_could_fill_are_not_kept(tmp_path: Any) -> None:
    async with hooks(f"sqlite:///{tmp_path}/d.sqlite3") as h:
        odd = {"x-zendesk-account-id": "x" * 5000, "x-zendesk-webhook-id": "a\tb", "x-other": "kept?"}
        assert await h.post("zendesk", TICKET, {**of_zendesk(TICKET, iso(h.clock.now())), **odd}) == 202
        (event,) = await h.events()
        assert len(event["headers"]) < 200
        assert "x-other" not in event["headers"]
        assert 'webhook-id"' not in event["headers"]
