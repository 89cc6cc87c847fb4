"""`deskgate setup webhook`: MultiMail tells deskgate what happens, and how to have Zendesk do the same."""

import argparse
from datetime import UTC, datetime
from urllib.parse import urlsplit

from deskgate.addresses import LOOPBACK, MULTIMAIL_PATH, ZENDESK_PATH
from deskgate.commands.setup_office import Office, Talk, in_two_steps
from deskgate.desk.errors import DeskError
from deskgate.desk.multimail.administration import Mailbox, Webhook
from deskgate.desk.multimail.provisioning import CodeWanted, make_webhook

SETTING = "MULTIMAIL_WEBHOOK_SECRET"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# What a Zendesk trigger is told to send. Every value arrives as text; the ticket itself is then read.
TRIGGER_BODY = (
    '{"ticket_id": "{{ticket.id}}", "status": "{{ticket.status}}", '
    '"updated_at": "{{ticket.updated_at_with_timestamp}}", "author_id": "{{current_user.id}}"}'
)


def webhook(office: Office, words: argparse.Namespace, talk: Talk) -> int:
    """Register it once; with `--replace` a new one first, then the old one goes."""
    url = _url(words.url, office.settings.public_url)
    if url is None:
        talk.warn(
            "Where is deskgate reached? Set DESKGATE_PUBLIC_URL to its https:// address, or give --url. MultiMail and "
            "Zendesk post to nothing but https://."
        )
        return talk.end(2, "no_address")
    if not url.endswith(MULTIMAIL_PATH):
        talk.warn(
            f"deskgate does not serve {urlsplit(url).path}: MultiMail's events come in at {MULTIMAIL_PATH}. Give --url "
            "without a path, and that one is added. Behind a proxy that cuts a prefix off, give the whole address that "
            "ends in it."
        )
        return talk.end(2, "wrong_address")
    listed = office.wait_for(office.admin.form) != "short"
    box = _mailbox(office, listed)
    if box is None:
        talk.warn("MULTIMAIL_MAILBOX names no mailbox at MultiMail. First: `deskgate setup mailbox`")
        return talk.end(1, "no_mailbox")
    if not listed and office.settings.multimail.webhook_secrets and not words.replace:
        talk.warn(
            f"{SETTING} is set, so one was registered. The short form of the API has no list to look it up in, and nothing "
            "was changed. --replace registers another one."
        )
        return _zendesk(office, talk, url, 0, "there")
    there: list[Webhook] = []
    if listed:
        there = [one for one in office.wait_for(office.admin.webhooks) if one.leads_to(url, box.id or None)]
    if there and not words.replace:
        return _there(office, words, talk, url, there)
    return _registered(office, words, talk, url, box, there)


def _url(given: str | None, public_url: str | None) -> str | None:
    """The address to post to; an origin alone gets our path."""
    url = (given or public_url or "").strip().rstrip("/")
    try:
        parts = urlsplit(url)
        sound = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    except ValueError:
        return None
    if not sound or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
        return None
    return url if parts.path else url + MULTIMAIL_PATH


def _mailbox(office: Office, listed: bool) -> Mailbox | None:
    wanted = office.settings.multimail.mailbox
    if not wanted:
        return None
    if not listed:
        return Mailbox("", wanted, "")
    found: Mailbox | None = office.wait_for(office.admin.mailbox, wanted)
    return found if found and found.active else None


def _there(office: Office, words: argparse.Namespace, talk: Talk, url: str, there: list[Webhook]) -> int:
    """Nothing is registered a second time; what is amiss with the one that is there is said."""
    newest = max(there, key=lambda one: one.created_at or _LONG_AGO)
    talk.say(f"{url} is registered at MultiMail already, so nothing was changed.")
    if newest.missing:
        talk.warn(
            f"It does not get these events: {', '.join(newest.missing)}. --replace registers it with all of them."
        )
    if office.settings.multimail.webhook_secrets:
        talk.say(f"Its signing secret is not shown again; {SETTING} is set. If that is another one, use --replace.")
    else:
        talk.warn(f"{SETTING} is not set, and the signing secret is not shown again. --replace makes a new one.")
    if len(there) > 1:
        talk.say(f"It is registered {len(there)} times, so every event comes that often; each has its effect once.")
        older = [one for one in there if one is not newest and one.created_at is not None]
        _offer_removal(office, words, talk, older)
    return _zendesk(office, talk, url, 0, "there", webhook=_shown(newest))


