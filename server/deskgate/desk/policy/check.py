"""The policy's lines in a check-up."""

from deskgate.desk.checks.line import FAULT, OK, WARNING, Check
from deskgate.desk.multimail.mail import HOLDING_MODES
from deskgate.desk.policy.holder import PolicyHolder
from deskgate.desk.policy.rules import Policy


async def policy_check(holder: PolicyHolder | None) -> Check:
    """Which policy is in force, and whether the file is still the one that is."""
    name = "policy"
    if holder is None:
        return Check(name, OK, "No policy is set (DESKGATE_POLICY), so every reply is held for a person.")
    policy = await holder.current()
    if holder.faults:
        text = f"The file cannot be used; version {policy.version}, read before, stays in force. {holder.faults[0]}"
        return Check(name, FAULT, text, "Repair the file; it is read again at the next draft.")
    outcomes = [rule.outcome for rule in policy.rules]
    counted = ", ".join(f"{outcomes.count(one)} {one}" for one in dict.fromkeys(outcomes)) or "no rules"
    return Check(name, OK, f"Version {policy.version} ({policy.hash[:19]}) is in force: {counted}; the rest is held.")


def outcomes_check(
    policy: Policy | None, mode: str | None, *, deciding_key: bool, obstacle: str | None = None
) -> Check:
    """What the policy's outcomes come to at a mailbox in this mode (`None`: the short form, which names it per mail).

    `obstacle` is why nothing can leave from the monitored mailbox.
    """
    name = "policy outcomes"
    outcomes = {rule.outcome for rule in policy.rules} if policy else set()
    if mode is not None and mode not in HOLDING_MODES:
        text = "This mailbox holds nothing, so every draft is refused whatever the policy says."
        return Check(name, FAULT, text, "An operator must set the mailbox's oversight mode to gated_send.")
    said = ["hold: waits for a person"]
    if "approve" in outcomes:
        said.append(
            "approve: is held, then let out with the deciding key"
            if deciding_key
            else "approve: waits for a person, because this process has no deciding key"
        )
    if "refuse" in outcomes:
        said.append("refuse: is never sent to MultiMail")
    if "monitored" in outcomes:
        said.append(
            f"monitored: waits for a person, because {obstacle}"
            if obstacle
            else f"monitored: leaves at once from {policy.monitored_mailbox if policy else ''}, with a copy to MultiMail's "
            "oversight address"
        )
    if policy is not None:
        itself = policy.corrections == "approve"
        said.append(
            f"a reviewer's correction: {'they may approve it themselves' if itself else 'another person approves'}"
        )
    lacking = ("monitored" in outcomes and obstacle) or ("approve" in outcomes and not deciding_key)
    return Check(name, WARNING if lacking else OK, "; ".join(said) + ".")
