"""The words for what is wrong and for what is left to do: what happened, why, and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp import clock
from webapp.errors import N_
from webapp.queries import reasons, sayings
from webapp.queries.dashboard import Step
from webapp.queries.health import Trouble
from webapp.views.inbox_accounts.words import ADVICE as INBOX_ADVICE
from webapp.views.templating import exact_time


@dataclass(frozen=True, slots=True)
class Note:
    """A trouble in words; `command` is what to run, when running something helps. `page` is where it is mended instead,
    and `verb` what is done there; empty for who may not use that page.
    """

    level: str
    heading: str
    words: str
    command: str = ""
    page: str = ""
    verb: str = ""


def note(trouble: Trouble) -> Note:
    """What is wrong, said to a person."""
    heading, words, command = NOTES[trouble.kind](trouble.detail)
    endpoint, verb = MENDED.get(trouble.kind, ("", ""))
    return Note(trouble.level, heading, words, command, _page(endpoint), _(verb) if verb else "")


def _no_account(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("There is no SMTP account"),
        _("E-mails wait in the outbox until there is one."),
        "arauto config apply config.yaml",
    )


def _no_default(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("No SMTP account is the default"),
        _("E-mails that name no account wait in the outbox. Enable one of them and make it the default."),
        "arauto config apply config.yaml",
    )


# By TroubleKind: what the administrator can do about it.
ADVICE: dict[str, Callable[[], str]] = {
    "unreachable": lambda: _("Check host and port, and whether a firewall lies between."),
    "busy": lambda: _("The server asks to come back later. Lower the number of connections if this stays."),
    "tls": lambda: _("Check the server's certificate and the security setting, or pin the certificate."),
    "auth": lambda: _("Check the user name and the password of its credential."),
    "sender": lambda: _("The server does not let this account send. Check the sender's address."),
    "protocol": lambda: _("The server does not speak as expected. Check that the port is one for sending mail."),
}


def _account_down(detail: dict[str, Any]) -> tuple[str, str, str]:
    said = reasons.answer("", detail["code"], detail["words"]).rstrip(".")
    advice = ADVICE.get(detail["kind"], lambda: "")()
    happened = _(
        "%(host)s:%(port)s: %(said)s. Its messages wait, and none is lost; the next try is at %(next)s.",
        host=detail["host"],
        port=detail["port"],
        said=said or reasons.stage(detail["stage"]),
        next=exact_time(detail["retry_at"]) if detail["retry_at"] else _("once it is due"),
    )
    command = f"arauto send-test {_quoted(detail['account'])} --to ADDRESS"
    return _("The account %(name)s is in trouble", name=detail["account"]), f"{happened} {advice}".strip(), command


def _inbox_down(detail: dict[str, Any]) -> tuple[str, str, str]:
    said = sayings.said(detail["words"]).rstrip(".")
    happened = _(
        "%(host)s:%(port)s: %(said)s. Nothing is lost: the mail waits on its server.",
        host=detail["host"],
        port=detail["port"],
        said=said,
    )
    if not detail["automatic_check"]:
        happened += " " + _("It is read only when somebody asks for it.")
    elif detail["retry_at"] and detail["retry_at"] > clock.now():
        happened += " " + _("The next try is at %(at)s.", at=exact_time(detail["retry_at"]))
    advice = INBOX_ADVICE.get(detail["kind"], lambda: "")()
    heading = _("The mailbox of %(name)s cannot be read", name=detail["account"])
    return heading, f"{happened} {advice}".strip(), f"arauto poll {_quoted(detail['account'])} --once"


def _mail_withheld(detail: dict[str, Any]) -> tuple[str, str, str]:
    count = detail["withheld"]
    happened = _("It lists them and refuses to give them; every check asks again, and other mail is read.")
    said = _("It says: %(said)s.", said=sayings.said(detail["refusal"]).rstrip(".")) if detail["refusal"] else ""
    advice = _("Ask who runs it to mend or remove them.")
    heading = ngettext(
        "The server of %(name)s withholds %(num)s mail",
        "The server of %(name)s withholds %(num)s mails",
        count,
        name=detail["account"],
    )
    command = f"arauto poll {_quoted(detail['account'])} --once"
    return heading, " ".join(each for each in (happened, said, advice) if each), command


def _mail_held(detail: dict[str, Any]) -> tuple[str, str, str]:
    heading = ngettext(
        "%(num)s mail that came in could not be processed",
        "%(num)s mails that came in could not be processed",
        detail["count"],
    )
    words = _("They are kept and have had no effect. Their pages say why, and try again.")
    return heading, words, "arauto inbound list --state held"


def _queue_stuck(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("Nobody sends for the account %(name)s", name=detail["account"]),
        _("Messages have been due for over %(minutes)s minutes, and nothing was tried.", minutes=detail["minutes"]),
        "arauto worker",
    )


def _jobs_silent(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("The periodic jobs do not run"),
        _("None has started since %(at)s. Start a process that runs them.", at=exact_time(detail["since"])),
        "arauto worker",
    )


def _job_failed(detail: dict[str, Any]) -> tuple[str, str, str]:
    error = detail["error"].rstrip(".")
    return (
        _("The job %(name)s failed", name=detail["job"]),
        _("Its last run ended with: %(error)s. The log says more; it runs again at its next turn.", error=error),
        "",
    )


def _job_hanging(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("The job %(name)s does not end", name=detail["job"]),
        _("It has been running since %(at)s. Restart the process that runs it.", at=exact_time(detail["since"])),
        "",
    )


def _unknown_outcome(detail: dict[str, Any]) -> tuple[str, str, str]:
    count = detail["count"]
    return (
        ngettext("%(num)s message has an unknown outcome", "%(num)s messages have an unknown outcome", count),
        _("Handed over, but the answer never came, and sending twice is forbidden. Decide in the outbox."),
        "arauto message list --state unknown",
    )


def _sandbox_default(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("The sandbox mail server is the default account"),
        _("It catches every e-mail. Add an account for your mail server and make it the default."),
        "arauto config apply config.yaml",
    )


def _certificate_ends(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("The certificate %(name)s expires soon", name=detail["certificate"]),
        _("It expires on %(at)s. Put a new one in its place before that.", at=exact_time(detail["ends_at"])),
        "",
    )


def _certificate_expired(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("The certificate %(name)s has expired", name=detail["certificate"]),
        _("It expired on %(at)s. Put a new one in its place.", at=exact_time(detail["ends_at"])),
        "",
    )


def _certificate_unseen(detail: dict[str, Any]) -> tuple[str, str, str]:
    return (
        _("The certificate %(name)s cannot be seen", name=detail["certificate"]),
        _("%(error)s. Check server and port, and whether a firewall lies between.", error=_sentence(detail["error"])),
        "",
    )


def _sentence(words: str) -> str:
    shown = sayings.said(words).rstrip(".")
    return shown[:1].upper() + shown[1:]


NOTES: dict[str, Callable[[dict[str, Any]], tuple[str, str, str]]] = {
    "no_account": _no_account,
    "no_default": _no_default,
    "account_down": _account_down,
    "inbox_down": _inbox_down,
    "mail_withheld": _mail_withheld,
    "mail_held": _mail_held,
    "queue_stuck": _queue_stuck,
    "jobs_silent": _jobs_silent,
    "job_failed": _job_failed,
    "job_hanging": _job_hanging,
    "unknown_outcome": _unknown_outcome,
    "certificate_ends": _certificate_ends,
    "certificate_expired": _certificate_expired,
    "certificate_unseen": _certificate_unseen,
    "sandbox_default": _sandbox_default,
}


# The pages on which troubles are mended, and what is done there.
MENDED: dict[str, tuple[str, str]] = {
    "no_account": ("smtp_accounts.new", N_("Add your mail server")),
    "no_default": ("smtp_accounts.index", N_("Choose the default account")),
    "sandbox_default": ("smtp_accounts.new", N_("Add your mail server")),
}


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step of the first run as it is shown. `page` is where it is done, empty for who may not use that page."""

    done: bool
    name: str
    words: str
    command: str
    page: str = ""


