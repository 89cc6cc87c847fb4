"""What the page shows: the mail as it is held, what could deceive its reader, and the queue in ticket terms."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from approvals_bench import Desk, opened

from deskgate.desk import Principal
from deskgate.sandbox.transport import SandboxTransport
from deskgate.sandbox.world import World
from deskgate.web.approvals.mailview import COMPARED_LINES, address, difference, links, shown
from fakes import FakeClock

pytestmark = pytest.mark.anyio


async def test_the_mail_on_the_page_is_the_one_that_arrives(desk: Desk) -> None:
    body = "Dear Maria,\n\n  two   spaces & <angles> stay;\n\ttabs too.\n\nÆøå 💛\n\n\nInes"
    reply = await desk.draft(body)
    ines = await desk.reviewer()
    page = await ines.get(f"/approvals/{reply.id}")
    assert page.mail == body
    await ines.approve(reply.id, page.value("digest"))
    assert desk.sent[0].body == body


async def test_a_footer_of_the_service_is_shown_as_part_of_the_mail(desk: Desk) -> None:
    reply = await desk.bench.desk.draft(101, "Hello.")
    desk.bench.world.edit_held(reply.message_id, markdown="Hello.\n\n---\nHarbour Lane Goods")
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert page.mail == "Hello.\n\n---\nHarbour Lane Goods"
    assert "MultiMail added the last lines itself" in page.text
    assert "Altered:" not in page.text


async def test_invisible_characters_are_marked_and_counted(desk: Desk) -> None:
    reply = await desk.draft("pay\u200bpal, \u200fabc, a\u00adb")
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert page.mail == "pay‹U+200B›pal, ‹U+200F›abc, a‹U+00AD›b"
    assert "3 invisible characters" in page.text


HIDDEN = (
    "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\u00ad", "\u180e", "\u2060", "\u115f", "\ufe0f", "\U000e0041",
    "\u2028", "\x1b", "\x7f", "\u0085",
)  # fmt: skip


@pytest.mark.parametrize("hidden", HIDDEN, ids=[f"U+{ord(one):04X}" for one in HIDDEN])
async def test_no_hidden_character_shows_as_nothing(hidden: str) -> None:
    for text in (hidden, f"a{hidden}b", f"{hidden}{hidden}", f"https://exa{hidden}mple.com"):
        assert hidden not in shown(text)
        assert shown(text).count('<mark class="hidden">') == text.count(hidden)


async def test_a_look_alike_address_is_shown_in_punycode_with_a_warning(desk: Desk) -> None:
    desk.bench.world.edit_user(33144692240101, email="maria@exаmple.com")
    reply = await desk.draft()
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert "maria@xn--exmple-4nf.com" in page.text
    assert "letters outside ASCII" in page.text


@pytest.mark.parametrize(
    ("held", "ascii_form", "warns"),
    [
        ("sam@example.org", "sam@example.org", False),
        ("Sam@Example.org", "Sam@example.org", False),
        ("sam@exаmple.org", "sam@xn--exmple-4nf.org", True),
        ("sam@xn--exmple-4nf.org", "sam@xn--exmple-4nf.org", True),
        ("sam@example.org, eve@example.net", "", True),
        ("sam@example.org\nBcc: eve@example.net", "", True),
    ],
)
async def test_addresses_are_read_as_mail_servers_read_them(held: str, ascii_form: str, warns: bool) -> None:
    found = address(held)
    assert (found.ascii, bool(found.warning)) == (ascii_form, warns)


@pytest.mark.parametrize(
    ("body", "target", "warning"),
    [
        ("see https://shop.example.com/a.", "https://shop.example.com/a", ""),
        ("[our shop](https://shop.example.com)", "https://shop.example.com", ""),
        ("[shop.example.com](https://evil.example.net/x)", "https://evil.example.net/x", "name another site"),
        ("[https://shop.example.com/in](https://evil.example.net)", "https://evil.example.net", "name another site"),
        ("![logo](https://t.example.net/p.gif)", "https://t.example.net/p.gif", "Loaded when the mail is opened"),
        ("<img src='https://t.example.net/q'>", "https://t.example.net/q", "Loaded when the mail is opened"),
        ("[pay][1]\n\n[1]: http://evil.example.net/z", "http://evil.example.net/z", ""),
        ("[x](javascript:alert(1))", "javascript:alert(1)", "Not a web or mail address"),
        ("https://bank.example.com@evil.example.net/", "https://bank.example.com@evil.example.net/", "before the @"),
        ("https://exаmple.com/login", "https://exаmple.com/login", "letters outside ASCII"),
        ("mailto:eve@example.net", "mailto:eve@example.net", ""),
        ("www.example.net/x", "www.example.net/x", ""),
    ],
)
async def test_every_link_is_listed_with_where_it_leads(body: str, target: str, warning: str) -> None:
    found = {link.target: " ".join(link.warnings) for link in links(body)}
    assert target in found
    assert warning in found[target]
    assert bool(found[target]) == bool(warning)


async def test_hostile_texts_cost_no_more_than_their_length() -> None:
    begun = time.process_time()
    for piece in ("[", "![", "[a](", "<a ", "href=", "http://", "a.", "(", "www.", "[x]: ", "\u200b", "<!", "é"):
        body = (piece * 60_000)[:60_000]
        links(body)
        shown(body)
    assert time.process_time() - begun < 5.0  # seconds of CPU; a square of the length would take minutes


async def test_texts_too_long_to_compare_are_not_compared() -> None:
    long = "\n".join(str(number) for number in range(COMPARED_LINES + 1))
    assert difference(long, long + "x") is None
    assert difference("a\nb", "a\nb") is None


async def test_the_difference_to_an_earlier_reply_on_the_ticket_is_shown(desk: Desk) -> None:
    first = await desk.draft("Dear Maria,\n\nit is probably lost.\n\nInes")
    ines = await desk.reviewer()
    await ines.get(f"/approvals/{first.id}")
    await ines.post(f"/approvals/{first.id}/reject", {"reason": "It is not lost."})
    desk.bench.clock.advance(60)
    second = await desk.draft("Dear Maria,\n\nit is found.\n\nInes")
    page = await ines.get(f"/approvals/{second.id}")
    assert "Difference from the earlier reply on this ticket (rejected)" in page.text
    assert "removed: it is probably lost." in page.text
    assert "added: it is found." in page.text


class Tightlipped(SandboxTransport):
    """A MultiMail that gives no mail's text back."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        content = await answer.aread()
        silent = re.sub(rb'"(body|markdown|body_markdown)":', rb'"unsaid":', content)
        return httpx.Response(answer.status_code, json=json.loads(silent)) if silent != content else answer


