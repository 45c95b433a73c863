"""The words by which mail systems say, in text alone, that a mail was not delivered, or not yet.

Each table is one pattern for text in lower case and without accents (`lower`): its rows begin at a word, and a space
stands for any white space. English comes first, because most mail systems speak it; then Portuguese, Spanish, French
and German.
"""

from __future__ import annotations

import re

_WITH_I_DOTTED = "\u0130"  # the one letter that `str.lower` makes longer
_PLAIN = str.maketrans("áàâãäåéèêëíìîïóòôõöúùûüçñ’", "aaaaaaeeeeiiiiooooouuuucn'")


def lower(text: str) -> str:
    """The text in lower case and without accents, every letter where it was."""
    return text.replace(_WITH_I_DOTTED, "i").lower().translate(_PLAIN)


def _words(rows: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_joined(rows)})")


def _lines(rows: str) -> re.Pattern[str]:
    return re.compile(rf"^[^\w\n]*+(?:{_joined(rows)})[^\w\n]*+$", re.MULTILINE)


def _joined(rows: str) -> str:
    return "|".join(row.strip() for row in rows.strip().splitlines()).replace(" ", r"\s+").translate(_PLAIN)


# The sender of a report: programs and the people who run them.
SYSTEMS = _words(
    r"""
    mail(?:er)?[-_. ]?daemon
    mdaemon@
    post_?master
    mail(?:er)? deliver(?:y)? (?:sub)?system
    mail delivery (?:service|agent|failure)
    mail[-. ]delivery[-. ]system@
    internet mail delivery
    (?:mail|system) admin(?:istrator)?
    microsoft (?:exchange|outlook)
    microsoftexchange[0-9a-f]{8}
    mmsc ndr
    mail[-. ]?router
    (?:delivery|bounce|ndr)[-_.]?(?:failure|status|notification|agent|daemon)s?@
    """
)

# What a subject says of a report, whatever it reports.
REPORTS = _words(
    r"""
    (?:mail|message|e-mail|delivery)(?: system| status)? (?:notification|report|problem|delayed)
    delivery (?:has been )?delayed
    delayed mail
    warning: (?:could not send|message|mail)
    """
)

# What a subject says of a mail that came back.
FAILURES = _words(
    r"""
    undeliver(?:able|ed)
    non[- ]?deliver(?:able|y)
    nondeliverable
    (?:mail|message|e-mail|delivery)(?: delivery)? (?:has )?fail(?:ed|ure)
    (?:mail|message|e-mail|delivery)(?: system| status)? (?:error|incomplete)
    (?:delivery|status|report|notification)s? \(fail
    failure notice
    returned (?:mail|to sender)
    return(?:ed|ing)? (?:message )?to sender
    (?:could not|couldn't|cannot|not) (?:be )?deliver(?:ed|able)
    message (?:you sent|blocked|rejected|not delivered)
    error sending your mail
    não (?:foi |pôde ser )?(?:entregue|entregável)
    falha (?:na|de|no) (?:entrega|envio)
    mensagem (?:devolvida|não entregue)
    no (?:se )?(?:puede|pudo|ha podido) entregar
    no entregad[oa]
    error (?:de|en la) entrega
    non remise?
    (?:échec|erreur) (?:de )?(?:la )?(?:remise|livraison|distribution)
    unzustellbar
    zustellfehler
    zustellung fehlgeschlagen
    nicht zugestellt
    """
)

# How a person begins the subject who answers or passes on a report.
ANSWERED = re.compile(r"\s*(?:re|aw|res|rv|sv|fwd?|enc|wg|tr|antw|i|vs)\s*:")

