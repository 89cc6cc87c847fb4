"""`policy.toml`: ordered rules, read strictly. What cannot be understood is an error that names the rule and the key."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, cast, get_args

from deskgate.desk.policy import readers
from deskgate.desk.policy.facts import Link

T = TypeVar("T")
Outcome = Literal["hold", "approve", "refuse", "monitored"]
Corrections = Literal["another_person", "approve"]

LETTING_OUT = ("approve", "monitored")
LARGEST_FILE_BYTES = 262_144


class PolicyError(Exception):
    """The policy file cannot be used; `faults` has one sentence each, naming the rule and the key."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What has to be true together; `None` asks nothing."""

    tags_all: tuple[str, ...] | None = None
    tags_any: tuple[str, ...] | None = None
    tags_none: tuple[str, ...] | None = None
    priority: tuple[str, ...] | None = None
    status: tuple[str, ...] | None = None
    channel: tuple[str, ...] | None = None
    organisation: tuple[int, ...] | None = None
    requester_verified: bool | None = None
    requester_suspended: bool | None = None
    first_contact: bool | None = None
    auto_responder: bool | None = None
    language: tuple[str, ...] | None = None
    body_chars_min: int | None = None
    body_chars_max: int | None = None
    links: tuple[Link, ...] | None = None
    words_any: tuple[tuple[str, ...], ...] | None = None
    words_none: tuple[tuple[str, ...], ...] | None = None


@dataclass(frozen=True)
class Rule:
    """One rule. `reason` is the operator's sentence for people and, on a refusal, for the drafter."""

    name: str
    outcome: Outcome
    when: Conditions
    reason: str = ""

    @property
    def lets_out(self) -> bool:
        """Whether a mail could go out by this rule without a person."""
        return self.outcome in LETTING_OUT


@dataclass(frozen=True)
class Policy:
    """A whole file. `hash` is `sha256:` and 64 hex digits over its bytes, `version` the operator's own name for it.

    `corrections` says who approves what a reviewer corrected: somebody else, or the reviewer too.
    """

    version: str
    hash: str
    rules: tuple[Rule, ...]
    known_hosts: tuple[str, ...] = ()
    monitored_mailbox: str | None = None
    per_recipient_per_day: int = 2
    per_domain_per_day: int = 20
    corrections: Corrections = "another_person"

    @property
    def asks_history(self) -> bool:
        """Whether any rule needs to know who changed the ticket."""
        return any(
            rule.lets_out or rule.when.tags_all or rule.when.tags_any or rule.when.tags_none
            or rule.when.auto_responder is not None
            for rule in self.rules
        )  # fmt: skip


