"""The strict servers bite: a request that breaks the contract does not pass and stands in the list."""

import json
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse

from contract.contracts import DOCUMENT
from contract.servers import Checked, short_only, v1_only

pytestmark = pytest.mark.anyio

BEARER = {"Authorization": "Bearer key"}
MAIL = {"to": ["ana@example.com"], "subject": "Re", "markdown": "Hello", "idempotency_key": "d_1"}
SHORT_MAIL = {
    "from": "support@desk.example.com",
    "to": "ana@example.com",
    "subject": "Re",
    "body": "Hello",
    "thread_id": "zd-101",
    "oversight_mode": "gated_send",
    "metadata": {"zendesk_ticket_id": 101, "zendesk_status": "open"},
}


async def ask(server: Checked, method: str, path: str, **more: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=server)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox.localhost") as client:
        return await client.request(method, path, **{"headers": BEARER, **more})


def v1() -> Checked:
    return v1_only(JSONResponse({"reached": True}))


def short() -> Checked:
    return short_only(JSONResponse({"reached": True}))


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/v1/mailboxes", {}),
        ("POST", "/v1/mailboxes/b/send", {"json": MAIL}),
        ("POST", "/v1/mailboxes/b/reply/m%2F1", {"json": {"markdown": "Hello", "idempotency_key": "d_1"}}),
        ("GET", "/v1/mailboxes/b/emails?direction=outbound&limit=100&cursor=7", {}),
        ("POST", "/v1/oversight/decide", {"json": {"email_id": "m", "action": "approve"}}),
        ("PUT", "/v1/mailboxes/b/emails/m/tags", {"json": {"tags": {"any": "thing"}}}),
        ("PATCH", "/v1/mailboxes/b", {"json": {"auto_cc": None, "oversight_mode": "gated_all"}}),
    ],
)
async def test_a_request_that_keeps_the_published_form_passes(method: str, path: str, more: dict[str, Any]):
    server = v1()
    answer = await ask(server, method, "/multimail" + path, **more)
    assert answer.json() == {"reached": True}
    assert server.violations == []


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "said"),
    [
        ("POST", "/v1/mailboxes/b/send", {"json": MAIL | {"thread_id": "zd-101"}}, 400, "'thread_id' was unexpected"),
        ("POST", "/v1/mailboxes/b/send", {"json": MAIL | {"metadata": {}}}, 400, "'metadata' was unexpected"),
        ("POST", "/v1/mailboxes/b/send", {"json": MAIL | {"to": "ana@example.com"}}, 400, "not of type 'array'"),
        ("POST", "/v1/mailboxes/b/send", {"json": MAIL | {"to": ["ana"]}}, 400, "not a 'email'"),
        ("POST", "/v1/mailboxes/b/send", {"json": MAIL | {"subject": "x" * 999}}, 400, "is too long"),
        ("POST", "/v1/mailboxes/b/send", {"json": {"to": [], "subject": "Re"}}, 400, "'markdown' is a required"),
        ("POST", "/v1/mailboxes/b/send", {"content": b"{"}, 400, "not announced as JSON"),
        ("POST", "/v1/mailboxes/b/send?dry=1", {"json": MAIL}, 400, "unknown query parameter dry"),
        ("POST", "/v1/mailboxes/b/emails/m/cancel", {"json": {}}, 400, "takes no body"),
        ("POST", "/v1/oversight/decide", {"json": {"email_id": "m", "action": "send"}}, 400, "is not one of"),
        (
            "POST",
            "/v1/oversight/decide",
            {"json": {"email_id": "m", "action": "reject", "reason": "no"}},
            400,
            "'reason' was unexpected",
        ),
        ("GET", "/v1/mailboxes/b/emails?limit=101", {}, 400, "101 is greater"),
        ("GET", "/v1/mailboxes/b/emails?limit=ten", {}, 400, "not of type 'integer'"),
        ("GET", "/v1/mailboxes/b/emails?status=sent", {}, 400, "is not one of"),
        ("GET", "/v1/mailboxes/b/emails?limit=5&limit=6", {}, 400, "given twice"),
        ("GET", "/v1/mailboxes", {"headers": {}}, 400, "no bearer credential"),
        ("DELETE", "/v1/oversight/decide", {}, 405, "no such method"),
        ("POST", "/send_email", {"json": SHORT_MAIL}, 404, "no such path"),
        ("GET", "/v1/emails/m", {}, 404, "no such path"),
    ],
)
async def test_a_request_that_breaks_the_published_form_is_refused_and_noted(
    method: str, path: str, more: dict[str, Any], status: int, said: str
):
    server = v1()
    answer = await ask(server, method, "/multimail" + path, **more)
    assert answer.status_code == status
    assert any(said in violation for violation in server.violations), server.violations
    assert server.passed == []


