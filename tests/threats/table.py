"""Every threat at every door: what stands in its way, how that is taken away, and the tests that then have to fail.

The threats are those that this product's doors meet; those that belong to webhooks, mails coming in, and the audit trail
have their tests beside those parts. A cell holds proofs, or one line that says why the threat has no way through that door.
"""

from dataclasses import dataclass

DOORS = {
    "agent": "tools, agent role",
    "solo": "tools, one person",
    "tokens": "tools, HTTP with tokens",
    "page": "reviewer's page",
    "terminal": "terminal",
    "policy": "policy",
}

THREATS = {
    "T1": "ticket text tells the agent to mail someone else",
    "T2": "an agent approves its own draft",
    "T3": "an owner approves with a second key",
    "T4": "an agent sets the tag that lets mail out",
    "T5": "a customer's words become the tag",
    "T6": "a held mail names another ticket",
    "T7": "the mail changes after it was seen",
    "T8": "an old approval is used again",
    "T9": "a crawler opens every link",
    "T10": "text that looks like another",
    "T11": "a header hidden in a subject or name",
    "T16": "spam relayed to a spoofed requester",
    "T20": "foreign Host or Origin",
    "T21": "foreign tokens, and tokens passed on",
    "T22": "guessed ids",
    "T23": "one customer's matters in another's mail",
    "T24": "a way out by link or image",
}


@dataclass(frozen=True)
class Proof:
    """Without this control, each of these tests is red."""

    control: str
    tests: tuple[str, ...]


STORY, TOOLS, OPEN = "tests/story", "tests/threats/test_mcp_doors.py::", "tests/protocol/test_http_open.py::"
PAGES, HERE = "tests/web/approvals", "tests/threats/test_page_door.py::"
TERM, POLICY, ATTACKS = (
    "tests/threats/test_terminal_door.py::",
    "tests/threats/test_policy_door.py::",
    "tests/desk/policy/test_policy_attacks.py::",
)


def _at(control: str, *tests: str) -> Proof:
    return Proof(control, tests)


NO_DECIDING = "does not apply: this process has no deciding tool and no deciding key (T2)"
NO_DRAFTING = "does not apply: nothing is drafted at the terminal, so no subject or address is given there"
NO_PORT = "does not apply: this door is a pair of pipes or a keyboard; nothing listens"
NO_TAGS = "does not apply: a person decides here, and nothing that they decide reads a tag"
NO_LINKS = "does not apply: nothing at this door has an address that could be opened"
PEOPLE = "does not apply: nothing leaves automatically through this door; each mail is a person's decision"
NO_TOKEN = "does not apply: nobody brings a token to this door; the process acts with its own keys"
BY_TRUST = "does not apply: rules compare bytes and hosts, never looks; hidden ways of writing a link are T24"

Cell = tuple[Proof, ...] | str

