"""Faults on order: what goes wrong, for which calls, how often."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

KINDS: dict[str, str] = {
    "429": "too many requests; nothing applied",
    "500": "internal error; nothing applied",
    "500_after": "internal error; applied",
    "503": "unavailable; nothing applied",
    "503_after": "unavailable; applied",
    "409": "conflict of two writes at once; nothing applied",
    "reset_before": "connection reset; nothing applied",
    "reset_after": "applied, then connection reset",
    "refused": "connection refused; nothing applied (over a port this shows as a reset)",
    "timeout_before": "never answered; nothing applied",
    "timeout_after": "applied, never answered",
    "slow": "applied, answered late (`seconds`)",
    "truncated": "applied, answered with half of its body",
    "html": "200 with an HTML page; nothing applied",
    "html_after": "200 with an HTML page; applied",
    "plain": "200 with text/plain; nothing applied",
    "cloudflare_403": "403 text `error code: 1020`; nothing applied",
}
"""Every kind of fault and what it does."""

FLAVOURS = ("json", "text", "html", "quota", "warmup")
SERVICES = ("zendesk", "multimail")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SPEC = re.compile(r"(?P<kind>[a-z0-9_]+)(:(?P<details>[^@]*?))?(@(?P<where>.*?))?(\s+x(?P<times>\d+|forever))?")


@dataclass(frozen=True)
class Fault:
    """One fault.

    `path` is a regular expression searched in the path below the service's base; `times` None means for ever;
    `retry_after` is seconds, `date` (an HTTP date 30 s ahead), or None for no such header; `flavour` is the form of
    an error's body, `quota` and `warmup` being MultiMail's other kinds of 429; `seconds` is for `slow`.
    """

    kind: str
    service: str | None = None
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    retry_after: str | None = None
    flavour: str = "json"
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind!r}; there are {', '.join(KINDS)}")
        if self.service not in (None, *SERVICES):
            raise ValueError(f"no such service: {self.service!r}; there are {' and '.join(SERVICES)}")
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f"no such method: {self.method!r}")
        if self.flavour not in FLAVOURS:
            raise ValueError(f"no such flavour: {self.flavour!r}; there are {', '.join(FLAVOURS)}")
        if self.retry_after is not None and not (self.retry_after.isdigit() or self.retry_after == "date"):
            raise ValueError("retry_after is a number of seconds, or `date`")
        if self.times is not None and self.times < 1:
            raise ValueError("times is at least 1, or `forever`")
        if self.path is not None:
            re.compile(self.path)

    def meets(self, service: str, method: str, path: str) -> bool:
        """Whether this fault is meant for that call."""
        return (
            self.service in (None, service)
            and self.method in (None, method)
            and (self.path is None or re.search(self.path, path) is not None)
        )


class FaultPlan:
    """The faults that are still to come, in order. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault | str, **parts: Any) -> Fault:
        """Add a fault: a `Fault`, a compact text (see `parse_fault`), or a kind with `Fault`'s fields by name."""
        if isinstance(fault, str):
            fault = Fault(fault, **parts) if parts else parse_fault(fault)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def replace(self, faults: Iterable[Fault]) -> None:
        """Forget the plan and make another."""
        chosen = deque(faults)
        with self._lock:
            self._waiting = chosen

    def clear(self) -> None:
        """Forget the plan: everything works again."""
        self.replace(())

    def waiting(self) -> list[Fault]:
        """What is still to come; `times` counts down."""
        with self._lock:
            return list(self._waiting)

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """The first fault that is meant for this call, counted off; None where all goes well."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if not fault.meets(service, method, path):
                    continue
                if fault.times == 1:
                    del self._waiting[place]
                elif fault.times is not None:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                return fault
        return None


def parse_fault(text: str) -> Fault:
    """Read `kind[:details][@[service] [METHOD] [path part]][ xN]`; raises ValueError.

    Details are comma-separated: a number (seconds of `Retry-After`, or of `slow`), `date`, or a flavour. Without a
    count a fault happens once; `xforever` never ends. Examples: `429:30`, `503:date,html@zendesk GET /tickets x2`,
    `reset_after@POST /send`, `slow:2.5@multimail`.
    """
    match = SPEC.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a fault: {text!r}")
    parts: dict[str, Any] = {"kind": match["kind"]}
    for detail in filter(None, (part.strip() for part in (match["details"] or "").split(","))):
        if detail in FLAVOURS:
            parts["flavour"] = detail
        elif match["kind"] == "slow":
            parts["seconds"] = float(detail)
        elif detail != "none":
            parts["retry_after"] = detail
    for word in (match["where"] or "").split():
        if word in SERVICES:
            parts["service"] = word
        elif word in METHODS:
            parts["method"] = word
        else:
            parts["path"] = re.escape(word)
    if match["times"]:
        parts["times"] = None if match["times"] == "forever" else int(match["times"])
    return Fault(**parts)


def fault_from(value: Any) -> Fault:
    """Read a fault from JSON: a compact text or an object with `Fault`'s fields. Raises ValueError."""
    if isinstance(value, str):
        return parse_fault(value)
    if not isinstance(value, dict) or "kind" not in value:
        raise ValueError("a fault is a text or an object with a kind")
    try:
        parts = {**value, "kind": str(value["kind"])}
        if parts.get("times") == "forever":
            parts["times"] = None
        if parts.get("retry_after") is not None:
            parts["retry_after"] = str(parts["retry_after"])
        return Fault(**parts)
    except (TypeError, re.error) as error:
        raise ValueError(str(error)) from None
