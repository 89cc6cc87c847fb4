"""Who is calling Zendesk, and the OAuth tokens that say so."""

import base64
import binascii
import json
import secrets
from urllib.parse import parse_qsl

from deskgate.sandbox import constants
from deskgate.sandbox.exchange import Answer, Ask, Json, RefusedError, json_answer
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.zendesk.errors import refused

SCOPES = {"read", "write", "tickets:read", "tickets:write", "users:read"}
LONGEST_LIFE_SECONDS = 48 * 3600
INVALID_TOKEN = "The access token provided is expired, revoked, malformed or invalid for other reasons."  # noqa: S105


def caller(moment: Moment, ask: Ask) -> int:
    """The id of the calling user. Raises one of the three 401 bodies, or 403 for a scope that does not reach."""
    scheme, _, value = ask.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        return _basic(moment, value)
    if scheme.lower() == "bearer":
        return _bearer(moment, ask, value)
    raise unauthenticated()


def unauthenticated() -> RefusedError:
    """No credentials, or a Basic login that is not accepted."""
    return refused(401, {"error": "Couldn't authenticate you"}, www_authenticate='Basic realm="Web Password"')


def issue_token(moment: Moment, ask: Ask) -> Answer:
    """POST /oauth/tokens. A refresh kills the pair that it replaces."""
    wish = _form(ask)
    if (
        wish.get("client_id") != constants.ZENDESK_CLIENT_ID
        or wish.get("client_secret") != constants.ZENDESK_CLIENT_SECRET
    ):
        raise refused(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
    if wish.get("grant_type") == "client_credentials":
        return _issue(moment, wish, str(wish.get("scope") or "read write"), with_refresh=False)
    if wish.get("grant_type") == "refresh_token":
        row = moment.store.row("oauth_token_by_refresh", refresh_token=wish.get("refresh_token"))
        if row is None:
            raise refused(400, {"error": "invalid_grant", "error_description": "The refresh token is invalid"})
        moment.store.run("oauth_token_drop", access_token=row["access_token"])
        return _issue(moment, wish, row["scope"], with_refresh=True)
    raise refused(400, {"error": "unsupported_grant_type", "error_description": "The grant type is not supported"})


def _issue(moment: Moment, wish: Json, scope: str, *, with_refresh: bool) -> Answer:
    life = wish.get("expires_in") or moment.amount("token_seconds")
    try:
        seconds = min(max(1, int(life)), LONGEST_LIFE_SECONDS)
    except (TypeError, ValueError, OverflowError):
        raise refused(400, {"error": "invalid_request", "error_description": "expires_in must be a number"}) from None
    access, refresh = secrets.token_hex(32), secrets.token_hex(32) if with_refresh else None
    moment.store.run(
        "oauth_token_put",
        access_token=access,
        refresh_token=refresh,
        scope=scope,
        user_id=constants.API_USER_ID,
        expires_at=moment.now_ms + seconds * 1000,
    )
    pair = {"refresh_token": refresh} if refresh else {}
    return json_answer(
        200, {"access_token": access, **pair, "token_type": "bearer", "scope": scope, "expires_in": seconds}
    )


def _basic(moment: Moment, value: str) -> int:
    try:
        login, _, token = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthenticated() from None
    email, slash, kind = login.rpartition("/")
    if not slash or kind != "token" or token != constants.ZENDESK_TOKEN:
        raise unauthenticated()
    row = moment.store.row("person_by_email", email=email)
    if row is None or json.loads(row["document"])["role"] == "end-user":
        raise unauthenticated()
    return int(row["id"])


def _bearer(moment: Moment, ask: Ask, value: str) -> int:
    row = moment.store.row("oauth_token", access_token=value)
    if row is None or (row["expires_at"] is not None and row["expires_at"] <= moment.now_ms):
        raise refused(401, {"error": "invalid_token", "error_description": INVALID_TOKEN})
    scopes = set(str(row["scope"]).split())
    area = "users" if "/users" in ask.path else "tickets"
    verb = "read" if ask.method == "GET" else "write"
    if not scopes <= SCOPES or not scopes & {verb, f"{area}:{verb}"}:
        message = "You do not have access to this page. Please contact the account owner of this help desk for help."
        raise refused(403, {"error": {"title": "Forbidden", "message": message}})
    return int(row["user_id"])


def _form(ask: Ask) -> Json:
    if "json" in ask.headers.get("content-type", ""):
        try:
            return ask.document()
        except ValueError:
            return {}
    return dict(parse_qsl(ask.body.decode("utf-8", "replace")))
