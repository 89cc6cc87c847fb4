"""The reviewer's page at /approvals: the queue, one view for each reply, and the forms that decide.

Server-rendered; the one script only adds keys and a notice of new arrivals. GET changes nothing that anybody decides;
every form carries its session's token and comes from our own origin. What a reviewer may do, and whether a mail is still
what they saw, is the desk's to say: this package only asks it.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route, Router

from deskgate.desk import Desk
from deskgate.desk.clock import Clock
from deskgate.web.approvals import correcting, deciding, sign_in
from deskgate.web.approvals.pages import STATIC, Pages
from deskgate.web.approvals.queue_page import arrivals, queue_page
from deskgate.web.approvals.reply_page import reply_page
from deskgate.web.approvals.reviewers import Reviewers
from deskgate.web.approvals.shell import Attempts, Shell
from deskgate.web.approvals.visit import HOME, House, Reasons, signed_in

__all__ = ["Reviewers", "approval_routes"]


def approval_routes(
    desk: Desk,
    reviewers: Reviewers,
    security: TransportSecuritySettings,
    *,
    public_url: str | None,
    clock: Clock,
    why_held: Reasons | None = None,
) -> list[Route | Mount]:
    """The routes of the page.

    `public_url` is how reviewers reach it; `https` there makes the cookie Secure. `security` names the hosts and origins
    that are ours. `why_held` gives, for our reply ids, one sentence each on why no rule let them out.
    """
    https = urlsplit(public_url or "").scheme == "https"
    pages = Pages(clock, sandbox=desk.core.sandbox)
    house = House(desk, reviewers, pages, clock, Attempts(clock), https, why_held)
    router = Router(_routes(house), redirect_slashes=False, default=_unknown(house))

    async def root(_request: Request) -> Response:
        return RedirectResponse(HOME, status_code=307)

    shell = Shell(Router([Route("/approvals", root)]), security, https=https)
    return [Route("/approvals", endpoint=shell), Mount("/approvals", app=Shell(router, security, https=https))]


def _routes(house: House) -> list[Route]:
    def with_house(answer: Callable[[House, Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await answer(house, request)

        return endpoint

    async def static(house: House, request: Request) -> Response:
        name = request.path_params["name"]
        return house.pages.file(name) if name in STATIC else house.pages.render("no_such_page.html", status=404)

    return [
        Route("/", signed_in(house, queue_page), methods=["GET"]),
        Route("/arrivals", arrivals(house), methods=["GET"]),
        Route("/batch", signed_in(house, deciding.batch), methods=["POST"]),
        Route("/sign-in", with_house(sign_in.sign_in), methods=["POST"]),
        Route("/sign-in/{secret}", with_house(sign_in.link_page), methods=["GET"]),
        Route("/sign-out", signed_in(house, sign_in.sign_out), methods=["POST"]),
        Route("/static/{name}", with_house(static), methods=["GET"]),
        Route("/{reply_id}", signed_in(house, reply_page), methods=["GET"]),
        Route("/{reply_id}/approve", signed_in(house, deciding.approve), methods=["POST"]),
        Route("/{reply_id}/reject", signed_in(house, deciding.reject), methods=["POST"]),
        Route("/{reply_id}/edit", signed_in(house, correcting.edit_page), methods=["GET"]),
        Route("/{reply_id}/correct", signed_in(house, correcting.correct), methods=["POST"]),
        Route("/{reply_id}/finish", signed_in(house, correcting.finish), methods=["POST"]),
    ]


def _unknown(house: House) -> Callable[..., Awaitable[None]]:
    async def answer(scope: dict[str, object], receive: object, send: object) -> None:
        await house.pages.render("no_such_page.html", status=404)(scope, receive, send)  # type: ignore[arg-type]

    return answer