# Nothing more will be tried.
FAILED = _words(
    r"""
    could(?: not|n't) (?:be )?(?:successfully )?(?:deliver|delivered|sent|found|send|find|reach)\b
    can(?:not|'t| not) (?:be )?(?:deliver|delivered|sent)\b
    (?:was|were|has|have)(?: not|n't) (?:been )?deliver(?:ed|able)
    wasn't able to deliver
    (?:was|is|been) (?:un|in)able to (?:be )?deliver
    (?:unable|not able) to deliver
    undeliver(?:able|ed)
    fail(?:ed|ure) (?:permanently|to deliver|delivering)
    permanent(?:ly)? (?:fatal )?(?:errors?|failures?|failed)
    fatal errors?
    delivery (?:has |to the following recipients? )?(?:failed|failure|was aborted)
    (?:delivery|delevery) to the following .{0,40}\b(?:failed|aborted)
    (?:did|does) not reach
    (?:had|has) (?:delivery|permanent) (?:problems|errors|fatal)
    delivery (?:problems|errors)
    (?:following|these) address(?:\(?es\)?)? (?:had|failed|has|have)
    failed (?:address(?:es)?|recipients?)
    (?:was|were|been) (?:rejected|refused|returned|blocked|bounced)
    error (?:has occurred )?(?:while )?(?:attempting|trying|delivering|sending)
    trouble delivering
    message (?:is )?(?:returned|rejected|not delivered)
    no (?:valid|such) (?:recipients?|users?|mailbox|account|person|domain)
    (?:user|recipient|mailbox|host|domain|address)(?: name)? (?:is )?(?:unknown|not found|rejected|disabled|unavailable)
    (?:recipient|user) name is not recognized
    unknown (?:user|recipient|host|address|local[- ]?part|domain)
    invalid (?:user |recipient |e-?mail )?address
    transcript of session
    não (?:foi possível|pôde|foi|puderam|pode) (?:ser )?(?:entregar|entregue|enviar|enviada|enviado)
    falha (?:permanente|na entrega|no envio|ao entregar)
    no (?:se )?(?:ha|pudo|puede|han|pudieron) (?:podido )?(?:ser )?(?:entregar|entregad[oa]s?|enviar)
    n'(?:a|ont) (?:pas )?pu être (?:remis|délivré|distribué|livré|envoyé)
    impossible de (?:remettre|délivrer|distribuer|livrer)
    konnten? nicht (?:zugestellt|übermittelt|ausgeliefert)
    nicht (?:zugestellt|zustellbar|übermittelt) werden
    wurde nicht zugestellt
    """
)

# Words of failure stand beside words of delay in some reports; these say which it is.
GIVEN_UP = _words(
    r"""
    permanent (?:error|failure|fatal)
    permanently\b
    giv(?:en|ing) up\b
    no further (?:delivery )?attempts
    not going to try again
    has been returned
    """
)

# It will be tried again.
DELAYED = _words(
    r"""
    will (?:continue|keep) (?:to )?(?:try|retry)
    will be (?:re-?tried|attempted again|tried again)
    retried until
    (?:still|keep) (?:being )?(?:retried|retrying|trying)
    warning (?:message )?only
    this is (?:only )?a warning
    only a temporary failure
    (?:not need|not have|needn't) to (?:resend|re-send) (?:your|the)
    (?:has|have) not (?:yet )?been delivered (?:yet|to)
    (?:has been|is|was) delayed
    delivery (?:has been |is )?delayed
    delay(?:ed)? (?:mail|delivery)
    status notification \(delay\)
    not yet (?:been )?delivered
    delivery attempts? will continue
    message (?:is )?(?:still )?(?:being held|remains|in the queue)
    (?:continuará|continuaremos|continuarão) (?:a )?(?:tentar|tentando|sendo)
    novas? tentativas? (?:de entrega )?(?:será|serão)
    não é (?:necessário|preciso) (?:reenviar|enviar)
    entrega\b.{0,80}\b(?:atrasada|adiada)
    seguirá(?:n)? intentando
    se volverá a intentar
    no es necesario (?:reenviar|volver a enviar)
    entrega\b.{0,80}\b(?:retrasad[ao]|demorad[ao])
    (?:remise|livraison|distribution)\b.{0,80}\b(?:retardée|différée)
    tentatives? (?:de remise )?(?:se poursuiv|continu|suivront)
    vous n'avez pas (?:besoin|à) (?:de )?renvoyer
    zustellung\b.{0,80}\bverzögert
    weiter(?:hin)? versucht
    weitere zustellversuche
    """
)