# The pages on which steps are done.
PAGES = {
    "account": "smtp_accounts.new",
    "contact": "contacts.new",
    "notification": "notifications.new",
    "token": "tokens.new",
}


def steps(found: list[Step]) -> list[StepWords]:
    """The first run's checklist in words."""
    apply = "arauto config apply config.yaml"
    emit = "arauto emit backup.failed --title 'Backup of db1 failed'"
    account = _("An SMTP account other than the sandbox, or nobody outside gets anything.")
    contact = _("Somebody to tell, and where they are reached.")
    notification = _("The rule that says who is told what, and how.")
    words = {
        "account": (_("Add your mail server"), account, apply),
        "contact": (_("Add a contact"), contact, apply),
        "notification": (_("Add a notification"), notification, apply),
        "token": (
            _("Make an API token"),
            _("What your systems sign their calls with. It is shown once."),
            "arauto token create my-system",
        ),
        "event": (_("Record a first event"), _("By the command line, or by POST /api/v1/events."), emit),
        "delivery": (
            _("See the first e-mail delivered"),
            _("The outbox shows how far each message got."),
            "arauto message list",
        ),
    }
    return [StepWords(step.done, *words[step.name], _page(PAGES.get(step.name, ""))) for step in found]


def _page(endpoint: str) -> str:
    return url_for(endpoint) if endpoint in current_app.view_functions and g.viewer.may("admin") else ""


def _quoted(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() else "'" + name.replace("'", "'\\''") + "'"
