"""How mail programs introduce the mail that is answered, and what they sign with: data for `reply`.

For single lines in lower case. English, Portuguese, Spanish, French and German are as complete as their common mail
programs; other languages have what Gmail, Outlook and Apple Mail write in them.
"""

from __future__ import annotations

import re

# "On Monday, Ana wrote:": the verb, and how such a line begins.
WROTE = re.compile(
    r"(?<!\w)(?:wrote|writes|escreveu|escribió|escribio|va escriure|a écrit|schrieb|geschrieben|ha scritto|schreef"
    r"|geschreven|skrev|kirjoitti|napisał\(a\)|napisała?|написал\(а\)|написала?|пишет|пише|a scris|yazdı|写道"
    r"|napsala?|napsal\(a\)|ezt írta|έγραψε|كتب|כתב)(?!\w)"
)
BEGINS = re.compile(
    r"(?:-+ ?)?(?:on|em|no dia|el|el día|le|am|il|il giorno|op|den|w dniu|dnia|в|"
    r"(?:lun|mar|mi[eé]|mer|jeu|jue|ven|vie|sam|s[aá]b|dim|dom|seg|ter|qua|qui|sex)[a-zç.-]*,?)\s"
)
DAY = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}[:.]\d{2}|\d{1,2} ?h ?\d{2}|(?:19|20)\d\d|\d(?:am|pm)|@")
# Mail programs that write no verb: day or time, and the sender's address, up to a colon; or day and name alone.
BY_DATE = re.compile(
    r"(?=.*(?:\d{1,2}[:.h]\d{2}|\d{1,4}[./-]\d{1,2}[./-]\d{1,4})).{0,300}<?[^\s<>@]{1,100}@[^\s<>@]{1,200}>?[)\"]?\s?[:：]"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}(?: \d{1,2}:\d{2})?(?: (?:gmt|utc)[+-]?[\d:]*)?,? .{1,120}<[^ <>]+@[^ <>]+>"
    r"|\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2} gmt[+-]\d\d:\d\d .{1,80}"
)

# Lines after which all is the mail that is answered or passed on.
_MARKED = (
    r"original message|reply message|forwarded message|original appointment|forwarded by .{1,80}"
    r"|mensagem original|mensagem encaminhada|mensagem reencaminhada|encaminhado por .{1,80}"
    r"|mensaje original|mensaje reenviado|reenviado por .{1,80}"
    r"|message d['’]origine|message original|message transféré|message réexpédié|courriel original"
    r"|transféré par .{1,80}"
    r"|ursprüngliche nachricht|originalnachricht|original-nachricht|weitergeleitete nachricht"
    r"|weitergeleitet von .{1,80}"
    r"|messaggio originale|messaggio inoltrato|oorspronkelijk bericht|doorgestuurd bericht|origineel bericht"
    r"|ursprungligt meddelande|oprindelig (?:meddelelse|besked)|opprinnelig melding|alkuperäinen viesti"
    r"|wiadomość oryginalna"
    r"|исходное сообщение|пересылаемое сообщение|пересланное сообщение"
)
# A mark, or an attribution, that HTML made one line of with what stood below it: no person leaves out the space.
MARK_AND_HEADER = re.compile(rf"-{{2,60}} ?(?:{_MARKED}) ?-{{2,60}} ?[^\W\d][\w ]{{1,16}}:.*")
RUN_ON = re.compile(r"[^:]{0,80}+:(?=[^\s/])")
MARK = re.compile(
    rf"[-_=*<>]{{2,60}} ?(?:{_MARKED}) ?[-_=*<>]{{0,60}}:?|(?:{_MARKED}) ?:"
    r"|(?:begin forwarded message|início da mensagem (?:encaminhada|reencaminhada)|inicio del mensaje reenviado"
    r"|début du message (?:réexpédié|transféré)|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|inizio messaggio inoltrato|begin doorgestuurd bericht)\s?:"
)

# The header that Outlook and others write above the mail: each label, and what it labels.
_LABELLED = {
    "from": "from|de|von|da|van|från|fra|от|remitente|expéditeur|absender|remetente|mittente|afzender|od|nadawca|feladó"
    "|lähettäjä|de la|kimden|από",
    "date": "sent|date|data|fecha|enviado|enviada|enviados|enviadas|enviado em|enviada em|enviado el|envoyé|envoyé le"
    "|date d'envoi|gesendet|gesendet am|datum|inviato|verzonden|skickat|sendt|dato|message du|дата|отправлено"
    "|wysłano|odesláno|elküldve|lähetetty|trimis|gönderildi|tarih|στάλθηκε|ημερομηνία",
    "to": "to|para|an|à|a|pour|aan|till|til|кому|destinatario|destinataire|empfänger|destinatário"
    "|do|komu|címzett|vastaanottaja|către|kime|προς",
    "cc": "cc|cco|bcc|kopie|copie|copie à|kopia",
    "subject": "subject|assunto|asunto|objet|sujet|betreff|oggetto|onderwerp|ämne|emne|тема|temat|předmět"
    "|tárgy|aihe|subiect|konu|θέμα",
    "other": "importance|importância|importancia|priority|attachments|anexos|reply-to|responder a|antwort an"
    "|répondre à",
}
LABELS = {label: kind for kind, labels in _LABELLED.items() for label in labels.split("|")}
LABEL = re.compile(r"[*_ ]{0,12}([^\W\d][\w'’ -]{0,16}?)[*_]{0,2}\s?[:：][*_]{0,2}(?=\s|\Z|[^/\s])")

