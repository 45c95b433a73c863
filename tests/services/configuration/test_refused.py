"""Wrong input of every noun: named by its path, in words, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import force_locale

from tests.conftest import FreshApp
from webapp.services import configuration

ACCOUNT = "name: R, sender_email: a@corp.example, host: mail, port: 25"
PIN = "ab" * 32


def account(fields: str) -> str:
    return f"smtp_accounts: [{{{ACCOUNT}, {fields}}}]"


def contact(fields: str) -> str:
    return f"contacts: [{{name: Ana, {fields}}}]"


def notification(fields: str) -> str:
    return f"notifications: [{{name: N, {fields}}}]"


def text(fields: str) -> str:
    return f"texts: [{{type: password.changed, channel: email, subject: S, body: B, {fields}}}]"


def inbox(fields: str) -> str:
    credential = "credentials: [{name: C, username: u, secret: {value: s}}]"
    return f"{credential}\ninbox_accounts: [{{name: I, host: h, credential: C, {fields}}}]"


# (text, path, part of the words)
WRONG = [
    # types are strict
    (account('max_connections: "4"'), "smtp_accounts[0].max_connections", "whole number, without quotes"),
    (account("max_connections: true"), "smtp_accounts[0].max_connections", "whole number"),
    (account("max_connections: 4.0"), "smtp_accounts[0].max_connections", "whole number"),
    (account("secure: 1"), "smtp_accounts[0].secure", "true or false"),
    (account('secure: "true"'), "smtp_accounts[0].secure", "true or false"),
    (account("secure: null"), "smtp_accounts[0].secure", "true or false"),
    (account("sender_name: 5"), "smtp_accounts[0].sender_name", "Write a text"),
    (account("sender_name: {a: b}"), "smtp_accounts[0].sender_name", "Write a text"),
    ("contacts: [{name: 12}]", "contacts[0].name", "quotes"),
    ("contacts: [{name: no}]", "contacts[0].name", "quotes"),
    ("contacts: [{name: 2026-01-01}]", "contacts[0].name", "quotes"),
    ("contacts: [Ana]", "contacts[0]", "keys"),
    ("groups: [{name: G, contacts: Ana}]", "groups[0].contacts", "list"),
    ("groups: [{name: G, contacts: [1]}]", "groups[0].contacts[0]", "Write a text"),
    (inbox("move_to: inbox"), "inbox_accounts[0].move_to", "already in this folder"),
    (inbox("folder: Inbox, move_to: iNBOX"), "inbox_accounts[0].move_to", "already in this folder"),
    (inbox("protocol: pop3, move_to: Old"), "inbox_accounts[0].move_to", "POP3 has no folders"),
    # keys
    (account("hosts: x"), "smtp_accounts[0].hosts", "did you mean host?"),
    (account("zzz: x"), "smtp_accounts[0].zzz", "no such key"),
    ("parameters: {foot: x}", "parameters.foot", "no such key"),
    ("smtp_accounts: [{name: R}]", "smtp_accounts[0].host", "needed"),
    ("smtp_accounts: [{name: R}]", "smtp_accounts[0].sender_email", "needed"),
    ("contacts: [{}]", "contacts[0].name", "needed"),
    ("contacts: [{name: A}, {name: 'A '}]", "contacts[1].name", "already at contacts[0]"),
    # names
    ("contacts: [{name: ''}]", "contacts[0].name", "needed"),
    ('contacts: [{name: "a\\nb"}]', "contacts[0].name", "single line"),
    ('contacts: [{name: "a\\u202eb"}]', "contacts[0].name", "U+202E"),
    ('contacts: [{name: "a\\0b"}]', "contacts[0].name", "U+0000"),
    (f"contacts: [{{name: {'x' * 121}}}]", "contacts[0].name", "at most 120"),
    # SMTP accounts
    (account('sender_name: "a\\r\\nBcc: x@y"'), "smtp_accounts[0].sender_name", "single line"),
    (account("reply_email: nobody"), "smtp_accounts[0].reply_email", "@"),
    (account("return_path_email: 'Ann <a@corp.example>'"), "smtp_accounts[0].return_path_email", "alone"),
    (account("confirmation_email: 'a@b, c@d'"), "smtp_accounts[0].confirmation_email", "One address"),
    (account("security: starttls"), "smtp_accounts[0].security", "tls, ssl"),
    (account("pinned_certificate: abc"), "smtp_accounts[0].pinned_certificate", "64"),
    (account("authenticate: true"), "smtp_accounts[0].credential", "name the credential"),
    (account("credential: nobody"), "smtp_accounts[0].credential", "no credential named 'nobody'"),
    (account("fallback: nobody"), "smtp_accounts[0].fallback", "no SMTP account named"),
    (account("fallback: R"), "smtp_accounts[0].fallback", "R → R"),
    (account("max_connections: 0"), "smtp_accounts[0].max_connections", "1 to 100"),
    (account("max_connections: 101"), "smtp_accounts[0].max_connections", "1 to 100"),
    (account("max_per_minute: 0"), "smtp_accounts[0].max_per_minute", "from 1"),
    (account("enabled: false, default: true"), "smtp_accounts[0].default", "disabled"),
    # credentials
    ("credentials: [{name: c, username: u}]", "credentials[0].secret", "needs its secret"),
    ("credentials: [{name: c, username: u, secret: x}]", "credentials[0].secret", "keys"),
    ("credentials: [{name: c, username: u, secret: {}}]", "credentials[0].secret", "one of value"),
    ("credentials: [{name: c, username: u, secret: {value: a, env: HOME}}]", "credentials[0].secret", "one of value"),
    ("credentials: [{name: c, username: u, secret: {value: null}}]", "credentials[0].secret", "one of value"),
    ("credentials: [{name: c, username: u, secret: {value: ''}}]", "credentials[0].secret.value", "empty"),
    ('credentials: [{name: c, username: u, secret: {value: "a\\0b"}}]', "credentials[0].secret.value", "sent"),
    ("credentials: [{name: c, username: u, secret: {env: NOT_SET_ANYWHERE}}]", "credentials[0].secret.env", "not set"),
    ("credentials: [{name: c, username: u, secret: {file: /nowhere/at/all}}]", "credentials[0].secret.file", "read"),
    ("credentials: [{name: c, username: u, secret: {file: /dev/zero}}]", "credentials[0].secret.file", "regular"),
    ("credentials: [{name: c, username: u, secret: {file: /}}]", "credentials[0].secret.file", "regular"),
    ("credentials: [{name: c, username: u, kind: oauth2, token_url: x}]", "credentials[0].kind", "not supported yet"),
    # contacts
    (contact("email: ana"), "contacts[0].email", "@"),
    (contact("email: 'ana@corp example'"), "contacts[0].email", "spaces"),
    (contact('mobile: "011999990000"'), "contacts[0].mobile", "plus sign"),
    (contact('mobile: "+٥٥١١٩٩٩٩٩"'), "contacts[0].mobile", "plus sign"),
    (contact("mobile: +5511999990000"), "contacts[0].mobile", "quotes"),
    (contact("locale: xx"), "contacts[0].locale", "language"),
    (contact("timezone: Mars/Olympus"), "contacts[0].timezone", "time zone"),
    (contact("timezone: ../../etc/passwd"), "contacts[0].timezone", "time zone"),
    (contact("timezone: America"), "contacts[0].timezone", "time zone"),
    # groups and notifications
    ("groups: [{name: G, contacts: [Nobody]}]", "groups[0].contacts[0]", "no contact named 'Nobody'"),
    (
        f"{contact('enabled: true')}\ngroups: [{{name: G, contacts: [Ana, Ana]}}]",
        "groups[0].contacts",
        "more than once",
    ),
    ("notifications: [{name: N}]", "notifications[0].types", "needed"),
    (notification("types: []"), "notifications[0].types", "at least one type"),
    (notification("types: [], enabled: true"), "notifications[0].types", "or disable"),
    (notification("types: ['*', '*']"), "notifications[0].types", "more than once"),
    (notification("types: [password.nothing]"), "notifications[0].types[0]", "no event type or category"),
    (notification("types: [pass*]"), "notifications[0].types[0]", "no event type or category"),
    (notification("types: [nothing.*]"), "notifications[0].types[0]", "no event type or category"),
    (notification("types: ['*'], channels: []"), "notifications[0].channels", "at least one"),
    (notification("types: ['*'], channels: [pigeon]"), "notifications[0].channels[0]", "email, sms, screen"),
    (notification("types: ['*'], channels: [email, email]"), "notifications[0].channels", "more than once"),
    (notification("types: ['*'], min_severity: bad"), "notifications[0].min_severity", "info, warning"),
    (notification("types: ['*'], contacts: [Nobody]"), "notifications[0].contacts[0]", "no contact"),
    (notification("types: ['*'], groups: [Nobody]"), "notifications[0].groups[0]", "no group"),
    (notification("types: ['*'], account: Nobody"), "notifications[0].account", "no SMTP account"),
    # event types and texts
    ("event_types: [{type: Custom.Thing, title: T, category: Monitoring}]", "event_types[0].type", "lower case"),
    ("event_types: [{type: thing, title: T, category: Monitoring}]", "event_types[0].type", "lower case"),
    ("event_types: [{type: custom.thing, title: T}]", "event_types[0].category", "Monitoring"),
    ("event_types: [{type: custom.thing, title: T, category: Things}]", "event_types[0].category", "Monitoring"),
    ("event_types: [{type: custom.thing, category: Monitoring}]", "event_types[0].title", "needed"),
    ("event_types: [{type: password.changed, severity: bad}]", "event_types[0].severity", "info, warning"),
    (text("subject: ''").replace("subject: S, ", ""), "texts[0].subject", "needs a subject"),
    (text("locale: xx"), "texts[0].locale", "language"),
    (text("locale: en").replace("password.changed", "password.nothing"), "texts[0].type", "no event type"),
    (text("locale: en").replace("email", "pigeon"), "texts[0].channel", "email, sms, screen"),
    (text("locale: en").replace("body: B", "body: '{{ event.nothing }}'"), "texts[0].body", "event.nothing"),
    (text("locale: en").replace("body: B", "body: '{{ 7 * 7 }}'"), "texts[0].body", "double braces"),
    (text("locale: en").replace("subject: S", 'subject: "a\\nb"'), "texts[0].subject", "single line"),
    # parameters
    ("parameters: {base_url: ftp://x}", "parameters.base_url", "https://"),
    ("parameters: {base_url: 'https://u:p@host/'}", "parameters.base_url", "https://"),
    ("parameters: {base_url: 'https://host/?q'}", "parameters.base_url", "https://"),
    ("parameters: {base_url: 'https://host:99999'}", "parameters.base_url", "https://"),
    ("parameters: {language: fr}", "parameters.language", "pt-BR"),
    ("parameters: {footer_text: 5}", "parameters.footer_text", "Write a text"),
]


@pytest.fixture(scope="module")
def app(fresh_app: FreshApp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """One application for this file: nothing here changes it."""
    with fresh_app(tmp_path_factory.mktemp("var")) as made:
        yield made


@pytest.mark.parametrize(
    ("wrong", "path", "words"), WRONG, ids=[f"{number}-{row[1]}" for number, row in enumerate(WRONG)]
)
def test_is_named_by_its_path(ctx, refusals, wrong, path, words):
    before = configuration.export()
    assert words.lower() in refusals(wrong)[path].lower()
    assert configuration.export() == before


@pytest.mark.parametrize("port", ["0", "65536", "-1", "99999999999999999999", '"25"', "25.5", "true", "null", "[]"])
def test_ports(ctx, refusals, port):
    assert list(refusals(f"smtp_accounts: [{{name: R, sender_email: a@b, host: h, port: {port}}}]")) == [
        "smtp_accounts[0].port"
    ]


HOSTS_REFUSED = [
    "''",
    "smtp://mail",
    "mail:25",
    "a b",
    "-mail",
    "256.1.1.1",
    "a..b",
    '"mail\\n"',
    '"ma\\0il"',
    "a/b",
    "5",
]


@pytest.mark.parametrize("host", HOSTS_REFUSED)
def test_hosts_refused(ctx, refusals, host):
    assert list(refusals(f"smtp_accounts: [{{name: R, sender_email: a@b, port: 25, host: {host}}}]")) == [
        "smtp_accounts[0].host"
    ]


HOSTS_ACCEPTED = [
    ("mail", "mail"),
    ("Mail.Corp.Example", "mail.corp.example"),
    ("mail_1.local.", "mail_1.local."),
    ("10.0.0.1", "10.0.0.1"),
    ('"::1"', "::1"),
    ('"[FE80::1]"', "fe80::1"),
    ("correio.exemplo-ção.br", "correio.exemplo-ção.br"),
]


@pytest.mark.parametrize(("host", "kept"), HOSTS_ACCEPTED)
def test_hosts_accepted(ctx, host, kept):
    text = f"smtp_accounts: [{{name: R, sender_email: a@b, port: 25, host: {host}}}]"
    [change] = configuration.apply(text, dry_run=True)
    assert change.fields["host"] == (None, kept)


def test_all_problems_of_a_file_are_told_in_its_order(ctx, refusals):
    found = refusals(
        """
        smtp_accounts:
          - {name: A, default: true, sender_email: nobody, host: mail, port: "25", credential: gone}
          - {name: B, default: true, sender_email: b@corp.example, host: mail, port: 25, fallback: gone}
        contacts: [{name: Ana, email: ana}]
        groups: [{name: G, contacts: [Ana, Eva]}]
        """
    )
    assert list(found) == [
        "smtp_accounts[0].default",
        "smtp_accounts[0].sender_email",
        "smtp_accounts[0].port",
        "smtp_accounts[0].credential",
        "smtp_accounts[1].default",
        "smtp_accounts[1].fallback",
        "contacts[0].email",
        "groups[0].contacts[1]",
    ]


def test_one_wrong_entry_refuses_the_whole_file(ctx, full, refusals):
    before = configuration.export()
    assert list(refusals(full.replace("bea@mail.local", "bea"))) == ["contacts[1].email"]
    assert configuration.export() == before


def test_a_secret_is_never_in_the_words(ctx, refusals):
    found = refusals("credentials: [{name: c, username: u, secret: {value: ['hunter2-canary']}}]")
    assert "hunter2-canary" not in str(found)


@pytest.mark.parametrize(
    ("locale", "words"), [("pt_BR", "Falta o endere"), ("es", "Falta la direcci"), ("en", "There is no")]
)
def test_it_is_worded_in_the_language_of_the_reader(ctx: Flask, locale: str, words: str) -> None:
    with force_locale(locale):
        found = configuration.check(
            "smtp_accounts", {"name": "R", "sender_email": " ", "host": "mail", "credential": "x"}
        )
    by_path = {problem.path: problem.words for problem in found}
    assert by_path["sender_email"].startswith(words)
    assert "'x'" in by_path["credential"]
