"""A change of any field of any section is told in words."""

from __future__ import annotations

import json

import trustme
from flask import Flask

from webapp.services import configuration
from webapp.services.configuration import describe
from webapp.services.configuration.sections import SECTIONS

PEM = trustme.CA().issue_cert("portal.corp.example").cert_chain_pems[0].bytes().decode()

BEFORE = """
credentials: [{name: c, username: u, secret: {value: s1-canary}}, {name: d, username: d, secret: {value: s}}]
smtp_accounts:
  - {name: A, sender_email: a@corp.example, host: mail}
  - {name: B, sender_email: b@corp.example, host: mail}
inbox_accounts: [{name: I, host: mail, credential: c}, {name: J, host: mail, credential: c}]
contacts: [{name: Ana}, {name: Bea}]
groups: [{name: G}]
notifications: [{name: N, types: [password.changed]}]
event_types: [{type: custom.thing, title: T, category: Monitoring}]
certificates: [{name: Portal, host: portal.corp.example}]
texts: [{type: password.changed, channel: email, subject: S, body: B}]
"""
AFTER = """
credentials: [{name: c, username: v, secret: {value: s2-canary}}]
smtp_accounts:
  - {name: A, default: false, enabled: false,
     sender_email: x@corp.example, sender_name: X, reply_email: r@corp.example, return_path_email: p@corp.example,
     return_path_plus: true, confirmation_email: k@corp.example,
     send_read_receipt: true, force_settings: true, footer: false, host: other, port: 25, secure: true, security: ssl,
     ignore_certificate_errors: true, pinned_certificate: PIN, authenticate: true, credential: c,
     max_connections: 2, max_per_minute: 9, fallback: B}
  - {name: B, default: true}
inbox_accounts:
  - {name: I, enabled: false, automatic_check: false, keep_copy: false, host: other, port: 143,
     folder: Mail, move_to: Done, secure: true, security: ssl, ignore_certificate_errors: true, credential: d,
     interval_seconds: 9, ignore_older: false, forward_replies: true,
     events: [{sender: ups@*, type: monitoring.disk, attributes: {site: north}}, {type: monitoring.disk}]}
  - {name: J, protocol: pop3}
parameters: {footer_text: F, base_url: "https://arauto.corp.example", language: es}
contacts:
  - {name: Ana, email: a@corp.example, mobile: "+5511999990000", locale: es, timezone: America/Lima, enabled: false}
groups: [{name: G, contacts: [Ana, Bea]}]
notifications:
  - {name: N, enabled: false, channels: [screen, email], types: ["credential.*", "*"], min_severity: error,
     contacts: [Ana], groups: [G], account: B}
event_types: [{type: custom.thing, title: U, category: Access behaviour, severity: error, at_most_once: true}]
certificates: [{name: Portal, host: null, port: 25, starttls: smtp, enabled: false, pem: {value: PEM}}]
texts: [{type: password.changed, channel: email, subject: S2, body: "B\\n\\n2"}]
"""
# What tells entries apart does not change, nor what has one value only.
LASTING = {"name", "type", "kind", "channel", "locale"}


def test_a_change_of_every_field_of_every_section_is_told(ctx: Flask) -> None:
    configuration.apply(BEFORE)
    changes = configuration.apply(AFTER.replace("PIN", "ab" * 32).replace("PEM", json.dumps(PEM)))
    for name, section in SECTIONS.items():
        changed = {field for change in changes if change.section == name for field in change.fields}
        assert set(section.entry.model_fields) - changed <= LASTING, name
    told = "\n".join(map(describe, changes))
    assert "events none to [{sender: ups@*, type: monitoring.disk, attributes: {site: …" in told
    assert "contacts none to [Ana, Bea]" in told
    assert "canary" not in told
    assert not any(python in told for python in ("'", "None", "True", "False"))


def test_a_rule_that_goes_is_told(ctx: Flask) -> None:
    rule = "{sender: ups@*, type: monitoring.disk}"
    entry = "inbox_accounts: [{name: I, host: mail, credential: c, events: "
    configuration.apply(f"{BEFORE.split('inbox')[0]}{entry}[{rule}]}}]")
    [change] = configuration.apply(f"{entry}[]}}]")
    assert describe(change) == f"inbox_accounts I: changed events [{rule}] to none"
