"""The customer's new words are found above, between and without quotes, in the ways that mail programs write them."""

import pytest
from quoted_mails import INTRODUCED, LABELLED, MOBILE, NOT_MOBILE, QUOTE, header_block, introduced, marked

from deskgate.desk.inbox.quoted import Split, split

ANSWER = "The blue one, please.\nWhen will it arrive?"


def parted(text: str) -> Split:
    """The split, after a check that nothing got lost."""
    result = split(text)
    assert result.new + result.rest == text.replace("\r\n", "\n").replace("\r", "\n")
    return result


@pytest.mark.parametrize(("language", "answer", "introduction"), list(introduced()))
def test_the_answer_above_a_marked_quote_is_new(language: str, answer: str, introduction: str) -> None:
    for gap in ("\n", "\n\n"):
        mail = f"{answer}{gap}{introduction}\n\n{marked(QUOTE)}\n"
        assert parted(mail).new == answer, language


@pytest.mark.parametrize(("language", "answer", "introduction"), list(introduced()))
def test_the_answer_above_an_unmarked_quote_is_new_where_an_address_introduces_it(
    language: str, answer: str, introduction: str
) -> None:
    mail = f"{answer}\n\n{introduction}\n\n{QUOTE}\n"
    assert parted(mail).new == (answer if "@" in introduction else mail.rstrip("\n")), language


@pytest.mark.parametrize(("language", "answer", "introduction"), list(introduced()))
def test_an_answer_below_the_quote_is_kept_with_it(language: str, answer: str, introduction: str) -> None:
    mail = f"{introduction}\n{marked(QUOTE)}\n\n{answer}\n"
    assert parted(mail).new == mail.rstrip("\n"), language


@pytest.mark.parametrize("form", ["plain", "bold", "star", "apart", "one line"])
@pytest.mark.parametrize("language", list(LABELLED))
def test_the_answer_above_outlooks_header_is_new(language: str, form: str) -> None:
    block = header_block(language, form)
    for above in ("\n", "\n\n", "\n\n________________________________\n", "\n\n* * *\n\n", "\n\\_\\_\\_\\_\\_\\_\n"):
        assert parted(f"{ANSWER}{above}{block}\n\n{QUOTE}\n").new == ANSWER, form


@pytest.mark.parametrize("language", ["ja", "zh", "zh-tw"])
def test_labels_may_have_a_wide_colon(language: str) -> None:
    assert parted(f"{ANSWER}\n\n{header_block(language, 'wide')}\n\n{QUOTE}").new == ANSWER


@pytest.mark.parametrize("language", list(LABELLED))
def test_the_line_for_the_original_begins_the_rest(language: str) -> None:
    words = LABELLED[language][4]
    for line in (f"-----{words}-----", f"----- {words} -----", f"\\-----{words}-----", f"**-----{words}-----**"):
        assert parted(f"{ANSWER}\n\n{line}\n{QUOTE}").new == ANSWER
        assert parted(f"{ANSWER}\n\n{line}\n{header_block(language, 'plain')}\n\n{QUOTE}").new == ANSWER


def test_at_least_thirteen_languages_are_known() -> None:
    assert len(set(INTRODUCED) & {name.partition("-")[0] for name in LABELLED}) >= 13


def test_the_line_above_which_zendesk_asks_to_reply_begins_the_rest() -> None:
    assert parted(f"{ANSWER}\n\n##- Please type your reply above this line -##\n\n{QUOTE}").new == ANSWER


def test_links_and_entities_of_markdown_do_not_hide_an_introduction() -> None:
    for address in (
        "[support@example.org](mailto:support@example.org)",
        "<[support@example.org](mailto:support@example.org)>",
        "&lt;support@example.org&gt;",
    ):
        assert parted(f"{ANSWER}\n\nOn Tue, 2 Jan 2024 at 10:00 Support {address} wrote:\n\n{QUOTE}").new == ANSWER
        assert (
            parted(f"{ANSWER}\n\nOn Tue, 2 Jan 2024 at 10:00 Support {address} wrote:\n{marked(QUOTE)}").new == ANSWER
        )


def test_a_header_that_does_not_begin_with_its_sender_belongs_to_the_rest_as_a_whole() -> None:
    block = "Date: Tue, 2 Jan 2024\nFrom: support@example.org\nTo: customer@example.org\nSubject: Your order"
    assert parted(f"{ANSWER}\n\n{block}\n\n{QUOTE}").new == ANSWER


def test_answers_between_quoted_lines_are_kept_with_the_lines_they_answer() -> None:
    start = "On Tue, 2 Jan 2024 at 10:00, Support <support@example.org> wrote:\n\n"
    own = f"Hello,\n\n{start}> Which colour?\n\nBlue.\n\n> Which size?\n\nLarge."
    assert parted(f"{own}\n\n> Regards\n> Support\n> The team\n").new == own
    assert parted(f"{own}\n").new == own


def test_answers_below_a_first_quoted_line_that_lost_its_mark_are_kept() -> None:
    mail = "On Tue, 2 Jan 2024 at 10:00, Support <s@example.org> wrote:\n\nBlue.\n\n> Which size?\n\nLarge."
    assert parted(mail).new == mail


@pytest.mark.parametrize(
    "words",
    [
        "See below.",
        "My answers are in red",
        "Siehe unten!",
        "Voir ci-dessous",
        "回答は赤字で記載しました。",
        "см. ниже",
    ],
)
def test_an_unmarked_quote_stays_when_the_customer_says_that_answers_stand_in_it(words: str) -> None:
    mail = f"{words}\n\n{header_block('en', 'plain')}\n\nWhich colour? Blue."
    assert parted(mail).new == mail


