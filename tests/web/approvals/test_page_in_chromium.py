"""The page in a real browser: what a reviewer does in it, from the one-time link to the mail in the customer's box."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from approvals_bench import Desk
from browser import Browser, driver, missing
from serving import served

ABSENT = missing()
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(ABSENT is not None, reason=ABSENT or "")]

BODY = "Dear Maria,\n\nit is at Kvarnen Livs.\n\nInes"


@pytest.fixture(scope="module")
async def chromedriver() -> AsyncIterator[httpx.AsyncClient]:
    async with driver() as http:
        yield http


@asynccontextmanager
async def signed_in(desk: Desk, http: httpx.AsyncClient, name: str = "ines") -> AsyncIterator[Browser]:
    """A browser in which somebody has signed in by their link."""
    async with Browser.open(http) as browser:
        await browser.go(f"{desk.origin}/approvals/sign-in/{await desk.reviewers.invite(name)}")
        await browser.click("main button")
        await browser.at("/approvals/")
        yield browser


async def test_from_the_queue_to_the_mail_in_the_customers_box(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.sees("1 reply waits for a decision")
            await browser.click("[data-open]")
            await browser.at(f"/approvals/{reply.id}")
            assert await browser.run("return document.querySelector('[data-mail]').innerText") == BODY
            await browser.click("[data-approve]")
            text = await browser.sees("Approved. The mail goes to the customer.")
            assert "0 replies wait for a decision" in text
        [mail] = desk.sent
        assert (mail.to, mail.body) == (["maria.lindqvist@example.com"], BODY)
        assert mail.path.exists()


async def test_the_queue_is_cleared_by_keyboard_alone(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        first = await desk.draft(BODY)
        desk.bench.clock.advance(60)
        second = await desk.draft("Hello Sam.", ticket=104)
        async with signed_in(desk, chromedriver) as browser:
            await browser.press("j", "j", "k", "j", "enter")
            await browser.at(f"/approvals/{second.id}")
            await browser.press("k")
            await browser.at(f"/approvals/{first.id}")
            await browser.press("a")
            assert desk.sent == []
            await browser.press("enter")
            await browser.sees("Approved.")
            await browser.press("j", "enter")
            await browser.at(f"/approvals/{second.id}")
            await browser.press("r", *"wrong amount", "enter")
            await browser.sees("Rejected.")
        assert [mail.body for mail in desk.sent] == [BODY]
        assert (await desk.bench.desk.core.store.reply(second.id)).reason == "wrong amount"


async def test_shortcuts_can_be_switched_off(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.click("[data-keys-switch]")
            await browser.go(f"{desk.origin}/approvals/")
            await browser.press("j")
            assert await browser.run("return document.activeElement.tagName") == "BODY"


async def test_a_rejection_without_a_reason_is_not_even_sent(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.go(f"{desk.origin}/approvals/{reply.id}")
            await browser.click(".rejecting button")
            await browser.at(f"/approvals/{reply.id}")
            await browser.write("#reason", "It is found already.")
            await browser.click(".rejecting button")
            await browser.sees("Rejected.")
        row = await desk.bench.desk.core.store.reply(reply.id)
        assert (row.state, row.reason) == ("rejected", "It is found already.")


async def test_a_ticket_that_moved_wants_a_second_look(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.go(f"{desk.origin}/approvals/{reply.id}")
            desk.bench.clock.advance(60)
            said = {"body": "Never mind, I have it.", "public": True}
            desk.bench.world.edit_ticket(101, author_id=33144692240101, comment=said)
            await browser.click("[data-approve]")
            await browser.sees("The ticket changed meanwhile")
            assert desk.sent == []
            await browser.click(".ways a")
            await browser.at(f"/approvals/{reply.id}")
            text = await browser.sees("Stale:")
            assert "Never mind, I have it." in text


async def test_a_mail_that_changed_under_the_readers_eyes_stays_held(
    chromedriver: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.go(f"{desk.origin}/approvals/{reply.id}")
            desk.bench.world.edit_held(reply.message_id, markdown="Something else.")
            await browser.click("[data-approve]")
            await browser.sees("The mail is not the one you saw")
        assert desk.sent == []


async def test_a_session_that_ended_says_so_and_decides_nothing(
    chromedriver: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.go(f"{desk.origin}/approvals/{reply.id}")
            desk.bench.clock.advance(13 * 3600)
            await browser.click("[data-approve]")
            await browser.sees("Your session has ended")
        assert desk.sent == []


async def test_two_reviewers_at_once_send_one_mail(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with AsyncExitStack() as opened:
        desk = await opened.enter_async_context(served(tmp_path))
        ines = await opened.enter_async_context(signed_in(desk, chromedriver, "ines"))
        tomasz = await opened.enter_async_context(signed_in(desk, chromedriver, "tomasz"))
        reply = await desk.draft(BODY)
        for browser in (ines, tomasz):
            await browser.go(f"{desk.origin}/approvals/{reply.id}")
        await ines.click("[data-approve]")
        await ines.sees("Approved.")
        await tomasz.write("#reason", "No.")
        await tomasz.click(".rejecting button")
        text = await tomasz.sees("Somebody decided before you")
        assert "reviewer:ines" in text
        assert len(desk.sent) == 1


async def test_new_arrivals_are_told_without_moving_the_reader(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        await desk.draft(BODY)
        async with signed_in(desk, chromedriver) as browser:
            await browser.press("j", "x")
            desk.bench.clock.advance(60)
            await desk.draft("Hello Sam.", ticket=104)
            ask = (
                "document.dispatchEvent(new Event('visibilitychange'));"
                "return new Promise((done) => { const see = () => {"
                " const text = document.querySelector('[data-arrivals]').innerText;"
                " text.includes('new reply') ? done(text) : requestAnimationFrame(see); }; see(); })"
            )
            assert await browser.run(ask) == "1 new reply: show"
            assert await browser.run("return document.querySelector('[name=reply]').checked") is True
            await browser.click("[data-arrivals] a")
            await browser.sees("2 replies wait for a decision")


async def test_nothing_on_the_page_breaks_its_own_policy(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft("<script>document.title='broken'</script><img src=x onerror=document.title='broken'>")
        async with signed_in(desk, chromedriver) as browser:
            for path in ("", reply.id, f"{reply.id}/edit"):
                await browser.go(f"{desk.origin}/approvals/{path}")
                assert "broken" not in await browser.run("return document.title")
                sheets = "return [...document.styleSheets].filter((one) => one.cssRules.length).length"
                assert await browser.run(sheets) == 1
            logged = await browser.call("se/log", type="browser")
            assert [line["message"] for line in logged] == []


async def test_every_control_has_a_name_and_no_width_makes_the_page_scroll_sideways(
    chromedriver: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY + " https://shop.example.com/" + "x" * 200)
        async with signed_in(desk, chromedriver) as browser:
            for path in ("", reply.id, f"{reply.id}/edit"):
                await browser.go(f"{desk.origin}/approvals/{path}")
                for width in (360, 768, 1280, 1920):
                    await browser.size(width, 800, phone=width == 360)
                    assert await browser.run("return document.documentElement.scrollWidth <= innerWidth"), (path, width)
                nameless = (
                    "return [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
                    ".filter((one) => !one.labels.length || !one.labels[0].textContent.trim()).map((one) => one.outerHTML)"
                )
                assert await browser.run(nameless) == []
                headings = "return [...document.querySelectorAll('h1')].length + document.documentElement.lang"
                assert await browser.run(headings) == "1en"


async def test_everything_can_be_done_without_the_script(chromedriver: httpx.AsyncClient, tmp_path: Path) -> None:
    async with served(tmp_path) as desk:
        reply = await desk.draft(BODY)
        async with Browser.open(chromedriver) as browser:
            await browser.call("goog/cdp/execute", cmd="Emulation.setScriptExecutionDisabled", params={"value": True})
            await browser.go(f"{desk.origin}/approvals/sign-in/{await desk.reviewers.invite('ines')}")
            await browser.click("main button")
            await browser.at("/approvals/")
            await browser.click("[data-open]")
            await browser.at(f"/approvals/{reply.id}")
            await browser.click("[data-approve]")
            await browser.sees("Approved.")
        assert [mail.body for mail in desk.sent] == [BODY]
        assert (await desk.bench.desk.core.store.reply(reply.id)).decided_by == "reviewer:ines"
