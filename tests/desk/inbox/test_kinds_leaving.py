"""Only a short, plain request takes a customer off; whatever could mean something else goes to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskgate.desk.inbox.leaving import wants_out
from deskgate.desk.inbox.leaving_words import REQUESTS
from deskgate.desk.inbox.quoted import split

TAKEN = [
    "unsubscribe",
    "UNSUBSCRIBE",
    "Unsubscribe.",
    "**unsubscribe**",
    "\u200bUn\u200bsubscribe!!",
    "Please unsubscribe me",
    "Please unsubscribe me, thank you!",
    "Remove me from this list",
    "I'd like to unsubscribe.",
    "Stop emailing me!",
    "Don’t email me again",
    "Hi,\n\nplease remove me from your mailing list.\n\nThanks,\nA Customer",
    "Hello support team,\nunsubscribe\n\nKind regards\nA. Customer\nExample Ltd",
    "Abmelden",
    "Bitte abmelden.",
    "Guten Tag,\n\nbitte nehmen Sie mich aus dem Verteiler.\n\nMit freundlichen Grüßen\nKundin",
    "Bitte keine weiteren E-Mails!",
    "désabonner",
    "Bonjour,\n\nMerci de me désabonner.\n\nCordialement",
    "de\u0301sabonner",
    "Por favor, darme de baja de la lista de correo. Gracias",
    "Vorrei disiscrivermi, grazie",
    "Por favor, remova-me da lista",
    "Graag uitschrijven",
    "Afmeld mig fra listen, tak",
    "Avregistrera mig",
    "Meld meg av listen, takk",
    "Poistakaa minut listalta, kiitos",
    "Proszę wypisać z listy",
    "Prosím odhlásit odběr",
    "配信停止をお願いします。",
    "请停止发送邮件",
    "수신거부 부탁드립니다",
    "Отпишите меня, пожалуйста",
    "Beni listeden çıkarın lütfen",
]
LEFT = [
    "",
    "   ",
    "Please",
    "Thanks",
    "Yes",
    "stop",
    "STOP!",
    "Stop the order",
    "unsubscribe?",
    "How do I unsubscribe my colleague?",
    "I cannot unsubscribe",
    "unsubscribe my colleague",
    "The unsubscribe link does not work",
    "Please do not unsubscribe me",
    "don't unsubscribe",
    "unsubscribe me from premium",
    "cancel my subscription",
    "Cancel",
    "remove me",
    "remove me from this list and refund my order",
    "unsubscribe\n\nAnd where is my parcel",
    "unsubscribe\n\nCustomer",
    "unsubscribe\n\nThanks,\nmy order 12 is still not here and I am really angry",
    "> unsubscribe",
    "unsubscribe " * 3,
    "baja",
    "Bitte kündigen",
    "Abbestellen",
    "退订",
    "peruuta tilaus",
    "Hi unsubscribe",
    "pleaseunsubscribe",
    "I pressed unsubscribe",
    "unsubscribe" + " " * 400 + "x",
]


@pytest.mark.parametrize("text", TAKEN)
def test_a_plain_request_is_taken(text: str) -> None:
    assert wants_out(text)


@pytest.mark.parametrize("text", LEFT)
def test_whatever_could_mean_something_else_goes_to_a_person(text: str) -> None:
    assert not wants_out(text)


@pytest.mark.parametrize("phrase", sorted(REQUESTS))
def test_every_request_is_taken_alone_and_not_with_a_word_more(phrase: str) -> None:
    assert wants_out(phrase)
    assert not wants_out(f"{phrase}?")
    assert not wants_out(f"{phrase} order")
    assert not wants_out(f"order {phrase}")


def test_the_footer_of_our_own_quoted_mail_takes_nobody_off() -> None:
    mail = "Thanks!\n\nOn Tue, 2 Jan 2024 at 10:00, S <s@example.org> wrote:\n> Blue?\n>\n> unsubscribe\n"
    assert not wants_out(split(mail).new)
    assert not wants_out(split(mail.removeprefix("Thanks!")).new)
    assert wants_out(split(mail.replace("Thanks!", "Unsubscribe")).new)


def test_a_request_below_a_quote_goes_to_a_person() -> None:
    mail = "On Tue, 2 Jan 2024 at 10:00, S <s@example.org> wrote:\n> Blue?\n\nunsubscribe"
    assert not wants_out(split(mail).new)


def test_what_a_telephone_adds_does_not_hide_a_request() -> None:
    assert wants_out(split("Unsubscribe\n\nSent from my iPhone\n").new)


@given(st.text(max_size=400))
def test_no_other_text_is_taken(text: str) -> None:
    assert not wants_out(f"{text} zzz")
    assert wants_out(text) in (True, False)
