"""Hosts that probe with `server/discover` and then shake hands on the same connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp.types as types
import pytest
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_frames import INITIALIZE, INITIALIZED, LEGACY, META, MODERN, WHO, enveloped, request

from bench import Bench, bench
from deskgate.protocol.probe import probes_answered
from deskgate.protocol.server import low_level

pytestmark = pytest.mark.anyio

Frame = dict[str, Any]


class Line:
    """A connection to a running server, below the SDK's client."""

    def __init__(
        self,
        to_server: ObjectSendStream[SessionMessage | Exception],
        from_server: ObjectReceiveStream[SessionMessage],
    ) -> None:
        self.to_server = to_server
        self._from_server = from_server

    async def send(self, frame: Frame) -> None:
        await self.to_server.send(SessionMessage(types.jsonrpc_message_adapter.validate_python(frame)))

    async def answer(self, frame: Frame) -> Frame:
        await self.send(frame)
        with anyio.fail_after(10):
            answered = await self._from_server.receive()
        found: Frame = answered.message.model_dump(by_alias=True, mode="json", exclude_none=True)
        assert found["id"] == frame["id"]
        return found

    async def shake_hands(self) -> Frame:
        answered = await self.answer(INITIALIZE)
        await self.send(INITIALIZED)
        return answered


@asynccontextmanager
async def line(b: Bench) -> AsyncIterator[Line]:
    low = low_level(b.server)
    to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, from_server = anyio.create_memory_object_stream[SessionMessage](0)

    async def serve() -> None:
        async with incoming, outgoing, probes_answered(low, incoming, outgoing) as filtered:
            await low.run(filtered, outgoing, low.create_initialization_options())

    async with to_server, from_server, anyio.create_task_group() as group:
        group.start_soon(serve)
        yield Line(to_server, from_server)
        await to_server.aclose()  # the end of input must end the server, and with it this group


async def handshake_still_works(wire: Line) -> None:
    shaken = await wire.shake_hands()
    assert shaken["result"]["protocolVersion"] == LEGACY
    listed = await wire.answer(request(99, "tools/list"))
    assert [one["name"] for one in listed["result"]["tools"]][:2] == ["search_zendesk_tickets", "read_zendesk_ticket"]


async def test_a_good_probe_is_answered_as_the_server_itself_would_and_a_handshake_follows(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        probed = (await wire.answer(enveloped(1, "server/discover")))["result"]
        assert MODERN in probed["supportedVersions"]
        assert probed["_meta"][f"{META}serverInfo"]["name"] == "deskgate"
        assert "tools" in probed["capabilities"]
        assert probed["instructions"]
        await handshake_still_works(wire)


async def test_a_probe_is_answered_with_what_the_sdk_answers_behind_the_filter(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        ours = (await wire.answer(enveloped(1, "server/discover")))["result"]
        await wire.answer(enveloped(2, "tools/list"))
        theirs = (await wire.answer(enveloped(3, "server/discover")))["result"]
        assert ours == theirs


@pytest.mark.parametrize("version", ["2099-01-01", LEGACY, ""])
async def test_a_probe_for_another_version_is_refused_and_a_handshake_follows(tmp_path: Path, version: str) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        refused = (await wire.answer(enveloped(1, "server/discover", version=version)))["error"]
        assert refused["code"] == -32022
        assert refused["data"] == {"supported": [MODERN], "requested": version}
        await handshake_still_works(wire)


async def test_a_probe_without_capabilities_does_not_lock_the_handshake_out(tmp_path: Path) -> None:
    thin = request(1, "server/discover", _meta={f"{META}protocolVersion": MODERN})
    async with bench(tmp_path) as b, line(b) as wire:
        assert "supportedVersions" in (await wire.answer(thin))["result"]
        await handshake_still_works(wire)


async def test_a_probe_without_an_envelope_is_an_unknown_method_and_a_handshake_follows(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        assert (await wire.answer(request(1, "server/discover")))["error"]["code"] == -32601
        await handshake_still_works(wire)


async def test_several_probes_and_a_stray_notification_do_not_decide_the_era(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        await wire.answer(enveloped("first", "server/discover"))
        await wire.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "first"}})
        await wire.to_server.send(ValueError("a line that was no JSON"))
        await wire.answer(enveloped("second", "server/discover", version="2099-01-01"))
        await handshake_still_works(wire)


async def test_after_a_probe_a_client_may_stay_with_the_new_revision(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        await wire.answer(enveloped(1, "server/discover"))
        listed = await wire.answer(enveloped(2, "tools/list"))
        assert listed["result"]["resultType"] == "complete"
        refused = await wire.answer(INITIALIZE)
        assert refused["error"]["code"] == -32022


async def test_after_the_handshake_a_probe_is_no_longer_ours_to_answer(tmp_path: Path) -> None:
    async with bench(tmp_path) as b, line(b) as wire:
        await wire.shake_hands()
        refused = await wire.answer(enveloped(1, "server/discover"))
        assert refused["error"]["code"] == -32600
        listed = await wire.answer(request(2, "tools/list"))
        assert listed["result"]["tools"]


async def test_the_end_of_input_after_nothing_but_a_probe_ends_the_server(tmp_path: Path) -> None:
    with anyio.fail_after(10):
        async with bench(tmp_path) as b, line(b) as wire:
            await wire.answer(enveloped(1, "server/discover"))


async def test_who_asks_makes_no_difference_to_a_probe(tmp_path: Path) -> None:
    nobody = enveloped(1, "server/discover")
    del nobody["params"]["_meta"][f"{META}clientInfo"]
    async with bench(tmp_path) as b, line(b) as wire:
        named = await wire.answer(enveloped(1, "server/discover"))
        assert WHO["name"] not in str(named)
        assert await wire.answer(nobody) == named
