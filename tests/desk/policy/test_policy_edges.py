"""Edges of the policy's reading and judging: every word of its lists, every key, every number at its bound."""

from typing import Any

import pytest
from policy_texts import GOOD, good, policy, policy_of, rule

from deskgate.desk.policy import Held, Policy, PolicyError, Setter, evaluate, explain, guards, parse
from deskgate.desk.policy.evaluate import held_back
from deskgate.desk.policy.facts import NO_PRIORITY, Facts
from deskgate.desk.policy.readers import CONDITIONS
from deskgate.desk.policy.words import answers_itself, has_phrase, language_of, tokens

MACHINES = [
    "mailer-daemon",
    "postmaster",
    "noreply",
    "no-reply",
    "no_reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "bounce",
    "bounces",
    "autoreply",
    "auto-reply",
    "autoresponder",
    "notification",
    "notifications",
    "daemon",
    "root",
]
PREFIXES = ("bounce-", "bounces-", "noreply-", "no-reply-")
SUBJECTS = [
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "autoresponse",
    "out of office",
    "out of the office",
    "out-of-office",
    "undeliverable",
    "undelivered mail",
    "delivery status notification",
    "mail delivery",
    "delivery failure",
    "failure notice",
    "returned mail",
    "abwesenheit",
    "automatische antwort",
    "unzustellbar",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "risposta automatica",
    "automatisch antwoord",
    "resposta automática",
    "autosvar",
    "automatiskt svar",
]
OPENINGS = [
    "this is an automated",
    "this is an automatic",
    "automatically generated",
    "do not reply to this",
    "i am currently out",
    "i'm currently out",
    "i am away",
    "ich bin derzeit nicht",
    "je suis actuellement absent",
]


@pytest.mark.parametrize("local", [*MACHINES, *(f"{prefix}77" for prefix in PREFIXES)])
def test_every_address_of_a_machine_is_known(local: str) -> None:
    assert answers_itself(f"{local}@example.com", "x", None)
    assert answers_itself(f"{local.upper()}@example.com", "x", None)
    assert not answers_itself(f"x{local}@example.com", "x", None)
    assert not answers_itself(f"{local}x.org@example.com", "x", None) or local.startswith(PREFIXES)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("before", ["", "Re: ", "AW: ", "Fw: ", "FWD: ", "re:aw:fw:fwd: ", " \t"])
def test_every_subject_of_a_machine_is_known_behind_every_prefix(subject: str, before: str) -> None:
    assert answers_itself("a@example.com", f"{before}{subject}: away", None)
    assert not answers_itself("a@example.com", f"My {subject}", None)


@pytest.mark.parametrize("sign", [*SUBJECTS, *OPENINGS])
def test_every_opening_of_a_machine_is_known_within_the_first_part(sign: str) -> None:
    assert answers_itself("a@example.com", "x", f"Hello. {sign.upper()} today")
    assert answers_itself("a@example.com", "x", "y" * (400 - len(sign)) + sign)
    assert not answers_itself("a@example.com", "x", "y" * (401 - len(sign)) + sign)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "der das und ist"),
        ("en", "the and you your"),
        ("es", "los las está usted"),
        ("fr", "les nous vous votre"),
        ("it", "gli della nel questo"),
        ("nl", "het een wij niet"),
        ("pt", "não você obrigado uma"),
        ("sv", "och att det inte"),
    ],
)
def test_four_small_words_name_a_language_and_three_do_not(language: str, words: str) -> None:
    assert language_of(tokens(words)) == language
    assert language_of(tokens(words)[:3]) == "unknown"
    assert language_of(tokens(f"{words} {words.split(maxsplit=1)[0]}")) == language, "each time counts"


def test_a_language_leads_by_twice_and_one_more() -> None:
    english = "the and you your with have this that"
    assert language_of(tokens(f"{english[:15]} with den")) == "en"
    assert language_of(tokens("the and you your with das ist")) == "en"
    assert language_of(tokens("the and you your das ist")) == "unknown"


def test_a_phrase_may_stand_at_either_end_and_alone() -> None:
    assert has_phrase(("a", "b", "c"), ("a", "b"))
    assert has_phrase(("a", "b", "c"), ("b", "c"))
    assert has_phrase(("a",), ("a",))
    assert not has_phrase((), ("a",))
    assert has_phrase(["a", "b"], ["a", "b"])


