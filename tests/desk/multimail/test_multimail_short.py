"""The sending side in the short form."""

from typing import Any

import httpx
import pytest
from mail_service import ADDRESS, ANA, TEXT, Service, draft, lost, outbox_of, refused, sides

from deskgate.desk.errors import AlreadyDecided, Forbidden, OutcomeUnknown, Suppressed
from deskgate.desk.multimail import Accepted, Stage
from deskgate.desk.wire import Denied, Missing
from fakes import FakeClock

pytestmark = pytest.mark.anyio

SEND, REPLY, PENDING, INBOX = "POST /send_email", "POST /reply_email", "GET /list_pending", "GET /check_inbox"
TAKEN = httpx.Response(202, json={"message_id": "m_1", "status": "pending_scan", "thread_id": "zd-101"})
MARKS = {"zendesk_ticket_id": 101, "zendesk_status": "open", "deskgate_draft": "d_1"}
CONTENT = {"body": TEXT, "thread_id": "zd-101", "oversight_mode": "gated_send", "metadata": MARKS}
FIRST = {"from": ADDRESS, "to": ANA, "subject": "Re: Where is my parcel?"} | CONTENT
HELD: dict[str, Any] = {"message_id": "m_1", "to": ANA, "subject": "Re: Where is my parcel?", "metadata": MARKS}
BARE = {name: value for name, value in HELD.items() if name != "metadata"}
ARRIVED = {"message_id": "in_1", "from": ANA, "thread_id": "zd-101", "direction": "inbound"}


def messages(*rows: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"messages": list(rows), "cursor": cursor}


async def test_a_first_mail_opens_the_tickets_thread_and_asks_to_be_held():
    outbox, service = outbox_of({SEND: TAKEN}, api="short")
    assert await outbox.submit(draft()) == Accepted("m_1", "pending_scan", "zd-101", repeated=False)
    assert service.written == [("/send_email", FIRST)]


async def test_a_thread_that_the_answer_does_not_name_is_the_one_that_was_given():
    outbox, _ = outbox_of({SEND: {"message_id": "m_1"}}, api="short")
    assert await outbox.submit(draft()) == Accepted("m_1", "", "zd-101", repeated=False)


async def test_a_later_mail_continues_the_thread():
    outbox, service = outbox_of({REPLY: TAKEN, INBOX: messages(ARRIVED)}, api="short")
    await outbox.submit(draft(thread_id="zd-101"))
    assert service.written == [("/reply_email", CONTENT | {"message_id": "in_1"})]


@pytest.mark.parametrize("inbox", [messages(), refused(404, "Not found")], ids=["empty", "no-such-call"])
async def test_a_thread_without_a_known_mail_is_continued_by_its_name(inbox: Any):
    outbox, service = outbox_of({REPLY: TAKEN, INBOX: inbox}, api="short")
    await outbox.submit(draft(thread_id="zd-101"))
    assert service.written == [("/reply_email", CONTENT)]


@pytest.mark.parametrize(
    "rows",
    [
        [ARRIVED | {"from": "mallory@example.net"}],
        [ARRIVED | {"message_id": "in_2", "from": "mallory@example.net"}, ARRIVED],
        [HELD | {"to": "former@example.com", "thread_id": "zd-101", "direction": "outbound"}],
    ],
    ids=["somebody-wrote", "somebody-wrote-last", "was-with-somebody"],
)
async def test_a_thread_with_somebody_else_gets_a_mail_with_an_address(rows: list[dict[str, Any]]):
    outbox, service = outbox_of({SEND: TAKEN, REPLY: TAKEN, INBOX: messages(*rows)}, api="short")
    await outbox.submit(draft(thread_id="zd-101"))
    assert service.written == [("/send_email", FIRST)]


async def test_a_thread_that_the_service_forgot_is_opened_again():
    outbox, service = outbox_of({SEND: TAKEN}, api="short")
    await outbox.submit(draft(thread_id="zd-101"))
    assert [path for path, _ in service.written] == ["/reply_email", "/send_email"]


