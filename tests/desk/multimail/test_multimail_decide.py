"""Deciding: once, and believed only when it is confirmed in so many words."""

from typing import Any

import httpx
import pytest
from mail_service import lost, oversight_of, refused

from deskgate.desk.errors import Forbidden, OutcomeUnknown
from deskgate.desk.multimail import Decided, Oversight
from deskgate.desk.wire import Conflict, Missing

pytestmark = pytest.mark.anyio

DECIDE = "POST /v1/oversight/decide"


@pytest.mark.parametrize(
    ("approve", "action", "status"),
    [(True, "approve", "approved_and_sent"), (True, "approve", "approved"), (False, "reject", "rejected")],
)
async def test_a_decision_is_sent_with_documented_fields_only(approve: bool, action: str, status: str):
    oversight, service = oversight_of({DECIDE: {"status": status, "postmark_message_id": "pm_1"}})
    assert await oversight.decide("m_1", approve=approve, reason="too curt") == Decided(status, approve, "pm_1")
    assert service.written == [("/v1/oversight/decide", {"email_id": "m_1", "action": action})]


@pytest.mark.parametrize(("approve", "decision", "status"), [(True, "approve", "sent"), (False, "reject", "rejected")])
async def test_the_short_form_has_its_own_words(approve: bool, decision: str, status: str):
    oversight, service = oversight_of({"POST /decide_email": {"message_id": "m_1", "status": status}}, api="short")
    assert await oversight.decide("m_1", approve=approve) == Decided(status, approve, None)
    assert service.written == [("/decide_email", {"message_id": "m_1", "decision": decision})]


@pytest.mark.parametrize("approve", [True, False])
@pytest.mark.parametrize(
    "answer",
    [
        {"status": "who_knows"},
        {"status": "pending_send_approval"},
        {"status": "cancelled"},
        {"status": ""},
        {"ok": True},
        {"status": True},
        [],
        httpx.Response(200),
    ],
    ids=repr,
)
async def test_an_answer_that_confirms_nothing_is_an_unknown_outcome(approve: bool, answer: Any):
    oversight, _ = oversight_of({DECIDE: [answer] if isinstance(answer, list) else answer})
    with pytest.raises(OutcomeUnknown):
        await oversight.decide("m_1", approve=approve)


@pytest.mark.parametrize(("approve", "status"), [(False, "approved_and_sent"), (False, "approved"), (True, "rejected")])
async def test_the_opposite_of_what_was_asked_is_an_unknown_outcome(approve: bool, status: str):
    oversight, _ = oversight_of({DECIDE: {"status": status}})
    with pytest.raises(OutcomeUnknown):
        await oversight.decide("m_1", approve=approve)


async def test_a_confirmation_of_another_mail_is_an_unknown_outcome():
    oversight, _ = oversight_of({DECIDE: {"id": "m_2", "status": "approved_and_sent"}})
    with pytest.raises(OutcomeUnknown):
        await oversight.decide("m_1", approve=True)


@pytest.mark.parametrize(("api", "route"), [("v1", DECIDE), ("short", "POST /decide_email")])
@pytest.mark.parametrize("answer", [lost(), httpx.ReadTimeout("late"), refused(503, "busy"), refused(500, "boom")])
async def test_a_decision_whose_answer_was_lost_is_never_sent_twice(answer: Any, api: str, route: str):
    oversight, service = oversight_of({route: answer}, api=api)
    with pytest.raises(OutcomeUnknown):
        await oversight.decide("m_1", approve=True)
    assert len(service.written) == 1


async def test_a_decision_that_never_arrived_is_sent_again():
    oversight, service = oversight_of({DECIDE: [httpx.ConnectError("refused"), {"status": "rejected"}]})
    assert (await oversight.decide("m_1", approve=False)).status == "rejected"
    assert len(service.written) == 2


@pytest.mark.parametrize(("status", "error"), [(404, Missing), (409, Conflict), (403, Forbidden), (401, Forbidden)])
async def test_a_refusal_reaches_the_decision_core_as_what_it_is(status: int, error: type[Exception]):
    oversight, _ = oversight_of({DECIDE: refused(status, "no")})
    with pytest.raises(error):
        await oversight.decide("m_1", approve=True)


def test_the_deciding_side_has_no_way_to_write_a_mail():
    offered = {name for name in dir(Oversight) if not name.startswith("_")}
    assert offered == {"pending", "decide"}
