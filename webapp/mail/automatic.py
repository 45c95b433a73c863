"""Automatic answers (RFC 3834): out-of-office notes, acknowledgements, and what else no person wrote."""

from __future__ import annotations

import re

from webapp.mail.parse import Mail

# Header fields of answering programs, and the values that say otherwise.
_TELLTALES = (
    "x-autoreply",
    "x-auto-reply",
    "x-autoreply-from",
    "x-autorespond",
    "x-autoresponder",
    "x-autoresponse",
    "x-autoresponse-id",
    "x-mail-autoreply",
    "x-mail-autoresponder",
    "x-amazon-auto-reply",
    "x-ms-exchange-inbox-rules-loop",
    "x-php-autoresponder",
    "autoresponder",
    "x-vacation",
    "x-gm-auto-reply",
)
_DENIED = frozenset(("no", "false", "0"))
_PRECEDENCE = frozenset(("auto_reply", "auto-reply", "autoreply"))
_BULK = frozenset(("bulk", "junk"))

# How answering programs begin a subject, in the languages of their users. A person who answers one writes `Re:` first.
_SUBJECT = re.compile(
    r"\W*(?:"
    r"auto(?:matic|matische|matica|mática|mated)?[- ]?(?:reply|response|answer|responder|respons)\b"
    r"|(?:out of|away from)(?: the| my)?[- ](?:office|mail|desk)\b|ooo\s*:|i(?: am|'m) (?:currently )?(?:out of|away)"
    r"|on (?:vacation|holiday|leave)\b|vacation (?:reply|message|response|notice)|absence (?:notice|notification)"
    r"|auto\s*:"
    r"|resposta autom[áa]tica|(?:estou )?fora do escrit[óo]rio|ausência (?:tempor[áa]ria|do escrit[óo]rio)|ausente\b"
    r"|(?:aviso|mensagem) de (?:ausência|férias)|mensagem autom[áa]tica|em férias\b"
    r"|respuesta autom[áa]tica|(?:estoy )?fuera de (?:la )?oficina|mensaje autom[áa]tico|de vacaciones\b|ausencia\b"
    r"|r[ée]ponse automatique|absen(?:ce|t|te) (?:du|de mon) bureau|absence\s*:|message (?:automatique|d'absence)"
    r"|notification d'absence|en congés?\b"
    r"|automatische (?:antwort|rückmeldung|abwesenheit)|abwesen(?:heit|d)|außer haus|nicht im büro|urlaub\b"
    r"|risposta automatica|fuori (?:sede|ufficio)|automatisch antwoord|afwezig|automatyczna odpowied"
    r")",
    re.IGNORECASE,
)


def evidence(mail: Mail) -> str | None:
    """Why the mail is an automatic answer; None when nothing says so."""
    submitted = re.split(r"[;\s(]", mail.header("auto-submitted").strip().lower(), maxsplit=1)[0]
    if submitted == "no":
        return None
    if submitted == "auto-replied":
        return "Auto-Submitted: auto-replied"
    for name in _TELLTALES:
        if mail.root.raw(name).strip() and mail.header(name).lower() not in _DENIED:
            return name
    precedence = mail.header("precedence").lower()
    if precedence in _PRECEDENCE or mail.header("x-precedence").lower() in _PRECEDENCE:
        return "Precedence: auto_reply"
    if _SUBJECT.match(mail.header("subject")):
        return "Subject"
    return _answer_of_a_program(mail, submitted, precedence)


def _answer_of_a_program(mail: Mail, submitted: str, precedence: str) -> str | None:
    """A program wrote it, and it answers something."""
    if not (mail.root.raw("in-reply-to").strip() or mail.root.raw("references").strip()):
        return None
    if submitted:
        return f"Auto-Submitted: {submitted}"
    if precedence in _BULK and not mail.root.raw("list-id"):
        return f"Precedence: {precedence}"
    if any(name.lower() == "return-path" and value.strip() == b"<>" for name, value in mail.root.fields):
        return "Return-Path: <>"
    return None
