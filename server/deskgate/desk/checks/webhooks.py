"""The webhooks: whether MultiMail tells this desk what happens, and what its own log says of the deliveries."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deskgate.desk.checks.line import FAULT, OK, WARNING, Check, attempt, failed, plain
from deskgate.desk.errors import DeskError
from deskgate.desk.multimail.administration import Administration, Delivery, Webhook
from deskgate.desk.wire import Denied, Missing

SHOWN = 5
EVENTS_SHOWN = 20
RECENT = timedelta(days=1)
SETUP = "Run `deskgate setup webhook`."
REPLACE = "Run `deskgate setup webhook --replace`."

# By what the receiver answered; a web server in front of deskgate may answer in its place.
_TODO = {
    "401": f"The secret that it checks with is another one. {REPLACE}",
    "403": "Something in front of deskgate refuses these requests. Let POST requests to that path through.",
    "404": f"deskgate is not at that address. Compare it with DESKGATE_PUBLIC_URL. {SETUP}",
    "413": "Something refuses the size of the request. Let bodies up to 1 MB through to that path.",
    "429": "Something in front of deskgate limits how many requests come in. Leave that path out of the limit.",
    "503": "deskgate runs there without MULTIMAIL_WEBHOOK_SECRET, or is too busy. Set it and restart.",
    "502": "The web server in front of deskgate does not reach it. See that deskgate runs.",
}
_UNREACHED = (
    "Nothing answered. See that the address can be reached from the internet, with a certificate that others trust."
)
_OTHER = "Look at what answers at that address."


@dataclass(frozen=True)
class WebhookFacts:
    """What the settings say: where MultiMail would post (`None`: this desk has no address), and how it has to sign."""

    url: str | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)


async def webhook_checks(admin: Administration, facts: WebhookFacts, now: datetime) -> list[Check] | Denied:
    """The registration and the deliveries of the last day; a refusal of the admin key instead."""
    found = await attempt(admin.webhooks())
    if isinstance(found, Denied):
        return found
    if isinstance(found, Missing):
        return [Check("webhooks", OK, "MultiMail has no list of webhooks here, so they were not looked at.")]
    if isinstance(found, DeskError):
        return [failed("webhooks", found)]
    deliveries = await attempt(admin.deliveries(now - RECENT))
    if isinstance(deliveries, Denied):
        return deliveries
    ours = [one for one in found if facts.url and one.leads_to(facts.url)]
    lines = await _ours(admin, facts, ours) if ours else [_none_of_ours(facts, found)]
    return [*lines, *_deliveries(deliveries, facts)]


def _none_of_ours(facts: WebhookFacts, found: list[Webhook]) -> Check:
    name = "webhooks"
    shown = "; ".join(
        f"{plain(one.place)} ({', '.join(map(plain, one.events[:EVENTS_SHOWN]))})" for one in found[:SHOWN]
    )
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    others = f" Registered for others: {shown}{more}." if found else ""
    if facts.url is None:
        text = "This desk has no address of its own (DESKGATE_PUBLIC_URL), so MultiMail tells it nothing; it asks by itself."
        return Check(name, OK, text + others)
    text = f"None is registered for {facts.url}, so what happens is seen only when deskgate asks by itself.{others}"
    return Check(name, WARNING, text, SETUP)


async def _ours(admin: Administration, facts: WebhookFacts, ours: list[Webhook]) -> list[Check]:
    name = "webhooks"
    times = "" if len(ours) == 1 else f" {len(ours)} times (each event has its effect once)"
    lines = [Check(name, OK, f"{facts.url} is registered at MultiMail{times}.")]
    missing = [event for event in ours[0].missing if all(event in one.missing for one in ours)]
    if missing:
        text = f"{facts.url} is registered, but not for {', '.join(missing)}."
        lines = [Check(name, WARNING, text, REPLACE)]
    return [*lines, *await _secrets(admin, facts, ours)]


async def _secrets(admin: Administration, facts: WebhookFacts, ours: list[Webhook]) -> list[Check]:
    """Whether what it signs with is what is checked with. The two are compared and never shown."""
    name = "webhook secret"
    if not facts.secrets:
        text = "MULTIMAIL_WEBHOOK_SECRET is not set, so every delivery is refused (503)."
        todo = f"Set it to what `deskgate setup webhook` showed. Where that is lost: {REPLACE}"
        return [Check(name, FAULT, text, todo)]
    signed = [await attempt(admin.webhook(one.id)) for one in ours]
    known = [one.secret for one in signed if isinstance(one, Webhook) and one.secret]
    if not known:
        return [Check(name, OK, "MULTIMAIL_WEBHOOK_SECRET is set. MultiMail does not say whether it is the right one.")]
    strange = [secret for secret in known if secret not in facts.secrets]
    if strange:
        text = f"MultiMail signs with a secret that MULTIMAIL_WEBHOOK_SECRET does not hold ({len(strange)} of {len(known)})."
        return [Check(name, FAULT, f"{text} Those deliveries are refused (401).", REPLACE)]
    return [Check(name, OK, "MULTIMAIL_WEBHOOK_SECRET is what MultiMail signs with.")]


def _deliveries(found: list[Delivery] | DeskError, facts: WebhookFacts) -> list[Check]:
    name = "deliveries"
    if isinstance(found, Missing):
        return []
    if isinstance(found, DeskError):
        return [failed(name, found)]
    if facts.url:
        found = [one for one in found if one.leads_to(facts.url)]
    lost = [one for one in found if one.status == "failed"]
    if not lost:
        counted = (
            f"all {len(found)} deliveries arrived or are on their way" if found else "there was nothing to deliver"
        )
        return [Check(name, OK, f"In the last day {counted}, by MultiMail's own log.")]
    last = lost[0]
    answer = plain(last.answer or "")
    text = (
        f"{len(lost)} of the {len(found)} deliveries of the last day failed; the newest ({plain(last.event)}) went to "
        f"{plain(last.place)} and got {answer or 'no answer'}. What was in them is fetched by the next look at MultiMail."
    )
    return [Check(name, WARNING, text, _TODO.get(answer, _OTHER) if answer else _UNREACHED)]


def zendesk_webhook(*, secret_is_set: bool) -> Check:
    """Whether Zendesk could tell of what happens to tickets."""
    name = "zendesk webhook"
    if secret_is_set:
        text = "ZENDESK_WEBHOOK_SECRET is set. Whether Zendesk's trigger posts here, only its Admin Center shows."
        return Check(name, OK, text)
    text = (
        "ZENDESK_WEBHOOK_SECRET is not set, so Zendesk tells nothing: that a ticket changed is seen when a reply to it is "
        "looked at or decided."
    )
    return Check(name, WARNING, text, "`deskgate setup webhook` shows the steps in Zendesk's Admin Center.")
