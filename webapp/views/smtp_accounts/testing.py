"""Send test mail: a form, then a page that tells the dialogue with the server while it happens."""

from __future__ import annotations

from flask import Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from webapp.errors import InvalidInput
from webapp.queries import reasons, sayings
from webapp.services import configuration, testmail
from webapp.services.configuration import Stored
from webapp.services.live import Over
from webapp.services.testmail import Line, Report
from webapp.views import htmx
from webapp.views.desk import DeskForm, Noun, dialogue
from webapp.views.desk.dialogue import SIGNS, Verdict
from webapp.views.templating import exact_time


class TestMailForm(DeskForm):
    """Whom to send it to, and what it says."""

    to = StringField(_l("Recipient"), render_kw={"inputmode": "email", "autocomplete": "email"})
    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Text"), render_kw={"rows": 4})


def form(number: int) -> str:
    """The form, with words that are ready to be sent."""
    stored = configuration.get("smtp_accounts", number)
    begin = {"to": request.args.get("to", ""), "subject": _(testmail.SUBJECT), "body": _(testmail.BODY)}
    return _form(stored, TestMailForm(formdata=None, data=begin))


def run(noun: Noun, number: int) -> Response:
    """Send it."""
    stored = noun.load(number)
    sent = TestMailForm()
    typed = sent.values()
    try:
        told = testmail.watch(stored.name, typed["to"], typed["subject"], typed["body"])
    except InvalidInput as refused:
        sent.tell(refused.problems)
        return make_response(_form(stored, sent), 422)
    server = f"{stored.entry['host']}:{stored.entry['port']}"
    links = [
        (noun.url("test", number=number, to=typed["to"]), _("Test again"), "arrow-repeat"),
        (noun.url("edit", number=number), _("Edit the account"), "pencil"),
    ]
    return dialogue.stream(
        noun,
        number,
        _("Test e-mail by %(name)s", name=stored.name),
        _("To %(address)s by %(server)s", address=typed["to"], server=server),
        told,
        line=_line,
        verdict=lambda over: _verdict(noun, number, over, links),
    )


def _form(stored: Stored, shown: TestMailForm) -> str:
    return htmx.page("smtp_accounts/test.html", stored=stored, form=shown)


def _line(each: Line) -> tuple[str, str]:
    """A remark is ours, and gets the language of the reader; what either side says stays as it is."""
    return SIGNS[each.who], sayings.said(each.text) if each.who == "note" else each.text


def _verdict(noun: Noun, number: int, over: Over, links: list[tuple[str, str, str]]) -> Verdict:
    if over.error is not None:
        return Verdict(False, _("The test mail was not sent"), str(over.error), links=links)
    end: Report = over.result
    message = url_for("outbox.show", message_id=end.message_id)
    links = [(message, _("Open message %(id)s", id=end.message_id), "send"), *links]
    if end.accepted:
        return Verdict(True, _("The server took the mail"), _("It is on its way to the recipient."), links=links)
    said = reasons.answer(end.result.stage, end.result.code, end.result.words)
    heading, advice = _("The test mail was not accepted"), _(end.advice)
    shown = testmail.presented(end.account) if end.trouble == "tls" else None
    if shown is None:
        return Verdict(False, heading, said, advice, links=links)
    facts = [
        (_("The server's certificate"), shown.subject),
        (_("Issuer"), shown.issuer),
        (_("Valid until"), exact_time(shown.not_after)),
        ("SHA-256", shown.sha256),
    ]
    pin = (noun.url("edit", number=number, pinned_certificate=shown.sha256), _("Trust this certificate"), "patch-check")
    asks = _("If it is the right one (ask who runs the server), trust it instead of ignoring all errors.")
    return Verdict(False, heading, said, f"{advice} {asks}", facts, [pin, *links])