async def test_where_the_service_gives_no_text_back_the_page_says_whose_copy_it_shows(tmp_path: Path) -> None:
    clock = FakeClock()
    world = World.open(tmp_path / "sandbox", clock.now)
    world.switch("forms", "short")
    async with opened(tmp_path, world=world, clock=clock, transport=Tightlipped(world)) as desk:
        reply = await desk.draft("Hello there.")
        page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
        assert page.mail == "Hello there."
        assert "Our own copy:" in page.text
    world.close()


async def test_the_conversation_stands_beside_the_mail_with_the_customers_words_marked(desk: Desk) -> None:
    reply = await desk.draft(ticket=104)
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert page.html.count('aria-label="The customer\'s words"') == page.html.count("<blockquote")
    assert "I would like my money back (38.50)" in page.text
    assert "\u202e" not in page.html
    assert "hidden characters left out" in page.text
    assert page.html.index("data-mail") < page.html.index("<blockquote")


async def test_a_ticket_that_cannot_be_read_leaves_rejecting_possible(desk: Desk) -> None:
    reply = await desk.draft()
    ines = await desk.reviewer()
    desk.bench.world.faults.add("500@zendesk GET /tickets xforever")
    page = await ines.get(f"/approvals/{reply.id}")
    assert page.status == 200
    assert "The ticket cannot be read" in page.text
    assert "data-approve" not in page.html
    done = await ines.post(f"/approvals/{reply.id}/reject", {"reason": "no ticket"})
    desk.bench.world.faults.clear()
    assert done.status in (200, 503)  # the queue after the redirect needs Zendesk
    assert (await desk.bench.desk.core.store.reply(reply.id)).state == "rejected"


async def test_a_service_that_does_not_answer_is_a_clear_page_with_a_time_to_wait(desk: Desk) -> None:
    await desk.draft()
    ines = await desk.reviewer()
    desk.bench.world.faults.add("503:30@multimail GET xforever")
    page = await ines.get("/approvals/")
    assert page.status == 503
    assert "A service does not answer" in page.text or "Too many requests" in page.text
    assert int(page.answer.headers["retry-after"]) >= 1


