"""The sandbox's own routes: faults, switches, what happened, and the customer's part."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from deskgate.sandbox.exchange import Answer, Ask, Json, RouteTable, json_answer
from deskgate.sandbox.faults import KINDS, fault_from
from deskgate.sandbox.switches import SWITCHES
from deskgate.sandbox.world import World

Handler = Callable[[World, Ask], Any]


def read_state(world: World, ask: Ask) -> Json:
    """GET /state: what a curious person wants to see at once."""
    return {
        "folder": str(world.folder),
        "switches": world.switches(),
        "faults": _faults(world),
        "held": world.held_mails(),
        "delivered": [{**asdict(mail), "path": str(mail.path)} for mail in world.sent_mails()],
        "operator_codes": world.operator_codes(),
    }


def read_faults(world: World, ask: Ask) -> Json:
    """GET /faults: what is still to come, and which kinds there are."""
    return {"faults": _faults(world), "kinds": KINDS}


def put_faults(world: World, ask: Ask) -> Json:
    """PUT /faults `{"faults": [...]}`: a new plan; each entry a compact text or an object."""
    world.faults.replace([fault_from(one) for one in ask.document()["faults"]])
    return {"faults": _faults(world)}


def add_fault(world: World, ask: Ask) -> Json:
    """POST /faults `{"fault": ...}`: one more."""
    world.faults.add(fault_from(ask.document()["fault"]))
    return {"faults": _faults(world)}


def clear_faults(world: World, ask: Ask) -> Json:
    """DELETE /faults: everything works again."""
    world.faults.clear()
    return {"faults": []}


def read_switches(world: World, ask: Ask) -> Json:
    """GET /switches."""
    now = world.switches()
    return {
        name: {"value": now[name], "default": switch.default, "choices": switch.choices, "meaning": switch.meaning}
        for name, switch in SWITCHES.items()
    }


def put_switch(world: World, ask: Ask) -> Json:
    """PUT /switches/{name} `{"value": ...}`."""
    name = ask.parts["name"]
    world.switch(name, ask.document()["value"])
    return {name: world.switches()[name]}


def read_calls(world: World, ask: Ask) -> Json:
    """GET /calls: what this process was asked."""
    return {"calls": [asdict(call) for call in world.calls()]}


def reply(world: World, ask: Ask) -> Json:
    """POST /reply `{"ticket": 101 | "thread": "...", "text": "..."}`: the customer answers."""
    wish = ask.document()
    given = {name: wish[name] for name in ("automatic", "cc", "quoted") if name in wish}
    return {"email_id": world.receive_reply(_where(wish), str(wish["text"]), wish.get("sender"), **given)}


def mail(world: World, ask: Ask) -> Json:
    """POST /mail `{"sender": "...", "subject": "...", "text": "..."}`: somebody writes out of the blue."""
    wish = ask.document()
    given = {"thread_id": wish.get("thread"), "cc": wish.get("cc", ())}
    return {"email_id": world.receive_mail(str(wish["sender"]), str(wish["subject"]), str(wish["text"]), **given)}


def bounce(world: World, ask: Ask) -> Json:
    """POST /bounce `{"ticket": 101 | "thread": "..." | "email": "...", "kind": "hard_bounce"}`: a late bounce."""
    wish = ask.document()
    return {"email_id": world.bounce(_where(wish), str(wish.get("kind", "hard_bounce")))}


def complain(world: World, ask: Ask) -> Json:
    """POST /complain, as /bounce: the reader calls the mail spam."""
    return {"email_id": world.complain(_where(ask.document()))}


def read_webhooks(world: World, ask: Ask) -> Json:
    """GET /webhooks: who is told what, with the secrets."""
    return {"webhooks": world.webhooks()}


def point_webhooks(world: World, ask: Ask) -> Json:
    """PUT /webhooks `{"desk": "http://127.0.0.1:8642"}`: both services report there; an empty text: nowhere."""
    world.point_webhooks(str(ask.document()["desk"]))
    return {"webhooks": world.webhooks()}


def add_webhook(world: World, ask: Ask) -> Json:
    """POST /webhooks `{"service": "zendesk" | "multimail", "url": "..."}`, and `events`, `form`, `secret`."""
    wish = ask.document()
    given = {name: wish[name] for name in ("events", "form", "secret") if name in wish}
    return world.register_webhook(str(wish["service"]), str(wish["url"]), **given)


def drop_webhook(world: World, ask: Ask) -> Json:
    """DELETE /webhooks/{id}."""
    world.drop_webhook(ask.parts["hook_id"])
    return {"status": "deleted"}


def read_deliveries(world: World, ask: Ask) -> Json:
    """GET /deliveries: every webhook call, oldest first."""
    return {"deliveries": world.deliveries()}


def reset(world: World, ask: Ask) -> Json:
    """POST /reset: back to the first day."""
    world.reset()
    return {"status": "reset"}


ROUTES: RouteTable[Handler] = RouteTable(
    [
        ("GET", "/state", read_state),
        ("GET", "/faults", read_faults),
        ("PUT", "/faults", put_faults),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", clear_faults),
        ("GET", "/switches", read_switches),
        ("PUT", "/switches/{name}", put_switch),
        ("GET", "/calls", read_calls),
        ("POST", "/reply", reply),
        ("POST", "/mail", mail),
        ("POST", "/bounce", bounce),
        ("POST", "/complain", complain),
        ("GET", "/webhooks", read_webhooks),
        ("PUT", "/webhooks", point_webhooks),
        ("POST", "/webhooks", add_webhook),
        ("DELETE", "/webhooks/{hook_id}", drop_webhook),
        ("GET", "/deliveries", read_deliveries),
        ("POST", "/reset", reset),
    ]
)


def answer(world: World, ask: Ask) -> Answer:
    """Answer one control request; a wish that cannot be read is 400 with the reason, a thing that is not there 404."""
    found = ROUTES.find(ask.method, ask.path)
    if found is None:
        return json_answer(404, {"error": "no such control route", "routes": ["/state", "/faults", "/switches"]})
    handler, parts = found
    ask = Ask(ask.method, ask.path, body=ask.body, parts=parts)
    try:
        return json_answer(200, handler(world, ask))
    except (ValueError, KeyError, TypeError) as error:
        return json_answer(400, {"error": f"{type(error).__name__}: {error}"})
    except LookupError as error:
        return json_answer(404, {"error": str(error)})


def _where(wish: Json) -> int | str:
    return int(wish["ticket"]) if "ticket" in wish else str(wish["thread"] if "thread" in wish else wish["email"])


def _faults(world: World) -> list[Json]:
    return [asdict(fault) for fault in world.faults.waiting()]
