"""The self-check: is what Arauto needs there and sound? Each check is small, and none stops the others."""

from __future__ import annotations

import email
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email import policy
from pathlib import Path

from flask import current_app
from pysqlite3 import dbapi2 as sqlite
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from webapp import clock
from webapp.channels.base import AccountTrouble
from webapp.channels.smtp import SmtpConnection
from webapp.extensions import db
from webapp.mail.compose import Identity, Words, prepare
from webapp.models import Credential, InboxAccount, InboxProgress, JobRun, SmtpAccount
from webapp.services import schema
from webapp.services.accounts import Account, read_accounts, secret_place
from webapp.services.vault import SealBroken, unseal

# https://sqlite.org/wal.html#walresetbug: two connections may damage the database; fixed in 3.51.3 and two backports.
WAL_RESET_BUG = ((3, 7, 0), (3, 51, 3))
BACKPORTS: Mapping[tuple[int, ...], int] = {(3, 44): 6, (3, 50): 7}
JOBS_SILENT_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `words` say what is so, or what is wrong and what to do."""

    name: str
    ok: bool
    words: str


def run(*, connect: bool = False) -> list[Finding]:
    """Every finding, in a lasting order; with `connect` each enabled account also signs in to its server."""
    findings = [*_files(), _sqlite(), _headers(), *_database()]
    if all(finding.ok for finding in findings if finding.name in ("database", "schema")):
        for check in (_credentials, lambda: _accounts(connect), _inboxes, _jobs):
            findings += check()
    return findings


def _files() -> Iterator[Finding]:
    """Nobody else on this machine may read the keys, and nobody but us may write where they lie."""
    data: Path = current_app.config["ARAUTO_DATA_DIR"]
    yield Finding("settings", True, f"They are usable; links start with {current_app.config['ARAUTO_BASE_URL']}.")
    yield _mode("data folder", data, stat.S_IWGRP | stat.S_IWOTH, "0700")
    for name in ("secret.key", "master.key"):
        if (data / name).exists():
            yield _mode(name, data / name, stat.S_IRWXG | stat.S_IRWXO, "0600")


def _mode(name: str, path: Path, forbidden: int, wanted: str) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & forbidden:
        return Finding(name, False, f"Others may use {path} (mode {mode:04o}). Run: chmod {wanted} {path}")
    return Finding(name, True, f"{path} is yours alone.")


def _sqlite() -> Finding:
    version = tuple(int(part) for part in sqlite.sqlite_version.split("."))
    if db.engine.dialect.name != "sqlite":
        return Finding("SQLite", True, "It is not used.")
    if has_wal_reset_bug(version):
        words = f"SQLite {sqlite.sqlite_version} can damage a database that several use. Install 3.51.3 or newer."
        return Finding("SQLite", False, words)
    return Finding("SQLite", True, f"SQLite {sqlite.sqlite_version} is sound.")


def has_wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this SQLite may lose pages when two connections write and checkpoint at the same instant."""
    first, fixed = WAL_RESET_BUG
    backport = BACKPORTS.get(version[:2])
    return first <= version < fixed and (backport is None or version[2] < backport)


HOSTILE = "=?utf-8?q?a=0d=0aBcc=3a_evil=40corp=2eexample?="


def _headers() -> Finding:
    """Python's email package up to 3.12 writes a line break that hides in an encoded-word; our composer must not."""
    identity = Identity(sender_email="a@corp.example", sender_name=HOSTILE, reply_to="", confirmation_to="")
    data = prepare(identity, Words(HOSTILE, "x")).render(
        to_address="b@corp.example", to_name=HOSTILE, message_id="<check@corp.example>", date=clock.now()
    )
    mail = email.message_from_bytes(data, policy=policy.compat32)
    if "Bcc" in mail or len(mail.get_all("Subject", [])) != 1:
        return Finding("headers", False, "A hostile subject can add headers to a mail. Do not send; use Python 3.13.")
    return Finding("headers", True, "A hostile subject or name adds no header to a mail.")


