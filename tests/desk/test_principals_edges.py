"""Principals: what a role may, and under which names nobody meets themselves at the gate."""

from typing import get_args

import pytest

from deskgate.desk.principals import AUDIT, DECIDE, DRAFT, SCOPES_OF_ROLE, Principal, Role


def test_each_role_may_what_its_name_says_and_no_more() -> None:
    assert (DRAFT, DECIDE) == ("draft", "decide")
    assert {
        "agent": frozenset({"draft"}),
        "reviewer": frozenset({"decide"}),
        "solo": frozenset({"draft", "decide"}),
    } == SCOPES_OF_ROLE


def test_a_principal_goes_by_its_id_and_its_owner_and_by_nothing_else() -> None:
    assert Principal("bot", "agent", frozenset(), owner="ines").names == {"bot", "ines"}
    assert Principal("bot", "agent", frozenset()).names == {"bot"}
    assert Principal("bot", "agent", frozenset(), credential="k", auth="token").names == {"bot"}


def test_nobody_is_solo_or_owned_or_known_by_a_key_unless_it_is_said() -> None:
    plain = Principal("bot", "agent", frozenset())
    assert (plain.owner, plain.solo, plain.credential, plain.auth) == ("", False, "", "")


def test_a_scope_is_held_or_not() -> None:
    drafter = Principal("bot", "agent", frozenset({DRAFT}))
    assert drafter.may(DRAFT)
    assert not drafter.may(DECIDE)
    assert not drafter.may("")


def test_the_trail_names_kind_id_key_way_in_and_owner() -> None:
    who = Principal("bot", "agent", frozenset(), "ines", credential="k1", auth="token t").who
    assert (who.kind, who.id, who.credential, who.auth, who.behalf) == ("agent", "bot", "k1", "token t", "ines")


@pytest.mark.parametrize(
    ("scopes", "offered"),
    [
        ({"draft"}, {"draft": True, "decide": False, "audit": True, None: True}),
        ({"decide"}, {"draft": False, "decide": True, "audit": True, None: True}),
        ({"draft", "decide"}, {"draft": True, "decide": True, "audit": True, None: True}),
        ({"audit"}, {"draft": False, "decide": False, "audit": True, None: False}),
        ({"admin"}, {"draft": False, "decide": False, "audit": False, None: False}),
        (set(), {"draft": False, "decide": False, "audit": False, None: False}),
    ],
)
def test_a_tool_is_offered_to_whoever_has_its_scope_and_a_reading_one_to_whoever_works_here(
    scopes: set[str], offered: dict[str | None, bool]
) -> None:
    caller = Principal("bot", "agent", frozenset(scopes))
    assert {scope: caller.offered(scope) for scope in offered} == offered


def test_the_roles_and_the_auditors_scope_have_these_names() -> None:
    assert get_args(Role) == ("solo", "agent", "reviewer")
    assert AUDIT == "audit"
