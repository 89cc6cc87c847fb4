"""Where a mail leads: the page lists all that the policy counts, says what looks wrong, and says how much it leaves out."""

import time

import pytest
from approvals_bench import Desk

from deskgate.desk.policy.links import NO_HOST, hosts_of
from deskgate.web.approvals.mailview import LABEL_CHARS, LINKS_SHOWN, TARGET_CHARS, links

pytestmark = pytest.mark.anyio
ANOTHER = "The words of this link name another site than the one it leads to."


def warned(text: str) -> dict[str, str]:
    return {link.target: " ".join(link.warnings) for link in links(text)}


@pytest.mark.parametrize(
    "text",
    [
        "see evil.example/login now",
        "write to x@evil.example",
        "evil.example",
        "[a\nlabel](https://evil.example/x)",
        "[a [nested [label]]](https://evil.example/x)",
        f"[{'long ' * 100}](https://evil.example/x)",
        "https&colon;//evil.example/x",
        "> [1]: //evil.example",
        "[x](/\\evil.example)",
        "https://help.example.com,@evil.example/x",
        "e**v**il.example",
    ],
)
async def test_what_the_policy_counts_as_a_link_the_page_lists(text: str) -> None:
    assert "evil.example" in hosts_of(text)
    assert {host for host in hosts_of(text) if host != NO_HOST} <= {link.host for link in links(text)}


@pytest.mark.parametrize(
    "target", ["bitcoin:1Boat", "ms-settings:x", "facetime-audio:+1900", "javascript:x(1)", "/path"]
)
async def test_what_opens_another_program_is_listed_as_no_web_address(target: str) -> None:
    assert warned(f"[x]({target})")[target] == "Not a web or mail address."


@pytest.mark.parametrize(
    "text",
    [
        "[good.example.com](https://evil.example/x)",
        "[see\ngood.example.com](https://evil.example/x)",
        f"[{'x ' * 500}good.example.com](https://evil.example/x)",
        "[good.example.com][1]\n\n[1]: https://evil.example/x",
        "[ines@good.example.com](https://evil.example/x)",
        '<a href="https://evil.example/x">https://good.example.com</a>',
        "<A class=b HREF='https://evil.example/x'><b>good.<i>example.com</i></b></A>",
        "&lt;a href=https://evil.example/x>good.example.com",
    ],
)
async def test_a_link_whose_words_name_another_site_is_red_in_markdown_and_html(text: str) -> None:
    assert ANOTHER in warned(text)["https://evil.example/x"]
    assert links(text)[0].target == "https://evil.example/x"


@pytest.mark.parametrize(
    "text",
    [
        "[good.example.com](https://www.good.example.com/x)",
        '<a href="https://good.example.com/x">good.example.com</a>',
        "[our shop](https://good.example.com)",
        "[ines@good.example.com](mailto:ines@good.example.com)",
        "https://good.example.com/@ines and https://good.example.com/a\\_b",
    ],
)
async def test_an_honest_link_is_not_red(text: str) -> None:
    assert set(warned(text).values()) == {""}


async def test_a_backslash_is_read_as_browsers_read_it() -> None:
    (first, *_) = [link for link in links("https://evil.example\\@help.example.com/x") if "\\" in link.target]
    assert first.host == "evil.example"
    assert first.warnings == ("A browser reads the backslash as a slash: the site ends before it.",)


async def test_a_site_whose_name_cannot_be_read_is_said_to_be_so() -> None:
    (link,) = links(f"https://{'ü' * 82}.shop.example.com.evil.example/?order=48213")
    assert link.warnings == ("The site's name cannot be read.",)


async def test_what_looks_wrong_comes_first_and_the_rest_is_counted(desk: Desk) -> None:
    many = " ".join(f"https://help.example.com/{number}" for number in range(LINKS_SHOWN))
    reply = await desk.draft(f"{many} [help.example.com](https://evil.example/x)")
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert page.html.count("<li><code>") == LINKS_SHOWN
    assert page.html.index("<li><code>https://evil.example/x") < page.html.index("<li><code>https://help.example.com/0")
    assert f' <strong class="warning">{ANOTHER}</strong>' in page.html
    assert "and 2 more" in page.text  # the last of the many, and the words of the link itself


async def test_the_page_says_how_many_of_the_others_look_wrong(desk: Desk) -> None:
    reply = await desk.draft(" ".join(f"bitcoin:{number}x" for number in range(LINKS_SHOWN + 3)))
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert "and 3 more, 3 of them with a warning" in page.text


async def test_a_link_in_the_subject_is_listed_too(desk: Desk) -> None:
    reply = await desk.draft("Hello.")
    desk.bench.world.edit_held(reply.message_id, subject="Re: see evil.example/login")
    page = await (await desk.reviewer()).get(f"/approvals/{reply.id}")
    assert "<code>evil.example/login</code>" in page.html


async def test_a_mail_without_links_says_so(desk: Desk) -> None:
    reply = await desk.draft("Note: it is at the shop until 12:30.")
    assert "No links" in (await (await desk.reviewer()).get(f"/approvals/{reply.id}")).text


async def test_a_target_or_label_of_any_length_leaves_the_page_readable() -> None:
    (link,) = links(f"[{'x' * 9_000}](https://evil.example/{'y' * 9_000})")
    assert (len(link.target), len(link.label)) == (TARGET_CHARS + 1, LABEL_CHARS + 1)


@pytest.mark.parametrize("piece", ["[a](", "[[a](b)", "[a]: ", "<a href='", ",@a", "[x.yz](https://a.example)"])
async def test_a_hostile_text_of_the_greatest_length_is_listed_in_time(piece: str) -> None:
    begun = time.process_time()
    links((piece * 262_144)[:262_144])
    assert time.process_time() - begun < 20  # seconds of CPU; a square of the length would take hours