# It arrived.
DELIVERED = _words(
    r"""
    (?:was|were|has been|have been) successfully (?:delivered|relayed)
    (?:message|mail) (?:was|has been) delivered to the following
    successful(?:ly)? (?:mail )?deliver
    foi entregue com (?:sucesso|êxito)
    se ha entregado correctamente
    a été (?:correctement )?(?:remis|distribué|livré) (?:à|avec succès)
    wurde erfolgreich zugestellt
    """
)

# It was tried until its time was over, or the trouble passes by itself; the address may be fine.
PASSING = _words(
    r"""
    (?:mail(?:box|folder)|mail box|inbox|account|quota|disk|storage)\b.{0,40}\b(?:full|over[- ]?quota|exceed\w*|used up)
    (?:over|exceeds?|exceeded|exceeding|out of)(?: \w+){0,4} (?:quota|storage|disk space|limit)
    quota (?:exceeded|violation)
    insufficient (?:system|disk) (?:storage|space|resources)
    time(?:d)?[- ]?out\b
    retry time
    delivery time expired
    expired\b
    too old\b
    connection (?:was )?(?:refused|reset|dropped|lost|closed)
    no route to host
    host (?:is )?(?:not reachable|unreachable|down)
    network (?:is )?unreachable
    all hosts have been failing
    can(?:not|'t) connect to
    could not (?:connect|contact)
    (?:unable|wasn't able) to (?:connect|contact|establish)
    could not deliver for the last
    (?:was|were) not delivered within
    did not accept our requests to connect
    not responding\b
    (?:multiple|after \d+) (?:retries|attempts)
    failed \d+ attempts
    service (?:temporarily )?unavailable
    temporar(?:y|ily)\b
    deferred\b
    greylist
    try(?:ing)? again later
    too many (?:connections|messages|recipients|concurrent)
    rate[- ]limit
    aborted after [\d.]+ hour
    cannot send message (?:for|within) \d
    caixa (?:de correio |postal |de entrada )(?:está )?(?:cheia|lotada)
    (?:buzón|bandeja) (?:de entrada )?(?:está )?llen[oa]
    boîte (?:aux lettres |de réception )?(?:est )?pleine
    postfach (?:ist )?voll
    """
)

# Lines where the mail begins that came back; what follows is no word of the mail system.
ORIGINAL = _lines(
    r"""
    (?:below|beneath|under) this line (?:is|follows).{0,60}
    (?:enclosed|this|here|following|included|below|attached) is (?:a |the )?copy of .{0,60}
    (?:your |the )?original message(?: (?:follows|headers?|text|info).*)?
    original mail (?:info|headers?)
    (?:unsent|undelivered|returned|rejected|failed) (?:message|mail)(?:(?: \w+){0,2} (?:follows?|is below).*)?
    (?:message|mail|letter) (?:text|headers?)(?: follows?)?
    the headers? of the original message.*
    (?:start|begin(?:ning)?) of (?:the )?(?:returned|original|failed) (?:message|mail)
    original (?:message|mail) (?:details|information).*
    the following is a copy of the message.*
    copy of (?:the |your )?(?:original )?message.*
    included is a copy of the message header.*
    mensagem original
    mensaje original
    message (?:d'origine|original)
    ursprüngliche nachricht
    originalnachricht
    """
)

# What stands in lines whose addresses are not those of recipients.
ELSEWHERE = _words(
    r"""
    (?:mail from|from|sender|return-path|reply-to|message-id|received|x-\w+)\s*[:<]
    contact\b
    (?:postmaster|support|help(?:desk)?|abuse|mailto)\s*:
    for (?:further|more) (?:assistance|information|help)
    assistance\b
    sent by\b
    (?:message|mail) from\b
    originally sent
    envelope-from
    https?://
    """
)

# Fields of RFC 3464 in the middle of a text.
FIELDS = re.compile(r"^[ \t]*(?:final|original)-recipient[ \t]*:", re.MULTILINE)
