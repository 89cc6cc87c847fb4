"""The page over the pretend world, behind its own small app, and people who use it as a browser would."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any

import anyio
import httpx
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette

from bench import Bench, bench
from deskgate.desk import Principal
from deskgate.web.approvals import Reviewers, approval_routes

ORIGIN = "http://127.0.0.1:8642"


@dataclass
class Page:
    """An answer, read as a person or a browser reads it."""

    answer: httpx.Response

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def html(self) -> str:
        return self.answer.text

    @property
    def text(self) -> str:
        """What stands on the page, without tags."""
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    @property
    def mail(self) -> str:
        """The mail's text as it is shown, marks included."""
        return unescape(re.sub(r"<[^>]+>", "", re.search(r"data-mail>(.*?)</div>", self.html, re.DOTALL)[1]))

    def value(self, name: str) -> str:
        """A hidden field's value."""
        return unescape(re.search(rf'name="{name}"[^>]*? value="([^"]*)"', self.html)[1])


@dataclass
class Reviewer:
    """A person with a browser: cookies are kept, redirects followed, forms carry what the page put in them."""

    http: httpx.AsyncClient
    name: str
    origin: str
    token: str = ""

    async def get(self, path: str, **headers: str) -> Page:
        page = Page(await self.http.get(path, headers=headers))
        if 'name="form_token"' in page.html:
            self.token = page.value("form_token")
        return page

    async def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Page:
        given = {"form_token": self.token, **(fields or {})}
        return Page(await self.http.post(path, data=given, headers={"origin": self.origin, **headers}))

    async def approve(self, reply_id: str, digest: str) -> Page:
        return await self.post(f"/approvals/{reply_id}/approve", {"digest": digest})

    async def look_and_approve(self, reply_id: str) -> Page:
        page = await self.get(f"/approvals/{reply_id}")
        return await self.approve(reply_id, page.value("digest"))


@dataclass
class Desk:
    """Everything a test needs: the product, its page, and people."""

    bench: Bench
    app: Starlette
    reviewers: Reviewers
    people: list[httpx.AsyncClient] = field(default_factory=list)
    origin: str = ORIGIN

    def browser(self, **given: Any) -> httpx.AsyncClient:
        """A browser of nobody."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, **given), base_url=self.origin, follow_redirects=True
        )
        self.people.append(client)
        return client

    async def reviewer(self, name: str = "ines") -> Reviewer:
        """Somebody who has just signed in."""
        http = self.browser()
        secret = await self.reviewers.invite(name)
        answer = await http.post("/approvals/sign-in", data={"secret": secret}, headers={"origin": self.origin})
        assert answer.status_code == 200, answer.text
        person = Reviewer(http, name, self.origin)
        await person.get("/approvals/")
        return person

    async def draft(
        self, body: str = "The kettle is at Kvarnen Livs.", ticket: int = 101, by: str = "agent-7", **more: Any
    ) -> Any:
        """A reply that waits."""
        agent = Principal(by, "agent", frozenset({"draft"}), **more)
        reply = await replace(self.bench.desk, caller=agent).draft(ticket, body)
        with anyio.fail_after(20):
            while await self.bench.desk.look(reply.message_id) is None:
                await self.bench.clock.sleep(1)
        return reply

    @property
    def sent(self) -> list[Any]:
        return self.bench.world.sent_mails()


@asynccontextmanager
async def opened(folder: Path, *, origin: str = ORIGIN, **given: Any) -> AsyncIterator[Desk]:
    """The page over a world in this folder."""
    approval = {name: given.pop(name) for name in ("why_held", "public_url") if name in given}
    async with bench(folder, **given) as product:
        reviewers = Reviewers(product.desk.core.store, product.clock)
        host = origin.partition("//")[2]
        security = TransportSecuritySettings(allowed_hosts=[host], allowed_origins=[origin])
        approval.setdefault("public_url", None)
        routes = approval_routes(product.desk, reviewers, security, clock=product.clock, **approval)
        desk = Desk(product, Starlette(routes=routes), reviewers, origin=origin)
        try:
            yield desk
        finally:
            for http in desk.people:
                await http.aclose()