@pytest.mark.parametrize("answer", [lost(), httpx.ReadTimeout("late"), refused(503, "busy"), refused(409, "same"), {}])
async def test_a_mail_whose_answer_was_lost_is_looked_up_and_never_sent_again(answer: Any):
    outbox, service = outbox_of({SEND: answer, PENDING: messages(HELD)}, api="short")
    accepted = await outbox.submit(draft())
    assert (accepted.message_id, accepted.repeated) == ("m_1", True)
    assert len(service.written) == 1


async def test_an_answer_on_a_thread_whose_answer_was_lost_is_never_sent_again_either():
    outbox, service = outbox_of({REPLY: lost(), PENDING: messages(HELD)}, api="short")
    assert (await outbox.submit(draft(thread_id="zd-101"))).repeated
    assert [path for path, _ in service.written] == ["/reply_email"]


async def test_the_look_up_waits_for_the_scan():
    clock = FakeClock()
    service = Service({SEND: lost(), PENDING: [messages(), messages(), messages(HELD)]})
    outbox, _ = sides(service, api="short", clock=clock)
    assert (await outbox.submit(draft())).message_id == "m_1"
    assert clock.sleeps == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "pending", [messages(), refused(403, "oversight scope"), refused(500, "boom"), {"odd": []}], ids=repr
)
async def test_a_lost_answer_that_no_look_up_settles_is_an_unknown_outcome(pending: Any):
    outbox, service = outbox_of({SEND: lost(), PENDING: pending}, api="short")
    with pytest.raises(OutcomeUnknown):
        await outbox.submit(draft())
    assert len(service.written) == 1


async def test_a_mail_that_never_left_is_sent_again():
    outbox, service = outbox_of({SEND: [httpx.ConnectError("down"), TAKEN]}, api="short")
    assert (await outbox.submit(draft())).message_id == "m_1"
    assert len(service.written) == 2


async def test_a_suppressed_recipient_is_named_as_that():
    outbox, _ = outbox_of({SEND: refused(422, "recipient suppressed")}, api="short")
    with pytest.raises(Suppressed):
        await outbox.submit(draft())


async def test_the_deciding_keys_list_serves_the_look_up_where_there_is_one():
    service = Service({PENDING: messages(HELD)})
    outbox, _ = sides(service, api="short")
    assert await outbox.find(draft()) is not None
    [asked] = [request for request in service.requests if request.url.path == "/list_pending"]
    assert asked.headers["authorization"] == "Bearer oversight_key"


async def test_nothing_found_where_everything_was_seen_is_a_no():
    outbox, _ = outbox_of({PENDING: messages(), INBOX: messages()}, api="short")
    assert await outbox.find(draft()) is None


async def test_nothing_found_where_the_list_is_closed_to_us_is_not_a_no():
    outbox, _ = outbox_of({PENDING: refused(403, "scope"), INBOX: messages()}, api="short")
    with pytest.raises(OutcomeUnknown):
        await outbox.find(draft())


async def test_a_mail_already_decided_is_found_in_the_inbox_list():
    sent = HELD | {"direction": "outbound", "status": "sent", "thread_id": "zd-101"}
    outbox, _ = outbox_of({PENDING: messages(), INBOX: messages(sent)}, api="short")
    assert await outbox.find(draft()) == Accepted("m_1", "sent", "zd-101", repeated=True)


@pytest.mark.parametrize(
    "row",
    [HELD | {"metadata": MARKS | {"deskgate_draft": "d_2"}}, BARE | {"body": "Other."}, BARE | {"to": "b@example.com"}],
)
async def test_another_mail_is_not_taken_for_the_lost_one(row: dict[str, Any]):
    outbox, _ = outbox_of({PENDING: messages(row)}, api="short")
    assert await outbox.find(draft()) is None


async def test_without_marks_the_words_decide():
    outbox, _ = outbox_of({PENDING: messages(BARE | {"body": TEXT})}, api="short")
    assert await outbox.find(draft()) is not None


