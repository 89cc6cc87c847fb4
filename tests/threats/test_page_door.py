"""Threats at the reviewer's page."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from approvals_bench import Desk, opened
from hostile_texts import HIDDEN, LOOK_ALIKES, MARKUP, TRICKS, mail
from policy_desk import REVIEWER

from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from deskgate.web.approvals.reviewers import INVITE_LIFE
from fakes import FakeClock

pytestmark = pytest.mark.anyio

EVIL = "evil@evil.example"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as found:
        yield found


async def test_t1_a_correction_goes_to_the_tickets_requester_whatever_the_form_says(desk: Desk) -> None:
    old = await desk.draft()
    ines = await desk.reviewer("ines")
    await ines.get(f"/approvals/{old.id}")
    form = await ines.get(f"/approvals/{old.id}/edit")
    fields = dict.fromkeys(("to", "cc", "bcc", "recipient", "address", "from"), EVIL)
    given = {"digest": form.value("digest"), "subject": form.value("subject"), "body": f"Write to {EVIL} instead."}
    done = await ines.post(f"/approvals/{old.id}/correct", fields | given)
    assert "Your correction waits now" in done.text
    (new,) = await desk.bench.desk.core.store.replies_in_state("held")
    assert new.recipient == "maria.lindqvist@example.com"
    held = desk.bench.world.emails()[-1]
    assert held["recipients"] == '["maria.lindqvist@example.com"]'


async def test_t6_a_held_mail_that_names_another_ticket_is_shown_with_its_own(desk: Desk) -> None:
    reply = await desk.draft()
    await desk.bench.desk.core.outbox.tag(reply.message_id, {"zendesk_ticket_id": "104"})
    ines = await desk.reviewer("ines")
    page = await ines.get(f"/approvals/{reply.id}")
    desk.bench.world.edit_ticket(101, comment={"body": "I have it.", "public": True})
    desk.bench.clock.advance(60)
    refused = await ines.approve(reply.id, page.value("digest"))
    assert "The ticket changed meanwhile" in refused.text
    assert desk.sent == []


async def test_t8_a_link_an_hour_old_or_used_lets_nobody_in(desk: Desk) -> None:
    old, used = await desk.reviewers.invite("ines"), await desk.reviewers.invite("ines")
    origin = {"origin": desk.origin}
    first = await desk.browser().post("/approvals/sign-in", data={"secret": used}, headers=origin)
    assert first.status_code == 200
    again = await desk.browser().post("/approvals/sign-in", data={"secret": used}, headers=origin)
    desk.bench.clock.advance(INVITE_LIFE.total_seconds())
    late = await desk.browser().post("/approvals/sign-in", data={"secret": old}, headers=origin)
    assert (again.status_code, late.status_code) == (403, 403)


async def test_t8_an_approval_is_held_to_the_desks_clock_besides_the_pages(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer("ines")
    page = await ines.get(f"/approvals/{reply.id}")
    desk.bench.clock.advance(24 * 3600)
    # A page that forgot the time would still meet the desk's own check.
    told = await _decided(desk, reply.message_id, page.value("digest"))
    assert told == "digest_mismatch"
    assert desk.sent == []


async def _decided(desk: Desk, message_id: str, digest: str) -> str:
    from dataclasses import replace

    from deskgate.desk.errors import DeskError

    try:
        await replace(desk.bench.desk, caller=REVIEWER).decide(message_id, "approve", digest=digest)
    except DeskError as error:
        return error.code
    return "sent"


async def test_t9_whatever_opens_or_asks_for_every_address_changes_nothing(desk: Desk) -> None:
    """Crawlers, mail scanners and prefetching browsers, signed in or not, with everything that a form would send."""
    replies = [await desk.draft(f"Number {ticket}.", ticket=ticket) for ticket in (101, 104)]
    ines = await desk.reviewer("ines")
    link = f"/approvals/sign-in/{await desk.reviewers.invite('tomasz')}"
    stranger = desk.browser()
    before = await _rows(desk)
    seen: set[str] = set()
    todo = ["/approvals/", link, *(f"/approvals/{one.id}" for one in replies)]
    while todo:
        path = todo.pop()
        seen.add(path)
        digests = re.findall(r"sha256:[0-9a-f]{64}", (await ines.get(path)).html)
        given = {"form_token": ines.token, "digest": (digests or [""])[0], "reason": "x", "decision": "approve"}
        for asked in (path, *(f"{path}/{deed}" for deed in ("approve", "reject", "correct", "finish") if digests)):
            for method in ("GET", "HEAD", "OPTIONS"):
                for who in (ines.http, stranger):
                    await who.request(method, asked, params={**given, "reply": replies[0].id})
        html = (await ines.get(path)).html
        found = [unescape(one) for one in re.findall(r'(?:href|action|src)="(/[^"]*)"', html)]
        todo += [one for one in dict.fromkeys(found) if one not in seen and one not in todo and "static" not in one]
    assert len(seen) > 8
    assert await _rows(desk) == before
    assert desk.sent == []
    # The link was opened by all of them and is not spent.
    secret = link.rpartition("/")[2]
    entered = await desk.browser().post("/approvals/sign-in", data={"secret": secret}, headers={"origin": desk.origin})
    assert entered.status_code == 200


async def _rows(desk: Desk) -> list[Any]:
    """What somebody decided or wrote, and who may come in; that a page was shown is no decision."""
    store = desk.bench.desk.core.store
    found: list[Any] = []
    for table in ("replies", "drafters", "corrections", "reviewer_invites", "reviewer_corrections"):
        rows = await store.rows(f"SELECT * FROM {table}")
        found.append((table, sorted(str({k: v for k, v in one.items() if k not in _SHOWN}) for one in rows)))
    return found


# Whether MultiMail's footer was seen is learnt by looking.
_SHOWN = {"footer", "version"}


@pytest.mark.parametrize("path", ["approve", "reject", "correct", "finish"])
async def test_t9_a_form_is_no_link(desk: Desk, path: str) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer("ines")
    assert (await ines.get(f"/approvals/{reply.id}/{path}")).status == 405
    assert (await ines.get("/approvals/batch")).status in (404, 405)


async def test_t10_three_hundred_tricks_are_marked_on_the_page(desk: Desk) -> None:
    reply = await desk.draft()
    desk.bench.world.edit_held(reply.message_id, markdown=mail())
    ines = await desk.reviewer("ines")
    page = await ines.get(f"/approvals/{reply.id}")
    lines = page.mail.split("\n")
    assert len(lines) == len(TRICKS) + len(MARKUP)
    for trick, line in zip(TRICKS, lines, strict=False):
        assert line != trick.passes_for
        assert "‹U+" in line
    assert lines[len(TRICKS) :] == MARKUP, "what would be hidden in a mail program is words here"
    assert not set(HIDDEN) & set(page.html)
    assert "evil.example" in page.text
    assert "The words of this link name another site than the one it leads to." in page.text


@pytest.mark.parametrize("link", LOOK_ALIKES)
async def test_t10_a_site_that_looks_like_another_is_named_as_name_servers_know_it(desk: Desk, link: str) -> None:
    reply = await desk.draft(f"Pay at {link}/now")
    ines = await desk.reviewer("ines")
    page = await ines.get(f"/approvals/{reply.id}")
    assert "xn--" in page.text
    assert "letters outside ASCII" in page.text


@pytest.mark.parametrize("subject", ["hi\r\nBcc: evil@evil.example", "hi\nBcc: x", "hi\u202ereversed", "x\x00y"])
async def test_t11_a_corrected_subject_is_one_clean_line_or_none(desk: Desk, subject: str) -> None:
    old = await desk.draft()
    ines = await desk.reviewer("ines")
    await ines.get(f"/approvals/{old.id}")
    form = await ines.get(f"/approvals/{old.id}/edit")
    fields = {"digest": form.value("digest"), "subject": subject, "body": "Other words."}
    assert (await ines.post(f"/approvals/{old.id}/correct", fields)).status == 400
    assert [one.id for one in await desk.bench.desk.core.store.replies_in_state("held")] == [old.id]


async def test_t11_an_encoded_word_in_a_corrected_subject_is_taken_apart(desk: Desk) -> None:
    old = await desk.draft()
    ines = await desk.reviewer("ines")
    await ines.get(f"/approvals/{old.id}")
    form = await ines.get(f"/approvals/{old.id}/edit")
    fields = {"digest": form.value("digest"), "subject": "=?utf-8?q?hi=0ABcc:_x?=", "body": "Other words."}
    await ines.post(f"/approvals/{old.id}/correct", fields)
    _, new = desk.bench.world.emails()
    assert "=?" not in new["subject"]


async def test_t21_nothing_that_a_reviewer_comes_with_goes_to_a_service(tmp_path: Path) -> None:
    clock = FakeClock()
    world = World.open(tmp_path / "world", clock.now)
    sent: list[str] = []

    class Ear(SandboxTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            body = request.content.decode(errors="replace")
            sent.append(f"{request.url} {request.headers.raw!r} {body}")
            return await super().handle_async_request(request)

    async with opened(tmp_path, world=world, clock=clock, transport=Ear(world)) as desk:
        reply = await desk.draft()
        ines = await desk.reviewer("ines")
        await ines.look_and_approve(reply.id)
        cookie = next(iter(ines.http.cookies.jar)).value or "?"
        assert len(desk.sent) == 1
        assert len(sent) > 3
        assert not [one for one in sent if cookie in one or ines.token in one]
    world.close()


async def test_t22_a_guess_a_foreign_mail_and_an_unfinished_one_look_the_same(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer("ines")
    known = {reply.id, reply.message_id}
    pages = [await ines.get(f"/approvals/{guess}") for guess in ("0" * 32, reply.id[:-1] + "x", reply.message_id)]
    assert {page.status for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert not any(one in pages[0].html for one in known)


async def test_t22_what_came_of_a_form_is_told_to_its_own_session_alone(desk: Desk) -> None:
    reply = await desk.draft()
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    await ines.get(f"/approvals/{reply.id}")
    done = await ines.post(f"/approvals/{reply.id}/reject", {"reason": "the wrong shop"})
    address = str(done.answer.url).removeprefix(desk.origin)
    assert "Rejected. Nothing was sent" in (await ines.get(address)).text
    guess = address[:-4] + "0000"
    theirs, nobodys = await tomasz.get(address), await tomasz.get(guess)
    assert theirs.text == nobodys.text
    assert "Rejected. Nothing was sent" not in theirs.text


@pytest.mark.parametrize(
    "text", ["[our shop](https://evil.example/?d=1)", "![x](https://evil.example/p.png)", "evil.example/x"]
)
async def test_t24_every_way_out_of_a_mail_is_named_before_it_is_approved(desk: Desk, text: str) -> None:
    reply = await desk.draft(f"See {text} and https://evil.example/?d=1")
    page = await (await desk.reviewer("ines")).get(f"/approvals/{reply.id}")
    assert "https://evil.example" in page.text.replace(page.mail, "")
