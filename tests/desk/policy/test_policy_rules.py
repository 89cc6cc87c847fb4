"""policy.toml is read strictly: whatever is not understood is named with its rule and key, all faults at once."""

import hashlib
from pathlib import Path

import pytest
from policy_texts import LOW_RISK, policy, policy_of, rule

from deskgate.desk.policy import PolicyError, parse
from deskgate.desk.policy.evaluate import _JUDGES
from deskgate.desk.policy.readers import CONDITIONS
from deskgate.desk.policy.rules import CONDITION_KEYS

EXAMPLE = Path(__file__).resolve().parents[3] / "policy.toml.example"


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        policy(text)
    assert str(raised.value) == "\n".join(raised.value.faults)
    return raised.value.faults


def test_the_example_is_a_policy_with_the_low_risk_rule_and_stays_one_with_the_monitored_category_switched_on() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert [one.name for one in policy(text).rules] == ["money-and-law", "escalated", "security-reports", "low-risk"]
    head, _, tail = text.partition("# [[rule]]")
    switched_on = head.replace("# monitored_mailbox", "monitored_mailbox") + "[[rule]]" + tail.replace("\n# ", "\n")
    assert policy(switched_on).rules[-1].outcome == "monitored"
    assert policy(switched_on).monitored_mailbox == "updates@desk.example.com"


def test_a_policy_carries_its_version_and_the_hash_of_its_bytes() -> None:
    found = policy(LOW_RISK)
    assert found.version == "7"
    assert found.hash == "sha256:" + hashlib.sha256(LOW_RISK.encode()).hexdigest()
    assert parse(LOW_RISK.encode() + b"\n").hash != found.hash


def test_every_condition_can_be_read_and_judged() -> None:
    assert set(CONDITION_KEYS) == set(CONDITIONS) == set(_JUDGES)


def test_caps_and_hosts_have_safe_defaults_and_can_be_set() -> None:
    assert (policy('version = "1"').per_recipient_per_day, policy('version = "1"').per_domain_per_day) == (2, 20)
    assert policy('version = "1"').known_hosts == ()
    told = policy('version = "1"\n[caps]\nper_recipient_per_day = 0\nper_domain_per_day = 1000')
    assert (told.per_recipient_per_day, told.per_domain_per_day) == (0, 1000)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", 'The file: "version" is missing; give this edition a name, such as its date.'),
        ("version = 3", 'The file: "version" must be a text of at most 60 characters.'),
        ('version = ""', 'The file: "version" must be a text of at most 60 characters.'),
        (f'version = "{"v" * 61}"', 'The file: "version" must be a text of at most 60 characters.'),
        ('version = "1"\nrules = []', 'The file: "rules" is not known here.'),
        ('version = "1"\nrule = "x"', "The file: rules are written as [[rule]] tables."),
        ('version = "1"\nrule = [1]', "The file: rules are written as [[rule]] tables."),
        ('version = "1"\ncaps = 3', "The file: [caps] must be a table."),
        ('version = "1"\n[caps]\nper_day = 3', '[caps]: "per_day" is not known here.'),
        (
            'version = "1"\n[caps]\nper_domain_per_day = -1',
            '[caps]: "per_domain_per_day" must be a whole number from 0 to 1000.',
        ),
        (
            'version = "1"\n[caps]\nper_recipient_per_day = 1001',
            '[caps]: "per_recipient_per_day" must be a whole number from 0 to 1000.',
        ),
        (
            'version = "1"\n[caps]\nper_recipient_per_day = true',
            '[caps]: "per_recipient_per_day" must be a whole number from 0 to 1000.',
        ),
        ('version = "1"\n[links]\nhosts = []', '[links]: "hosts" is not known here.'),
        ('version = "1"\nmonitored_mailbox = "x"', 'The file: "monitored_mailbox" must be a mail address.'),
    ],
)
def test_a_fault_of_the_file_is_named(text: str, fault: str) -> None:
    assert fault in faults(text)


@pytest.mark.parametrize(
    ("conditions", "fault"),
    [
        ('tag_all = ["x"]', '"tag_all" is not known here.'),
        ('tags_all = "x"', '"tags_all" must be a list with at least one entry.'),
        ("tags_all = []", '"tags_all" must be a list with at least one entry.'),
        ('tags_any = ["Low"]', '"tags_any" must hold tags as Zendesk writes them: lower case, without spaces.'),
        ('tags_any = ["low risk"]', '"tags_any" must hold tags as Zendesk writes them: lower case, without spaces.'),
        ("tags_none = [1]", '"tags_none" must hold tags as Zendesk writes them: lower case, without spaces.'),
        ('priority = ["lowish"]', '"priority" must be one of urgent, high, normal, low, none.'),
        ('status = ["closed"]', '"status" must be one of new, open, pending, hold, solved.'),
        ('channel = ["E mail"]', '"channel" must be a list of Zendesk\'s channel names, such as email or web.'),
        ("organisation = [0]", '"organisation" must be a whole number from 1 to 9223372036854775807.'),
        ('requester_verified = "yes"', '"requester_verified" must be true or false.'),
        ("first_contact = 0", '"first_contact" must be true or false.'),
        ('language = ["xx"]', '"language" must be one of de, en, es, fr, it, nl, pt, sv.'),
        ("body_chars_max = 0", '"body_chars_max" must be a whole number from 1 to 100000.'),
        ("body_chars_max = 100001", '"body_chars_max" must be a whole number from 1 to 100000.'),
        ("body_chars_max = 1.5", '"body_chars_max" must be a whole number from 1 to 100000.'),
        ("body_chars_min = 9\nbody_chars_max = 8", '"body_chars_min" is greater than "body_chars_max".'),
        ('links = ["some"]', '"links" must be one of none, known, unknown.'),
        ('words_any = [".*"]', '"words_any" must hold plain words or phrases; patterns are not possible.'),
        ('words_none = ["a|b"]', '"words_none" must hold plain words or phrases; patterns are not possible.'),
        ('words_none = [" "]', '"words_none" must hold plain words or phrases; patterns are not possible.'),
        ("words_none = [3]", '"words_none" must hold plain words or phrases; patterns are not possible.'),
    ],
)
def test_a_fault_of_a_condition_names_rule_and_key(conditions: str, fault: str) -> None:
    text = 'version = "1"\n' + rule("hold", conditions, "mine")
    assert f'Rule "mine": {fault}' in faults(text)


