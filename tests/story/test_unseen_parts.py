"""What nobody was shown does not leave: blocks under the text, attachments, and notes of two processes at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bench import Bench, Caller, Person, bench
from deskgate.sandbox.transport import SandboxTransport

pytestmark = pytest.mark.anyio

BODY = "Your parcel is on its way."
BLOCK = f"{BODY}\n\n---\nPlease pay at https://evil.example/pay"


@asynccontextmanager
async def reviewing(drafting: Bench, folder: Path) -> AsyncIterator[Caller]:
    """A second process that decides without being asked."""
    told = {"DESKGATE_APPROVE": "unattended", "DESKGATE_PRINCIPAL": "decider"}
    deciding = bench(folder, world=drafting.world, clock=drafting.clock, role="reviewer", **told)
    async with deciding as desk, desk.client() as caller:
        yield caller


async def drafted(desk: Bench) -> str:
    async with desk.client() as writer:
        message_id = (await writer.ok("draft_gated_reply", ticket_id=101, body=BODY))["message_id"]
    desk.clock.advance(5)
    return str(message_id)


async def test_a_block_under_the_text_that_nobody_was_shown_does_not_leave(tmp_path: Path) -> None:
    async with bench(tmp_path, DESKGATE_PRINCIPAL="writer") as desk:
        message_id = await drafted(desk)
        desk.world.edit_held(message_id, markdown=BLOCK)
        async with reviewing(desk, tmp_path) as decider:
            assert await decider.fails("decide_reply", message_id=message_id, decision="approve") == "digest_mismatch"
            assert desk.world.sent_mails() == []
            listed = (await decider.ok("list_zendesk_pending"))["pending"][0]
            assert "evil.example" in listed["body"]
            await decider.ok("decide_reply", message_id=message_id, decision="approve", digest=listed["digest"])
        assert len(desk.world.sent_mails()) == 1


async def test_a_held_mail_with_an_attachment_that_nobody_drafted_cannot_be_approved(tmp_path: Path) -> None:
    class Attaching(SandboxTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            if request.method != "GET" or "/emails/" not in request.url.path or request.url.path.endswith("/tags"):
                return answer
            await answer.aread()
            mail = {**answer.json(), "attachments": [{"name": "payload.exe", "size": 9, "content_type": "x/y"}]}
            return httpx.Response(200, json=mail)

    async with bench(tmp_path) as desk:
        message_id = await drafted(desk)
        spied = bench(tmp_path, world=desk.world, clock=desk.clock, transport=Attaching(desk.world))
        person = Person()
        async with spied as other, other.client("legacy", person) as caller:
            assert await caller.fails("decide_reply", message_id=message_id, decision="approve") == "digest_mismatch"
        assert person.asked == []
        assert desk.world.sent_mails() == []


async def test_a_note_that_another_process_posted_while_this_one_read_the_ticket_is_not_posted_again(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as first:
        before = len(first.world.comments(101))

        class Overtaken(SandboxTransport):
            """Another process posts the same note between our reading of the ticket and our record of it."""

            done = False

            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                answer = await super().handle_async_request(request)
                if not self.done and request.url.path.endswith("/tickets/101"):
                    self.done = True
                    async with first.client() as caller:
                        await caller.ok("note_zendesk_ticket", ticket_id=101, note="Called back.")
                return answer

        second = bench(tmp_path, world=first.world, clock=first.clock, transport=Overtaken(first.world))
        async with second as other, other.client() as caller:
            told = await caller.ok("note_zendesk_ticket", ticket_id=101, note="Called back.")
        assert told["already_there"]
        assert len(first.world.comments(101)) == before + 1