async def test_without_marks_and_words_nothing_is_settled():
    outbox, _ = outbox_of({PENDING: messages(BARE)}, api="short")
    with pytest.raises(OutcomeUnknown):
        await outbox.find(draft())


async def test_a_mail_is_read_from_the_lists_and_the_later_one_counts():
    later = {"message_id": "m_1", "direction": "outbound", "status": "read", "approved_at": "2026-01-28T12:00:00Z"}
    outbox, _ = outbox_of({PENDING: messages(HELD), INBOX: messages(later)}, api="short")
    assert (await outbox.read("m_1")).stage is Stage.SENT
    with pytest.raises(Missing):
        await outbox.read("m_2")


async def test_a_mail_that_cannot_be_looked_up_is_not_called_missing():
    outbox, _ = outbox_of({PENDING: refused(403, "scope"), INBOX: messages()}, api="short")
    with pytest.raises(Denied):
        await outbox.read("m_1")


async def test_what_is_held_is_listed_with_our_own_key_where_there_is_no_other():
    outbox, _ = outbox_of({PENDING: messages(HELD)}, api="short")
    [mail] = await outbox.pending()
    assert (mail.message_id, mail.stage) == ("m_1", Stage.HELD)


async def test_a_closed_list_is_an_error_and_never_empty():
    outbox, _ = outbox_of({PENDING: refused(403, "scope")}, api="short")
    with pytest.raises(Forbidden):
        await outbox.pending()


async def test_cancelling_names_the_message():
    outbox, service = outbox_of({"POST /cancel_message": {"message_id": "m_1", "status": "cancelled"}}, api="short")
    assert await outbox.cancel("m_1") is Stage.CANCELLED
    assert service.written == [("/cancel_message", {"message_id": "m_1"})]


async def test_what_was_decided_cannot_be_cancelled():
    outbox, _ = outbox_of({"POST /cancel_message": refused(409, "sent")}, api="short")
    with pytest.raises(AlreadyDecided):
        await outbox.cancel("m_1")


async def test_tags_are_a_list_of_words():
    outbox, service = outbox_of({"POST /tag_email": {}}, api="short")
    await outbox.tag("m_1", {"zendesk_ticket_id": "101", "lang": "de"})
    assert service.written == [("/tag_email", {"message_id": "m_1", "tags": ["zendesk_ticket_id:101", "lang:de"]})]


async def test_the_inbox_leaves_out_what_we_wrote():
    rows = messages(
        ARRIVED | {"body": "Thanks!", "tags": ["zendesk_ticket_id:101", "vip"]}, HELD | {"direction": "outbound"}
    )
    outbox, service = outbox_of({INBOX: rows | {"cursor": "7"}}, api="short")
    page = await outbox.inbox(limit=10, since_id="in_0")
    [mail] = page.mails
    assert (mail.message_id, mail.body, mail.ticket_id, page.cursor) == ("in_1", "Thanks!", 101, "7")
    assert mail.tags == {"zendesk_ticket_id": "101", "vip": "true"}
    assert dict(service.requests[-1].url.params) == {"direction": "inbound", "limit": "10", "since_id": "in_0"}


async def test_the_last_mail_that_arrived_on_a_thread_is_searched_page_by_page():
    def page(request: httpx.Request) -> httpx.Response:
        if "cursor" not in request.url.params:
            return httpx.Response(
                200, json=messages(HELD, ARRIVED | {"message_id": "in_9", "thread_id": "zd-9"}, cursor="7")
            )
        return httpx.Response(200, json=messages(ARRIVED, ARRIVED | {"message_id": "in_0"}, cursor="8"))

    outbox, service = outbox_of({REPLY: TAKEN, INBOX: page}, api="short")
    await outbox.submit(draft(thread_id="zd-101"))
    assert service.written == [("/reply_email", CONTENT | {"message_id": "in_1"})]
    assert [request.url.params.get("cursor") for request in service.requests[:-1]] == [None, "7"]
