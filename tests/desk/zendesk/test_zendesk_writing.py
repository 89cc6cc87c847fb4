"""Writing to a ticket: once, privately, and with a proof."""

import logging
from datetime import UTC, datetime

import httpx
import pytest
from zendesk_answers import STAMP, audit, client, closed, comment_event, not_found, says, sent, ticket

from deskgate.desk.errors import (
    BadInput,
    Forbidden,
    OutcomeUnknown,
    RateLimited,
    TicketClosed,
    TicketNotFound,
    UpstreamUnavailable,
)
from deskgate.desk.wire import Conflict, Rejected
from deskgate.desk.zendesk import Note

pytestmark = pytest.mark.anyio


def taken(*events, **fields) -> httpx.Response:
    return says({"ticket": ticket(), "audit": audit(*(events or (comment_event(),)), **fields)})


async def write(zendesk, text="a note"):
    return await zendesk.write_note(5512, text, marker="m-1", stamp=STAMP)


# The note


async def test_a_note_is_one_private_guarded_marked_update():
    zendesk, network = client(taken())
    await write(zendesk)
    assert len(network.requests) == 1
    assert (network.requests[0].method, network.requests[0].url.path) == ("PUT", "/api/v2/tickets/5512")
    assert sent(network) == {
        "ticket": {
            "comment": {"body": "a note", "public": False},
            "metadata": {"deskgate_effect": "m-1"},
            "safe_update": True,
            "updated_stamp": STAMP,
        }
    }


async def test_a_note_proves_itself_by_its_comment_and_audit():
    zendesk, _ = client(taken())
    assert await write(zendesk) == Note(77001, 88001, 5512, False, datetime(2026, 1, 28, 8, 45, 1, tzinfo=UTC))


async def test_among_several_comments_of_one_update_ours_is_the_one_with_our_text():
    zendesk, _ = client(taken(comment_event(1, body="added by an automation", public=True), comment_event(2)))
    assert (await write(zendesk)).comment_id == 2


async def test_line_ends_that_zendesk_rewrote_do_not_hide_our_comment():
    zendesk, _ = client(taken(comment_event(1, body="other"), comment_event(2, body="one\r\n\r\ntwo\r\n")))
    assert (await write(zendesk, "one\n\ntwo\n")).comment_id == 2


@pytest.mark.parametrize(
    "answer",
    [
        taken(comment_event(public=True)),
        taken(comment_event(public=None)),
        taken(comment_event(id=None)),
        taken({"id": 1, "type": "Change", "field_name": "status", "value": "open"}),
        says({"ticket": ticket(), "audit": audit()}),
        says({"ticket": ticket(), "audit": None}),
        says({"ticket": ticket()}),
        says({"ticket": ticket(), "audit": {"events": [comment_event()]}}),
        taken(ticket_id=9),
        says([]),
        httpx.Response(200),
        httpx.Response(204),
    ],
    ids=range(12),
)
async def test_an_answer_that_proves_no_private_comment_is_of_unknown_outcome(answer):
    zendesk, network = client(answer)
    with pytest.raises(OutcomeUnknown, match="5512") as caught:
        await write(zendesk)
    assert len(network.requests) == 1
    assert caught.value.facts["ticket_id"] == 5512


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("closed"),
        httpx.Response(500),
        httpx.Response(503, headers={"retry-after": "1"}),
        httpx.Response(503, text="<html>maintenance</html>"),
        httpx.Response(200, text="<html>hello</html>"),
        httpx.Response(200, content=b'{"ticket": {"id": 55'),
    ],
    ids=range(8),
)
async def test_a_note_whose_answer_was_lost_is_not_sent_again_and_says_where_to_look(failure):
    zendesk, network = client(failure)
    with pytest.raises(OutcomeUnknown, match="internal notes"):
        await write(zendesk)
    assert len(network.requests) == 1


