"""One check of one account: list, keep, understand, and only then delete on the server.

No transaction is open while the server is spoken to. Whatever ends a check early, the next one goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flask import current_app
from flask_babel import gettext as _

from webapp import clock
from webapp.database import results_engine
from webapp.errors import Conflict, NotFound
from webapp.extensions import db
from webapp.mail.arrival import arrival
from webapp.mailboxes.base import Listed, Mailbox, MailboxTrouble, OnLine, TroubleKind, Withheld
from webapp.mailboxes.registry import open_mailbox
from webapp.services.errand import Errand
from webapp.services.inbox import accounts, health, processing, store
from webapp.services.inbox.accounts import Account
from webapp.services.inbox.ahead import ahead
from webapp.services.inbox.store import Arrived

LARGEST = 50 * 1024 * 1024
GROUP_MESSAGES = 100
PATIENCE_SECONDS = 10.0
GROUP_OCTETS = 8 * 1024 * 1024


@dataclass(slots=True)
class Progress:
    """What a check did so far. `found`: how many mails the listing has shown to be new; `trouble` ended it early.

    `withheld`: how many the server refuses to give, for the reason that it gives (`refusal`). They are asked for again.
    """

    account: str
    found: int = 0
    stored: int = 0
    skipped: int = 0
    held: int = 0
    too_large: int = 0
    removed: int = 0
    withheld: int = 0
    refusal: str = ""
    trouble: MailboxTrouble | None = field(default=None)

    def note_withheld(self, withheld: Withheld) -> None:
        """One more that is not given."""
        self.withheld += 1
        self.refusal = withheld.words or self.refusal


OnProgress = Callable[[Progress], None]


def check(number: int, *, on_progress: OnProgress = lambda _: None, on_line: OnLine | None = None) -> Progress:
    """Read the account now, enabled or not; returns when it is over, also when its server gave trouble.

    Who listens to it lets go first. Raises NotFound, and Conflict while another check of the account goes on. Needs an
    application context.
    """
    engine = results_engine(current_app.config["SQLALCHEMY_DATABASE_URI"])
    try:
        with Errand(engine) as errand:
            account = accounts.read(db.session(), number)
            db.session.rollback()
            if not errand.take(accounts.lease_of(number), 1, 0.0):
                health.want([number])
                if not errand.take(accounts.lease_of(number), 1, PATIENCE_SECONDS):
                    raise Conflict(_("The account is being checked already. Wait for that check."))
                account = accounts.read(db.session(), number)
            return check_leased(account, lambda: errand.alive, on_progress=on_progress, on_line=on_line)
    finally:
        engine.dispose()


def check_leased(
    account: Account,
    alive: Callable[[], bool],
    *,
    mailbox: Mailbox | None = None,
    keep_open: Callable[[Mailbox], bool] = lambda _: False,
    on_progress: OnProgress = lambda _: None,
    on_line: OnLine | None = None,
) -> Progress:
    """The same for who holds the account's lease; `alive` says whether that is certain.

    An open mailbox may be given. It stays open where `keep_open` takes it over; after trouble it is always closed.
    """
    db.session.rollback()
    progress = Progress(account.name)
    began = health.begun(account.id)
    try:
        if account.broken_secret:
            raise MailboxTrouble(TroubleKind.AUTH, account.broken_secret)
        _visit(account, mailbox or open_mailbox(account.settings, on_line), progress, alive, keep_open, on_progress)
    except MailboxTrouble as trouble:
        progress.trouble = trouble
    except BaseException as error:
        if not health.failed(account, began):
            raise NotFound(_("The account %(name)s was deleted meanwhile.", name=account.name)) from error
        raise
    health.ended(account, began, progress.trouble, withheld=progress.withheld, refusal=progress.refusal)
    return progress


def _visit(
    account: Account,
    mailbox: Mailbox,
    progress: Progress,
    alive: Callable[[], bool],
    keep_open: Callable[[Mailbox], bool],
    on_progress: OnProgress,
) -> None:
    try:
        mailbox.open()
        gone = _read(account, mailbox, progress, alive, on_progress)
        if not (mailbox.can_wait and keep_open(mailbox)):
            mailbox.close()
    except BaseException:
        mailbox.abandon()
        raise
    store.note_gone(account.id, gone)  # POP3 deletes when its session has ended well, not before


def _read(
    account: Account, mailbox: Mailbox, progress: Progress, alive: Callable[[], bool], on_progress: OnProgress
) -> list[str]:
    """Read what is new; the keys of what was then taken from the server."""
    on_progress(progress)
    complete = True
    for batch in mailbox.listed(account.mark):
        new = store.unknown(db.session(), account.id, batch.messages)
        db.session.rollback()
        progress.found += len(new)
        for withheld in batch.withheld:
            progress.note_withheld(withheld)
        mark = batch.mark if complete else None
        complete = _read_some(account, mailbox, new, mark, progress, on_progress) and complete
        if not alive():
            return []
    return [] if account.keep_copy else _remove(account, mailbox, progress, on_progress)


def _read_some(
    account: Account,
    mailbox: Mailbox,
    new: Sequence[Listed],
    mark: str | None,
    progress: Progress,
    on_progress: OnProgress,
) -> bool:
    """Whether the server gave all of them. The mark never passes one that it withheld: it is asked for again."""
    given = 0
    old = [listed for listed in new if _is_old(account, listed.arrived)]
    large = [listed for listed in new if listed not in old and listed.size > LARGEST]
    wanted = [listed for listed in new if listed not in old and listed not in large]
    passed = [listed.key for listed in old]
    waiting = [Arrived(listed, None, listed.arrived or clock.now()) for listed in large]
    with ahead(_groups(mailbox.fetch(wanted), progress)) as groups:
        for group in groups:
            given += len(group)
            late = [mail for mail in group if mail.listed.arrived is None and _is_old(account, mail.at)]
            passed += [mail.listed.key for mail in late]
            kept = [*waiting, *(mail for mail in group if mail not in late)]
            _settle(account, mailbox, kept, passed, None, progress, on_progress)
            waiting, passed = [], []
    complete = given == len(wanted)
    _settle(account, mailbox, waiting, passed, mark if complete else None, progress, on_progress)
    return complete


def _settle(
    account: Account,
    mailbox: Mailbox,
    mails: Sequence[Arrived],
    passed: Sequence[str],
    mark: str | None,
    progress: Progress,
    on_progress: OnProgress,
) -> None:
    kept = store.keep(account.id, mails, names=mailbox.names, skipped=passed, mark=mark)
    progress.stored += len(kept)
    progress.skipped += len(passed)
    progress.too_large += sum(1 for mail in mails if mail.raw is None)
    progress.held += processing.process(kept)
    on_progress(progress)


def _groups(fetched: Iterator[tuple[Listed, bytes] | Withheld], progress: Progress) -> Iterator[list[Arrived]]:
    """Mails that are committed together."""
    group: list[Arrived] = []
    octets = 0
    for one in fetched:
        if isinstance(one, Withheld):
            progress.note_withheld(one)
            continue
        listed, raw = one
        now = clock.now()
        group.append(Arrived(listed, raw, min(listed.arrived or arrival(raw) or now, now)))  # some dates lie ahead
        octets += len(raw)
        if len(group) == GROUP_MESSAGES or octets > GROUP_OCTETS:
            yield group
            group, octets = [], 0
    if group:
        yield group


def _is_old(account: Account, at: datetime | None) -> bool:
    return account.ignore_before is not None and at is not None and at.astimezone(UTC) < account.ignore_before


def _remove(account: Account, mailbox: Mailbox, progress: Progress, on_progress: OnProgress) -> list[str]:
    """Take from the server what is committed here, in this check or an earlier one; the keys that are no more there."""
    present = mailbox.present()
    gone: list[str] = []
    for keys in store.committed(account.id, mailbox.place, mailbox.folder):
        here = [key for key in keys if key in present]
        if account.move_to:
            mailbox.move(here, account.move_to)
        else:
            mailbox.delete(here)
        gone += keys
        progress.removed += len(here)
        on_progress(progress)
    return gone