ABOVE_HEADER = re.compile(r"[-_=*]{3,60} ?[^-_=*]{3,50} ?[-_=*]{3,60}")  # a mark in some other language

# Where a signature begins (RFC 3676 section 4.3), and where the footer of a mailing list does.
SIGNATURE = re.compile(r"--|—|ᐧ|_{20,}")
# A name alone, behind the dashes of a signature.
SIGNED = re.compile(r"-- ?[A-ZÀ-ÖØ-Þ][\w.'’-]{1,20}(?: [\w.'’-]{1,20}){0,3}")
# Lines that phones and mail programs put below a text. What people write themselves ("sent by mail") is none.
_BRAND = (
    r"\b(?:iphon\w*|ipad|ipod|ios|android\w*|galaxy|samsung|blackberry|nokia|huawei|xiaomi|motorola|moto|htc|lg|sony|xperia|pixel"
    r"|windows|outlook|yahoo|gmail|mailbox|airmail|spark|proton\w*|tutanota|gmx|web\.de|bluemail|k-9|thunderbird|ti-\d+|alcatel"
    r"|lumia|aol|sparrow|mailspring|superhuman|polymail|zoho|fastmail|hushmail|libero|bol|uol|terra)\b"
)
_DEVICE = (
    rf"(?:{_BRAND}|\b(?:smartphone|celular|móvil|movil|telemóvel|mobile?|mobil\w*|handy|phone|tablet|device|dispositivo|aparelho"
    r"|appareil|téléphone|portable|cell|ordinateur)\b)"
)
# Two words of possession and a name: no sentence is so short.
_MINE = r"(?: [^\s,.;:!?]+){1,5}"
_NEAR = r"[^,.;!?]{0,50}?"
_REST = r".{0,120}"
DEVICE_SIGNATURE = re.compile(
    r"[<(\[*_ ]{0,4}(?:"
    rf"(?:sent from my|enviad[oa] (?:do meu|da minha|desde mi)|envoyé de (?:mon|ma)){_MINE}"
    rf"|von meine[mr]{_MINE} gesendet"
    rf"|(?:sent|posted|typed|written)(?: with \w+)? from\b{_NEAR}{_DEVICE}{_REST}"
    rf"|sent (?:via|using|with|by)\b{_NEAR}(?:{_BRAND}|mobile){_REST}"
    rf"|(?:mensagem |mensaje )?enviad[oa] (?:do|da|de|desde|pelo|pela|a partir)\b{_NEAR}{_DEVICE}{_REST}"
    rf"|(?:mensagem |mensaje )?enviad[oa] (?:com|con|por|via|vía)\b{_NEAR}{_BRAND}{_REST}"
    rf"|(?:message )?(?:envoyée?|expédié) (?:depuis|de|à partir|du|via|avec|par)\b{_NEAR}{_DEVICE}{_REST}"
    rf"|provenance ?:?{_NEAR}{_BRAND}{_REST}"
    rf"|(?:diese nachricht wurde )?(?:von|vom|mit|über|aus)\b{_NEAR}{_DEVICE}.{{0,60}}(?:gesendet|geschickt|verschickt)"
    rf"|gesendet (?:von|mit|vom|über|aus)\b{_NEAR}{_DEVICE}{_REST}"
    rf"|(?:inviato|verzonden|verstuurd|skickat|sendt|lähetetty|wysłan[eo]|отправлено|odesláno|trimis|στάλθηκε)\b"
    rf"{_NEAR}{_DEVICE}{_REST}"
    rf"|(?:az? )?{_NEAR}{_BRAND}\S{{0,10}} küldve|{_NEAR}{_BRAND}\S{{0,10}} gönderildi"
    r"|(?:get|obter o|obtenha o|obtém o|baixe o|obtener|obtén|obtenga|descargar|télécharger|téléchargez|obtenir|obtenez"
    rf"|holen sie sich|hol dir|beziehen sie|scarica|ottieni) outlook\b{_REST}"
    r"|outlook (?:für|for|para|pour) .{1,30} (?:beziehen|herunterladen)"
    rf"|from my (?:iphone|ipad|android|phone|mobile)\b{_REST}"
    r")[>)\]*_. ]{0,4}"
)
RULE = re.compile(r"[-_=*~#+ ]{3,}")