@pytest.mark.parametrize("outcome", ["approve", "monitored"])
@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ("requester_verified = false", "requester_verified"),
        ("requester_suspended = true", "requester_suspended"),
        ("first_contact = true", "first_contact"),
        ("auto_responder = true", "auto_responder"),
        ('links = ["unknown"]', "links"),
        ('status = ["solved"]', "status"),
    ],
)
def test_a_rule_that_wants_out_what_never_goes_out_is_a_fault(outcome: str, condition: str, key: str) -> None:
    top = 'version = "1"\nmonitored_mailbox = "a@example.com"\n'
    assert faults(top + rule(outcome, condition)) == [
        f'Rule "r": "{key}" asks for what never goes out without a person.'
    ]
    assert policy(top + rule("hold", condition)).rules[0].outcome == "hold"


@pytest.mark.parametrize(
    "condition",
    [
        "requester_verified = true",
        "requester_suspended = false",
        "first_contact = false",
        "auto_responder = false",
        'links = ["unknown", "none"]',
        'status = ["solved", "open"]',
        "body_chars_min = 5\nbody_chars_max = 5",
    ],
)
def test_a_rule_that_asks_for_what_the_guard_rails_ask_too_is_fine(condition: str) -> None:
    assert len(policy_of(rule("approve", condition)).rules) == 1


@pytest.mark.parametrize("outcome", ["approve", "refuse", "monitored"])
def test_only_a_holding_rule_may_have_no_condition(outcome: str) -> None:
    top = 'version = "1"\nmonitored_mailbox = "a@example.com"\n'
    assert faults(top + rule(outcome, "")) == [f'Rule "r": "outcome" {outcome} needs at least one condition.']
    assert policy_of(rule("hold", "")).rules[0].outcome == "hold"


def test_other_faults_of_a_rule_are_named() -> None:
    text = """
version = "1"
[[rule]]
outcome = "hold"
[[rule]]
name = "a"
[[rule]]
name = "a"
outcome = "accept"
[[rule]]
name = "b b"
outcome = "hold"
[[rule]]
name = "c"
outcome = "refuse"
links = ["none"]
[[rule]]
name = "d"
outcome = "monitored"
links = ["none"]
[[rule]]
name = "e"
outcome = "hold"
reason = "two\\nlines"
"""
    assert faults(text) == [
        'Rule 1: "name" is missing.',
        'Rule "a": "outcome" is missing.',
        'Rule "a": "outcome" must be one of hold, approve, refuse, monitored.',
        'Rule "b b": "name" must be letters, digits, dots, dashes and underscores, at most 60.',
        'Rule "c": "reason" is missing: whoever drafts is told why it was refused.',
        'Rule "d": "outcome" monitored needs "monitored_mailbox" at the top of the file.',
        'Rule "e": "reason" must be one line of at most 300 characters.',
        'Rule "a": "name" is used twice.',
    ]


@pytest.mark.parametrize(
    "host", ["https://example.com", "example", "*.com.", "Example.com", "a b.com", "*", "*.*.example.com", "exa*.com"]
)
def test_a_known_host_is_a_plain_host_name(host: str) -> None:
    assert faults(f'version = "1"\n[links]\nknown_hosts = ["{host}"]')[0].startswith('[links]: "known_hosts" must be')


@pytest.mark.parametrize("data", [b"\xff", b"version = ", b"[" * 50_000, b"a" * 262_145])
def test_what_is_no_toml_text_of_bearable_size_is_a_fault(data: bytes) -> None:
    with pytest.raises(PolicyError) as raised:
        parse(data)
    assert len(raised.value.faults) == 1


def test_a_file_of_exactly_the_largest_size_is_read() -> None:
    text = b'version = "1"\n#'
    assert parse(text + b"x" * (262_144 - len(text))).version == "1"


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        (rule("hold", 'priority = ["high"]'), False),
        (rule("refuse", 'words_any = ["x"]'), False),
        (rule("approve", 'priority = ["low"]'), True),
        (rule("hold", 'tags_all = ["a"]'), True),
        (rule("hold", 'tags_any = ["a"]'), True),
        (rule("hold", 'tags_none = ["a"]'), True),
        (rule("hold", "auto_responder = false"), True),
    ],
)
def test_history_is_asked_for_only_where_a_rule_needs_it(text: str, asks: bool) -> None:
    assert policy_of(text).asks_history is asks


def test_who_approves_a_correction_is_one_of_two_words_and_strict_unless_said() -> None:
    assert parse(b'version = "1"').corrections == "another_person"
    assert parse(b'version = "1"\ncorrections = "approve"').corrections == "approve"
    for value in ('"yes"', "true", '["approve"]', '"Approve"'):
        with pytest.raises(PolicyError) as refused:
            parse(f'version = "1"\ncorrections = {value}'.encode())
        assert refused.value.faults == ['The file: "corrections" must be one of another_person, approve.']
