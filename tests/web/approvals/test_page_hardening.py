"""Forged forms, foreign names, odd bytes: none changes anything, and every answer is closed to framing and scripts."""

import re

import pytest
from approvals_bench import ORIGIN, Desk

pytestmark = pytest.mark.anyio

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


async def test_every_answer_carries_the_headers_that_close_it(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    stranger = desk.browser()
    answers = [
        (await ines.get("/approvals/")).answer,
        (await ines.get(f"/approvals/{reply.id}")).answer,
        (await ines.get("/approvals/nothing")).answer,
        (await ines.get("/approvals/static/approvals.css")).answer,
        (await ines.get("/approvals/static/nothing")).answer,
        (await ines.post("/approvals/batch")).answer,
        await stranger.get("/approvals/"),
        await stranger.get("/approvals", follow_redirects=False),
        await stranger.get("/approvals/sign-in/" + "x" * 43),
        await stranger.get("/approvals/", headers={"host": "evil.example.net"}),
    ]
    for answer in answers:
        assert answer.headers["content-security-policy"] == POLICY, answer.url
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cache-control"] == (
            "public, max-age=31536000, immutable" if answer.url.path.endswith(".css") else "no-store"
        )


async def test_no_page_holds_a_script_or_a_style_of_its_own(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    for path in ("/approvals/", f"/approvals/{reply.id}", f"/approvals/{reply.id}/edit"):
        html = (await ines.get(path)).html
        assert re.findall(r"<script(?![^>]* src=\"/approvals/static/)", html) == []
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=|javascript:", html) == []


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example.net", "http://127.0.0.1:9", ORIGIN + ".evil.example.net"]
)
async def test_a_form_from_another_origin_is_refused(desk: Desk, origin: str | None) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
    headers = {} if origin is None else {"origin": origin}
    fields = {"form_token": ines.token, "digest": digest}
    answer = await ines.http.post(f"/approvals/{reply.id}/approve", data=fields, headers=headers)
    assert answer.status_code == 403
    assert desk.sent == []