ASKED: dict[str, str] = {
    "tags_all": '["low-risk"]',
    "tags_any": '["low-risk"]',
    "tags_none": '["vip"]',
    "priority": '["normal"]',
    "status": '["open"]',
    "channel": '["email"]',
    "organisation": "[7]",
    "requester_verified": "true",
    "requester_suspended": "false",
    "first_contact": "false",
    "auto_responder": "false",
    "language": '["en"]',
    "body_chars_min": "1",
    "body_chars_max": "1000",
    "links": '["none"]',
    "words_any": '["kettle"]',
    "words_none": '["refund"]',
}
FOUND = {
    "tags_all": "low-risk: set by human agent",
    "tags_any": "low-risk: set by human agent",
    "tags_none": "vip: absent",
    "priority": "normal",
    "status": "open",
    "channel": "email",
    "organisation": "7",
    "requester_verified": "true",
    "requester_suspended": "false",
    "first_contact": "false",
    "auto_responder": "false",
    "language": "en",
    "body_chars_min": "120",
    "body_chars_max": "120",
    "links": "none",
    "words_any": "kettle",
    "words_none": "none of them",
}


@pytest.mark.parametrize("key", CONDITIONS)
def test_every_condition_is_recorded_under_its_own_key_with_what_was_found(key: str) -> None:
    verdict = evaluate(policy_of(rule("approve", f"{key} = {ASKED[key]}")), GOOD)
    assert verdict.outcome == "approve"
    assert verdict.facts_used == {key: FOUND[key]}
    (step,) = explain(policy_of(rule("approve", f"{key} = {ASKED[key]}")), GOOD)
    assert [(answer.key, answer.truth) for answer in step.answers] == [(key, True)]


UNKNOWN: dict[str, Any] = {
    "priority": None,
    "channel": None,
    "requester_verified": None,
    "body_chars_min": {"body_chars": None},
    "links": {"link_hosts": None},
    "words_any": {"body_words": None},
    "words_none": {"body_words": None},
    "organisation": {"organisation": None, "organisation_known": False},
    "language": {"language": "unknown"},
}


@pytest.mark.parametrize("key", UNKNOWN)
def test_what_is_not_known_is_recorded_as_unknown(key: str) -> None:
    changes = UNKNOWN[key] if isinstance(UNKNOWN[key], dict) else {key: None}
    (step,) = explain(policy_of(rule("hold", f"{key} = {ASKED[key]}")), good(**changes))
    assert [(one.key, one.truth, one.found) for one in step.answers] == [(key, None, "unknown")]
    assert step.matched, "what cannot be ruled out is held"


def test_no_organisation_is_told_apart_from_one_that_is_not_known() -> None:
    (step,) = explain(policy_of(rule("hold", "organisation = [7]")), good(organisation=None))
    assert [(one.truth, one.found) for one in step.answers] == [(False, "none")]
    (step,) = explain(policy_of(rule("hold", "organisation = [7]")), good(organisation_known=False))
    assert [(one.truth, one.found) for one in step.answers] == [(None, "7")]


def test_what_stands_outside_the_policy_holds_a_verdict_and_says_so() -> None:
    verdict = evaluate(policy_of(rule("approve", 'priority = ["normal"]')), GOOD)
    held = held_back(verdict, "the moon is full")
    assert (held.outcome, held.rule, held.guards) == ("hold", "r", ("the moon is full",))
    assert held.why == 'Rule "r" says approve, and a person decides because the moon is full.'
    assert held_back(held, "it rains").guards == ("the moon is full", "it rains")
    assert (held.version, held.policy_hash, held.facts_used) == ("1", verdict.policy_hash, verdict.facts_used)


def test_a_verdict_without_a_rule_says_that_none_matched() -> None:
    verdict = evaluate(policy_of(rule("approve", 'priority = ["high"]')), GOOD)
    assert (verdict.outcome, verdict.rule, verdict.version, verdict.facts_used) == ("hold", None, "1", {})
    assert verdict.why == "No rule matched, so a person decides."


CAPS = [("per_recipient_per_day", "approvals_recipient"), ("per_domain_per_day", "approvals_domain")]


@pytest.mark.parametrize(("cap", "fact"), CAPS)
@pytest.mark.parametrize(("done", "safe"), [(0, True), (2, True), (3, False), (4, False), (None, False)])
def test_a_cap_is_reached_at_its_number(cap: str, fact: str, done: int | None, safe: bool) -> None:
    capped = policy(f'version = "1"\n[caps]\n{cap} = 3')
    assert (guards(capped, good(**{fact: done})) == ()) is safe


@pytest.mark.parametrize("status", ["new", "open", "pending", "hold", "solved", "closed", None])
def test_only_a_ticket_at_work_gets_an_automatic_reply(status: str | None) -> None:
    assert (guards(policy_of(), good(status=status)) == ()) is (status in ("new", "open", "pending", "hold"))


@pytest.mark.parametrize("held", [*Held, None])
def test_only_what_is_held_as_drafted_goes_out(held: Held | None) -> None:
    assert (guards(policy_of(), good(held=held)) == ()) is (held is Held.AS_DRAFTED)


