"""How mail programs write the quote below an answer: made-up mails, one line per language and program."""

from collections.abc import Iterator

# language: an answer, and the introductions that mail programs put above a `>` quote in it.
INTRODUCED: dict[str, tuple[str, tuple[str, ...]]] = {
    "en": (
        "Thank you, that helped.",
        (
            "On Tue, 2 Jan 2024 at 10:00, Support <support@example.org> wrote:",
            "On Tue, Jan 2, 2024 at 10:00 AM Support <support@example.org>\nwrote:",
            "On Tue, Jan 2, 2024 at 10:00 AM A Support Team With A Long Name <\nsupport@example.org> wrote:",
            "On Tue, Jan 2, 2024 at 10:00 AM Support\n<support@example.org>\nwrote:",
            "On 2 Jan 2024, at 10:00, Support <support@example.org> wrote:",
            "On 1/2/24 10:00 AM, Support wrote:",
            "On 2024-01-02 10:00, Support wrote:",
            "---- On Tue, 02 Jan 2024 10:00:00 +0000 Support <support@example.org> wrote ---",
        ),
    ),
    "de": (
        "Vielen Dank, das hat geholfen.",
        (
            "Am Di., 2. Jan. 2024 um 10:00 Uhr schrieb Support <support@example.org>:",
            "Am Di., 2. Jan. 2024 um 10:00 Uhr schrieb Support <\nsupport@example.org>:",
            "Am 02.01.2024 um 10:00 schrieb Support <support@example.org>:",
            "Am 02.01.24 um 10:00 schrieb Support:",
            "Am Dienstag, 2. Januar 2024 um 10:00:00 MEZ hat Support <support@example.org> Folgendes geschrieben:",
        ),
    ),
    "fr": (
        "Merci, c'est réglé.",
        (
            "Le mar. 2 janv. 2024 à 10:00, Support <support@example.org> a écrit :",
            "Le mar. 2 janv. 2024 à 10:00, Support <support@example.org> a\nécrit :",
            "Le 2 janv. 2024 à 10:00, Support <support@example.org> a écrit :",
            "Le 02/01/2024 à 10:00, Support a écrit\xa0:",
        ),
    ),
    "es": (
        "Gracias, funciona.",
        (
            "El mar, 2 ene 2024 a las 10:00, Support (<support@example.org>) escribió:",
            "El 2 ene 2024, a las 10:00, Support <support@example.org> escribió:",
            "El 2/1/24 a las 10:00, Support escribió:",
        ),
    ),
    "it": (
        "Grazie, funziona.",
        (
            "Il giorno mar 2 gen 2024 alle ore 10:00 Support <support@example.org> ha scritto:",
            "Il giorno 2 gen 2024, alle ore 10:00, Support <support@example.org> ha\nscritto:",
            "Il 02/01/24 10:00, Support ha scritto:",
        ),
    ),
    "pt": (
        "Obrigado, funcionou.",
        (
            "Em ter., 2 de jan. de 2024 às 10:00, Support <support@example.org> escreveu:",
            "No dia 02/01/2024, às 10:00, Support <support@example.org> escreveu:",
            "Em 02/01/2024 10:00, Support escreveu:",
        ),
    ),
    "nl": (
        "Bedankt, het werkt.",
        (
            "Op di 2 jan 2024 om 10:00 schreef Support <support@example.org>:",
            "Op 2 jan. 2024, om 10:00 heeft Support <support@example.org> het volgende geschreven:",
            "Op 02-01-2024 om 10:00 schreef Support:",
        ),
    ),
    "da": (
        "Tak, det virker.",
        (
            "Den tirs. 2. jan. 2024 kl. 10.00 skrev Support <support@example.org>:",
            "Den 2. jan. 2024 kl. 10.00 skrev Support <support@example.org>:",
            "tirs. 2. jan. 2024 kl. 10.00 skrev Support <\nsupport@example.org>:",
        ),
    ),
    "no": (
        "Takk, det virker.",
        (
            "tir. 2. jan. 2024 kl. 10:00 skrev Support <support@example.org>:",
            "Den 02.01.2024 10:00, skrev Support:",
        ),
    ),
    "sv": (
        "Tack, det fungerar.",
        (
            "Den tis 2 jan. 2024 kl 10:00 skrev Support <support@example.org>:",
            "2 jan. 2024 kl. 10:00 skrev Support <support@example.org>:",
            "Support skrev den 2024-01-02 10:00:",
        ),
    ),
    "fi": (
        "Kiitos, se toimii.",
        (
            "ti 2. tammik. 2024 klo 10.00 Support (support@example.org) kirjoitti:",
            "Support <support@example.org> kirjoitti 2.1.2024 kello 10.00:",
        ),
    ),
    "pl": (
        "Dziękuję, działa.",
        (
            "wt., 2 sty 2024 o 10:00 Support <support@example.org> napisał(a):",
            "Wiadomość napisana przez Support <support@example.org> w dniu 2 sty 2024, o godz. 10:00:",
            "W dniu 2.01.2024 o 10:00, Support pisze:",
        ),
    ),
    "cs": (
        "Děkuji, funguje to.",
        (
            "út 2. 1. 2024 v 10:00 odesílatel Support <support@example.org> napsal:",
            "2. 1. 2024 v 10:00, Support <support@example.org>:",
            "Dne 02. 01. 24 v 10:00 Support napsal(a):",
        ),
    ),
    "ja": (
        "ありがとうございます。解決しました。",
        (
            "2024年1月2日(火) 10:00 Support <support@example.org>:",
            "2024/01/02 10:00、Support <support@example.org>のメール:",
        ),
    ),
    "zh": (
        "谢谢，问题解决了。",
        (
            "Support <support@example.org> 于2024年1月2日周二 10:00写道：",
            "2024年1月2日 10:00，Support <support@example.org> 写道：",
            "在 2024/1/2 10:00, Support 写道:",
        ),
    ),
    "ko": (
        "감사합니다. 해결되었습니다.",
        (
            "2024년 1월 2일 (화) 오전 10:00, Support <support@example.org>님이 작성:",
            "2024. 1. 2. 오전 10:00, Support <support@example.org> 작성:",
        ),
    ),
    "ru": (
        "Спасибо, всё работает.",
        (
            "вт, 2 янв. 2024 г. в 10:00, Support <support@example.org>:",
            "2 янв. 2024 г., в 10:00, Support <support@example.org> написал(а):",
            "02.01.2024 10:00, Support пишет:",
        ),
    ),
    "tr": (
        "Teşekkürler, çalışıyor.",
        (
            "Support <support@example.org>, 2 Oca 2024 Sal, 10:00 tarihinde şunu yazdı:",
            "Support <support@example.org> şunları yazdı (2 Oca 2024 10:00):",
        ),
    ),
}

