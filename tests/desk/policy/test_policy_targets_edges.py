"""Edges of where one target leads: slashes of either kind, what stands before a scheme, and what is no scheme."""

import pytest

from deskgate.desk.policy.links import NO_HOST
from deskgate.desk.policy.targets import hosts_of_destination, hosts_of_run, scheme_of

NOBODY: frozenset[str] = frozenset()


@pytest.mark.parametrize("target", ["\\\\intranet\\x", "/\\intranet/x", "//intranet/x", "///intranet"])
def test_a_destination_that_begins_with_two_slashes_of_any_kind_names_a_host(target: str) -> None:
    assert list(hosts_of_destination(target, NOBODY)) == ["intranet"]


def test_a_destination_that_names_no_host_is_unreadable_and_so_unknown() -> None:
    for target in ("page", "./help", "?order=1", "intranet"):
        assert list(hosts_of_destination(target, NOBODY)) == [NO_HOST], target


@pytest.mark.parametrize(
    "run",
    ["https:\\\\evil.example", "https:/\\/evil.example/x", "//\\evil.example/x", "//good.example//\\evil.example"],
)
def test_backslashes_count_as_slashes_in_a_text(run: str) -> None:
    assert list(hosts_of_run(run, NOBODY))[-1] == "evil.example"


def test_what_stands_before_a_scheme_is_looked_at_too() -> None:
    assert list(hosts_of_run("evil.example/https://good.example/", NOBODY)) == ["evil.example", "good.example"]
    assert list(hosts_of_run("https://good.example//\\evil.example", NOBODY)) == ["good.example", "evil.example"]


def test_a_colon_behind_a_host_begins_no_scheme() -> None:
    assert list(hosts_of_run("//good.example/a:b", NOBODY)) == ["good.example"]


def test_a_scheme_may_stand_behind_digits_and_have_two_letters_but_not_one() -> None:
    assert list(hosts_of_run("(12bitcoin:1Boat", NOBODY)) == [NO_HOST]
    assert list(hosts_of_run("1.bitcoin:abc", NOBODY)) == [NO_HOST]
    assert list(hosts_of_run("ab:xyz", NOBODY)) == [NO_HOST]
    assert list(hosts_of_run("a:xyz", NOBODY)) == []


def test_the_recipients_own_address_is_no_way_out_and_nothing_is_none_either() -> None:
    own = frozenset({"maria@example.com"})
    assert list(hosts_of_run("Maria@Example.com", own)) == []
    assert list(hosts_of_run("maria@example.com", NOBODY)) == ["example.com"]
    assert list(hosts_of_run("", NOBODY)) == []


def test_only_what_can_be_a_scheme_is_one() -> None:
    assert [scheme_of(text) for text in ("HTTPS://x", "a b:c", "1x:y", "abc")] == ["https", "", "", ""]
