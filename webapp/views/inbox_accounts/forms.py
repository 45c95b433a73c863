from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FieldList, Form, FormField, SelectChoice, SelectField, StringField

from webapp.errors import InvalidInput, Problem
from webapp.queries import sayings
from webapp.services import configuration
from webapp.services.inbox import trying
from webapp.services.inbox.trying import SERVER, Found
from webapp.views.desk import DeskForm, NumberField, ReferenceField
from webapp.views.desk.server import host_field, port_field, secure_field, security_field
from webapp.views.severities import severities

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
_IN_RULE = re.compile(r"events\[(\d+)\]\.(\w+)")


class PairsField(StringField):
    """`site=HQ, rack=7` as a mapping; a pair that holds a comma stands in quotation marks: `"site=HQ, floor 2"`."""

    data: Any
    pairs: dict[str, str]

    def process_data(self, value: Any) -> None:
        self.pairs = dict(value or {})
        self.data = ", ".join(_quoted(f"{name}={text}") for name, text in self.pairs.items())

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.pairs = _pairs(self.data or "")


def _quoted(pair: str) -> str:
    return '"{}"'.format(pair.replace('"', '""')) if "," in pair or pair.startswith('"') else pair


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        pairs = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        pairs = [text]
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not name or not equals:
            raise ValueError(_("“%(pair)s” is no pair: write them as in site=HQ, rack=7.", pair=pair.strip()[:100]))
        if name in found:
            raise ValueError(_("%(values)s is listed more than once; keep one.", values=name[:100]))
        found[name] = value
    return found


class RuleForm(Form):
    """One rule that makes events of mail."""

    sender = StringField(_l("Sender"))
    subject = StringField(_l("Subject"))
    type = ReferenceField(_l("Event type"), none=_l("no event"))
    severity = SelectField(_l("Severity"), coerce=lambda value: value or None, validate_choice=False)
    attributes = PairsField(_l("Attributes"), render_kw={"placeholder": "site=HQ, rack=7"})
    remove = BooleanField(_l("Remove this rule"))

    @property
    def is_meant(self) -> bool:
        """Whether anything of it was filled in, and it is to stay."""
        return not self.remove.data and any(self[name].data for name in RULE)

    def entry(self) -> dict[str, Any]:
        """The rule as it was typed."""
        texts = {name: self[name].data or "" for name in ("sender", "subject")}
        return {**texts, "type": self.type.data, "severity": self.severity.data, "attributes": self.attributes.pairs}


RULE = ("sender", "subject", "type", "severity", "attributes")


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
        while len([rule for rule in self.events if not rule.form.is_meant]) < SPARE_RULES:
            self.events.append_entry()
        types = configuration.names("event_types")
        grades = [SelectChoice("", _("as the type says")), *(SelectChoice(*one) for one in severities().items())]
        for rule in self.events:
            rule.form.type.offer(types)
            rule.form.severity.choices = grades

    @property
    def _rules(self) -> list[RuleForm]:
        return [rule.form for rule in self.events if rule.form.is_meant]

    @property
    def unreadable(self) -> bool:
        return super().unreadable or any(rule.attributes.process_errors for rule in self._rules)

    def values(self) -> dict[str, Any]:
        return {**super().values(), "events": [rule.entry() for rule in self._rules]}

    def tell(self, problems: Iterable[Problem]) -> None:
        """What is wrong with a rule stands beside its field, and above by the rule's number."""
        rules, others = self._rules, []
        for rule in rules:
            rule.attributes.errors = list(rule.attributes.process_errors)
        for problem in problems:
            match = _IN_RULE.match(problem.path)
            if match is None or int(match[1]) >= len(rules):
                others.append(problem)
            elif not (field := rules[int(match[1])][match[2]]).process_errors:
                chosen = match[2] != "type" or field.data
                words = problem.words if chosen else _("Choose an event type, or remove the rule.")
                field.errors = [*field.errors, words]
        super().tell(others)
        wrong = [
            f"{_('Rule %(number)s', number=number)}, {field.label.text}: {words}"
            for number, entry in enumerate(self.events, 1)
            for field in entry.form
            for words in field.errors
        ]
        self.events.errors += [" ".join(wrong)] if wrong else []

    def facts(self) -> list[tuple[str, Any]]:
        words = [
            f"{rule.sender.data or '*'} · {rule.subject.data or '*'} → {rule.type.data or '–'}" for rule in self._rules
        ]
        told = [fact for fact in super().facts() if fact[0] != self.events.label.text]
        return [*told, (self.events.label.text, "; ".join(words))]