async def test_a_form_that_the_browser_says_came_from_elsewhere_is_refused(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
    for site in ("cross-site", "same-site", "none"):
        fields = {"digest": digest}
        refused = await ines.post(f"/approvals/{reply.id}/approve", fields, **{"sec-fetch-site": site})
        assert refused.status == 403
    assert desk.sent == []


async def test_a_form_without_its_sessions_token_is_refused(desk: Desk) -> None:
    reply = await desk.draft()
    ines, tomasz = await desk.reviewer("ines"), await desk.reviewer("tomasz")
    digest = (await ines.get(f"/approvals/{reply.id}")).value("digest")
    for token in ("", "x", ines.token[:-1], tomasz.token, "é"):
        for path in (f"{reply.id}/approve", f"{reply.id}/reject", f"{reply.id}/correct", "batch", "sign-out"):
            fields = {"form_token": token, "digest": digest, "reason": "no", "decision": "approve", "reply": reply.id}
            answer = await ines.http.post(f"/approvals/{path}", data=fields, headers={"origin": ORIGIN})
            assert answer.status_code == 403, (token, path)
    assert desk.sent == []
    assert (await ines.get("/approvals/")).status == 200


async def test_a_crawler_that_follows_every_link_decides_nothing(desk: Desk) -> None:
    for number, ticket in enumerate((101, 104, 105)):
        await desk.draft(f"Number {number}.", ticket=ticket)
    ines = await desk.reviewer()
    seen, todo = set(), ["/approvals/"]
    while todo:
        path = todo.pop()
        seen.add(path)
        html = (await ines.get(path)).html
        found = re.findall(r'(?:href|action|src)="(/[^"]*)"', html)
        todo += [one for one in dict.fromkeys(found) if one not in seen and one not in todo]
    assert len(seen) > 10
    store = desk.bench.desk.core.store
    assert len(await store.replies_in_state("held")) == 3
    assert desk.sent == []
    assert (await ines.get("/approvals/")).status == 200


async def test_the_forms_addresses_do_nothing_when_they_are_opened(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    for path in ("approve", "reject", "correct", "finish"):
        assert (await ines.get(f"/approvals/{reply.id}/{path}?reason=x")).status == 405
    assert (await ines.get("/approvals/sign-out")).status in (404, 405)
    assert len(await desk.bench.desk.core.store.replies_in_state("held")) == 1


@pytest.mark.parametrize("how", ["sec-purpose", "purpose", "x-moz"])
async def test_a_page_loaded_ahead_or_only_asked_for_its_head_was_not_seen(desk: Desk, how: str) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    ahead = await ines.get(f"/approvals/{reply.id}", **{how: "prefetch;prerender"})
    await ines.http.head(f"/approvals/{reply.id}")
    assert "not_seen" in (await ines.approve(reply.id, ahead.value("digest"))).text
    assert desk.sent == []


async def test_a_foreign_host_gets_421(desk: Desk) -> None:
    for path in ("/approvals/", "/approvals", "/approvals/sign-in/x", "/approvals/static/icon.svg"):
        assert (await desk.browser().get(path, headers={"host": "evil.example.net"})).status_code == 421


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"form_token=x", "text/plain", 415),
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 1_000_001, "application/x-www-form-urlencoded", 413),
        (b"&".join([b"a=1"] * 1300), "application/x-www-form-urlencoded", 400),
        (b"form_token=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"form_token=\xff", "application/x-www-form-urlencoded", 400),
        (b"form_token=%ed%a0%80", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_what_is_not_a_proper_form_is_refused(desk: Desk, body: bytes, kind: str, status: int) -> None:
    ines = await desk.reviewer()
    headers = {"origin": ORIGIN, "content-type": kind}
    answer = await ines.http.post("/approvals/batch", content=body, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/approvals/../approvals/x", "/approvals/..%2f..%2fetc%2fpasswd", "/approvals/static/..%2fqueries.sql",
        "/approvals/static/%2e%2e%2f__init__.py", "/approvals/%00", "/approvals//evil.example.net",
        "/approvals/%0d%0aset-cookie:x=1",
        "/approvals/static/approvals.css/x", "/approvals/ID/approve/x",
    ],
)  # fmt: skip
async def test_path_tricks_lead_nowhere(desk: Desk, path: str) -> None:
    ines = await desk.reviewer()
    answer = await ines.http.get(path, follow_redirects=False)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_nothing_that_was_sent_in_gets_into_a_header(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    ines.http.follow_redirects = False
    evil = "sort=newest\r\nset-cookie: a=b&ticket=1%0d%0ax: y&next=//evil.example.net&drafted_by=%0d%0aq: z"
    fields = {"decision": "reject", "reason": "x\r\ny: z", "reply": reply.id, "choice": evil}
    answer = (await ines.post("/approvals/batch", fields)).answer
    assert answer.status_code == 303
    assert re.fullmatch(r"/approvals/\?[\w=&%+:-]*result=[0-9a-f]{32}", answer.headers["location"])
    assert "evil.example.net" not in answer.headers["location"]
    assert {"a", "x", "y", "q"}.isdisjoint(answer.headers)
    assert "set-cookie" not in answer.headers


async def test_hostile_words_stay_words(desk: Desk) -> None:
    evil = "</div></textarea><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{ 7*7 }}"
    desk.bench.world.edit_ticket(101, subject=evil, comment={"body": evil, "public": True})
    desk.bench.world.edit_user(33144692240101, name=evil)
    reply = await desk.draft(f"Hello {evil}", by="<i>agent</i>")
    ines = await desk.reviewer()
    query = "?drafted_by=%22%3E%3Cscript%3E&ticket=%22%3E%3Cscript%3E&sort=%22%3E&result=%3Cscript%3E"
    for path in ("/approvals/", f"/approvals/{query}", f"/approvals/{reply.id}", f"/approvals/{reply.id}/edit"):
        html = (await ines.get(path)).html
        assert html.count("<script") == 1
        assert "<img" not in html
        assert "<i>" not in html
        assert "&amp;49" not in html
    assert (await ines.get(f"/approvals/{reply.id}")).mail == f"Hello {evil}"


async def test_another_persons_reply_id_that_does_not_exist_says_nothing_more_than_that(desk: Desk) -> None:
    ines = await desk.reviewer()
    for guess in ("0" * 32, "x", "%27%20OR%201=1", "a" * 3000):
        page = await ines.get(f"/approvals/{guess}")
        assert page.status == 404
        assert "No such reply" in page.text


async def test_a_fault_of_our_own_says_nothing_about_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ines = await desk.reviewer()

    async def broken(*_: object) -> None:
        raise RuntimeError("secret-path /srv/x")

    monkeypatch.setattr(type(desk.reviewers), "opened", broken)
    page = await ines.get("/approvals/")
    assert page.status == 500
    assert "secret-path" not in page.html
    assert page.answer.headers["content-security-policy"] == POLICY
