"""How machines address, title and open their mails: the tables behind `kinds`. All entries are case-folded."""

DAEMONS = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon"})
POSTMASTERS = frozenset({"postmaster", "bounce", "bounces"})
MACHINES = frozenset({
    "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "autoreply", "auto-reply",
    "autoresponder", "auto-responder", "auto-confirm", "notification", "notifications", "daemon", "root", "nobody",
})  # fmt: skip

AUTOMATIC_SUBJECTS = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto:", "auto response", "autoresponse",
    "automated response", "automated reply", "out of office", "out of the office", "out-of-office", "on vacation",
    "vacation reply", "automatische antwort", "automatische rückmeldung", "abwesenheit", "abwesend", "nicht im büro",
    "réponse automatique", "absence du bureau", "absent du bureau", "message d'absence", "respuesta automática",
    "fuera de la oficina", "ausente de la oficina", "risposta automatica", "fuori ufficio", "assenza dall'ufficio",
    "resposta automática", "ausência do escritório", "fora do escritório", "automatisch antwoord",
    "automatische reactie",
    "afwezig", "niet aanwezig", "automatisk svar", "autosvar", "fraværende", "ikke på kontoret", "automatiskt svar",
    "frånvaro", "inte på kontoret", "automaattinen vastaus", "poissa toimistosta", "odpowiedź automatyczna",
    "automatyczna odpowiedź", "poza biurem", "nieobecność", "automatická odpověď", "mimo kancelář", "自動応答",
    "自動返信",
    "不在", "自动答复", "自动回复", "自動回覆", "外出", "자동 회신", "자동 응답", "부재중", "автоматический ответ",
    "автоответ",
    "нет на месте", "otomatik yanıt", "otomatik cevap", "ofis dışında",
)  # fmt: skip

AUTOMATIC_OPENINGS = (
    "this is an automated", "this is an automatic", "this is an auto-reply", "automatically generated",
    "do not reply to this", "please do not reply", "i am out of the office", "i'm out of the office",
    "i am currently out",
    "i'm currently out", "i will be out of the office", "i'll be out of the office", "i am away", "i am on leave",
    "i am on vacation", "i am currently on", "we have received your", "limited access to my email",
    "limited access to email",
    "ich bin derzeit nicht", "ich bin zurzeit nicht", "ich bin zur zeit nicht", "ich bin momentan nicht",
    "ich bin bis zum",
    "bin nicht im büro", "nicht im büro", "automatisch generiert", "automatisch erstellt", "automatisch erzeugt",
    "je suis actuellement absent", "je suis absent", "je serai absent", "en congé", "en congés",
    "message automatique",
    "généré automatiquement", "estoy fuera de la oficina", "estaré fuera", "me encuentro fuera", "mensaje automático",
    "generado automáticamente", "sono fuori ufficio", "sarò assente", "sono assente", "messaggio automatico",
    "generato automaticamente", "estou fora do escritório", "estarei fora", "estou ausente", "mensagem automática",
    "gerada automaticamente", "ik ben afwezig", "ik ben momenteel niet", "ik ben niet aanwezig",
    "automatisch gegenereerd",
    "jeg er ikke på kontoret", "jeg er på ferie", "jeg er fraværende", "automatisk genereret", "automatisk generert",
    "jag är inte på kontoret", "jag är på semester", "jag är borta", "automatiskt genererat", "olen poissa",
    "olen lomalla",
    "automaattinen viesti", "jestem poza biurem", "przebywam na urlopie", "jestem nieobecn",
    "wygenerowana automatycznie",
    "jsem mimo kancelář", "nejsem v kanceláři", "mám dovolenou", "automaticky generovan", "不在にして", "自動送信",
    "自動配信",
    "自動返信", "休暇", "我不在办公室", "我目前不在", "自动发送", "自动生成", "我不在辦公室", "부재중", "휴가 중",
    "자동으로 발송",
    "меня нет в офисе", "я в отпуске", "нахожусь в отпуске", "создано автоматически", "отправлено автоматически",
    "ofis dışındayım", "izindeyim", "otomatik olarak",
)  # fmt: skip

BOUNCE_SUBJECTS = (
    "undeliverable", "undelivered mail", "undelivered", "delivery status notification", "delivery notification",
    "mail delivery failed", "mail delivery failure", "mail delivery system", "delivery failure",
    "delivery has failed",
    "delivery incomplete", "failure notice", "returned mail", "returned to sender", "message not delivered",
    "warning: could not",
    "warning: message", "unzustellbar", "nicht zustellbar", "zustellung fehlgeschlagen", "non remis",
    "échec de la remise",
    "non distribuable", "no se puede entregar", "no entregado", "error de entrega", "impossibile recapitare",
    "recapito non riuscito", "mancato recapito", "não entregue", "falha na entrega", "não é possível entregar",
    "onbestelbaar", "niet bezorgd", "kan ikke leveres", "uleverbar", "oleverbart", "går inte att leverera",
    "ei voitu toimittaa", "toimitus epäonnistui", "nie można dostarczyć", "niedostarczalne", "nelze doručit",
    "nedoručitelné", "配信不能", "配信できません", "无法送达", "未送达", "無法傳遞", "退信", "배달되지 않음",
    "배달할 수 없음",
    "не удается доставить", "недоставлен", "teslim edilemedi",
)  # fmt: skip

# The machine-readable part of a report is in English everywhere (RFC 3464), and so are most servers' own words.
BOUNCE_TEXTS = (
    "final-recipient:", "original-recipient:", "reporting-mta:", "diagnostic-code:", "action: failed",
    "action: delayed",
    "status: 5.", "status: 4.", "remote-mta:", "could not be delivered", "couldn't be delivered", "was not delivered",
    "wasn't delivered", "delivery has failed", "permanent error", "permanent failure", "permanent fatal errors",
    "mail delivery system", "mail delivery software", "user unknown", "mailbox unavailable", "mailbox full",
    "address rejected", "recipient rejected", "smtp error", "550 5.", "550-5.", "554 5.", "552 5.", "#5.1.1",
    "5.1.1 ",
    "undeliverable", "host or domain name not found", "message was created automatically by mail delivery",
)  # fmt: skip
