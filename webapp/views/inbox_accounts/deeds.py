"""What an inbox account can be asked for: to be tested, and to be read now."""

from __future__ import annotations

from flask import Response
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.queries import sayings
from webapp.services.inbox import trying
from webapp.services.inbox.checking import Progress
from webapp.services.inbox.trying import Found, Line
from webapp.services.live import Over
from webapp.views import htmx
from webapp.views.desk import Noun, dialogue
from webapp.views.desk.dialogue import SIGNS, Verdict
from webapp.views.inbox_accounts.words import ADVICE


def ask_test(noun: Noun, number: int) -> str:
    """What a test does, and the button."""
    return htmx.page("inbox_accounts/ask.html", noun=noun, stored=noun.load(number), deed="test")


def run_test(noun: Noun, number: int) -> Response:
    """Enter the mailbox and leave it again."""
    stored = noun.load(number)
    heading = _("Test of %(name)s", name=stored.name)
    told = trying.watch_test(number)

    def verdict(over: Over) -> Verdict:
        return _tested(over, _links(noun, number))

    return dialogue.stream(noun, number, heading, _server(stored.entry), told, line=_line, verdict=verdict)


def ask_check(noun: Noun, number: int) -> str:
    """What a check does, and the button."""
    return htmx.page("inbox_accounts/ask.html", noun=noun, stored=noun.load(number), deed="check")


def run_check(noun: Noun, number: int) -> Response:
    """Read the mailbox now."""
    stored = noun.load(number)
    heading = _("Check of %(name)s", name=stored.name)
    told = trying.watch_check(number)

    def verdict(over: Over) -> Verdict:
        return _checked(over, _links(noun, number))

    server = _server(stored.entry)
    return dialogue.stream(noun, number, heading, server, told, line=_so_far, verdict=verdict, above=_("Progress"))


def _server(entry: object) -> str:
    values = dict(entry)  # type: ignore[call-overload]
    return f"{values['protocol'].upper()} · {values['host']}:{values['port']}"


def _links(noun: Noun, number: int) -> list[tuple[str, str, str]]:
    return [
        (noun.url("test", number=number), _("Test setting"), "plug"),
        (noun.url("ask_check", number=number), _("Check now"), "arrow-clockwise"),
        (noun.url("edit", number=number), _("Edit the account"), "pencil"),
    ]


def _line(each: Line) -> tuple[str, str]:
    return SIGNS[each.who], sayings.said(each.text) if each.who == "note" else each.text


def _so_far(progress: Progress) -> tuple[str, str]:
    if not progress.found:
        return SIGNS["note"], _("The server let us in. New mail is looked for.")
    return SIGNS["note"], _(
        "%(done)s of %(found)s new mails read, %(removed)s removed from the server",
        done=progress.stored + progress.skipped,
        found=progress.found,
        removed=progress.removed,
    )


def _tested(over: Over, links: list[tuple[str, str, str]]) -> Verdict:
    if over.error is not None:
        return Verdict(False, _("The mailbox cannot be entered"), str(over.error), links=links)
    found: Found = over.result
    facts = [(_("Folders"), ", ".join(found.folders))] if found.folders else []
    if found.trouble is not None:
        advice = ADVICE[found.trouble.kind]()
        return Verdict(
            False, _("The mailbox cannot be entered"), sayings.said(found.trouble.words), advice, facts, links
        )
    count = ngettext("There is %(num)s message in it.", "There are %(num)s messages in it.", found.count)
    return Verdict(True, _("The mailbox can be read"), count, facts=facts, links=links)


def _checked(over: Over, links: list[tuple[str, str, str]]) -> Verdict:
    if over.error is not None:
        return Verdict(False, _("The mailbox was not read"), str(over.error), links=links)
    end: Progress = over.result
    facts = [
        (_("Read"), str(end.stored)),
        (_("Older than the account"), str(end.skipped)),
        (_("Held"), str(end.held)),
        (_("Too large"), str(end.too_large)),
        (_("Removed from the server"), str(end.removed)),
        *([(_("Withheld by the server"), f"{end.withheld}. {sayings.said(end.refusal)}")] if end.withheld else []),
    ]
    if end.trouble is not None:
        advice = ADVICE[end.trouble.kind]()
        return Verdict(
            False, _("The mailbox was not read to its end"), sayings.said(end.trouble.words), advice, facts, links
        )
    said = ngettext("%(num)s new mail was read.", "%(num)s new mails were read.", end.stored)
    return Verdict(True, _("The mailbox was read"), said, facts=facts, links=links)
