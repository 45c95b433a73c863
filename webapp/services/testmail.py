"""Send test mail: one try, now, by one account, with the dialogue as it happens; the message stands in the outbox.

A test is tried once. What the server refuses for now ends as failed too, because whoever tests an account until it
works would get all the earlier tests the moment it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, Engine, update

from webapp import clock
from webapp.channels.base import AccountTrouble, Line, Outcome, Result, Stage, TroubleKind
from webapp.channels.certificate import NO_STARTTLS, NotSeen, Place, look
from webapp.channels.certificate_facts import Facts
from webapp.database import results_engine
from webapp.database.hot import driver_of
from webapp.errors import N_, Conflict, InvalidInput, NotFound, Problem
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import Message, State
from webapp.services import advice, audit, circuit, claims, live, outbox
from webapp.services.accounts import Account, read_accounts
from webapp.services.checks import check_text
from webapp.services.claims import Claimed
from webapp.services.courier import Composer, Courier, Guards
from webapp.services.errand import Errand
from webapp.services.fields import check_email
from webapp.services.settling import Tried, settle
from webapp.services.unit import write, write_results

__all__ = ["BODY", "SUBJECT", "Line", "Report", "check", "send", "watch"]

SUBJECT = N_("Test mail from Arauto")
BODY = N_("This mail was sent to test an SMTP account of Arauto. If you can read it, the account works.")
LIFETIME = timedelta(hours=1)
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a test ended; `trouble` is set when the account is at fault, not this mail."""

    message_id: int
    account: str
    result: Result
    trouble: TroubleKind | None = None

    @property
    def accepted(self) -> bool:
        """Whether the server took the mail."""
        return self.result.outcome is Outcome.ACCEPTED

    @property
    def advice(self) -> str:
        """What to try now, to be translated; empty when the mail was taken."""
        if self.trouble is not None:
            return advice.FOR_ACCOUNT[self.trouble]
        return advice.FOR_MESSAGE.get(self.result.outcome, "")


def send(
    account_name: str,
    to: str,
    subject: str = SUBJECT,
    body: str = BODY,
    *,
    on_line: Callable[[Line], None] | None = None,
) -> Report:
    """Send a test mail by the account of that name, enabled or not; returns when it is over.

    `on_line` receives the SMTP dialogue while it happens, secrets masked. Raises NotFound for the account, InvalidInput
    naming the field, and Conflict when all connections of the account stay in use for half a minute. Needs an
    application context; no transaction is open while the server is spoken to.
    """
    recipient = _checked(to, subject, body)
    engine = results_engine(current_app.config["SQLALCHEMY_DATABASE_URI"])
    try:
        account = _account(engine, account_name)
        with Errand(engine) as errand:
            if not errand.take(f"smtp:{account.id}", account.max_connections, PATIENCE_SECONDS):
                raise Conflict(
                    _("All connections of %(name)s are in use. Wait for them, then test again.", name=account.name)
                )
            words = Words(subject, body)
            claimed = _enqueue(account, recipient, words, errand.token)
            tried, trouble = _deliver(errand, account, claimed, words, on_line)
            with write_results(engine) as connection:
                _settle(connection, tried, trouble)
    finally:
        engine.dispose()
    return Report(claimed.id, account.name, tried.result, trouble.kind if trouble else None)


def watch(account_name: str, to: str, subject: str, body: str) -> Iterator[Line | live.Over]:
    """Send as `send` does, told while it goes on: each line of the dialogue, then the report or what kept it from one.

    Raises what `check` raises, before anything is sent.
    """
    check(account_name, to, subject, body)
    return live.tell(lambda say: send(account_name, to, subject, body, on_line=say))


def presented(account_name: str) -> Facts | None:
    """The certificate that the account's server shows now, trusted or not; None when there is none. Raises NotFound."""
    settings = _account(db.engine, account_name).settings
    place = Place(settings.host, settings.port, "smtp" if settings.security == "tls" else NO_STARTTLS)
    try:
        return look(place).chain[0]
    except NotSeen:
        return None


