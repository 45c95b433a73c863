"""Only the new text of a reply: every common mail program in five languages, and what people do with them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from webapp.mail.html_text import to_text
from webapp.mail.reply import trimmed

NEW = "Thanks, I will look at it.\n\nBest,\nBob"
OLD = ["The password of router-7 was changed.", "", "Please confirm."]


def lines(of: Iterable[str]) -> str:
    return "\n".join(of)


QUOTED = lines(f"> {line}".rstrip() for line in OLD)
UNQUOTED = lines(OLD)

ATTRIBUTIONS = {
    "gmail-en": "On Mon, Nov 23, 2026 at 2:02 PM Ana Silva <ana@corp.example> wrote:",
    "gmail-en-wrapped": "On Mon, Nov 23, 2026 at 2:02 PM Ana Maria da Silva Sauro <\nana.maria@corp.example> wrote:",
    "gmail-pt-br": "Em seg., 23 de nov. de 2026 às 14:02, Ana Silva <ana@corp.example>\nescreveu:",
    "gmail-pt-pt": "Ana Silva <ana@corp.example> escreveu no dia segunda, 23/11/2026 à(s) 14:02:",
    "gmail-es": "El lun, 23 nov 2026 a las 14:02, Ana Silva (<ana@corp.example>)\nescribió:",
    "gmail-fr": "Le lun. 23 nov. 2026 à 14:02, Ana Silva <ana@corp.example> a écrit :",
    "gmail-fr-wrapped": "Le lun. 23 nov. 2026 à 14:02, Ana Silva <ana@corp.example> a\nécrit\u00a0:",
    "gmail-de": "Am Mo., 23. Nov. 2026 um 14:02 Uhr schrieb Ana Silva <\nana@corp.example>:",
    "inbox-de": "Ana Silva <ana@corp.example> schrieb am Mo., 23. Nov.\n2026 um 14:02:",
    "apple-en": "On 23 Nov 2026, at 14:02, Ana Silva <ana@corp.example> wrote:",
    "apple-pt-br": "Em 23 de nov. de 2026, à(s) 14:02, Ana Silva <ana@corp.example> escreveu:",
    "apple-pt-pt": "No dia 23/11/2026, às 14:02, Ana Silva <ana@corp.example> escreveu:",
    "apple-es": "El 23 nov 2026, a las 14:02, Ana Silva <ana@corp.example> escribió:",
    "apple-fr": "Le 23 nov. 2026 à 14:02, Ana Silva <ana@corp.example> a écrit :",
    "apple-de": "Am 23.11.2026 um 14:02 schrieb Ana Silva <ana@corp.example>:",
    "gmail-de-wrapped-in-the-address": 'Am 23.11.2026 14:02 schrieb "Ana Silva" <ana@corp.example\n>:',
    "gmail-pt-wrapped-in-the-address": "Em seg., 23 de nov. de 2026 14:02, Ana <ana@corp.example\n> escreveu:",
    "without-colon": "On Mon, 23 Nov 2026 14:02:11 -0200 Ana Silva <ana@corp.example> wrote",
    "thunderbird-en": "On 11/23/26 14:02, Ana Silva wrote:",
    "thunderbird-pt": "Em 23/11/2026 14:02, Ana Silva escreveu:",
    "thunderbird-es": "El 23/11/26 a las 14:02, Ana Silva escribió:",
    "thunderbird-fr": "Le 23/11/2026 à 14:02, Ana Silva a écrit :",
    "thunderbird-de": "Am 23.11.26 um 14:02 schrieb Ana Silva:",
    "k9-de": "Am 23. November 2026 14:02:00 MEZ schrieb Ana Silva <ana@corp.example>:",
    "yahoo-en": "On Monday, November 23, 2026 at 02:02:00 PM GMT-3, Ana Silva <ana@corp.example> wrote:",
    "yahoo-pt": "Em segunda-feira, 23 de novembro de 2026 14:02:00 BRT, Ana Silva <ana@corp.example> escreveu:",
    "yahoo-es": "El lunes, 23 de noviembre de 2026, 14:02:00 CET, Ana Silva <ana@corp.example> escribió:",
    "yahoo-fr": "Le lundi 23 novembre 2026 à 14:02:00 UTC+1, Ana Silva <ana@corp.example> a écrit :",
    "yahoo-de": "Am Montag, 23. November 2026 um 14:02:00 MEZ hat Ana <ana@corp.example> Folgendes geschrieben:",
    "zoho": "---- On Mon, 23 Nov 2026 14:02:00 +0100 Ana Silva <ana@corp.example> wrote ----",
    "notes": "Ana Silva/Corp wrote on 23/11/2026 14:02:00:",
    "tutanota": "Nov 23, 2026, 14:02 by ana@corp.example:",
    "old-gmail": "2026-11-23 14:02 GMT+01:00 Ana Silva <ana@corp.example>:",
    "czech": "po 23. 11. 2026 v 14:02 odesílatel Ana Silva <ana@corp.example> napsala:",
    "hungarian": "Ana Silva <ana@corp.example> ezt írta (időpont: 2026. nov. 23., H, 14:02):",
    "greek": "Στις Δευ 23 Νοε 2026 στις 14:02, ο χρήστης Ana Silva <ana@corp.example> έγραψε:",
    "other-language": "23 нояб. 2026 г., в 14:02, Ana Silva <ana@corp.example> написал(а):",
}
HEADERS = {
    "outlook-en": (
        "From: Ana Silva <ana@corp.example>",
        "Sent: Monday, November 23, 2026 2:02 PM",
        "To: Bob",
        "Cc: Eva",
        "Subject: Password",
    ),
    "outlook-pt-br": (
        "De: Ana Silva <ana@corp.example>",
        "Enviada em: segunda-feira, 23 de novembro de 2026 14:02",
        "Para: Bob",
        "Assunto: Senha",
    ),
    "outlook-pt-pt": (
        "De: Ana Silva <ana@corp.example>",
        "Enviado: 23 de novembro de 2026 14:02",
        "Para: Bob",
        "Assunto: Senha",
    ),
    "outlook-es": (
        "De: Ana Silva <ana@corp.example>",
        "Enviado el: lunes, 23 de noviembre de 2026 14:02",
        "Para: Bob",
        "Asunto: Clave",
    ),
    "outlook-fr": (
        "De : Ana Silva <ana@corp.example>",
        "Envoyé : lundi 23 novembre 2026 14:02",
        "À : Bob",
        "Objet : Mot de passe",
    ),
    "outlook-de": (
        "Von: Ana Silva <ana@corp.example>",
        "Gesendet: Montag, 23. November 2026 14:02",
        "An: Bob",
        "Betreff: Passwort",
    ),
    "outlook-mac-en": (
        "From: Ana Silva <ana@corp.example>",
        "Date: Monday, November 23, 2026 at 2:02 PM",
        "To: Bob",
        "Subject: Password",
    ),
    "outlook-mac-pt": (
        "De: Ana Silva <ana@corp.example>",
        "Data: segunda-feira, 23 de novembro de 2026 14:02",
        "Para: Bob",
        "Assunto: Senha",
    ),
    "outlook-bold": (
        "*From:* Ana Silva <ana@corp.example>",
        "*Sent:* Monday, November 23, 2026 2:02 PM",
        "*To:* Bob",
        "*Subject:* Password",
    ),
    "outlook-wrapped": (
        "From: Ana Silva <ana@corp.example>",
        "Sent: Monday, November 23, 2026 2:02 PM",
        "To: Bob <bob@corp.example>; Eva",
        "<eva@corp.example>",
        "Subject: Password",
    ),
    "yahoo-de-indented": (
        '      Von: "Ana Silva" <ana@corp.example>',
        " An: bob@corp.example",
        " Gesendet: 14:02 Montag, 23.November 2026",
        " Betreff: Passwort",
    ),
    "outlook-pl": (
        "Od: Ana Silva <ana@corp.example>",
        "Wysłano: poniedziałek, 23 listopada 2026 14:02",
        "Do: Bob",
        "Temat: Hasło",
    ),
    "outlook-hu": (
        "Feladó: Ana Silva <ana@corp.example>",
        "Elküldve: 2026. november 23., hétfő 14:02",
        "Címzett: Bob",
        "Tárgy: Jelszó",
    ),
    "zimbra-pt": (
        'De: "Ana Silva" <ana@corp.example>',
        'Para: "Bob" <bob@corp.example>',
        "Enviadas: Segunda-feira, 23 de novembro de 2026 14:02:00",
        "Assunto: Senha",
    ),
}
MARKS = {
    "outlook-en": "-----Original Message-----",
    "outlook-pt": "-----Mensagem original-----",
    "outlook-es": "-----Mensaje original-----",
    "outlook-fr": "-----Message d'origine-----",
    "outlook-de": "-----Ursprüngliche Nachricht-----",
    "samsung-en": "-------- Original message --------",
    "samsung-pt": "-------- Mensagem original --------",
    "proton": "------- Original Message -------",
    "rule": "________________________________",
    "another-language": "-------- Oprindelig besked --------",
}
SIGNATURES = [
    "-- \nBob Lee\nCorp, 5th floor\n+55 11 5555-0100",
    "--\nBob",
    "--Bob",
    "-- Bob Lee",
    "____________________\nBob Lee\nCorp",
    "Az iPhone-omról küldve",
    "Odesláno z iPhonu",
    "Trimis de pe iPhone-ul meu",
    "Sent from my iPhone",
    "Sent from my Wiko RIDGE FAB 4G",
    "Enviado do meu Positivo Twist",
    "Sent from Outlook for Android<https://aka.ms/AAYSIbe>",
    "Sent from Mail for Windows 10",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "Sent with Proton Mail secure email.",
    "Enviado do meu iPhone",
    "Enviado do Outlook para Android",
    "Enviado a partir do meu smartphone Samsung Galaxy.",
    "Obter o Outlook para iOS<https://aka.ms/o0ukef>",
    "Obtenha o Outlook para Android<https://aka.ms/AAb9ysg>",
    "Enviado do Yahoo Mail no Android",
    "Enviado desde mi iPhone",
    "Enviado desde mi Samsung Galaxy",
    "Obtener Outlook para iOS<https://aka.ms/o0ukef>",
    "Envoyé de mon iPhone",
    "Envoyé depuis mon appareil Galaxy",
    "Envoyé à partir de Outlook pour Android<https://aka.ms/AAYSIbe>",
    "Télécharger Outlook pour Android<https://aka.ms/AAb9ysg>",
    "Provenance : Courrier pour Windows 10",
    "Von meinem iPhone gesendet",
    "Gesendet von Outlook für Android<https://aka.ms/AAb9ysg>",
    "Holen Sie sich Outlook für iOS<https://aka.ms/o0ukef>",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
]


@pytest.mark.parametrize("program", ATTRIBUTIONS)
@pytest.mark.parametrize("old", [QUOTED, UNQUOTED], ids=["quoted", "unquoted"])
def test_below_an_attribution(program: str, old: str) -> None:
    assert trimmed(f"{NEW}\n\n{ATTRIBUTIONS[program]}\n\n{old}\n") == NEW


@pytest.mark.parametrize("program", ATTRIBUTIONS)
def test_an_attribution_right_below_the_text(program: str) -> None:
    assert trimmed(f"Thanks, I will look at it\n{ATTRIBUTIONS[program]}\n{QUOTED}\n") == "Thanks, I will look at it"


@pytest.mark.parametrize("program", ATTRIBUTIONS)
def test_answers_below_and_between_quoted_lines_stay(program: str) -> None:
    text = f"{ATTRIBUTIONS[program]}\n\n> Was it you?\n\nYes.\n\n> When?\n> Please be precise.\n\nAt noon.\n"
    assert trimmed(text) == "Yes.\n\nAt noon."


@pytest.mark.parametrize("program", HEADERS)
@pytest.mark.parametrize("mark", ["", *MARKS.values()])
def test_below_a_header(program: str, mark: str) -> None:
    assert trimmed(f"{NEW}\n\n{mark}\n{lines(HEADERS[program])}\n\n{UNQUOTED}\n") == NEW


@pytest.mark.parametrize("mark", [mark for name, mark in MARKS.items() if name not in ("rule", "another-language")])
def test_below_a_mark_alone(mark: str) -> None:
    assert trimmed(f"{NEW}\n\n{mark}\n\n{UNQUOTED}\n") == NEW


@pytest.mark.parametrize("signature", SIGNATURES)
@pytest.mark.parametrize(
    "old", ["", f"\n{ATTRIBUTIONS['gmail-en']}\n\n{QUOTED}\n", f"\n{lines(HEADERS['outlook-en'])}\n\n{UNQUOTED}\n"]
)
def test_a_signature_is_folded_away(signature: str, old: str) -> None:
    assert trimmed(f"{NEW}\n\n{signature}\n{old}") == NEW


@pytest.mark.parametrize(
    "text",
    [
        "Thanks",
        "One\n\nTwo\n\n- a\n- b\n\n    code",
        "On Monday I will be away.\nOn Tuesday too: from 10:00 to 12:00.",
        "My boss wrote: do it.",
        "From: here\nto there it is far.",
        "The subject: passwords. To: everybody.",
        "Sent from my desk, which is easier than my mobile phone.",
        "I sent it by mail yesterday.",
        "Sent from my desk this morning before I left for the airport.",
        "Enviado por email ontem ao cliente.",
        "This is not a ---------- delimiter.",
        "a -- b",
        "On Monday, 23 Nov 2026, Bob wrote: do it.",
        "Call it with\n--verbose",
        "--Bob said so,\nand\nthen\nhe\nleft\nus",
        "Best regards,\nBob",
        "Is 5 > 4? Yes.",
    ],
)
def test_a_text_without_quotation_is_untouched(text: str) -> None:
    assert trimmed(text + "\n") == text


def test_a_forwarded_mail_without_comment_has_no_new_text() -> None:
    assert (
        trimmed("---------- Forwarded message ---------\nFrom: a@corp.example\nDate: today\nSubject: x\n\nOld.\n") == ""
    )


@pytest.mark.parametrize(
    "run_on",
    [
        'On 11/23/2026 at 2:02 PM, "Ana"  wrote:Notification of a password',
        "Am 23.11.2026 um 14:02 schrieb Ana:Das Passwort wurde geändert.",
        '-------- Original message --------From: "Ana"  Date: 11/23/26  2:02 PM  To: Bob Subject: Password',
        '-------- Ursprüngliche Nachricht --------Von: "Ana" Datum: 23.11.26  14:02  (GMT+01:00) An: Betreff: Passwort',
        "-------- Mensagem original --------De: Ana <ana@corp.example> Data: 23/11/26 14:02 Para: Bob Assunto: Senha",
    ],
)
def test_what_html_made_one_line_of(run_on: str) -> None:
    assert trimmed(f"{NEW}\n\n{run_on}\n\n{UNQUOTED}\n") == NEW


def test_nothing_that_is_quoted_passes_for_new_text() -> None:
    assert trimmed(f"{ATTRIBUTIONS['yahoo-en']}\n\nAPPROVE\n") == ""


def test_a_quoted_line_that_was_wrapped_without_a_mark_is_quoted_still() -> None:
    long = "> In efficitur augue ac tristique ullamcorper. Aenean tincidunt ornare diam,"
    assert trimmed(f"New\n\n> First\n{long}\neget accumsan est.\n> Last\n") == "New"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"),
        ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("a &lt;b&gt; &amp; c&nbsp;d &#8364;", "a <b> & c d €"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<blockquote>q<blockquote>r</blockquote></blockquote>", "> q\n> > r"),
        ("<style>p{}</style><script>if (a<b) x()</script><title>t</title>x<!-- <b> -->y", "xy"),
        ('<a title="1 > 0" href="x">link</a>', "link"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("1 < 2 and a<b", "1 < 2 and a<b"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("&#x202e;x&#0;", "\ufffdx\ufffd"),
        ("<script>never closed", ""),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    "old",
    [
        '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>From:</b> Ana</div><p>Old</p>',
        '<div class="gmail_quote"><div class="gmail_attr">någon skrev</div><blockquote>Old</blockquote></div>',
        '<div class="moz-cite-prefix">Ana kirjoitti</div><blockquote type="cite">Old</blockquote>',
        '<div class="yahoo_quoted"><div>On Monday, Ana wrote:</div><div>Old</div></div>',
        '<blockquote type="cite"><div>On 23 Nov 2026, Ana wrote:</div><div>Old</div></blockquote>',
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Ana</p></div><p>Old</p>',
        '<div class="gmail_signature">Bob<br>Corp</div>',
        '<div id="Signature">Bob</div>',
    ],
)
def test_marks_of_html_mail_programs(old: str) -> None:
    assert trimmed(to_text(f"<html><body><div>New<br>text</div>{old}</body></html>")) == "New\ntext"