# The four lines of Outlook's header block, and the line for "original message".
LABELLED: dict[str, tuple[str, str, str, str, str]] = {
    "en": ("From", "Sent", "To", "Subject", "Original Message"),
    "de": ("Von", "Gesendet", "An", "Betreff", "Ursprüngliche Nachricht"),
    "fr": ("De ", "Envoyé ", "À ", "Objet ", "Message d'origine"),
    "es": ("De", "Enviado", "Para", "Asunto", "Mensaje original"),
    "it": ("Da", "Inviato", "A", "Oggetto", "Messaggio originale"),
    "pt": ("De", "Enviado", "Para", "Assunto", "Mensagem original"),
    "nl": ("Van", "Verzonden", "Aan", "Onderwerp", "Oorspronkelijk bericht"),
    "da": ("Fra", "Sendt", "Til", "Emne", "Oprindelig meddelelse"),
    "no": ("Fra", "Sendt", "Til", "Emne", "Opprinnelig melding"),
    "sv": ("Från", "Skickat", "Till", "Ämne", "Ursprungligt meddelande"),
    "fi": ("Lähettäjä", "Lähetetty", "Vastaanottaja", "Aihe", "Alkuperäinen viesti"),
    "pl": ("Od", "Wysłano", "Do", "Temat", "Wiadomość oryginalna"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět", "Původní zpráva"),
    "ja": ("差出人", "送信日時", "宛先", "件名", "元のメッセージ"),
    "zh": ("发件人", "发送时间", "收件人", "主题", "原始邮件"),
    "zh-tw": ("寄件者", "寄件日期", "收件者", "主旨", "原始郵件"),
    "ko": ("보낸 사람", "보낸 날짜", "받는 사람", "제목", "원본 메시지"),
    "ru": ("От", "Отправлено", "Кому", "Тема", "Исходное сообщение"),
    "tr": ("Gönderen", "Gönderildi", "Kime", "Konu", "Özgün ileti"),
    "el": ("Από", "Στάλθηκε", "Προς", "Θέμα", "αρχικό μήνυμα"),
}

MOBILE = (
    "Sent from my iPhone",
    "Sent from my Verizon Wireless BlackBerry",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from Mail for Windows 10",
    "Sent from Yahoo Mail on Android",
    "Get Outlook for iOS",
    "Get [Outlook for iOS](https://example.org/outlook)",
    "Get Outlook for Android<https://example.org/outlook>",
    "Von meinem iPhone gesendet",
    "Gesendet von Outlook für Android",
    "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Sendt fra min iPhone",
    "Skickat från min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "iPhoneから送信",
    "发自我的 iPhone",
    "나의 iPhone에서 보냄",
    "Отправлено с iPhone",
    "iPhone'umdan gönderildi",
)

# What a customer may write that begins or ends like one of those.
NOT_MOBILE = (
    "Sent from my desk, is much easier than my mobile phone.",
    "Von meinem iPhone kann ich das nicht öffnen",
    "내 iPhone 고장났어요",
    "I sent it from my iPhone",
    "iPhone bana dün gönderildi",
    "The parcel was sent from Samsung but never arrived here in one piece on Monday",
)

QUOTE = "Which colour would you like?\n\nRegards\nSupport"


def marked(text: str) -> str:
    """The text as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def introduced() -> Iterator[tuple[str, str, str]]:
    """Language, answer and what stands above a quote."""
    for language, (answer, introductions) in INTRODUCED.items():
        for introduction in introductions:
            yield language, answer, introduction


def header_block(language: str, form: str) -> str:
    """Outlook's header in that language, as plain text or as the Markdown that HTML becomes."""
    sender, sent, to, subject, _ = LABELLED[language]
    colon = "：" if form == "wide" else ":"
    shown = {"bold": "**{}{}** {}  ", "star": "*{}{}* {}", "apart": "**{}{}** {}\n"}.get(form, "{}{} {}")
    values = (
        (sender, "Support <support@example.org>"),
        (sent, "Tuesday, 2 January 2024 10:00"),
        (to, "Customer <customer@example.org>"),
        (subject, "Your order"),
    )
    if form == "one line":
        return " ".join(f"**{label}:** {value}" for label, value in values)
    return "\n".join(shown.format(label, colon, value) for label, value in values)