def check(account_name: str, to: str, subject: str, body: str) -> None:
    """Raises what `send` would raise for its arguments: InvalidInput naming the field, NotFound for the account."""
    _checked(to, subject, body)
    _account(db.engine, account_name)


def _checked(to: str, subject: str, body: str) -> str:
    problems = [
        check_text("subject", subject, most=500, lines=False),
        check_text("body", body, most=500_000, needed=True),
    ]
    recipient = ""
    try:
        recipient = check_email(to)
    except ValueError as error:
        problems.append(Problem("to", str(error)))
    found = [problem for problem in problems if problem]
    if found:
        raise InvalidInput(found)
    return recipient


def _account(engine: Engine, name: str) -> Account:
    config = current_app.config
    with engine.connect() as connection:
        accounts = read_accounts(connection, config["ARAUTO_MASTER_KEY"], config["ARAUTO_MAIL_HOST"])
    found = next((account for account in accounts.values() if account.name == name), None)
    if found is None:
        names = ", ".join(sorted(account.name for account in accounts.values())) or _("there is none yet")
        raise NotFound(_("There is no SMTP account %(name)r. Known: %(names)s.", name=name, names=names))
    return found


def _enqueue(account: Account, recipient: str, words: Words, token: int) -> Claimed:
    """The message, in the outbox and claimed in one transaction, so that no sender gets it first.

    It is not repeated blindly: should this process die after the final dot, an operator decides.
    """
    with write() as session:
        new = outbox.NewMessage(
            channel="email",
            recipient=recipient,
            words=words,
            account_id=account.id,
            priority=outbox.PRIORITIES["high"],
            at_most_once=True,
            expires_at=clock.now() + LIFETIME,
        )
        [message] = outbox.enqueue(session, [new])
        if message.state == State.SUPPRESSED:
            raise Conflict(
                _("Mail to %(address)s came back, so nothing is sent to it. Lift that first.", address=recipient)
            )
        claimed = claims.claim_one(session.connection(), message.id, token)
        changes = {"to": (None, recipient), "message": (None, message.id)}
        audit.record(session, audit.Deed("tested", "smtp_accounts", account.name, account.id, changes))
    if claimed is None:
        raise Conflict(_("The test mail was taken by another sender. Look for it in the outbox."))
    return claimed


def _deliver(
    errand: Errand, account: Account, claimed: Claimed, words: Words, on_line: Callable[[Line], None] | None
) -> tuple[Tried, AccountTrouble | None]:
    guards = Guards(lambda _: errand.alive, errand.mark_transmitting)
    courier = Courier(account, Composer(current_app.config["SECRET_KEY"]), guards, on_line)
    started = clock.now()
    try:
        tried = courier.deliver(claimed, words)
        lost = Result(Outcome.TEMPORARY, Stage.DATA, words="This process was asleep for too long: test again.")
        return tried or Tried(claimed, account.id, lost, started, clock.now()), None
    except AccountTrouble as trouble:
        result = Result(Outcome.TEMPORARY, trouble.stage, trouble.code, trouble.enhanced, trouble.words)
        return Tried(claimed, account.id, result, started, clock.now()), trouble
    finally:
        courier.close()


def _settle(connection: Connection, tried: Tried, trouble: AccountTrouble | None) -> None:
    """The attempt as it was; the end of the message; and what the test says of the account."""
    settle(driver_of(connection), [tried])
    connection.execute(
        update(Message)
        .where(Message.id == tried.claimed.id, Message.state == State.QUEUED)
        .values(state=State.FAILED, reason="refused", next_attempt_at=None)
    )
    if tried.result.outcome is Outcome.ACCEPTED:
        circuit.closed(connection, tried.account_id)
    elif trouble is not None and trouble.kind is not TroubleKind.BUSY:
        circuit.opened(connection, tried.account_id, trouble, clock.now(), probing=False)
