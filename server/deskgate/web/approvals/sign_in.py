"""Signing in and out. Opening a link shows a button; only the button's form spends the link."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from deskgate.web.approvals.reviewers import SESSION_LIFE
from deskgate.web.approvals.shell import Refused, read_form
from deskgate.web.approvals.visit import HOME, House, Visit

SECRET_CHARS = 43


async def link_page(house: House, request: Request) -> Response:
    """What a one-time link shows. It says the same for every link, so it tells a guesser nothing."""
    secret = request.path_params["secret"]
    if len(secret) != SECRET_CHARS:
        return house.pages.render("link_useless.html", status=404)
    return house.pages.render("sign_in.html", secret=secret)


async def sign_in(house: House, request: Request) -> Response:
    """Spend the link and begin a session."""
    address = request.client.host if request.client else "unknown"
    wait = house.attempts.wait_seconds(address)
    if wait:
        refused = house.pages.render("link_useless.html", status=429)
        refused.headers["retry-after"] = str(wait)
        return refused
    try:
        form = await read_form(request)
    except Refused as refusal:
        return house.pages.render("link_useless.html", status=refusal.status)
    session = await house.reviewers.sign_in(form.get("secret", [""])[0])
    if session is None:
        house.attempts.failed(address)
        return house.pages.render("link_useless.html", status=403)
    answer = RedirectResponse(HOME, status_code=303)
    answer.set_cookie(
        house.cookie,
        session.secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        path="/",
        secure=house.https,
        httponly=True,
        samesite="strict",
    )
    return answer


async def sign_out(visit: Visit) -> Response:
    """End the session, here and in the store."""
    await visit.house.reviewers.sign_out(visit.session)
    answer = visit.house.pages.render("signed_out.html")
    answer.delete_cookie(visit.house.cookie, path="/", secure=visit.house.https, httponly=True, samesite="strict")
    return answer
