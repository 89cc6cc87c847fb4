"""What is mutated, and which tests stand behind each module: the quick ones that defend it, not the whole suite."""

POLICY = "tests/desk/policy"
PURE = (
    f"{POLICY}/test_policy_texts.py",
    f"{POLICY}/test_policy_rules.py",
    f"{POLICY}/test_policy_evaluate.py",
    f"{POLICY}/test_policy_provenance.py",
    f"{POLICY}/test_policy_edges.py",
    f"{POLICY}/test_policy_links_edges.py",
    f"{POLICY}/test_policy_readers_edges.py",
    f"{POLICY}/test_policy_ways.py",
    f"{POLICY}/test_policy_words_edges.py",
)
LINKS = (
    f"{POLICY}/test_policy_texts.py",
    f"{POLICY}/test_policy_links_edges.py",
    f"{POLICY}/test_policy_ways.py",
    f"{POLICY}/test_policy_marked_up_edges.py",
    f"{POLICY}/test_policy_targets_edges.py",
    f"{POLICY}/test_policy_words_edges.py",
    "tests/web/approvals/test_page_links.py",
    "tests/web/approvals/test_page_showing.py",
)
RULING = (
    f"{POLICY}/test_policy_attacks.py",
    f"{POLICY}/test_policy_once.py",
    "tests/threats/test_policy_door.py",
)
DECISIONS = "tests/story/test_decisions.py::"
AT_ONCE = (
    f"{POLICY}/test_policy_monitored.py",
    f"{POLICY}/test_policy_monitored_edges.py",
    f"{POLICY}/test_policy_audit.py",
)
ADMITTING = f"{POLICY}/test_policy_admission_edges.py"
LOOKING = ("tests/desk/test_look_edges.py", "tests/desk/test_look_check_edges.py")
STORY = (
    "tests/story/test_seen_too_long_ago.py",
    "tests/story/test_unseen_parts.py",
    "tests/threats/test_decide_edges.py",
)
MOVING = (
    f"{DECISIONS}test_a_redirected_mail_cannot_be_approved_with_any_digest_and_can_be_rejected",
    f"{DECISIONS}test_a_mail_that_was_moved_to_another_thread_cannot_be_approved_and_can_be_cancelled",
    f"{DECISIONS}test_a_ticket_that_moved_wants_the_digest_that_includes_the_move",
    f"{DECISIONS}test_what_the_customer_does_not_see_does_not_make_an_approval_stale",
)
OVER = (
    f"{DECISIONS}test_a_decision_made_in_multimail_itself_is_told_truthfully",
    f"{DECISIONS}test_an_unreadable_ticket_stands_in_the_way_of_approving_and_not_of_rejecting",
    f"{DECISIONS}test_unattended_nobody_approves_their_own_draft_and_a_reviewer_does",
    "tests/story/test_doubts.py",
    "tests/story/test_costs.py",
)
CORRECTIONS = (
    "tests/desk/test_corrections_edges.py",
    "tests/web/approvals/test_page_own_correction.py",
    "tests/web/approvals/test_page_correcting.py",
)

