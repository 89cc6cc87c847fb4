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
    where = int(wish["ticket"]) if "ticket" in wish else str(wish["thread"])
    return {"email_id": world.receive_reply(where, str(wish["text"]), wish.get("sender"))}


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


def _faults(world: World) -> list[Json]:
    return [asdict(fault) for fault in world.faults.waiting()]