def test_the_record_of_facts_names_all_of_them_in_words_and_none_that_is_not_known() -> None:
    assert GOOD.record() == {
        "ticket_id": 101,
        "tags": {"low-risk": "human agent"},
        "priority": "normal",
        "status": "open",
        "channel": "email",
        "organisation": 7,
        "requester_verified": True,
        "requester_suspended": False,
        "first_contact": False,
        "auto_responder": False,
        "language": "en",
        "body_chars": 120,
        "link_hosts": [],
        "markup": False,
        "ticket_moved": False,
        "held": "as drafted",
        "approvals_recipient": 0,
        "approvals_domain": 0,
    }
    assert Facts(ticket_id=7).record() == {"ticket_id": 7, "tags": {}, "language": "unknown"}
    assert Facts(ticket_id=7, organisation=None).organisation_known is False
    assert "kettle" not in repr(GOOD)


def test_the_words_of_the_record_are_as_the_documents_have_them() -> None:
    assert [one.value for one in Setter] == ["human agent", "our API user", "automatic", "end user", "unknown"]
    assert [one.value for one in Held] == [
        "as drafted",
        "altered",
        "with a footer that no person has approved before",
        "body not shown by MultiMail",
        "not held",
    ]
    assert NO_PRIORITY == "none"


def test_a_policy_one_byte_too_large_is_refused_even_where_it_could_be_read() -> None:
    text = b'version = "1"\n#'
    with pytest.raises(PolicyError) as refused:
        parse(text + b"x" * (262_145 - len(text)))
    assert str(refused.value) == "The file is larger than 262,144 bytes."


def test_all_faults_stand_in_the_error_one_a_line() -> None:
    with pytest.raises(PolicyError) as refused:
        parse(b"x = 1\ny = 2")
    assert str(refused.value).count("\n") == len(refused.value.faults) - 1 == 2


def test_one_rule_among_others_is_enough_to_ask_for_the_history() -> None:
    plain, asking = rule("hold", 'priority = ["high"]', "p"), rule("hold", 'tags_all = ["a"]', "q")
    assert policy_of(plain, asking, plain.replace('"p"', '"s"')).asks_history
    assert not policy_of(plain).asks_history
    assert not policy_of().asks_history


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("version = 3", ['The file: "version" must be a text of at most 60 characters.']),
        (
            "x = 1",
            [
                'The file: "x" is not known here.',
                'The file: "version" is missing; give this edition a name, such as its date.',
            ],
        ),
        ('version = ""', ['The file: "version" must be a text of at most 60 characters.']),
        (f'version = "{"v" * 61}"', ['The file: "version" must be a text of at most 60 characters.']),
        ('version = "1"\nrule = 3', ["The file: rules are written as [[rule]] tables."]),
        ('version = "1"\nrule = [3]', ["The file: rules are written as [[rule]] tables."]),
        ('version = "1"\ncaps = 3', ["The file: [caps] must be a table."]),
        ('version = "1"\n[caps]\nx = 1', ['[caps]: "x" is not known here.']),
        ('version = "1"\nlinks = 3', ["The file: [links] must be a table."]),
        ('version = "1"\n[links]\nx = 1', ['[links]: "x" is not known here.']),
        (
            'version = "1"\n[caps]\nper_recipient_per_day = 1001\nper_domain_per_day = -1',
            [
                '[caps]: "per_recipient_per_day" must be a whole number from 0 to 1000.',
                '[caps]: "per_domain_per_day" must be a whole number from 0 to 1000.',
            ],
        ),
        ('version = "1"\nmonitored_mailbox = "a b@c"', ['The file: "monitored_mailbox" must be a mail address.']),
    ],
)
def test_each_fault_of_a_file_is_told_once_and_alone(text: str, faults: list[str]) -> None:
    with pytest.raises(PolicyError) as refused:
        parse(text.encode())
    assert refused.value.faults == faults


def test_every_part_of_a_file_comes_where_it_belongs() -> None:
    found = policy(
        'version = "v"\nmonitored_mailbox = "m@example.com"\n[caps]\nper_recipient_per_day = 3\nper_domain_per_day = 4\n'
        '[links]\nknown_hosts = ["a.example"]\n'
        + rule("refuse", 'priority = ["low"]', "first")
        + rule("hold", "", "second")
    )
    assert (found.version, found.monitored_mailbox, found.known_hosts) == ("v", "m@example.com", ("a.example",))
    assert (found.per_recipient_per_day, found.per_domain_per_day) == (3, 4)
    assert [(one.name, one.outcome, one.reason, one.lets_out) for one in found.rules] == [
        ("first", "refuse", "No.", False),
        ("second", "hold", "", False),
    ]
    assert found.rules[1].when == type(found.rules[1].when)()


