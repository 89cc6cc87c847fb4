"""How mail programs in many languages introduce what they quote: the tables behind `quoted`.

All entries are case-folded. A sign that is missing here costs nothing but length: the quote then stays in the new text.
Languages: English, German, French, Spanish, Italian, Portuguese, Dutch, Danish, Norwegian, Swedish, Finnish,
Polish, Czech,
Japanese, Chinese (both scripts), Korean, Russian, Turkish; partly Hungarian, Ukrainian, Romanian, Greek.
"""

FROM, SENT, TO, SUBJECT, COPY = 1, 2, 4, 8, 16

_LABELS = {
    FROM: "from|von|de|da|van|fra|från|lähettäjä|od|差出人|送信元|送信者|发件人|寄件者|寄件人|보낸 사람|보낸사람|"
    "발신자|от|от кого|"
    "gönderen|kimden|feladó|від|від кого|de la|από",
    SENT: "sent|date|gesendet|datum|envoyé|date d'envoi|enviado|enviado el|fecha|inviato|data|verzonden|sendt|"
    "sendt den|dato|"
    "skickat|lähetetty|päivämäärä|päiväys|päivä|wysłano|wysłane|odesláno|送信日時|日時|日付|发送时间|发送日期|"
    "日期|时间|"
    "傳送時間|寄件日期|時間|보낸 날짜|보낸날짜|날짜|отправлено|дата|gönderildi|gönderme tarihi|gönderim|tarih|"
    "küldve|dátum|"
    "надіслано|trimis|στάλθηκε|ημερομηνία",
    TO: "to|an|à|a|para|aan|til|till|vastaanottaja|do|komu|宛先|送信先|收件人|收件者|받는 사람|받는사람|수신자|"
    "кому|kime|alıcı|"
    "címzett|către|προς",
    SUBJECT: "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|emne|ämne|aihe|temat|předmět|件名|主题|主題|"
    "主旨|제목|тема|"
    "konu|tárgy|subiect|θέμα",
    COPY: "cc|bcc|kopie|kopi|kopia|copie|copia|cópia|kopio|dw|抄送|副本|참조|копия|bilgi|másolat|reply-to|"
    "antwort an|importance",
}
LABELS = {label.casefold(): kind for kind, labels in _LABELS.items() for label in labels.split("|")}

# What an attribution ends with, before its colon.
WROTE = (
    "wrote", "writes", "geschrieben", "schrieb", "a écrit", "escribió", "ha scritto", "escreveu", "schreef",
    "geschreven",
    "skrev", "skrev följande", "skrev følgende", "kirjoitti", "napisał(a)", "napisał", "napisała", "pisze",
    "napsal(a)",
    "napsal", "napsala", "のメール", "書きました", "写道", "寫道", "작성", "작성하였습니다", "쓴 글", "님이 씀",
    "написал(а)", "написал",
    "написала", "пишет", "yazdı", "írta", "пише", "написав(ла)", "написав", "написала(в)", "a scris", "έγραψε",
)  # fmt: skip
# What stands inside one, where the writer's name or the date follows the verb.
WROTE_INSIDE = (
    " schrieb ", " schreef ", " skrev ", " kirjoitti ", " yazdı ", "wiadomość napisana przez ", " skrev følgende ",
    " написал ",
)  # fmt: skip
# How a wrapped one begins: used only to find its first line.
OPENERS = (
    "on ", "am ", "le ", "el ", "il ", "em ", "no dia ", "op ", "den ", "dne ", "dnia ", "w dniu ", "wiadomość ",
    "在", "於 ",
)  # fmt: skip

ORIGINAL = (
    "original message", "original appointment", "original email", "ursprüngliche nachricht", "originalnachricht",
    "message d'origine", "message original", "mensaje original", "messaggio originale", "mensagem original",
    "oorspronkelijk bericht", "oprindelig meddelelse", "opprinnelig melding", "ursprungligt meddelande",
    "originalmeddelande", "alkuperäinen viesti", "wiadomość oryginalna", "oryginalna wiadomość", "původní zpráva",
    "původní e-mail", "元のメッセージ", "原始邮件", "原始郵件", "原邮件", "원본 메시지", "원본 메일",
    "исходное сообщение",
    "özgün ileti", "orijinal mesaj", "eredeti üzenet", "початкове повідомлення", "mesaj original", "αρχικό μήνυμα",
)  # fmt: skip
FORWARDED = (
    "forwarded message", "weitergeleitete nachricht", "weitergeleiteten nachricht", "message transféré",
    "message réexpédié", "mensaje reenviado", "messaggio inoltrato", "mensagem encaminhada", "mensagem reencaminhada",
    "doorgestuurd bericht", "videresendt meddelelse", "videresendt besked", "videresendt melding",
    "vidarebefordrat meddelande", "vidarebefordrat brev", "edelleenlähetetty viesti", "välitetty viesti",
    "przekazana wiadomość", "wiadomość przekazana", "přeposlaná zpráva", "転送されたメッセージ", "転送メッセージ",
    "转发的邮件",
    "转发邮件", "轉寄的郵件", "轉寄郵件", "전달된 메시지", "전달된 메일", "пересылаемое сообщение",
    "пересылаемое письмо",
    "iletilen ileti", "iletilen mesaj", "yönlendirilen mesaj", "továbbított üzenet", "переслане повідомлення",
)  # fmt: skip

