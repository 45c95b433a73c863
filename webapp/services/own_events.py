"""What happens to Arauto's own things becomes events, in the unit of work in which it happens.

So a fresh instance can tell somebody of a changed password with no outside system. One event for one fact: a new secret
of a credential is a changed password, and nothing else; a new name or user name is a changed credential.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import clock
from webapp.channels.base import TroubleKind
from webapp.models import AccountHealth, Event, InboxAccount, InboxProgress, JobRun, SmtpAccount
from webapp.services import actor, advice, events, own_words
from webapp.services.entries import Change
from webapp.services.events import NewEvent
from webapp.services.own_words import Case
from webapp.services.rendering import DEFAULT_LOCALE, OwnWords, Phrase, language_of

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
# However many names and addresses guess, nobody hears of more failures than this within a quarter of an hour.
MOST_FAILURES = 50
LONGEST_PATH = 200


def credentials_changed(changes: Iterable[Change]) -> None:
    """Tell the changes of credentials among `changes`, by the rules in force.

    To be called before the changes are written: whom a rule tells of credentials cannot be kept from hearing that both
    were taken away together.
    """
    new = [
        worded(case, {"credential": change.name, **attributes, **_who()}, by=_by(), **facts)
        for change in changes
        if change.section == "credentials"
        for case, attributes, facts in _cases(change)
    ]
    if new:
        events.record_all(new)


def _cases(change: Change) -> Iterator[tuple[Case, dict[str, Any], dict[str, Any]]]:
    """What a change of a credential is: each with its attributes and what else its words need."""
    if change.action == "created":
        yield own_words.CREDENTIAL_CREATED, {"username": change.fields["username"][1]}, {}
    elif change.action == "removed":
        yield own_words.CREDENTIAL_DELETED, {}, {}
    else:
        others = tuple(Phrase(own_words.FIELDS[name]) for name in change.fields if name != "secret")
        if others:
            yield own_words.CREDENTIAL_CHANGED, {}, {"changed": others}
        if "secret" in change.fields:
            yield own_words.CREDENTIAL_PASSWORD, {}, {}


def password_changed(user: str) -> None:
    """A user has another password."""
    events.record(worded(own_words.USER_PASSWORD, {"user": user, **_who()}, by=_by()))


def sign_in_failed(session: Session, user: str, address: str) -> None:
    """Somebody did not get in; `user` is empty for a name that no user has. Once a quarter for a name at an address."""
    if _is_flooded(session, own_words.SIGN_IN_FAILED.type):
        return
    case = own_words.SIGN_IN_FAILED if user else own_words.UNKNOWN_NAME
    attributes = {"user": user, "address": address} if user else {"address": address}
    events.record(worded(case, attributes, f"{_turn(QUARTER)}:{address}:{user}"))


def signed_in_from_new_address(user: str, address: str) -> None:
    """A user signed in from where they never did before."""
    events.record(worded(own_words.NEW_ADDRESS, {"user": user, "address": address}))


def denied(user: str, role: str, needed: str, path: str, address: str) -> None:
    """Somebody who is signed in asked for what their role forbids. Once an hour for a user and a path."""
    shown = "".join(character if character.isprintable() else "?" for character in path[:LONGEST_PATH])
    attributes = {"user": user, "path": shown, "role": role, "needed": needed, "address": address}
    roles = {"role": Phrase(own_words.ROLES[role]), "needed": Phrase(own_words.ROLES[needed])}
    key = f"{_turn(HOUR)}:{user}:{shown}"[: events.LONGEST_NAME]
    events.record(worded(own_words.DENIED, attributes, key, **roles))


def account_down(account: SmtpAccount, health: AccountHealth) -> None:
    """An SMTP account has been in trouble for a while."""
    error = f"{health.code or ''} {health.words}".strip().rstrip(".")
    try_this = Phrase(advice.FOR_ACCOUNT[TroubleKind(health.kind)])
    facts: dict[str, Any] = {"since": health.since, "error": error, "advice": try_this}
    events.record(worded(own_words.ACCOUNT_DOWN, _where(account), **facts))


def inbox_down(account: InboxAccount, progress: InboxProgress) -> None:
    """An inbox account could not be read for a while."""
    facts: dict[str, Any] = {"since": progress.since, "error": progress.words.rstrip(".")}
    events.record(worded(own_words.INBOX_DOWN, _where(account), **facts))


def _where(account: SmtpAccount | InboxAccount) -> dict[str, Any]:
    return {"account": account.name, "host": account.host, "port": account.port}


def job_late(run: JobRun) -> None:
    """A job has failed, or has not ended, for a while. Once a day for as long as it lasts."""
    since = (run.succeeded_at or run.started_at) if run.error else run.started_at
    case, facts = (own_words.JOB_FAILS, {"error": run.error.rstrip(".")}) if run.error else (own_words.JOB_HANGS, {})
    events.record(worded(case, {"job": run.name, "node": run.node}, f"{run.name}:{since}", since=since, **facts))


def worded(case: Case, attributes: Mapping[str, Any], dedup_key: str | None = None, **facts: Any) -> NewEvent:
    """The event; its words are filled by its attributes, and by `facts` before them."""
    own = OwnWords(case.title, case.body, {**attributes, **facts}, own_words.ATTRIBUTES)
    title, body = language_of(DEFAULT_LOCALE).own(own)
    return NewEvent(
        type=case.type,
        title=title,
        body=body,
        attributes=dict(attributes),
        source=own_words.SOURCE,
        dedup_key=dedup_key,
        own=own,
    )


def _who() -> dict[str, str]:
    """Who acts, as attributes."""
    who = actor.current()
    return {name: value for name, value in (("by", who.name), ("address", who.address)) if value}


def _by() -> Phrase:
    """Who acts, in words."""
    who = actor.current()
    return Phrase(own_words.BY[who.kind], {"name": who.name, "address": who.address or "–"})


def _turn(length: timedelta) -> int:
    """The number of the present quarter, hour, … of all time: events of one turn are one."""
    return int(clock.now().timestamp() // length.total_seconds())


def _is_flooded(session: Session, event_type: str) -> bool:
    nth_newest = select(Event.received_at).where(Event.type == event_type).order_by(Event.id.desc())
    received_at = session.scalar(nth_newest.offset(MOST_FAILURES - 1).limit(1))
    return received_at is not None and received_at > clock.now() - QUARTER
