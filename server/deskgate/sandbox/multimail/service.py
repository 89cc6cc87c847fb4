"""MultiMail as one function: which routes there are, which scope each wants, who holds which key."""

from collections.abc import Callable
from dataclasses import replace

from deskgate.sandbox import constants
from deskgate.sandbox.exchange import Answer, Ask, RefusedError, RouteTable, json_answer
from deskgate.sandbox.moment import Moment
from deskgate.sandbox.multimail import public, short, v1_admin, v1_read, v1_send, webhooks
from deskgate.sandbox.multimail.common import refused
from deskgate.sandbox.multimail.post import settle

Handler = Callable[[Moment, Ask], Answer]

KEYS = {
    constants.MULTIMAIL_SEND_KEY: ("key_sandbox_send", frozenset({"read", "send"})),
    constants.MULTIMAIL_OVERSIGHT_KEY: ("key_sandbox_oversight", frozenset({"oversight"})),
    constants.MULTIMAIL_ADMIN_KEY: ("key_sandbox_admin", frozenset({"read", "admin"})),
}
"""What each key may do. No key both sends and decides: the vendor refuses to make one."""

BOX = "/v1/mailboxes/{mailbox_id}"
MAIL = BOX + "/emails/{email_id}"

ROUTES: RouteTable[tuple[str, Handler]] = RouteTable(
    [
        ("GET", "/health", ("", public.health)),
        ("GET", "/v1/unsubscribe/{token}", ("", public.unsubscribe_page)),
        ("POST", "/v1/unsubscribe/{token}", ("", public.unsubscribe)),
        ("GET", "/v1/mailboxes", ("read", v1_admin.list_mailboxes)),
        ("POST", "/v1/mailboxes", ("admin", v1_admin.create_mailbox)),
        ("GET", BOX, ("read", v1_admin.read_mailbox)),
        ("PATCH", BOX, ("admin", v1_admin.patch_mailbox)),
        ("POST", BOX + "/request-upgrade", ("send", v1_admin.request_upgrade)),
        ("POST", BOX + "/upgrade", ("send", v1_admin.upgrade)),
        ("GET", BOX + "/allowlist", ("read", v1_admin.list_allowlist)),
        ("POST", BOX + "/allowlist", ("admin", v1_admin.add_allowed)),
        ("DELETE", BOX + "/allowlist/{entry_id}", ("admin", v1_admin.drop_allowed)),
        ("POST", BOX + "/send", ("send", v1_send.send)),
        ("POST", BOX + "/reply/{email_id}", ("send", v1_send.reply)),
        ("GET", BOX + "/emails", ("read", v1_read.list_emails)),
        ("GET", MAIL, ("read", v1_read.read_email)),
        ("POST", MAIL + "/cancel", ("send", v1_send.cancel_email)),
        ("GET", MAIL + "/tags", ("read", v1_read.read_tags)),
        ("PUT", MAIL + "/tags", ("send", v1_read.put_tags)),
        ("DELETE", MAIL + "/tags/{key}", ("send", v1_read.delete_tag)),
        ("GET", BOX + "/threads/{thread_id}", ("read", v1_read.read_thread)),
        ("GET", "/v1/oversight/pending", ("oversight", v1_send.list_pending)),
        ("POST", "/v1/oversight/decide", ("oversight", v1_send.decide_email)),
        ("GET", "/v1/suppression", ("admin", v1_admin.list_suppressed)),
        ("DELETE", "/v1/suppression/{address}", ("admin", v1_admin.drop_suppressed)),
        ("GET", "/v1/webhooks", ("admin", webhooks.list_all)),
        ("POST", "/v1/webhooks", ("admin", webhooks.create)),
        ("GET", "/v1/webhooks/{webhook_id}", ("admin", webhooks.read)),
        ("DELETE", "/v1/webhooks/{webhook_id}", ("admin", webhooks.delete)),
        ("GET", "/v1/webhook-deliveries", ("admin", webhooks.list_deliveries)),
        ("GET", "/v1/audit-log", ("admin", v1_admin.read_log)),
        ("POST", "/send_email", ("send", short.send)),
        ("POST", "/reply_email", ("send", short.reply)),
        ("GET", "/list_pending", ("oversight", short.list_pending)),
        ("POST", "/decide_email", ("oversight", short.decide_message)),
        ("POST", "/cancel_message", ("send", short.cancel_message)),
        ("GET", "/check_inbox", ("read", short.check_inbox)),
        ("POST", "/tag_email", ("send", short.tag_message)),
        ("POST", "/create_mailbox", ("admin", short.create_mailbox)),
        ("POST", "/webhooks", ("admin", webhooks.create_short)),
    ]
)


def answer(moment: Moment, ask: Ask) -> Answer:
    """Answer one request to MultiMail."""
    found = ROUTES.find(ask.method, ask.path)
    if found is None or not _is_served(moment.choice("forms"), ask.path):
        raise refused(404, "Not found")
    (scope, handler), parts = found
    caller = _caller(ask, scope) if scope else "public"
    settle(moment)
    return handler(moment, replace(ask, parts=parts, caller=caller))


def _is_served(forms: str, path: str) -> bool:
    return forms == "both" or path == "/health" or path.startswith("/v1/") == (forms == "v1")


def _caller(ask: Ask, scope: str) -> str:
    scheme, _, key = ask.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or key not in KEYS:
        raise RefusedError(json_answer(401, {"error": "Invalid API key"}, {"www-authenticate": "Bearer"}))
    name, scopes = KEYS[key]
    if scope not in scopes:
        raise refused(403, f"API key lacks the required scope: {scope}")
    return name