CELLS: dict[tuple[str, str], Cell] = {
    ("T1", "agent"): (
        _at("recipient", f"{TOOLS}test_t1_whatever_a_ticket_says_the_mail_goes_to_its_requester[agent]"),
    ),
    ("T1", "solo"): (_at("recipient", f"{TOOLS}test_t1_whatever_a_ticket_says_the_mail_goes_to_its_requester[solo]"),),
    ("T1", "tokens"): (
        _at("recipient", f"{TOOLS}test_t1_whatever_a_ticket_says_the_mail_goes_to_its_requester[tokens]"),
    ),
    ("T1", "page"): (
        _at("recipient", f"{HERE}test_t1_a_correction_goes_to_the_tickets_requester_whatever_the_form_says"),
        _at(
            "addressed",
            f"{PAGES}/test_page_deciding.py::test_a_mail_addressed_to_somebody_else_has_no_approve_button_and_is_refused",
        ),
    ),
    ("T1", "terminal"): (_at("addressed", f"{TERM}test_t1_a_mail_that_was_readdressed_is_not_approved"),),
    ("T1", "policy"): (
        _at("as drafted", f"{ATTACKS}test_a_mail_that_was_altered_between_the_draft_and_the_policy_is_not_let_out"),
    ),
    ("T2", "agent"): (
        _at(
            "no deciding key",
            f"{STORY}/test_decisions.py::test_the_agents_process_has_no_deciding_tool_and_no_deciding_connection",
        ),
        _at("scope", f"{TOOLS}test_t2_the_agents_scopes_do_not_decide_whatever_keys_the_process_has"),
    ),
    ("T2", "solo"): (
        _at("asked", f"{TOOLS}test_t2_a_decision_in_the_chat_wants_a_persons_word_at_the_desk_too"),
        _at(
            "own draft",
            f"{STORY}/test_decisions.py::test_unattended_nobody_approves_their_own_draft_and_a_reviewer_does",
        ),
    ),
    ("T2", "tokens"): (
        _at(
            "own draft",
            f"{OPEN}test_a_principal_with_both_rights_never_approves_its_own_draft_even_with_a_word_in_the_chat",
        ),
    ),
    ("T2", "page"): (
        _at("own draft", f"{PAGES}/test_page_deciding.py::test_nobody_approves_what_they_or_their_agent_wrote"),
    ),
    ("T2", "terminal"): (_at("own draft", "tests/commands/test_decide.py::test_nobody_approves_their_own_words"),),
    ("T2", "policy"): (_at("own draft", f"{POLICY}test_t2_a_drafter_with_a_rules_name_is_not_approved_by_that_rule"),),
    ("T3", "agent"): (_at("owner", f"{TOOLS}test_t3_the_drafters_owner_approves_nothing_from_a_process_of_their_own"),),
    ("T3", "solo"): (_at("own draft", f"{TOOLS}test_t3_a_solo_persons_agent_elsewhere_is_still_their_own"),),
    ("T3", "tokens"): (_at("owner", f"{OPEN}test_two_tokens_of_one_owner_never_approve_each_others_drafts"),),
    ("T3", "page"): (
        _at("owner", f"{PAGES}/test_page_deciding.py::test_nobody_approves_what_they_or_their_agent_wrote"),
    ),
    ("T3", "terminal"): (
        _at(
            "owner",
            "tests/commands/test_decide.py::test_nobody_approves_their_own_words",
            "tests/commands/test_decide.py::test_without_a_name_the_machines_user_meets_what_ran_for_them",
        ),
    ),
    (
        "T3",
        "policy",
    ): "does not apply: a rule has no owner and no key of its own; its principal is named for the rule (T2)",
    **{
        ("T4", way): (_at("closed schemas", f"{TOOLS}test_t4_no_tool_writes_a_tag[{way}]"),)
        for way in ("agent", "solo", "tokens")
    },
    ("T4", "page"): NO_TAGS,
    ("T4", "terminal"): NO_TAGS,
    ("T4", "policy"): (
        _at("tags by hand", f"{ATTACKS}test_t4_a_tag_that_no_human_agent_set_by_hand_lets_nothing_out"),
    ),
    **{
        ("T5", way): "does not apply: no tool reads tags to decide anything; drafts meet the policy"
        for way in ("agent", "solo", "tokens")
    },
    ("T5", "page"): NO_TAGS,
    ("T5", "terminal"): NO_TAGS,
    ("T5", "policy"): (
        _at("tags by hand", f"{ATTACKS}test_t5_a_customer_whose_words_ask_for_the_tag_gets_no_automatic_reply"),
        _at("first contact", f"{ATTACKS}test_a_verified_stranger_is_written_to_by_a_person_first"),
    ),
    ("T6", "agent"): NO_DECIDING,
    ("T6", "solo"): (
        _at("own ticket", f"{TOOLS}test_t6_a_held_mail_that_names_another_ticket_is_decided_by_our_record[solo]"),
    ),
    ("T6", "tokens"): (
        _at("own ticket", f"{TOOLS}test_t6_a_held_mail_that_names_another_ticket_is_decided_by_our_record[tokens]"),
    ),
    ("T6", "page"): (_at("own ticket", f"{HERE}test_t6_a_held_mail_that_names_another_ticket_is_shown_with_its_own"),),
    ("T6", "terminal"): (
        _at("own ticket", f"{TERM}test_t6_a_held_mail_that_names_another_ticket_is_decided_by_our_record"),
    ),
    ("T6", "policy"): (
        _at(
            "own ticket of the policy",
            f"{ATTACKS}test_t6_a_mail_that_claims_another_ticket_is_judged_by_our_own_record",
        ),
    ),
    ("T7", "agent"): NO_DECIDING,
    ("T7", "solo"): (_at("digest", f"{TOOLS}test_t7_a_mail_that_changes_while_the_question_stands_is_not_sent[solo]"),),
    ("T7", "tokens"): (
        _at("digest", f"{TOOLS}test_t7_a_mail_that_changes_while_the_question_stands_is_not_sent[tokens]"),
    ),
    ("T7", "page"): (
        _at("digest", f"{PAGES}/test_page_deciding.py::test_a_mail_edited_between_look_and_approval_is_not_sent"),
    ),
    ("T7", "terminal"): (
        _at("digest", "tests/commands/test_decide.py::test_a_mail_edited_while_the_person_reads_is_not_sent"),
    ),
    ("T7", "policy"): (
        _at("digest", f"{POLICY}test_t7_a_mail_that_changes_between_the_verdict_and_the_decision_stays_held"),
    ),
    ("T8", "agent"): NO_DECIDING,
    ("T8", "solo"): (
        _at(
            "age",
            f"{STORY}/test_seen_too_long_ago.py::test_a_question_that_stood_in_the_chat_for_a_day_is_no_approval_any_more",
        ),
        _at("decided once", f"{STORY}/test_decisions.py::test_an_accepted_answer_that_is_sent_again_decides_once"),
    ),
    ("T8", "tokens"): (
        _at("age", f"{TOOLS}test_t8_a_digest_that_was_shown_a_day_ago_is_no_approval_by_a_token_either"),
    ),
    ("T8", "page"): (
        _at("age", f"{HERE}test_t8_an_approval_is_held_to_the_desks_clock_besides_the_pages"),
        _at(
            "age on the page", f"{PAGES}/test_page_deciding.py::test_a_look_counts_for_as_long_as_was_set_and_no_longer"
        ),
        _at("links end", f"{HERE}test_t8_a_link_an_hour_old_or_used_lets_nobody_in"),
        _at("links once", f"{HERE}test_t8_a_link_an_hour_old_or_used_lets_nobody_in"),
    ),
    ("T8", "terminal"): (
        _at(
            "age",
            f"{TERM}test_t8_yesterdays_digest_in_a_script_approves_nothing",
            f"{TERM}test_t8_a_question_that_was_left_standing_for_a_day_is_no_approval",
        ),
    ),
    ("T8", "policy"): (_at("one turn", f"{POLICY}test_t8_a_reply_has_its_turn_before_the_policy_once"),),
    **{("T9", way): NO_LINKS for way in ("agent", "solo", "terminal", "policy")},
    ("T9", "tokens"): "does not apply: calls are POSTs with a token in a header; what a GET there opens is a stream",
    ("T9", "page"): (
        _at("posts only", f"{HERE}test_t9_a_form_is_no_link[approve]"),
        _at("links are spent by a button", f"{HERE}test_t9_whatever_opens_or_asks_for_every_address_changes_nothing"),
    ),
    ("T10", "agent"): (
        _at("refused characters", f"{TOOLS}test_t10_what_no_honest_mail_holds_cannot_even_be_drafted[agent]"),
        _at("marks in the queue", f"{TOOLS}test_t10_an_agent_that_lists_the_queue_sees_every_mark"),
    ),
    **{
        ("T10", way): (
            _at("refused characters", f"{TOOLS}test_t10_what_no_honest_mail_holds_cannot_even_be_drafted[{way}]"),
            _at("marks in the question", f"{TOOLS}test_t10_three_hundred_tricks_are_marked_in_the_question[{way}]"),
        )
        for way in ("solo", "tokens")
    },
    ("T10", "page"): (
        _at("marks on the page", f"{HERE}test_t10_three_hundred_tricks_are_marked_on_the_page"),
        _at("words stay words", f"{HERE}test_t10_three_hundred_tricks_are_marked_on_the_page"),
        _at(
            "sites by their real names",
            f"{HERE}test_t10_a_site_that_looks_like_another_is_named_as_name_servers_know_it",
        ),
    ),
    ("T10", "terminal"): (
        _at(
            "marks at the terminal",
            f"{TERM}test_t10_three_hundred_tricks_are_marked_at_the_terminal",
            f"{TERM}test_t10_the_pager_gets_the_same_marks",
        ),
    ),
    ("T10", "policy"): BY_TRUST,
    **{
        ("T11", way): (_at("ticket subjects", f"{TOOLS}test_t11_no_subject_makes_a_header_or_a_second_line[{way}]"),)
        for way in ("agent", "solo", "tokens")
    },
    ("T11", "page"): (
        _at("given subjects", f"{HERE}test_t11_a_corrected_subject_is_one_clean_line_or_none"),
        _at("ticket subjects", f"{HERE}test_t11_an_encoded_word_in_a_corrected_subject_is_taken_apart"),
    ),
    ("T11", "terminal"): NO_DRAFTING,
    ("T11", "policy"): "does not apply: a rule writes no text; it lets out what was drafted, byte for byte",
    ("T16", "agent"): (
        _at(
            "no deciding key",
            f"{TOOLS}test_t16_a_drafter_gets_no_automatic_mail_for_a_requester_whom_nobody_verified[agent]",
        ),
    ),
    **{
        ("T16", way): (
            _at(
                "verified",
                f"{TOOLS}test_t16_a_drafter_gets_no_automatic_mail_for_a_requester_whom_nobody_verified[{way}]",
            ),
        )
        for way in ("solo", "tokens")
    },
    ("T16", "page"): PEOPLE,
    ("T16", "terminal"): PEOPLE,
    ("T16", "policy"): (
        _at(
            "verified",
            f"{POLICY}test_t16_a_thousand_anonymous_tickets_come_to_no_automatic_mail_by_the_widest_rule",
            f"{POLICY}test_t16_through_the_door_a_stranger_gets_none_and_the_same_person_verified_gets_as_many_as_the_cap",
        ),
        _at(
            "cap of an address",
            f"{POLICY}test_t16_through_the_door_a_stranger_gets_none_and_the_same_person_verified_gets_as_many_as_the_cap",
        ),
        _at(
            "cap of a domain",
            f"{POLICY}test_t16_every_address_with_a_plus_counts_as_one_and_the_domain_has_a_cap_of_its_own",
        ),
    ),
    **{("T20", way): NO_PORT for way in ("agent", "solo", "terminal", "policy")},
    ("T20", "tokens"): (
        _at(
            "own names",
            "tests/protocol/test_http_open_limits.py::test_beyond_loopback_only_the_public_name_is_answered",
            "tests/protocol/test_http_doors.py::test_a_foreign_host_is_misdirected_at_every_door",
            "tests/protocol/test_http_doors.py::test_a_foreign_origin_is_forbidden_at_every_door",
        ),
    ),
    ("T20", "page"): (
        _at("page's own names", f"{PAGES}/test_page_hardening.py::test_a_foreign_host_gets_421"),
        _at(
            "page's own forms",
            f"{PAGES}/test_page_hardening.py::test_a_form_that_the_browser_says_came_from_elsewhere_is_refused",
        ),
    ),
    **{("T21", way): NO_TOKEN for way in ("agent", "solo", "terminal", "policy")},
    ("T21", "tokens"): (
        _at("known tokens", f"{OPEN}test_nobody_comes_in_without_a_good_token"),
        _at("tokens stay here", f"{OPEN}test_the_callers_token_goes_to_nobody_else"),
    ),
    ("T21", "page"): (
        _at("cookies stay here", f"{HERE}test_t21_nothing_that_a_reviewer_comes_with_goes_to_a_service"),
    ),
    **{
        ("T22", way): (
            _at("own record of ids", f"{TOOLS}test_t22_a_guess_and_somebody_elses_mail_get_the_same_answer[{way}]"),
        )
        for way in ("agent", "solo", "tokens")
    },
    ("T22", "page"): (
        _at("own reports", f"{HERE}test_t22_what_came_of_a_form_is_told_to_its_own_session_alone"),
        _at("page's own ids", f"{HERE}test_t22_a_guess_a_foreign_mail_and_an_unfinished_one_look_the_same"),
    ),
    ("T22", "terminal"): (
        _at("own record of ids", f"{TERM}test_t22_a_guess_and_somebody_elses_mail_get_the_same_answer"),
    ),
    ("T22", "policy"): "does not apply: nobody names an id to the policy; it is called with the row of our own record",
    **{
        ("T23", way): "does not apply: held for a person, who sees the whole mail; the tools send nothing"
        for way in ("agent", "solo", "tokens")
    },
    ("T23", "page"): PEOPLE,
    ("T23", "terminal"): PEOPLE,
    ("T23", "policy"): (
        _at("known hosts", f"{POLICY}test_t23_an_address_or_a_link_of_another_ticket_is_never_sent_automatically"),
    ),
    **{
        ("T24", way): "does not apply: a draft is held; what lets it out is a person or the policy"
        for way in ("agent", "solo", "tokens")
    },
    ("T24", "page"): (
        _at("links are listed", f"{HERE}test_t24_every_way_out_of_a_mail_is_named_before_it_is_approved"),
    ),
    (
        "T24",
        "terminal",
    ): "does not apply: the text is shown as it is, so a link's target stands there and nothing is loaded",
    ("T24", "policy"): (
        _at(
            "known hosts",
            f"{POLICY}test_t24_a_way_out_that_nobody_knows_is_held_by_the_widest_rule",
            f"{ATTACKS}test_t24_a_draft_with_an_unknown_link_or_an_image_waits_for_a_person",
        ),
        _at("no images", f"{ATTACKS}test_t24_a_draft_with_an_unknown_link_or_an_image_waits_for_a_person"),
    ),
}
