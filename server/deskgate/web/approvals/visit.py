"""One request of a signed-in reviewer, and what the page's parts share."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from deskgate.desk import Desk
from deskgate.desk.audit.said import acting_as
from deskgate.desk.clock import Clock
from deskgate.desk.errors import DeskError
from deskgate.web.approvals.pages import Pages
from deskgate.web.approvals.reviewers import Reviewers, Session
from deskgate.web.approvals.shell import Attempts, Refused, read_form

HOME = "/approvals/"

Reasons = Callable[[list[str]], Awaitable[dict[str, str]]]

STATUS_OF_CODE = {
    "bad_input": 400,
    "forbidden": 403,
    "self_approval": 403,
    "ticket_not_found": 404,
    "rate_limited": 503,
    "upstream_unavailable": 503,
    "outcome_unknown": 502,
}


@dataclass(frozen=True)
class House:
    """Built once by `approval_routes`."""

    desk: Desk
    reviewers: Reviewers
    pages: Pages
    clock: Clock
    attempts: Attempts
    https: bool
    reasons: Reasons | None

    @property
    def seen_hours(self) -> int:
        """For how long having read a mail counts; the desk holds every decision to the same."""
        return self.desk.core.seen_hours

    @property
    def cookie(self) -> str:
        """The session cookie's name; the prefix makes browsers insist on Secure, path / and no domain."""
        return "__Host-deskgate_reviewer" if self.https else "deskgate_reviewer"


@dataclass(frozen=True)
class Visit:
    """One request by one reviewer; `form` is empty where nothing was posted."""

    house: House
    request: Request
    session: Session
    form: dict[str, list[str]]

    @property
    def desk(self) -> Desk:
        """The desk as this reviewer may use it."""
        return replace(self.house.desk, caller=self.session.principal)

    def field(self, name: str) -> str:
        """One field of the form, or nothing."""
        values = self.form.get(name, [])
        return values[0] if values else ""

    def page(self, template: str, *, status: int = 200, **facts: object) -> Response:
        """A page in this reviewer's frame."""
        return self.house.pages.render(
            template, status=status, reviewer=self.session.name, form_token=self.session.form_token, **facts
        )

    async def done(self, report: list[dict[str, str]], query: str = "") -> Response:
        """Lead from a form to the queue, where what came of it is told; loading that page again changes nothing."""
        key = await self.house.reviewers.tell(self.session, report)
        return RedirectResponse(f"{HOME}?{query + '&' if query else ''}result={key}", status_code=303)

    def trouble(self, error: DeskError, reply_id: str | None = None) -> Response:
        """The page for an error of the desk: what happened, and the way on."""
        answer = self.page(
            "trouble.html",
            status=STATUS_OF_CODE.get(error.code, 409),
            code=error.code,
            sentence=error.sentence,
            reply_id=reply_id,
        )
        if answer.status_code == 503:
            answer.headers["retry-after"] = str(int(error.facts.get("retry_after_seconds", 5)))
        return answer


Answer = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def signed_in(house: House, answer: Answer) -> Endpoint:
    """An endpoint for reviewers only: others get the page that says how to sign in."""

    async def endpoint(request: Request) -> Response:
        session = await session_of(house, request)
        if session is None:
            expired = house.cookie in request.cookies
            return house.pages.render("sign_in_needed.html", status=401, expired=expired, here=_own_path(request))
        visit = Visit(house, request, session, {})
        try:
            if request.method == "POST":
                visit = replace(visit, form=await read_form(request))
                if not hmac.compare_digest(visit.field("form_token").encode(), session.form_token.encode()):
                    raise Refused(403, "This form belongs to another session. Open the page again and repeat it there.")
            with acting_as(session.principal.who):
                return await answer(visit)
        except Refused as refused:
            return visit.page(
                "trouble.html", status=refused.status, code="form_refused", sentence=refused.sentence, reply_id=None
            )
        except DeskError as error:
            return visit.trouble(error, request.path_params.get("reply_id"))

    return endpoint


async def session_of(house: House, request: Request, *, active: bool = True) -> Session | None:
    """Whoever the cookie says, if their session still lives."""
    secret = request.cookies.get(house.cookie, "")
    return await house.reviewers.session(secret, active=active) if secret else None


def _own_path(request: Request) -> str:
    """Where to go on after the cookie came along: a page of ours, never another site."""
    path = urlsplit(str(request.url)).path
    return path if request.method == "GET" and path.startswith(HOME) and "//" not in path else HOME
