"""Policies and facts that several tests start from."""

from dataclasses import replace
from typing import Any

from deskgate.desk.policy import Facts, Held, Policy, Setter, parse

LOW_RISK = """
version = "7"
[links]
known_hosts = ["help.example.com", "*.shop.example.com"]
[[rule]]
name = "low-risk"
outcome = "approve"
tags_all = ["low-risk"]
priority = ["low", "normal"]
requester_verified = true
first_contact = false
"""

# Everything as an automatic approval wants it.
GOOD = Facts(
    ticket_id=101,
    tags=(("low-risk", Setter.HUMAN_AGENT),),
    priority="normal",
    status="open",
    channel="email",
    organisation=7,
    organisation_known=True,
    requester_verified=True,
    requester_suspended=False,
    first_contact=False,
    auto_responder=False,
    language="en",
    body_chars=120,
    link_hosts=(),
    markup=False,
    body_words=("your", "kettle", "arrives", "on", "friday"),
    ticket_moved=False,
    held=Held.AS_DRAFTED,
    approvals_recipient=0,
    approvals_domain=0,
)


def policy(text: str) -> Policy:
    """A policy from TOML."""
    return parse(text.encode())


def rule(outcome: str, conditions: str, name: str = "r") -> str:
    """One rule as TOML."""
    reason = 'reason = "No."\n' if outcome == "refuse" else ""
    return f'[[rule]]\nname = "{name}"\noutcome = "{outcome}"\n{reason}{conditions}\n'


def policy_of(*rules: str, top: str = "") -> Policy:
    """A policy of these rules."""
    return policy(f'version = "1"\n{top}\n' + "\n".join(rules))


def good(**changes: Any) -> Facts:
    """Facts that allow everything, but for these changes."""
    return replace(GOOD, **changes)