@pytest.mark.parametrize("refusal", [httpx.ConnectError("refused"), says({"error": "x"}, 429, retry_after="3")])
async def test_a_note_is_sent_again_with_the_same_stamp_and_marker_when_nothing_was_applied(refusal):
    zendesk, network = client(refusal, taken())
    await write(zendesk)
    assert network.requests[0].content == network.requests[1].content


async def test_a_limit_of_minutes_on_one_ticket_is_told_in_seconds():
    text = "Rate limit for ticket updates exceeded, please wait before updating this ticket again"
    zendesk, _ = client(httpx.Response(429, text=text, headers={"retry-after": "468"}))
    with pytest.raises(RateLimited, match="468 seconds"):
        await write(zendesk)


async def test_a_ticket_that_changed_since_the_stamp_is_a_conflict():
    zendesk, network = client(says({"error": "UpdateConflict", "description": "outdated"}, 409))
    with pytest.raises(Conflict):
        await write(zendesk)
    assert len(network.requests) == 1


async def test_a_note_on_a_missing_ticket_is_ticket_not_found():
    zendesk, _ = client(not_found())
    with pytest.raises(TicketNotFound):
        await write(zendesk)


@pytest.mark.parametrize("key", ["status", "base"])
async def test_a_closed_ticket_is_said_under_either_key(key):
    zendesk, network = client(closed(key))
    with pytest.raises(TicketClosed) as caught:
        await write(zendesk)
    assert (len(network.requests), caught.value.facts) == (1, {"ticket_id": 5512})


async def test_a_closed_ticket_is_known_in_another_language_too():
    zendesk, network = client(
        closed(text="Statut : fermé empêche la mise à jour"), says({"ticket": ticket(status="closed")})
    )
    with pytest.raises(TicketClosed):
        await write(zendesk)
    assert network.requests[1].method == "GET"


async def test_another_refusal_of_the_same_form_is_not_taken_for_a_closed_ticket():
    zendesk, _ = client(closed("base", "Ticket has reached the maximum number of comments"), says({"ticket": ticket()}))
    with pytest.raises(Rejected):
        await write(zendesk)


@pytest.mark.parametrize(
    "body",
    [
        {"error": "RecordInvalid", "details": {"value": [{"type": "blank", "description": "closed"}]}},
        {"error": "RecordInvalid", "details": None},
        {"error": {"title": "Invalid attribute", "message": "closed"}},
        ["closed"],
        None,
    ],
    ids=str,
)
async def test_other_refusals_stay_bad_input(body):
    zendesk, network = client(says(body, 422))
    with pytest.raises(Rejected) as caught:
        await write(zendesk)
    assert caught.value.code == "bad_input"
    assert len(network.requests) == 1


async def test_a_missing_right_is_forbidden():
    zendesk, _ = client(says({"error": {"title": "Forbidden", "message": "You do not have access"}}, 403))
    with pytest.raises(Forbidden):
        await write(zendesk)


@pytest.mark.parametrize("text", ["", " \n\t", "x" * 65_001, "é" * 32_501, "a lone \ud83d surrogate"])
async def test_a_note_that_zendesk_could_not_keep_is_refused_before_it_is_sent(text):
    zendesk, network = client()
    with pytest.raises(BadInput):
        await write(zendesk, text)
    assert network.requests == []


async def test_the_longest_note_is_sent():
    zendesk, network = client(taken())
    await write(zendesk, "x" * 65_000)
    assert len(sent(network)["ticket"]["comment"]["body"]) == 65_000


async def test_without_a_stamp_nothing_is_written():
    zendesk, network = client()
    with pytest.raises(UpstreamUnavailable):
        await zendesk.write_note(5512, "a note", marker="m-1", stamp="")
    assert network.requests == []