def parse(data: bytes) -> Policy:
    """Read a policy file.

    Raises:
        PolicyError: with every fault found, not only the first.
    """
    import tomllib

    if len(data) > LARGEST_FILE_BYTES:
        raise PolicyError([f"The file is larger than {LARGEST_FILE_BYTES:,} bytes."])
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise PolicyError(["The file is not UTF-8 text."]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError([f"The file is not TOML: {error}."]) from None
    faults: list[str] = []
    policy = _policy(table, "sha256:" + hashlib.sha256(data).hexdigest(), faults)
    if faults:
        raise PolicyError(faults)
    return policy


def _policy(table: Mapping[str, Any], file_hash: str, faults: list[str]) -> Policy:
    _only(table, ("version", "monitored_mailbox", "corrections", "caps", "links", "rule"), "The file", faults)
    caps = _table(table, "caps", ("per_recipient_per_day", "per_domain_per_day"), faults)
    links = _table(table, "links", ("known_hosts",), faults)
    version = _read(table, "version", readers.version, "The file", faults)
    if version is None and "version" not in table:
        faults.append('The file: "version" is missing; give this edition a name, such as its date.')
    mailbox = _read(table, "monitored_mailbox", readers.ADDRESS, "The file", faults)
    corrections = _read(table, "corrections", readers.one_of(get_args(Corrections)), "The file", faults)
    rules = table.get("rule", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        faults.append("The file: rules are written as [[rule]] tables.")
        rules = []
    read = tuple(_rule(rule, place, mailbox, faults) for place, rule in enumerate(rules, 1))
    _no_twins(read, faults)
    return Policy(
        version=version or "",
        hash=file_hash,
        rules=read,
        known_hosts=_read(links, "known_hosts", readers.list_of(readers.HOST), "[links]", faults) or (),
        monitored_mailbox=mailbox,
        per_recipient_per_day=_or(_read(caps, "per_recipient_per_day", readers.CAP, "[caps]", faults), 2),
        per_domain_per_day=_or(_read(caps, "per_domain_per_day", readers.CAP, "[caps]", faults), 20),
        corrections=cast("Corrections", corrections or "another_person"),
    )


def _rule(table: Mapping[str, Any], place: int, mailbox: str | None, faults: list[str]) -> Rule:
    where = f'Rule "{table["name"]}"' if isinstance(table.get("name"), str) else f"Rule {place}"
    _only(table, ("name", "outcome", "reason", *readers.CONDITIONS), where, faults)
    name = _read(table, "name", readers.NAME, where, faults)
    outcome = _read(table, "outcome", readers.one_of(get_args(Outcome)), where, faults)
    for key in ("name", "outcome"):
        if key not in table:
            faults.append(f'{where}: "{key}" is missing.')
    reason = _read(table, "reason", readers.sentence, where, faults)
    given = {
        key: _read(table, key, reader, where, faults) for key, reader in readers.CONDITIONS.items() if key in table
    }
    rule = Rule(name or "", cast("Outcome", outcome or "hold"), Conditions(**given), reason or "")
    faults += [f"{where}: {fault}" for fault in _contradictions(rule, mailbox)]
    return rule


def _contradictions(rule: Rule, mailbox: str | None) -> list[str]:
    """What a rule asks for and can never have, so that nobody believes in a rule that does nothing."""
    when, found = rule.when, []
    if rule.outcome != "hold" and when == Conditions():
        found.append(f'"outcome" {rule.outcome} needs at least one condition.')
    if rule.outcome == "refuse" and not rule.reason:
        found.append('"reason" is missing: whoever drafts is told why it was refused.')
    if rule.outcome == "monitored" and mailbox is None:
        found.append('"outcome" monitored needs "monitored_mailbox" at the top of the file.')
    if (
        when.body_chars_min is not None
        and when.body_chars_max is not None
        and when.body_chars_min > when.body_chars_max
    ):
        found.append('"body_chars_min" is greater than "body_chars_max".')
    if not rule.lets_out:
        return found
    never = {
        "requester_verified": when.requester_verified is False,
        "requester_suspended": when.requester_suspended is True,
        "first_contact": when.first_contact is True,
        "auto_responder": when.auto_responder is True,
        "links": when.links is not None and set(when.links) == {"unknown"},
        "status": when.status is not None and set(when.status) == {"solved"},
    }
    found += [f'"{key}" asks for what never goes out without a person.' for key, wrong in never.items() if wrong]
    return found


def _no_twins(rules: tuple[Rule, ...], faults: list[str]) -> None:
    names = [rule.name for rule in rules if rule.name]
    faults += [f'Rule "{name}": "name" is used twice.' for name in dict.fromkeys(names) if names.count(name) > 1]


def _only(table: Mapping[str, Any], known: tuple[str, ...], where: str, faults: list[str]) -> None:
    faults += [f'{where}: "{key}" is not known here.' for key in table if key not in known]


def _table(table: Mapping[str, Any], name: str, known: tuple[str, ...], faults: list[str]) -> Mapping[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        faults.append(f"The file: [{name}] must be a table.")
        return {}
    _only(found, known, f"[{name}]", faults)
    return found


def _read(table: Mapping[str, Any], key: str, reader: Callable[[Any], T], where: str, faults: list[str]) -> T | None:
    if key not in table:
        return None
    try:
        return reader(table[key])
    except ValueError as error:
        faults.append(f'{where}: "{key}" {error}.')
        return None


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


CONDITION_KEYS = tuple(entry.name for entry in fields(Conditions))