VALUES: list[tuple[str, str, bool]] = [
    ("tags_any", f'["{"t" * 200}"]', True),
    ("tags_any", f'["{"t" * 201}"]', False),
    ("tags_any", '["Tag"]', False),
    ("tags_any", "[]", False),
    ("channel", f'["{"c" * 60}"]', True),
    ("channel", f'["{"c" * 61}"]', False),
    ("channel", '["api_x"]', True),
    ("channel", '["1x"]', False),
    ("organisation", "[1]", True),
    ("organisation", "[0]", False),
    ("organisation", "[9223372036854775807]", True),
    ("organisation", "[9223372036854775808]", False),
    ("organisation", "[true]", False),
    ("body_chars_min", "1", True),
    ("body_chars_min", "0", False),
    ("body_chars_min", "100000", True),
    ("body_chars_max", "100000", True),
    ("body_chars_max", "0", False),
    ("first_contact", "1", False),
    ("words_any", '["it\'s done"]', True),
    ("words_any", '["it’s"]', True),
    ("words_any", '["well-known"]', True),
    ("words_any", '["a_b"]', False),
    *[("priority", f'["{one}"]', True) for one in ("urgent", "high", "normal", "low", "none")],
    *[("status", f'["{one}", "open"]', True) for one in ("new", "open", "pending", "hold", "solved")],
    ("status", '["closed"]', False),
    ("priority", '["None"]', False),
    *[("links", f'["{one}", "none"]', True) for one in ("none", "known", "unknown")],
    *[("language", f'["{one}"]', True) for one in ("de", "en", "es", "fr", "it", "nl", "pt", "sv")],
    ("language", '["da"]', False),
]


@pytest.mark.parametrize(("key", "value", "good_one"), VALUES)
def test_a_value_is_taken_up_to_its_bound_and_no_further(key: str, value: str, good_one: bool) -> None:
    text = f'version = "1"\n{rule("hold", f"{key} = {value}")}'
    if good_one:
        assert getattr(policy(text).rules[0].when, key) is not None
        return
    with pytest.raises(PolicyError) as refused:
        parse(text.encode())
    assert len(refused.value.faults) == 1


@pytest.mark.parametrize(
    ("name", "good_one"),
    [("a" * 60, True), ("a" * 61, False), ("A.b_c-9", True), ("9a", True), ("-a", False), ("", False)],
)
def test_a_rules_name_is_short_and_plain(name: str, good_one: bool) -> None:
    text = f'version = "1"\n{rule("hold", "", name)}'.encode()
    if good_one:
        assert parse(text).rules[0].name == name
    else:
        with pytest.raises(PolicyError):
            parse(text)


@pytest.mark.parametrize(("chars", "good_one"), [(1, True), (300, True), (301, False), (0, False)])
def test_a_reason_is_one_line_of_bounded_length(chars: int, good_one: bool) -> None:
    text = f'version = "1"\n[[rule]]\nname = "r"\noutcome = "hold"\nreason = "{"x" * chars}"'.encode()
    if good_one:
        assert len(parse(text).rules[0].reason) == chars
    else:
        with pytest.raises(PolicyError):
            parse(text)


@pytest.mark.parametrize(
    ("host", "good_one"),
    [
        ("a.b", True),
        ("*.a.b", True),
        (f"{'a' * 63}.b", True),
        (f"{'a' * 64}.b", False),
        (f"a.{'b' * 63}", True),
        (f"a.{'b' * 64}", False),
        ("a-b.c-d", True),
        (".a.b", False),
        ("a.b.", False),
    ],
)
def test_a_known_host_has_labels_of_bounded_length(host: str, good_one: bool) -> None:
    text = f'version = "1"\n[links]\nknown_hosts = ["{host}"]'.encode()
    if good_one:
        assert parse(text).known_hosts == (host,)
    else:
        with pytest.raises(PolicyError):
            parse(text)


@pytest.mark.parametrize(
    ("address", "good_one"),
    [
        (f"{'a' * 64}@example.com", True),
        (f"{'a' * 65}@example.com", False),
        (f"a@{'b' * 255}", True),
        (f"a@{'b' * 256}", False),
        ("a@b,c", False),
        ("<a@b>", False),
        ("@b", False),
        ("a@", False),
    ],
)
def test_a_monitored_mailbox_is_one_address(address: str, good_one: bool) -> None:
    text = f'version = "1"\nmonitored_mailbox = "{address}"'.encode()
    if good_one:
        assert parse(text).monitored_mailbox == address
    else:
        with pytest.raises(PolicyError):
            parse(text)


def test_a_policy_is_careful_where_nothing_is_said() -> None:
    plain = Policy("1", "sha256:0", ())
    assert (plain.known_hosts, plain.monitored_mailbox, plain.corrections) == ((), None, "another_person")
    assert (plain.per_recipient_per_day, plain.per_domain_per_day) == (2, 20)
