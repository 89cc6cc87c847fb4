"""A machine's mail is told from a person's: by headers where there are any, else by two signs and never by one."""

import json
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskgate.desk.inbox import kinds_signs, quoted_signs
from deskgate.desk.inbox.kinds import Arrived, Judgement, kind_of, spam_of
from deskgate.desk.inbox.kinds_signs import AUTOMATIC_SUBJECTS, BOUNCE_SUBJECTS

PERSON = "customer@example.org"
REPORT = "Reporting-MTA: dns; mx.example.org\nFinal-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1"


def mail(sender: str = PERSON, subject: str = "Your order", text: str = "Blue.", **headers: str) -> Arrived:
    return Arrived(sender, subject, text, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto_Submitted": "auto-replied"}, "automatic"),
        ({"Auto_Submitted": "auto-generated (vacation)"}, "automatic"),
        ({"AUTO_SUBMITTED": " Auto-Notified; owner-email=x"}, "automatic"),
        ({"Precedence": "bulk"}, "automatic"),
        ({"Precedence": "Junk"}, "automatic"),
        ({"Precedence": "auto_reply"}, "automatic"),
        ({"X_Auto_Response_Suppress": "All"}, "automatic"),
        ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, "automatic"),
        ({"Return_Path": "<>"}, "automatic"),
        ({"X_Autoreply": "yes"}, "automatic"),
        ({"Content_Type": "multipart/report; report-type=disposition-notification"}, "automatic"),
        ({"Content_Type": 'multipart/report; boundary="x"; report-type="delivery-status"'}, "bounce"),
        ({"Content_Type": "multipart/report"}, "bounce"),
        ({"X_Failed_Recipients": "a@example.org"}, "bounce"),
        ({"Auto_Submitted": "no"}, "answer"),
        ({"Precedence": "list"}, "answer"),
        ({"Return_Path": "<customer@example.org>"}, "answer"),
        ({"X_Auto_Response_Suppress": "RN, NRN"}, "answer"),
        ({"X_Autoreply": "no"}, "answer"),
        ({"Content_Type": "text/plain"}, "answer"),
    ],
)
def test_headers_decide_where_they_are_known(headers: dict[str, str], kind: str) -> None:
    judged = kind_of(mail(**headers))
    assert judged.kind == kind
    assert bool(judged.signs) == (kind != "answer")
    assert not judged.doubtful


def test_a_null_return_path_with_a_report_is_a_bounce() -> None:
    assert kind_of(mail(text=REPORT, Return_Path="<>")).kind == "bounce"
    assert kind_of(mail(subject="Undeliverable: Your order", Auto_Submitted="auto-replied")).kind == "bounce"


def test_a_program_that_says_a_person_wrote_it_is_believed() -> None:
    one = mail(subject="Automatic reply: Your order", text="I am out of the office.", Auto_Submitted="no")
    assert kind_of(one) == Judgement("answer")


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (mail("MAILER-DAEMON@example.org"), "bounce"),
        (mail("<Mailer-Daemon@example.org>"), "bounce"),
        (mail("postmaster@example.org", "Undeliverable: Your order"), "bounce"),
        (mail("postmaster@example.org", text=REPORT), "bounce"),
        (mail("MicrosoftExchange329e71ec@example.org", "Unzustellbar: Your order"), "bounce"),
        (mail("bounces-12@example.org", "Mail delivery failed: returning message to sender"), "bounce"),
        (mail(subject="Automatic reply: Your order", text="I am out of the office until Monday."), "automatic"),
        (mail(subject="Automatische Antwort: Frage", text="Ich bin derzeit nicht im Büro."), "automatic"),
        (mail(subject="Réponse automatique : Commande", text="Je suis absent jusqu’au 3 mai."), "automatic"),
        (mail(subject="自動応答: 注文", text="ただいま休暇中です。"), "automatic"),
        (mail("no-reply@example.org", text="We have received your message."), "automatic"),
        (mail("noreply+1@example.org", "Auto-Reply: we got it"), "automatic"),
    ],
)
def test_without_headers_it_takes_two_signs_from_different_places(one: Arrived, kind: str) -> None:
    judged = kind_of(one)
    assert judged.kind == kind
    assert judged.signs


@pytest.mark.parametrize(
    "one",
    [
        mail(subject="Automatic reply: Your order"),  # answers one; MultiMail took the "Re:" off
        mail(text="I am out of the office today, but do send the blue one."),
        mail("noreply@example.org"),
        mail("postmaster@example.org"),
        mail(subject="Undeliverable: Your order"),
        mail(
            subject="Undeliverable: Your order", text=f"What does this mean?\n{REPORT}"
        ),  # a bounce that was forwarded
        mail(text=f"Your mail server says:\n{REPORT}"),
    ],
)
def test_a_mail_with_too_few_signs_is_an_answer_with_a_doubt(one: Arrived) -> None:
    judged = kind_of(one)
    assert judged.kind == "answer"
    assert judged.doubtful
    assert judged.signs


def test_an_ordinary_answer_has_no_doubt() -> None:
    assert kind_of(mail()) == Judgement("answer")
    assert kind_of(Arrived("")) == Judgement("answer")


@pytest.mark.parametrize("subject", [*AUTOMATIC_SUBJECTS, *BOUNCE_SUBJECTS])
def test_no_subject_alone_makes_a_machine(subject: str) -> None:
    loud = subject.upper() if subject.upper().casefold() == subject else subject  # Turkish has two letters i
    for shown in (subject, loud, f"{subject}: Your order"):
        judged = kind_of(mail(subject=shown))
        assert judged.kind == "answer"
        assert judged.doubtful


@pytest.mark.parametrize(
    ("status", "verdict", "spam"),
    [
        ("unread", "clean", "clean"),
        (None, None, "clean"),
        ("spam_flagged", None, "flagged"),
        ("unread", "flagged", "flagged"),
        ("spam_quarantined", "flagged", "quarantined"),
        ("spam_flagged", "quarantined", "quarantined"),
    ],
)
def test_the_worse_opinion_of_a_spam_filter_counts(status: str | None, verdict: str | None, spam: str) -> None:
    assert spam_of(status, verdict) == spam


@pytest.mark.parametrize("spam", ["flagged", "quarantined"])
def test_a_filters_opinion_loses_no_answer(spam: str) -> None:
    judged = kind_of(Arrived(PERSON, "Your order", "Blue.", spam=spam))  # type: ignore[arg-type]  # drawn from the list above
    assert judged == Judgement("answer", (f"spam: {spam}",), doubtful=True)


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=200), st.dictionaries(st.text(), st.text()))
def test_any_mail_has_a_kind(sender: str, subject: str, text: str, headers: dict[str, str]) -> None:
    judged = kind_of(Arrived(sender, subject, text, headers))
    assert judged.kind in ("answer", "automatic", "bounce")
    assert judged.signs or judged.kind == "answer"
    assert judged.doubtful == (judged.kind == "answer" and bool(judged.signs))
    json.dumps(judged.signs).encode()


@pytest.mark.parametrize("module", [kinds_signs, quoted_signs])
def test_the_tables_are_folded_as_mails_are(module: ModuleType) -> None:
    tables = [table for table in vars(module).values() if isinstance(table, tuple | frozenset)]
    entries = [entry for table in tables for entry in table]
    flat = [part for entry in entries for part in (entry if isinstance(entry, tuple) else (entry,))]
    assert len(flat) > 100
    assert [entry for entry in flat if entry != entry.casefold()] == []
