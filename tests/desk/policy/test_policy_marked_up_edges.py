"""Edges of what counts as marked up: escapes, images, names that stand for a target, and which words lead where."""

from deskgate.desk.policy.marked_up import destinations


def told(text: str) -> list[tuple[str, str]]:
    return [(one.target, one.words) for one in destinations(text)]


def test_an_escaped_bracket_may_still_begin_a_target_for_somebody() -> None:
    assert told("read this\\](https://evil.example/x)") == [("https://evil.example/x", "")]


def test_an_image_is_loaded_wherever_it_stands_and_a_link_is_not() -> None:
    texts = ("![a](https://e.example/p.png)", "see ![a](https://e.example/p.png)", "see! [a](https://e.example/p.png)")
    assert [one.loaded for text in texts for one in destinations(text)] == [True, True, False]


def test_each_name_leads_its_own_words_to_its_own_target() -> None:
    text = "[pay][1] or [help][ Two ]\n\n[1]: https://evil.example/\n[two]: https://good.example/\n"
    assert told(text) == [("https://evil.example/", "pay"), ("https://good.example/", "help")]


def test_a_name_that_is_never_used_is_a_way_out_under_its_own_name() -> None:
    assert told("[Note]: https://evil.example/") == [("https://evil.example/", "Note")]


def test_the_target_of_a_name_keeps_its_parentheses_and_that_of_a_link_ends_at_its_own() -> None:
    assert told("[a]: https://e.example/a)b") == [("https://e.example/a)b", "a")]
    assert told("[a](https://e.example/(a)b) c)") == [("https://e.example/(a)b", "a")]


def test_definitions_that_run_into_each_other_are_both_seen() -> None:
    found = [target for target, _ in told("[a]: https://evil.example/[b]: https://good.example/")]
    assert any(target.startswith("https://evil.example/") for target in found)
    assert "https://good.example/" in found


def test_words_beside_a_colon_are_prose() -> None:
    assert told("[Note]: see below for what we can do") == []
