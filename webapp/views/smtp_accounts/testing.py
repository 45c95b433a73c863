"""Send test mail: a form, then a page that tells the dialogue with the server while it happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, make_response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from webapp.errors import InvalidInput
from webapp.queries import reasons, sayings
from webapp.services import configuration, testmail, testmail_live
from webapp.services.configuration import Stored
from webapp.services.testmail import Line, Report
from webapp.views import htmx
from webapp.views.desk import DeskForm

SIGNS = {"client": "C", "server": "S", "note": "i"}


class TestMailForm(DeskForm):
    """Whom to send it to, and what it says."""

    to = StringField(_l("Recipient"), render_kw={"inputmode": "email", "autocomplete": "email"})
    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Text"), render_kw={"rows": 4})


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the test ended, in words. `message_id` is None when nothing was sent and nothing stands in the outbox."""

    good: bool
    heading: str
    said: str = ""
    advice: str = ""
    message_id: int | None = None


def form(number: int) -> str:
    """The form, with words that are ready to be sent."""
    stored = configuration.get("smtp_accounts", number)
    begin = {"to": request.args.get("to", ""), "subject": _(testmail.SUBJECT), "body": _(testmail.BODY)}
    return _form(stored, TestMailForm(formdata=None, data=begin))


def run(number: int) -> Response:
    """Send it. The page is streamed: each line of the dialogue is shown as it happens, also without JavaScript."""
    stored = configuration.get("smtp_accounts", number)
    sent = TestMailForm()
    typed = sent.values()
    try:
        told = testmail_live.watch(stored.name, typed["to"], typed["subject"], typed["body"])
    except InvalidInput as refused:
        sent.tell(refused.problems)
        return make_response(_form(stored, sent), 422)
    return htmx.streamed("smtp_accounts/testing.html", stored=stored, to=typed["to"], told=_in_words(told))


def _form(stored: Stored, shown: TestMailForm) -> str:
    return htmx.page("smtp_accounts/test.html", stored=stored, form=shown)


def _in_words(told: Iterator[testmail_live.Told]) -> Iterator[tuple[str, str] | Verdict]:
    for each in told:
        yield _line(each) if isinstance(each, Line) else _verdict(each)


def _line(each: Line) -> tuple[str, str]:
    """A remark is ours, and gets the language of the reader; what either side says stays as it is."""
    return SIGNS[each.who], sayings.said(each.text) if each.who == "note" else each.text


def _verdict(end: Report | Exception) -> Verdict:
    if not isinstance(end, Report):
        return Verdict(False, _("The test mail was not sent"), str(end))
    if end.accepted:
        heading = _("The server took the mail")
        return Verdict(True, heading, _("It is on its way to the recipient."), message_id=end.message_id)
    said = reasons.answer(end.result.stage, end.result.code, end.result.words)
    return Verdict(False, _("The test mail was not accepted"), said, _(end.advice), end.message_id)