def _database() -> Iterator[Finding]:
    try:
        with db.engine.connect() as connection:
            behind = schema.problem(connection)
    except SQLAlchemyError as error:
        words = " ".join(str(getattr(error, "orig", None) or error).split())
        yield Finding("database", False, f"It cannot be reached: {words}. Check ARAUTO_DATABASE_URL.")
        return
    yield Finding("database", True, f"{db.engine.url.render_as_string(hide_password=True)} answers.")
    yield Finding("schema", not behind, behind or f"It is {schema.HEAD}, as it should be.")


def _credentials() -> Iterator[Finding]:
    rows = db.session.execute(
        select(Credential.id, Credential.name, Credential.sealed_secret).order_by(Credential.name)
    )
    for row in rows:
        try:
            if row.sealed_secret is not None:
                unseal(row.sealed_secret, secret_place(row.id))
        except SealBroken as error:
            yield Finding(f"credential {row.name}", False, str(error))
        else:
            yield Finding(f"credential {row.name}", True, "Its secret opens with the master key.")


def _accounts(connect: bool) -> Iterator[Finding]:
    config = current_app.config
    with db.engine.connect() as connection:
        accounts = read_accounts(connection, config["ARAUTO_MASTER_KEY"], config["ARAUTO_MAIL_HOST"])
    default = db.session.scalar(select(SmtpAccount.name).where(SmtpAccount.is_default))
    if default is None:
        yield Finding(
            "default account", False, "There is none, so mail waits. Add an SMTP account that is the default."
        )
    else:
        yield Finding("default account", True, f"Mail leaves by {default}.")
    for account in sorted(accounts.values(), key=lambda account: account.name):
        yield _account(account, connect)


def _account(account: Account, connect: bool) -> Finding:
    name = f"account {account.name}"
    if not account.enabled:
        return Finding(name, True, "It is disabled.")
    if account.broken_secret:
        return Finding(name, False, account.broken_secret)
    if not connect:
        return Finding(name, True, f"It uses {account.settings.host}:{account.settings.port} (not asked).")
    connection = SmtpConnection(account.settings)
    try:
        connection.open()
    except AccountTrouble as trouble:
        return Finding(name, False, f"At {trouble.stage}: {trouble.words}")
    finally:
        connection.close()
    return Finding(name, True, f"{account.settings.host}:{account.settings.port} lets it in.")


def _inboxes() -> Iterator[Finding]:
    """As their last check ended: `arauto poll` reads them now."""
    rows = db.session.execute(
        select(
            InboxAccount.name,
            InboxAccount.enabled,
            InboxProgress.succeeded_at,
            InboxProgress.failures,
            InboxProgress.words,
            InboxProgress.withheld,
        )
        .outerjoin(InboxProgress, InboxProgress.account_id == InboxAccount.id)
        .order_by(InboxAccount.name)
    )
    for row in rows:
        name = f"inbox account {row.name}"
        if not row.enabled:
            yield Finding(name, True, "It is disabled.")
        elif row.failures:
            yield Finding(name, False, f"It cannot be read: {row.words}")
        elif row.withheld:
            yield Finding(name, False, f"Its server withholds mail: {row.withheld}. Ask who runs it to mend that.")
        else:
            yield Finding(name, True, "Its last check ended well." if row.succeeded_at else "It was not checked yet.")


def _jobs() -> Iterator[Finding]:
    last = db.session.scalar(select(func.max(JobRun.started_at)))
    failed = db.session.execute(select(JobRun.name, JobRun.error).where(JobRun.error != "").order_by(JobRun.name)).all()
    for row in failed:
        yield Finding(f"job {row.name}", False, f"Its last run failed: {row.error}")
    if last is None:
        yield Finding("jobs", True, "They never ran yet. They run with: arauto serve")
    elif clock.now() - last > JOBS_SILENT_AFTER:
        yield Finding("jobs", True, f"None runs now; the last one ran at {last:%Y-%m-%d %H:%M:%S} UTC.")
    else:
        yield Finding("jobs", True, "They run.")
