"""The requests that `leaving` takes for what they say, in the languages of `quoted_signs`: case-folded, no punctuation.

A phrase is here only if it can hardly mean anything but "send me no more mail": no bare "stop", nothing that could end an
order, a booking, a paid subscription or an account.
"""

_REQUESTS = """
unsubscribe | unsubscribe me | unsubscribe me from this list | unsubscribe me from your list
unsubscribe from this list
unsubscribe me from your mailing list | unsubscribe me from this mailing list | unsubscribe me from these emails
unsubscribe me from your emails | i want to unsubscribe | i would like to unsubscribe | i d like to unsubscribe
i wish to unsubscribe
remove me from this list | remove me from your list | remove me from the list | remove me from this mailing list
remove me from your mailing list | remove me from the mailing list | take me off this list | take me off your list
take me off your mailing list | remove my address from your list | remove my email from your list
remove my email address from your list | remove my email address from your mailing list | opt out | opt me out
stop emailing me | stop mailing me | stop sending me emails | stop sending me email | stop sending me mail
stop sending me e mails | stop sending emails | stop these emails | no more emails | no more email
do not email me again | don t email me again | do not contact me by email | do not send me any more emails
don t send me any more emails | do not send me emails | no longer send me emails

abmelden | abmeldung | melden sie mich ab | mich abmelden | ich möchte mich abmelden | ich will mich abmelden
newsletter abbestellen | newsletter abmelden | vom newsletter abmelden | melden sie mich vom newsletter ab
aus dem verteiler nehmen | nehmen sie mich aus dem verteiler | nehmen sie mich aus ihrem verteiler
nehmen sie mich von der liste | streichen sie mich von der liste | aus der liste austragen | tragen sie mich aus
keine weiteren e mails | keine weiteren mails | keine e mails mehr | keine mails mehr
schicken sie mir keine e mails mehr
schicken sie mir keine mails mehr | senden sie mir keine e mails mehr | senden sie mir keine weiteren e mails

désabonner | désabonnement | se désabonner | me désabonner | désabonnez moi | désabonnez moi de cette liste
désinscrire
désinscription | me désinscrire | désinscrivez moi | désinscrivez moi de cette liste | je souhaite me désabonner
je veux me désabonner | je souhaite me désinscrire | je voudrais me désabonner | me désabonner de cette liste
retirez moi de cette liste | retirez moi de votre liste | ne m envoyez plus d e mails | ne m envoyez plus de mails
ne m envoyez plus de courriels | plus de mails

desuscribir | desuscribirme | desuscríbame | desuscríbeme | quiero desuscribirme | darme de baja de esta lista
darme de baja de la lista | darme de baja de la lista de correo | dadme de baja de esta lista
deme de baja de esta lista
deme de baja de la lista de correo | quítenme de esta lista | elimíneme de esta lista | elimínenme de la lista
elimíneme de su lista | no me envíen más correos | no me envíe más correos | no me manden más correos | no más correos

disiscrivimi | disiscrivetemi | disiscrizione | disiscrivermi | vorrei disiscrivermi | voglio disiscrivermi
cancellami da questa lista | cancellatemi da questa lista | cancellatemi dalla lista | cancellami dalla lista
cancellatemi dalla mailing list | rimuovimi dalla lista | rimuovetemi dalla lista | toglietemi dalla lista
non inviatemi più email | non inviatemi più e mail | non mandatemi più email | non inviarmi più email

descadastrar | descadastre me | me descadastre | quero me descadastrar | desinscrever | desinscrever me
quero desinscrever me
cancelar a subscrição desta lista | remova me desta lista | remova me da lista | me remova da lista
me remova desta lista
remover me da lista | removam me da lista | tirem me da lista | não me enviem mais emails | não me envie mais emails
não me enviem mais e mails | não me envie mais e mails | não quero receber mais emails | não quero mais receber emails

afmelden | afmelding | uitschrijven | meld mij af | meld me af | schrijf mij uit | schrijf me uit | mij afmelden
ik wil mij afmelden
ik wil me afmelden | ik wil me uitschrijven | haal mij van deze lijst | haal me van deze lijst | haal mij van de lijst
haal mij van de mailinglijst | verwijder mij van deze lijst | verwijder mij uit de mailinglijst
stuur mij geen e mails meer
stuur mij geen mails meer | stuur me geen mails meer | geen e mails meer | geen mails meer

afmeld | afmeld mig | afmeld mig fra listen | afmeld nyhedsbrev | jeg vil gerne afmeldes | fjern mig fra listen
fjern mig fra jeres liste | slet mig fra listen | send mig ikke flere mails | ikke flere mails

avregistrera | avregistrera mig | avregistrera mig från listan | avanmäl mig | avprenumerera | avsluta nyhetsbrev
ta bort mig från listan | ta bort mig från er lista | ta bort mig från sändlistan | skicka inte fler mejl
skicka inte fler mail | inga fler mejl | inga fler mail

avmeld | avmeld meg | meld meg av | meld meg av listen | avmeld nyhetsbrev | fjern meg fra listen
fjern meg fra listen deres
ikke send meg flere e poster | ikke send flere e poster | ingen flere e poster

poista minut listalta | poistakaa minut listalta | poista minut postituslistalta | poistakaa minut postituslistalta
poista osoitteeni listalta | en halua enempää sähköposteja | älkää lähettäkö enää sähköposteja | peru uutiskirje

wypisz mnie | wypisz mnie z listy | wypisz mnie z newslettera | wypiszcie mnie z listy | wypisać z listy
chcę się wypisać | chcę wypisać się z listy | usuń mnie z listy | usuńcie mnie z listy | usuń mój adres z listy
usunąć mnie z listy mailingowej | nie wysyłajcie mi więcej maili | nie wysyłaj mi więcej maili
nie wysyłać więcej maili

odhlásit | odhlásit odběr | odhlásit z odběru | odhlaste mě | odhlaste mě z odběru | odhlásit newsletter
odhlásit se z odběru | odstraňte mě ze seznamu | vyřaďte mě ze seznamu | neposílejte mi další e maily
neposílejte mi už e maily | neposílejte mi další maily

配信停止 | 配信停止希望 | 配信を停止 | 配信停止して | 配信を停止して | メール配信停止 | メールの配信停止
メール配信を停止して | メールの配信を停止して
メールを送らないで | 今後メールを送らないで | 購読解除 | メルマガ解除 | メルマガ配信停止

退订邮件 | 退订此邮件 | 取消邮件订阅 | 取消订阅邮件 | 取消订阅此邮件 | 停止发送邮件 | 请勿再发邮件 | 不要再给我发邮件
请不要再给我发邮件
退訂郵件 | 取消訂閱郵件 | 取消訂閱電子報 | 停止寄送郵件 | 請勿再寄信 | 不要再寄信給我 | 請不要再寄信給我

수신거부 | 수신 거부 | 수신거부합니다 | 수신 거부합니다 | 수신거부 신청 | 수신거부 요청 | 메일 수신거부
메일 수신 거부 | 이메일 수신거부 | 이메일 수신 거부
메일 그만 보내 | 이메일을 보내지 마세요 | 메일을 보내지 마세요 | 더 이상 메일을 보내지 마세요
더 이상 이메일을 보내지 마세요

отписаться | отписаться от рассылки | отписка | отписка от рассылки | отпишите меня | отпишите меня от рассылки
хочу отписаться | хочу отписаться от рассылки | я хочу отписаться | удалите меня из рассылки
исключите меня из рассылки
удалите мой адрес из рассылки | уберите меня из рассылки | не присылайте мне больше писем | больше не присылайте писем
больше не пишите мне

listeden çıkar | beni listeden çıkar | beni listeden çıkarın | beni listenizden çıkarın | listeden çıkmak istiyorum
e posta listesinden çıkar | e posta listenizden çıkarın | bülten aboneliğinden çık | bana e posta göndermeyin
artık bana e posta göndermeyin | bana artık e posta göndermeyin
"""
_COURTESIES = """
please | pls | thanks | thank you | thank you very much | thx | many thanks | bitte | danke | vielen dank | merci
s il vous plaît
s il te plaît | svp | veuillez | merci de | por favor | gracias | muchas gracias | per favore | per cortesia | grazie
si prega di
obrigado | obrigada | graag | alstublieft | aub | dank u | bedankt | a u b | venligst | tak | på forhånd tak
vennligst | takk | tack
snälla | var vänlig | vänligen | tack på förhand | kiitos | olkaa hyvä | ystävällisesti | proszę | prosze | dziękuję
prosím
děkuji | お願いします | をお願いします | お願いいたします | をお願いいたします | ください | 请 | 谢谢 | 請 | 謝謝
부탁드립니다 | 감사합니다 | 제발
пожалуйста | спасибо | прошу | lütfen | teşekkürler | teşekkür ederim
"""
_CLOSINGS = """
regards | kind regards | best regards | best | best wishes | thanks | thank you | many thanks | cheers | sincerely
yours sincerely
mit freundlichen grüßen | freundliche grüße | viele grüße | beste grüße | grüße | gruß | mfg | lg | vg | danke
vielen dank
cordialement | bien cordialement | salutations | merci | bien à vous | saludos | un saludo | atentamente | gracias
cordiali saluti
saluti | distinti saluti | grazie | atenciosamente | cumprimentos | abraço | obrigado | obrigada
met vriendelijke groet
met vriendelijke groeten | groeten | groet | mvg | bedankt | med venlig hilsen | venlig hilsen | hilsen | mvh | tak
med vennlig hilsen | vennlig hilsen | takk | med vänlig hälsning | vänliga hälsningar | hälsningar | tack
ystävällisin terveisin
terveisin | kiitos | pozdrawiam | z poważaniem | dziękuję | s pozdravem | děkuji | よろしくお願いします | 以上 | 谢谢
此致 | 謝謝 | 감사합니다
с уважением | спасибо | saygılarımla | teşekkürler | iyi günler
"""
_GREETINGS = """
hi hello hey dear hallo guten sehr liebe lieber liebes moin bonjour bonsoir salut madame monsieur hola buenos buenas estimado
estimada estimados ciao buongiorno salve gentile olá ola oi bom boa prezado prezada caro cara beste geachte dag goedendag hej
kære god hei hejsan bästa kjære moi hyvä terve dzień cześć szanowni witam dobrý dobry ahoj vážený 你好 您好 안녕하세요
здравствуйте привет добрый уважаемые merhaba sayın selam
"""


def _phrases(table: str) -> frozenset[str]:
    lines = (line for line in table.splitlines() if line.strip())
    return frozenset(" ".join(phrase.casefold().split()) for line in lines for phrase in line.split("|"))


REQUESTS = _phrases(_REQUESTS)
# The longest first, so that none is taken apart.
COURTESIES = tuple(sorted(_phrases(_COURTESIES), key=lambda phrase: (-len(phrase), phrase)))
CLOSINGS = _phrases(_CLOSINGS)
GREETINGS = frozenset(_GREETINGS.casefold().split())