async def test_the_newer_allowlist_may_be_asked_for_and_is_not_there():
    server = v1()
    answer = await ask(server, "GET", "/multimail/v1/mailboxes/b/allowlist")
    assert (answer.status_code, server.violations) == (404, [])
    assert server.not_there == ["GET /v1/mailboxes/b/allowlist"]


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/send_email", {"json": SHORT_MAIL}),
        ("POST", "/reply_email", {"json": {"thread_id": "zd-101", "body": "Hello", "message_id": "m"}}),
        ("GET", "/list_pending", {}),
        ("GET", "/check_inbox?direction=inbound&limit=10", {}),
        ("POST", "/tag_email", {"json": {"message_id": "m", "tags": ["zendesk:101", "customer-reply"]}}),
    ],
)
async def test_a_request_that_keeps_the_short_form_passes(method: str, path: str, more: dict[str, Any]):
    server = short()
    answer = await ask(server, method, "/multimail" + path, **more)
    assert answer.json() == {"reached": True}
    assert server.violations == []


@pytest.mark.parametrize(
    ("method", "path", "more", "status", "said"),
    [
        ("POST", "/send_email", {"json": SHORT_MAIL | {"idempotency_key": "d_1"}}, 400, "'idempotency_key' was"),
        ("POST", "/send_email", {"json": SHORT_MAIL | {"to": ["ana@example.com"]}}, 400, "not of type 'string'"),
        ("POST", "/send_email", {"json": SHORT_MAIL | {"oversight_mode": "monitored"}}, 400, "is not one of"),
        ("POST", "/reply_email", {"json": {"thread_id": "zd-101", "body": "Hello", "to": "a@b.c"}}, 400, "'to' was"),
        ("POST", "/decide_email", {"json": {"message_id": "m", "action": "approve"}}, 400, "'action' was"),
        ("POST", "/tag_email", {"json": {"message_id": "m", "tags": {"zendesk": "101"}}}, 400, "not of type 'array'"),
        ("GET", "/list_pending?limit=10", {}, 400, "unknown query parameter limit"),
        ("GET", "/v1/oversight/pending", {}, 404, "no such path"),
    ],
)
async def test_a_request_that_breaks_the_short_form_is_refused_and_noted(
    method: str, path: str, more: dict[str, Any], status: int, said: str
):
    server = short()
    answer = await ask(server, method, "/multimail" + path, **more)
    assert answer.status_code == status
    assert any(said in violation for violation in server.violations), server.violations
    assert server.passed == []


async def test_the_question_which_form_is_spoken_is_allowed():
    server = short()
    answer = await ask(server, "GET", "/multimail/v1/mailboxes")
    assert (answer.status_code, server.violations) == (404, [])


async def test_other_services_pass_unchecked():
    server = v1()
    answer = await ask(server, "PUT", "/zendesk/api/v2/tickets/101", json={"anything": True}, headers={})
    assert answer.json() == {"reached": True}
    assert (server.violations, server.passed) == ([], [])


async def test_what_passes_arrives_whole():
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        seen.append(json.loads(message["body"]))
        await JSONResponse({})(scope, receive, send)

    await ask(v1_only(app), "POST", "/multimail/v1/mailboxes/b/send", json=MAIL)
    assert seen == [MAIL]


def test_the_document_is_the_published_one():
    document = json.loads(DOCUMENT.read_text("utf-8"))
    assert document["info"]["title"] == "MultiMail API"
    assert len(document["paths"]) == 61
    assert sum(len(methods) for methods in document["paths"].values()) == 77