def _registered(
    office: Office, words: argparse.Namespace, talk: Talk, url: str, box: Mailbox, old: list[Webhook]
) -> int:
    again = ["webhook", "--url", url, *(["--replace"] if words.replace else [])]
    known = frozenset(one.id for one in old)

    def step(code: str | None) -> Webhook | CodeWanted:
        made: Webhook | CodeWanted = office.wait_for(make_webhook, office.admin, url, box, known, code)
        return made

    made = in_two_steps(office, talk, step, words.code, again)
    if made is None:
        return talk.end(2, "code_wanted", webhook=None)
    talk.say(f"{url} is registered at MultiMail for {box.address}: {', '.join(made.events)}.")
    if not made.secret:
        talk.warn("MultiMail's answer held no signing secret, and it does not say it again. Use --replace.")
        return talk.end(1, "no_secret", webhook=_shown(made))
    talk.say("For the environment of deskgate:")
    if not talk.as_json:
        talk.say(f"{SETTING}={made.secret}")
    talk.warn(
        "This is the only time that the secret is shown. Put it there and nowhere else: no chat, no ticket, no log."
    )
    if office.settings.sandbox:
        talk.warn(
            "With --sandbox it has no effect: the pretend desk keeps its own secret. `sandbox --reset` mends that."
        )
    elif office.settings.multimail.webhook_secrets or old:
        talk.warn(
            f"Deliveries that are under way are still signed with the old secret. Until they are through, keep both: "
            f"{SETTING}=NEW,OLD"
        )
    if old:
        _offer_removal(office, words, talk, old)
    elif words.replace and not box.id:
        talk.warn("The short form of the API removes no webhook: have the old one removed at MultiMail.")
    status = "replaced" if old else "created"
    return _zendesk(office, talk, url, 0, status, webhook=_shown(made), environment={SETTING: made.secret})


def _offer_removal(office: Office, words: argparse.Namespace, talk: Talk, old: list[Webhook]) -> None:
    """The older registrations go when the person says that the new secret is in use."""
    count = "older registration" if len(old) == 1 else f"{len(old)} older registrations"
    if not talk.agrees(f"Does deskgate run with the newest secret by now? Then remove the {count}?", yes=words.yes):
        talk.warn(
            f"For now, kept: the {count}. Once deskgate runs with the newest secret: `deskgate setup webhook --yes`"
        )
        return
    for one in old:
        try:
            office.wait_for(office.admin.delete_webhook, one.id)
        except DeskError as error:
            talk.warn(f"The older registration {one.id} could not be removed: {error.sentence} Run this again.")
            return
    talk.say(f"Removed: the {count}.")


def _zendesk(office: Office, talk: Talk, url: str, code: int, status: str, **facts: object) -> int:
    """The end: what is left to do by hand, since a Zendesk trigger is made in its Admin Center."""
    address = url.removesuffix(MULTIMAIL_PATH) + ZENDESK_PATH
    told = "is set already" if office.settings.zendesk_secret else "is not set yet"
    talk.say(
        "",
        "Zendesk tells of what happens to tickets through a webhook and a trigger, made once in its Admin Center:",
        "1. Apps and integrations > Webhooks > Create webhook. Connect it to: Trigger or automation.",
        f"   Endpoint URL {address}, request method POST, request format JSON, authentication None.",
        f"   Save it, reveal its signing secret, and set ZENDESK_WEBHOOK_SECRET to it (it {told}).",
        "2. Objects and rules > Business rules > Triggers > Create trigger, at the end of the list.",
        "   Meet ALL: Ticket is Updated; Current user is not the user that deskgate signs in as (doctor names it).",
        "   Meet ANY: Status changed; Requester changed; Comment is present (public or private).",
        "   Action: Notify by active webhook, the one of step 1, with this JSON body:",
        f"   {TRIGGER_BODY}",
    )
    zendesk = {"url": address, "trigger_body": TRIGGER_BODY, "secret_is_set": office.settings.zendesk_secret}
    return talk.end(code, status, **facts, zendesk=zendesk)


def _shown(hook: Webhook) -> dict[str, object]:
    return {"id": hook.id, "url": hook.place, "events": list(hook.events)}