PLAN: dict[str, tuple[str, ...]] = {
    "deskgate.desk.principals": ("tests/desk/test_principals_edges.py",),
    "deskgate.desk.recipients": (
        "tests/desk/test_recipients.py",
        "tests/web/approvals/test_page_showing.py",
    ),
    "deskgate.desk.suppression": (
        "tests/desk/test_suppression_edges.py",
        "tests/commands/test_suppressions.py",
        "tests/desk/inbox/test_kinds_leaving.py",
        "tests/story/test_decisions.py",
    ),
    "deskgate.desk.corrections": CORRECTIONS,
    "deskgate.desk.look": (*LOOKING, *STORY, *MOVING),
    "deskgate.desk.decide": (
        "tests/desk/test_decide_begun_edges.py",
        "tests/desk/test_decide_lost_edges.py",
        "tests/desk/test_corrections_edges.py",
        *STORY,
        *OVER,
    ),
    "deskgate.desk.policy.words": PURE,
    "deskgate.desk.policy.links": PURE,
    "deskgate.desk.policy.targets": LINKS,
    "deskgate.desk.policy.marked_up": LINKS,
    "deskgate.desk.policy.ways": LINKS,
    "deskgate.desk.policy.readers": PURE,
    "deskgate.desk.policy.rules": PURE,
    "deskgate.desk.policy.provenance": PURE,
    "deskgate.desk.policy.facts": PURE,
    "deskgate.desk.policy.evaluate": PURE,
    "deskgate.desk.policy.gather": (f"{POLICY}/test_policy_gather_edges.py", *RULING),
    "deskgate.desk.policy.holder": (f"{POLICY}/test_policy_holder.py",),
    "deskgate.desk.policy.trial": (
        f"{POLICY}/test_policy_trial_edges.py",
        f"{POLICY}/test_policy_command.py",
        f"{POLICY}/test_policy_monitored.py",
    ),
    "deskgate.desk.policy.check": (
        f"{POLICY}/test_policy_trial_edges.py",
        f"{POLICY}/test_policy_holder.py",
        "tests/commands/test_doctor.py",
    ),
    "deskgate.desk.policy.records": (f"{POLICY}/test_policy_records_edges.py", *RULING, *AT_ONCE),
    "deskgate.desk.policy.automatic": (f"{POLICY}/test_policy_automatic_edges.py", *RULING, *AT_ONCE),
    "deskgate.desk.policy.admission": (ADMITTING, *RULING, *AT_ONCE),
    "deskgate.desk.policy.monitored": AT_ONCE,
}
# Mutants that change nothing anybody could see: a part of the name, and the reason.
LOGGER = "a logger's name: a word before the sentences in a log, on which nothing rests"
TYPE_ALIAS = "a `Literal` alias is for the type checker; nothing asks it at run time"
NARROWING = "for the type checker: `_entitled` saw to the key and `known_reply` to the id before"
NO_CAST = "`cast` does nothing at run time"
NO_NAME = "a type variable's name is for readers"
EQUIVALENT: dict[str, dict[str, str]] = {
    "deskgate.desk.policy.words": {
        "range(len(words) - length + 1)) -> Sub becomes": "a slice that begins behind the end is too short",
        "range(len(words) - length + 1)) -> 2 instead": "the one slice more is shorter than the phrase",
    },
    "deskgate.desk.policy.rules": {
        'T = TypeVar("T") ->': NO_NAME,
        'corrections=cast("Corrections",': NO_CAST,
        'Conditions(**given), reason or "") -> "Outcome" altered': NO_CAST,
        "_rule: given = { -> no filter": "a key that is absent is read as None, which is the condition's default",
    },
    "deskgate.desk.policy.automatic": {'log = logging.getLogger("deskgate.policy")': LOGGER},
    "deskgate.desk.policy.gather": {
        'log = logging.getLogger("deskgate.policy")': LOGGER,
        "async def audits(self, ticket_id: int, *, limit: int = 100)": "a default in a protocol: no body runs with it",
    },
    "deskgate.desk.policy.holder": {
        'log = logging.getLogger("deskgate.policy")': LOGGER,
        "file.read(LARGEST_FILE_BYTES + 1) -> 2 instead": "a second byte too many is refused like the first",
    },
    "deskgate.desk.policy.admission": {
        "by_hand: bool = False ->": "every admission that is made says it",
        "admit_again: return found -> returns None": "what left at once had its turn in `leave`: nobody looks at it again",
    },
    "deskgate.desk.look": {
        "suspended: bool = False ->": "every look that is made says it",
        "zip(values, looks, strict=True) -> False": "one value was made of each look, so the lengths are the same",
    },
    "deskgate.desk.decide": {
        'log = logging.getLogger("deskgate.decide")': LOGGER,
        'Decision = Literal["approve", "reject"]': TYPE_ALIAS,
        "_once: if oversight is None or begun.message_id is None: -> `and`": NARROWING,
        '_once: raise Forbidden("No deciding key is set': NARROWING,
    },
    "deskgate.desk.policy.readers": {'T = TypeVar("T") ->': NO_NAME},
    "deskgate.desk.policy.marked_up": {
        "if limit >= 0 else len(text)) -> GtE": "what is looked for stands behind a bracket, so never at 0",
        "if limit >= 0 else len(text)) -> 1": "the same",
        "maxsplit=1)[0] -> 2": "only the first part is taken",
        "taken = before_end = 0 -> 1": "no words begin before the first bracket",
    },
    "deskgate.desk.policy.links": {"__all__ =": "what `import *` takes, which nobody writes"},
}