async def three(desk: Desk) -> None:
    for body, ticket, by in (("One.", 101, "agent-7"), ("Two.", 104, "tomasz"), ("Three.", 105, "agent-7")):
        await desk.draft(body, ticket=ticket, by=by)
        desk.bench.clock.advance(600)
    desk.bench.world.edit_ticket(101, priority="urgent", comment={"body": "?", "public": True})


@pytest.mark.parametrize(
    ("query", "tickets"),
    [
        ("", [101, 104, 105]),
        ("sort=newest", [105, 104, 101]),
        ("sort=priority", [101, 104, 105]),
        ("sort=nonsense", [101, 104, 105]),
        ("ticket=104", [104]),
        ("ticket=%23104", [104]),
        ("ticket=nonsense", [101, 104, 105]),
        ("drafted_by=TOMASZ", [104]),
        ("priority=high", [104, 105]),
        ("stale=yes", [101]),
        ("stale=no&sort=newest", [105, 104]),
        ("priority=low", []),
    ],
)
async def test_the_queue_can_be_narrowed_and_sorted(desk: Desk, query: str, tickets: list[int]) -> None:
    await three(desk)
    page = await (await desk.reviewer()).get(f"/approvals/?{query}")
    found = [int(part.split("<")[0]) for part in page.html.split('class="number">#')[1:]]
    assert found == tickets
    assert "3 replies wait for a decision" in page.text


async def test_a_line_of_the_queue_speaks_of_the_ticket(desk: Desk) -> None:
    await three(desk)
    page = await (await desk.reviewer()).get("/approvals/?ticket=101")
    for fact in ("Re: Where is my order #48213?", "#101", "open", "urgent", "Maria Lindqvist", "agent-7", "30 min"):
        assert fact in page.text
    assert "the ticket was updated at" in page.text


async def test_the_choice_survives_a_batch_decision(desk: Desk) -> None:
    await three(desk)
    ines = await desk.reviewer()
    queue = await ines.get("/approvals/?drafted_by=agent&sort=newest")
    row = queue.html.split('name="reply" value="')[1].split('"')[0]
    fields = {"decision": "reject", "reason": "old", "reply": row, "choice": queue.value("choice")}
    done = await ines.post("/approvals/batch", fields)
    assert "sort=newest" in str(done.answer.url)
    assert "drafted_by=agent" in str(done.answer.url)


async def test_why_a_reply_is_held_is_told_where_somebody_knows(tmp_path: Path) -> None:
    async def why(ids: list[str]) -> dict[str, str]:
        return dict.fromkeys(ids, "rule big-refunds: a refund above 30")

    async with opened(tmp_path, why_held=why) as desk:
        reply = await desk.draft()
        ines = await desk.reviewer()
        assert "rule big-refunds: a refund above 30" in (await ines.get("/approvals/")).text
        assert "rule big-refunds: a refund above 30" in (await ines.get(f"/approvals/{reply.id}")).text


async def test_new_arrivals_are_counted_without_asking_any_service(desk: Desk) -> None:
    await desk.draft("One.")
    ines = await desk.reviewer()
    queue = await ines.get("/approvals/")
    after = queue.html.split('data-arrivals="')[1].split('"')[0]
    assert (await ines.get(f"/approvals/arrivals?after={after}")).answer.json() == {"signed_in": True, "new": 0}
    desk.bench.clock.advance(60)
    await desk.draft("Two.", ticket=104)
    calls = len(desk.bench.world.calls())
    assert (await ines.get(f"/approvals/arrivals?after={after}")).answer.json() == {"signed_in": True, "new": 1}
    assert len(desk.bench.world.calls()) == calls
    assert (await desk.browser().get("/approvals/arrivals")).status_code == 401


async def test_a_decision_on_the_page_asks_the_services_nothing_that_the_desk_alone_would_not(desk: Desk) -> None:
    alone, paged = await desk.draft("One."), await desk.draft("Two.", ticket=104)
    ines = await desk.reviewer()
    digest = (await ines.get(f"/approvals/{paged.id}")).value("digest")
    ines.http.follow_redirects = False
    calls = [len(desk.bench.world.calls())]
    person = replace(desk.bench.desk, caller=Principal("tomasz", "human", frozenset({"decide"})))
    await person.decide(alone.message_id, "approve", digest=alone.digest)
    calls.append(len(desk.bench.world.calls()))
    assert (await ines.approve(paged.id, digest)).status == 303
    calls.append(len(desk.bench.world.calls()))
    assert calls[2] - calls[1] == calls[1] - calls[0]