# Whoever says so has written between the lines of an unmarked quote, or means it to be read.
BELOW = (
    "see below", "answers below", "answer below", "comments below", "replies below", "response below",
    "responses below",
    "answered below", "inline", "in-line", "in red", "in blue", "in bold", "siehe unten", "antworten unten",
    "im text",
    "in rot", "in blau", "voir ci-dessous", "réponses ci-dessous", "dans le texte", "en rouge", "en bleu",
    "ver abajo",
    "respuestas abajo", "más abajo", "en rojo", "en azul", "vedi sotto", "risposte sotto", "in rosso", "in blu",
    "ver abaixo", "veja abaixo", "respostas abaixo", "em vermelho", "zie onder", "zie hieronder", "in het rood",
    "se nedenfor", "med rødt", "i rødt", "se nedan", "i rött", "se under", "katso alla", "ks. alla", "punaisella",
    "patrz poniżej", "poniżej odpowiedzi", "na czerwono", "viz níže", "červeně", "赤字", "インライン", "红字",
    "紅字", "见下文",
    "빨간색", "см. ниже", "ответы ниже", "красным", "aşağıda", "kırmızı",
)  # fmt: skip

# What a telephone or a mail program adds by itself: how it begins and ends, and a device or program as one
# of its last words.
SENT_FROM = (
    ("sent from", ""), ("sent via", ""), ("sent with", ""), ("get outlook for", ""), ("download outlook", ""),
    ("von mein", "gesendet"), ("gesendet von", ""), ("gesendet mit", ""), ("gesendet über", ""),
    ("diese nachricht wurde von mein", "gesendet"), ("outlook für", "herunterladen"), ("holen sie sich outlook", ""),
    ("envoyé de mon", ""), ("envoyé depuis", ""), ("envoyé à partir", ""), ("obtenez outlook", ""),
    ("télécharger outlook", ""),
    ("enviado desde", ""), ("obtener outlook", ""), ("descargar outlook", ""), ("enviado do", ""),
    ("enviado de meu", ""),
    ("enviado a partir", ""), ("obter o outlook", ""), ("inviato da", ""), ("ottieni outlook", ""),
    ("scarica outlook", ""),
    ("verstuurd vanaf", ""), ("verzonden vanaf", ""), ("verzonden via", ""), ("outlook voor", "downloaden"),
    ("sendt fra", ""), ("hent outlook", ""), ("skickat från", ""), ("skaffa outlook", ""), ("hämta outlook", ""),
    ("lähetetty", ""), ("hanki outlook", ""), ("wysłane z", ""), ("wysłano z", ""), ("pobierz program outlook", ""),
    ("pobierz outlook", ""), ("odesláno z", ""), ("získat outlook", ""), ("发自我的", ""), ("从我的", "发送"),
    ("從我的", "傳送"),
    ("寄自我的", ""), ("отправлено с", ""), ("отправлено из", ""), ("скачать outlook", ""), ("내", "에서 보냄"),
    ("나의", "에서 보냄"), ("", "から送信"), ("iphone'umdan", "gönderildi"), ("samsung cihazımdan", "gönderildi"),
    ("android'den", "gönderildi"),
)  # fmt: skip
DEVICES = (
    "iphon", "ipad", "ipod", "ios", "android", "samsung", "galaxy", "blackberry", "outlook", "huawei", "xiaomi",
    "nokia",
    "motorola", "xperia", "oneplus", "windows", "yahoo", "gmail", "aol", "proton", "gmx", "web.de", "mobile",
    "smartphone",
    "mobiltelefon", "mobilgerät", "handy", "téléphone", "móvil", "celular", "cellulare", "telefoon", "mobil",
    "puhelimesta",
    "telefon", "телефон", "手机", "手機", "스마트폰", "携帯", "スマホ", "发自我的iphone", "从我的iphone发送",
    "내iphone",
)  # fmt: skip