def test_a_word_that_only_contains_such_a_sign_does_not_keep_the_quote() -> None:
    own = "The price was shown in reduced form."
    assert parted(f"{own}\n\n{header_block('en', 'plain')}\n\n{QUOTE}").new == own


@pytest.mark.parametrize(
    "line",
    [
        "---------- Forwarded message ---------",
        "-------- Weitergeleitete Nachricht --------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
        "---------- Message transféré ---------",
        "---------- 转发的邮件 ----------",
    ],
)
def test_a_mail_that_the_customer_forwards_is_kept(line: str) -> None:
    mail = f"Is this yours?\n\n{line}\n{header_block('en', 'plain')}\n\nYou have won."
    assert parted(mail).new == mail


@pytest.mark.parametrize("line", MOBILE)
def test_what_a_telephone_adds_is_no_new_text(line: str) -> None:
    assert parted(f"{ANSWER}\n\n{line}\n").new == ANSWER
    assert parted(f"{ANSWER}\n\n{line}\n\n{header_block('en', 'plain')}\n\n{QUOTE}").new == ANSWER


@pytest.mark.parametrize("line", NOT_MOBILE)
def test_a_sentence_about_a_telephone_is_kept(line: str) -> None:
    mail = f"Hello,\n\n{line}"
    assert parted(mail).new == mail


def test_a_line_of_a_telephone_in_the_middle_is_kept() -> None:
    mail = "First.\n\nSent from my iPhone\n\nSecond."
    assert parted(mail).new == mail


@pytest.mark.parametrize("mark", ["-- ", "--", "\\--"])
def test_a_signature_is_no_new_text(mark: str) -> None:
    assert parted(f"{ANSWER}\n\n{mark}\nCustomer\nExample Ltd\n+00 000 0000").new == ANSWER


@pytest.mark.parametrize(
    "below",
    ["Could you also change my address?", "\n".join("a line" for _ in range(20)), "one\n> quoted\nanother", "x" * 1500],
)
def test_what_is_too_much_for_a_signature_is_kept(below: str) -> None:
    mail = f"{ANSWER}\n-- \n{below}"
    assert parted(mail).new == mail


def test_dashes_without_their_space_take_fewer_lines_with_them() -> None:
    lines = "\n".join(f"line {number}" for number in range(8))
    assert parted(f"{ANSWER}\n-- \n{lines}").new == ANSWER
    assert parted(f"{ANSWER}\n--\n{lines}").new == f"{ANSWER}\n--\n{lines}"


@pytest.mark.parametrize(
    "mail",
    [
        "",
        "Yes.",
        "On your remote host you can run:\n\n    telnet 192.0.2.1\n\nThat fails at 10:00.",
        "As you wrote:\nit is blue.",
        "On 3 May 2024 your colleague wrote:\nyou get your money back.\nI did not.",
        "On 3 May 2024 I asked help@example.org and your colleague wrote:\nyou get it back.\nI did not.",
        "Please book\nFrom: Berlin\nTo: Paris\nDate: 3 May 2024\nPassengers: 2",
        "From: the shop\nI have the blue one.",
        "The list:\n- one\n- two\n\nThat is all.",
        "The error was\n> Error 500",
        ">From the beginning it did not work.",
        "> Settings > Billing is where I was",
        "A table\n-----\nof two",
        "text -- and more text -- here",
        "Original Message was not what I wanted.",
        "forwarded message:\nwhat I got was blue",
        "Note:\nSent:\nTo:\nSubject: none of it is a header",
    ],
)
def test_a_mail_without_a_quote_is_new_as_a_whole(mail: str) -> None:
    assert parted(mail) == Split(mail, "") or mail.startswith("> Settings")


@pytest.mark.parametrize(
    "mail",
    [
        f"On Tue, 2 Jan 2024 at 10:00, Support <s@example.org> wrote:\n{marked(QUOTE)}",
        f"{header_block('de', 'bold')}\n\n{QUOTE}",
        marked(QUOTE),
        "\n\n\n",
        "Sent from my iPhone",
        "-- \nCustomer",
        "##- Please type your reply above this line -##\n\nHello",
    ],
)
def test_a_mail_without_own_words_has_no_new_text(mail: str) -> None:
    assert parted(mail) == Split("", mail)
    assert split(mail).quoted == bool(mail.strip())


def test_line_ends_of_all_systems_mean_the_same() -> None:
    mail = f"{ANSWER}\n\nOn Tue, 2 Jan 2024 at 10:00, Support <s@example.org> wrote:\n{marked(QUOTE)}\n"
    assert split(mail) == split(mail.replace("\n", "\r\n")) == split(mail.replace("\n", "\r"))


def test_marks_that_do_not_show_hide_no_quote() -> None:
    quote = marked(QUOTE).replace("> ", "\u200e> ")
    assert (
        parted(f"{ANSWER}\n\u202aOn 2 Jan 2024 at 10:00, S <s@example.org> wrote:\u202c\n\ufeff\n{quote}").new == ANSWER
    )


def test_of_an_endless_mail_the_beginning_is_read_and_nothing_is_lost() -> None:
    long = "word " * 100_000
    below = f"\n\n{header_block('en', 'plain')}\n\n{long}"
    assert parted(ANSWER + below).new == ANSWER
    assert parted(long + below).new == long + below


def test_of_endless_additions_some_are_taken_off_and_the_text_still_ends_in_words() -> None:
    new = parted("Yes.\n" + "Sent from my iPhone\n\n" * 100).new
    assert new.startswith("Yes.\nSent")
    assert new.endswith("iPhone")
