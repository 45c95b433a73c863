from __future__ import annotations

import re
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, Form, FormField, SelectChoice, SelectField, StringField

from webapp.errors import InvalidInput, Problem
from webapp.queries import sayings
from webapp.queries.events import SEVERITIES
from webapp.services import configuration
from webapp.services.inbox import trying
from webapp.services.inbox.trying import SERVER, Found
from webapp.views.desk import DeskForm, NumberField, ReferenceField
from webapp.views.desk.server import host_field, port_field, secure_field, security_field

# The usual port by protocol and kind of security; the field moves between these while it holds one of them.
PORTS = {
    "imap-off": 143,
    "imap-tls": 143,
    "imap-ssl": 993,
    "pop3-off": 110,
    "pop3-tls": 110,
    "pop3-ssl": 995,
}
SPARE_RULES = 2
_PAIR = re.compile(r"\s*([^=,]+?)\s*=\s*([^,]*?)\s*(?:,|$)")


class RuleForm(Form):
    """One rule that makes events of mail."""

    sender = StringField(_l("Sender"))
    subject = StringField(_l("Subject"))
    type = ReferenceField(_l("Event type"), none=_l("no event"))
    severity = SelectField(_l("Severity"), coerce=lambda value: value or None, validate_choice=False)
    attributes = StringField(_l("Attributes"))


class InboxAccountForm(DeskForm):
    """Server, sign-in, what happens to the mail, and what becomes events."""

    name = StringField(_l("Name"), description=_l("How the account is called in lists and in the file."))
    enabled = BooleanField(_l("Enabled"), description=_l("Off: it is read only by “Check now”."))
    automatic_check = BooleanField(
        _l("Automatic check"),
        description=_l("Reads it by itself: at once where the server tells of new mail, else at the interval."),
    )
    interval_seconds = NumberField(_l("Interval in seconds"), render_kw={"inputmode": "numeric"})
    protocol = SelectField(
        _l("Protocol"), choices=[SelectChoice("imap", "IMAP"), SelectChoice("pop3", "POP3")], validate_choice=False
    )
    host = host_field()
    port = port_field(PORTS)
    secure = secure_field()
    security = security_field()
    ignore_certificate_errors = BooleanField(
        _l("Ignore certificate errors"),
        description=_l("Anybody on the way could read the mail and the password."),
    )
    credential = ReferenceField(_l("Credential"), none=_l("Choose a credential"))
    folder = StringField(_l("Folder"), description=_l("IMAP only."), render_kw={"list": "folder-names"})
    keep_copy = BooleanField(_l("Keep a copy on the server"))
    move_to = StringField(
        _l("Move to folder"),
        description=_l("IMAP only: mail that was read is moved there instead of being deleted."),
        render_kw={"list": "folder-names"},
    )
    ignore_older = BooleanField(
        _l("Ignore older mail"), description=_l("Mail that is older than this account is never read.")
    )
    forward_replies = BooleanField(
        _l("Forward replies"),
        description=_l("The new text of a reply goes on to the reply address of the SMTP account that wrote."),
    )
    events = FieldList(FormField(RuleForm), label=_l("Mail to event"))

    kept = 0  # how many mails would go from the server, were no copy kept there
    found = Found()  # what the server that is typed has
    trouble = ""  # why it does not say so

    @property
    def searches(self) -> bool:
        return super().searches or request.form.get("find") == "folder"

    def look_up(self) -> None:
        """Ask the server for its folders, where the form was sent for that."""
        if request.form.get("find") != "folder":
            return
        problems = [Problem(name, self[name].process_errors[0]) for name in SERVER if self[name].process_errors]
        try:
            if problems:
                raise InvalidInput(problems)
            self.found = trying.folders(self.values())
            self.trouble = sayings.said(self.found.trouble.words) if self.found.trouble else ""
        except InvalidInput as refused:
            said = [f"{self[problem.path].label.text}: {problem.words}" for problem in refused.problems]
            self.trouble = " ".join(said)

    def offer(self) -> None:
        """Fill in what can be referred to, and room for more rules."""
        self.credential.offer(configuration.names("credentials"))
        while len([rule for rule in self.events if not rule.form.type.data]) < SPARE_RULES:
            self.events.append_entry()
        types = configuration.names("event_types")
        severities = [SelectChoice("", _("as the type says")), *(SelectChoice(one.value) for one in SEVERITIES)]
        for rule in self.events:
            rule.form.type.offer(types)
            rule.form.severity.choices = severities

    def values(self) -> dict[str, Any]:
        rules = [_rule(rule.form) for rule in self.events if rule.form.type.data]
        return {**super().values(), "events": rules}

    def facts(self) -> list[tuple[str, Any]]:
        words = [
            f"{rule.form.sender.data or '*'} · {rule.form.subject.data or '*'} → {rule.form.type.data}"
            for rule in self.events
            if rule.form.type.data
        ]
        told = [fact for fact in super().facts() if fact[0] != self.events.label.text]
        return [*told, (self.events.label.text, "; ".join(words))]


def shown_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A stored rule as the form takes it."""
    return {**rule, "attributes": ", ".join(f"{name}={value}" for name, value in rule["attributes"].items())}


def _rule(form: RuleForm) -> dict[str, Any]:
    pairs = {match[1]: match[2] for match in _PAIR.finditer(form.attributes.data or "")}
    return {
        "sender": form.sender.data or "",
        "subject": form.subject.data or "",
        "type": form.type.data,
        "severity": form.severity.data,
        "attributes": pairs,
    }