async def test_keys_that_zendesk_ignored_are_logged(caplog):
    answer = taken()
    answer.headers["X-Zendesk-API-Warn"] = "Removed restricted keys ['ticket.x']\nforged line"
    zendesk, _ = client(answer)
    with caplog.at_level(logging.WARNING, "deskgate.zendesk"):
        await write(zendesk)
    assert "ticket.x" in caplog.text
    assert "\nforged" not in caplog.text


# Finding it again


async def test_a_note_that_went_public_is_found_as_public():
    zendesk, _ = client(says({"audits": [audit(comment_event(public=True))]}))
    assert (await zendesk.find_note(5512, "m-1")).public is True


async def test_an_update_of_ours_that_shows_no_comment_is_not_taken_for_a_missing_note():
    zendesk, _ = client(says({"audits": [audit({"id": 1, "type": "Change", "field_name": "tags"})]}))
    with pytest.raises(OutcomeUnknown):
        await zendesk.find_note(5512, "m-1")


async def test_a_note_without_a_readable_time_is_still_a_note():
    zendesk, _ = client(says({"audits": [audit(comment_event(), created_at=None)]}))
    assert (await zendesk.find_note(5512, "m-1")).created_at is None


# Tags


async def test_adding_tags_uses_the_verb_that_adds():
    zendesk, network = client(says({"tags": ["order", "unsubscribed"]}))
    assert await zendesk.add_tags(5512, ["Unsubscribed ", "unsubscribed"]) == ("order", "unsubscribed")
    assert (network.requests[0].method, network.requests[0].url.path) == ("PUT", "/api/v2/tickets/5512/tags")
    assert sent(network) == {"tags": ["unsubscribed"]}


async def test_removing_tags_uses_the_verb_that_removes():
    zendesk, network = client(says({"tags": ["order"]}))
    assert await zendesk.remove_tags(5512, ["unsubscribed"]) == ("order",)
    assert (network.requests[0].method, sent(network)) == ("DELETE", {"tags": ["unsubscribed"]})


async def test_a_lost_answer_to_a_tag_is_sent_again_because_a_repeat_changes_nothing():
    zendesk, network = client(httpx.ReadError("reset"), says({"tags": ["a"]}))
    assert await zendesk.add_tags(5512, ["a"]) == ("a",)
    assert len(network.requests) == 2


@pytest.mark.parametrize("after", [["order"], []])
async def test_a_tag_that_is_not_there_afterwards_was_not_added(after):
    zendesk, _ = client(says({"tags": after}))
    with pytest.raises(UpstreamUnavailable, match="not added"):
        await zendesk.add_tags(5512, ["unsubscribed"])


async def test_a_tag_that_is_still_there_was_not_removed():
    zendesk, _ = client(says({"tags": ["Unsubscribed"]}))
    with pytest.raises(UpstreamUnavailable, match="not removed"):
        await zendesk.remove_tags(5512, ["unsubscribed"])


@pytest.mark.parametrize("data", [None, {}, {"tags": None}, []], ids=str)
async def test_an_answer_without_tags_proves_nothing(data):
    zendesk, _ = client(says(data), says(data))
    with pytest.raises(OutcomeUnknown):
        await zendesk.add_tags(5512, ["a"])
    with pytest.raises(OutcomeUnknown):
        await zendesk.remove_tags(5512, ["a"])


@pytest.mark.parametrize(
    "tags", [[], [""], ["two words"], ["-x"], ["a,b"], ['"a"'], ["a:b"], ["x" * 256], ["a\nb"]], ids=str
)
async def test_what_is_not_a_tag_is_refused_before_it_is_sent(tags):
    zendesk, network = client()
    with pytest.raises(BadInput):
        await zendesk.add_tags(5512, tags)
    assert network.requests == []


async def test_a_closed_ticket_takes_no_tags():
    zendesk, _ = client(closed("base"), closed("status"))
    with pytest.raises(TicketClosed):
        await zendesk.add_tags(5512, ["a"])
    with pytest.raises(TicketClosed):
        await zendesk.remove_tags(5512, ["a"])
