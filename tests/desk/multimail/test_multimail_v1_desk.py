"""Listing, cancelling, tagging and the inbox in the published form."""

from typing import Any

import anyio.lowlevel
import httpx
import pytest
from mail_service import ADDRESS, ANA, BOX, MAILBOXES, TEXT, lost, outbox_of, refused, sides

from deskgate.desk.errors import AlreadyDecided, Forbidden, OutcomeUnknown, UpstreamUnavailable
from deskgate.desk.multimail import Stage
from deskgate.desk.wire import Missing

pytestmark = pytest.mark.anyio

ROOT = f"/v1/mailboxes/{BOX}"
EMAILS = f"GET {ROOT}/emails"
CANCEL = f"POST {ROOT}/emails/m_1/cancel"
TAGS = f"{ROOT}/emails/m_1/tags"


def full(message_id: str) -> dict[str, Any]:
    return {"id": message_id, "from": ADDRESS, "to": [ANA], "status": "pending_send_approval", "markdown": TEXT}


def listed(*message_ids: str, cursor: Any = None) -> dict[str, Any]:
    return {"emails": [{"id": message_id, "direction": "outbound"} for message_id in message_ids], "cursor": cursor}


async def test_everything_held_is_listed_to_the_last_page_with_its_bodies():
    ids = [f"m_{number}" for number in range(8)]
    reads = {f"{EMAILS}/{message_id}": full(message_id) for message_id in ids}
    outbox, service = outbox_of({EMAILS: [listed(*ids[:5], cursor="17"), listed(ids[4], *ids[5:])], **reads})
    mails = await outbox.pending()
    assert [mail.message_id for mail in mails] == ids
    assert {mail.body for mail in mails} == {TEXT}
    asked = [dict(request.url.params) for request in service.requests if request.url.path == f"{ROOT}/emails"]
    filters = {"status": "pending_send_approval", "direction": "outbound", "limit": "100"}
    assert asked == [filters, filters | {"cursor": "17"}]


async def test_no_more_than_five_mails_are_read_at_once():
    under_way, most = 0, 0
    ids = [f"m_{number}" for number in range(12)]

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.lowlevel.checkpoint()
        under_way -= 1
        name = request.url.path.rpartition("/")[2]
        body = MAILBOXES if name == "mailboxes" else listed(*ids) if name == "emails" else full(name)
        return httpx.Response(200, json=body)

    outbox, _ = sides(httpx.MockTransport(answer))
    assert len(await outbox.pending()) == 12
    assert most == 5


async def test_a_mail_decided_while_the_list_is_read_is_left_out():
    outbox, _ = outbox_of({EMAILS: listed("m_1", "m_2"), f"{EMAILS}/m_2": full("m_2")})
    assert [mail.message_id for mail in await outbox.pending()] == ["m_2"]


async def test_a_list_that_cannot_be_read_whole_is_an_error_and_never_a_shorter_list():
    outbox, _ = outbox_of(
        {EMAILS: listed("m_1", "m_2"), f"{EMAILS}/m_1": full("m_1"), f"{EMAILS}/m_2": refused(403, "no")}
    )
    with pytest.raises(Forbidden):
        await outbox.pending()


async def test_pages_that_repeat_do_not_go_on_for_ever():
    outbox, _ = outbox_of({EMAILS: listed("m_1", cursor="17"), f"{EMAILS}/m_1": full("m_1")})
    with pytest.raises(UpstreamUnavailable, match="repeat"):
        await outbox.pending()


async def test_a_list_beyond_the_bound_says_so():
    pages = [listed(f"m_{number}", cursor=number + 1) for number in range(30)]
    outbox, service = outbox_of({EMAILS: pages})
    with pytest.raises(UpstreamUnavailable, match="2000"):
        await outbox.pending()
    assert service.asked.count(EMAILS) == 20


async def test_a_held_mail_is_cancelled_without_a_body():
    outbox, service = outbox_of({CANCEL: {"id": "m_1", "status": "cancelled"}})
    assert await outbox.cancel("m_1") is Stage.CANCELLED
    assert service.written == [(f"{ROOT}/emails/m_1/cancel", None)]


async def test_a_cancellation_whose_answer_was_lost_is_safe_to_repeat():
    outbox, _ = outbox_of({CANCEL: [lost(), {"id": "m_1", "status": "cancelled"}]})
    assert await outbox.cancel("m_1") is Stage.CANCELLED


async def test_what_was_decided_cannot_be_cancelled():
    outbox, _ = outbox_of({CANCEL: refused(409, "Email cannot be cancelled")})
    with pytest.raises(AlreadyDecided):
        await outbox.cancel("m_1")


async def test_what_is_not_there_cannot_be_cancelled():
    outbox, _ = outbox_of({})
    with pytest.raises(Missing):
        await outbox.cancel("m_1")


@pytest.mark.parametrize(
    "answer", [{"id": "m_1"}, {"id": "m_1", "status": "sent"}, {"status": "ok"}, httpx.Response(204)]
)
async def test_a_cancellation_that_is_not_confirmed_is_an_unknown_outcome(answer: Any):
    outbox, _ = outbox_of({CANCEL: answer})
    with pytest.raises(OutcomeUnknown):
        await outbox.cancel("m_1")


async def test_tags_are_merged_because_writing_may_replace_them():
    outbox, service = outbox_of({f"GET {TAGS}": {"tags": {"vip": "true", "a": "1"}}, f"PUT {TAGS}": {"tags": {}}})
    await outbox.tag("m_1", {"a": "2", "zendesk_ticket_id": "101"})
    assert service.written == [(TAGS, {"tags": {"vip": "true", "a": "2", "zendesk_ticket_id": "101"}})]


async def test_tags_that_are_there_are_not_written_again():
    outbox, service = outbox_of({f"GET {TAGS}": {"tags": {"a": "1"}}})
    await outbox.tag("m_1", {"a": "1"})
    assert service.written == []


async def test_tags_in_an_unknown_form_are_not_overwritten():
    outbox, service = outbox_of({f"GET {TAGS}": {"labels": {"a": "1"}}, f"PUT {TAGS}": {}})
    with pytest.raises(UpstreamUnavailable):
        await outbox.tag("m_1", {"b": "2"})
    assert service.written == []


async def test_the_inbox_asks_for_what_arrived_and_only_that():
    rows = [
        {"id": "in_1", "from": ANA, "direction": "inbound", "status": "unread"},
        {"id": "m_1", "direction": "outbound"},
    ]
    outbox, service = outbox_of({EMAILS: {"emails": rows, "cursor": 1769590800}})
    page = await outbox.inbox(limit=500, since_id="in_0", cursor="9")
    assert [(mail.message_id, mail.stage, mail.body) for mail in page.mails] == [("in_1", Stage.INBOUND, None)]
    assert page.cursor == "1769590800"
    assert dict(service.requests[-1].url.params) == {
        "direction": "inbound",
        "limit": "100",
        "since_id": "in_0",
        "cursor": "9",
    }
