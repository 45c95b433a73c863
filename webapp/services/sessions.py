"""Sessions: a sign-in is a row; the browser keeps a random key, the row only its hash."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import DatabaseBusy
from webapp.extensions import db
from webapp.models import SeenAddress, User, WebSession
from webapp.models.user import ROLES
from webapp.services import actor, audit, own_events
from webapp.services.actor import Actor
from webapp.services.unit import lock_words, write
from webapp.services.upkeep import SESSION_IDLE

# A session that is in use is noted this often, not at every page.
NOTED_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is in front of the page. A copy: it stays readable whatever happens to the database session."""

    key: str
    user_id: int
    name: str
    role: str
    locale: str
    timezone: str
    theme: str

    def may(self, role: str) -> bool:
        """Whether this person has at least `role`."""
        return ROLES.index(self.role) >= ROLES.index(role)


def start(user_id: int, address: str, *, again: bool = False) -> str:
    """A new session of that user; its key, which is not stored anywhere.

    `again`: in the place of a session that has just ended, so that nobody signed in.
    """
    key = secrets.token_urlsafe(32)
    with write() as session:
        session.add(WebSession(key_hash=_hash(key), user_id=user_id, address=address))
        if not again:
            _note_sign_in(session, user_id, address)
            name = session.scalars(select(User.name).where(User.id == user_id)).one()
            who = Actor("user", name, address)
            audit.record(session, audit.Deed("signed_in", "users", name, user_id), by=who)
            if _is_new(session, user_id, address):
                own_events.signed_in_from_new_address(name, address)
    return key


def _note_sign_in(session: Session, user_id: int, address: str) -> None:
    """Signing in is no change of a user: whoever edits them meanwhile must not be refused for that."""
    kept = {"updated_at": User.updated_at, "version": User.version}
    session.execute(
        update(User)
        .where(User.id == user_id)
        .values(last_sign_in_at=clock.now(), last_sign_in_address=address, **kept)
        .execution_options(synchronize_session=False)
    )


def _is_new(session: Session, user_id: int, address: str) -> bool:
    """Whether a user who signed in before never did so from this address, which is noted."""
    network = _network(address)
    lock_words(session, [f"seen_address:{user_id}"])
    if session.get(SeenAddress, (user_id, network)) is not None:
        return False
    signed_in_before = select(SeenAddress.user_id).where(SeenAddress.user_id == user_id).limit(1)
    is_new = session.scalar(signed_in_before) is not None
    session.add(SeenAddress(user_id=user_id, address=network))
    return is_new


def _network(address: str) -> str:
    """One household or machine has one: the host part of an IPv6 address changes every day (RFC 8981)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


def note_denied(who: SignedIn, needed: str, path: str) -> None:
    """Somebody asked for what their role forbids; whether that can be noted or not, they are refused."""
    with suppress(DatabaseBusy):
        own_events.denied(who.name, who.role, needed, path, actor.current().address)


def find(key: str) -> SignedIn | None:
    """Whose key this is; None when the session ended, idled too long, or its user may not sign in any more."""
    now = clock.now()
    row = db.session.execute(
        select(WebSession.seen_at, User.id, User.name, User.role, User.locale, User.timezone, User.theme)
        .join(User, User.id == WebSession.user_id)
        .where(WebSession.key_hash == _hash(key), User.enabled, WebSession.seen_at > now - SESSION_IDLE)
    ).one_or_none()
    if row is None:
        return None
    if row.seen_at < now - NOTED_EVERY:
        with suppress(DatabaseBusy), write() as session:
            session.execute(update(WebSession).where(WebSession.key_hash == _hash(key)).values(seen_at=now))
    return SignedIn(key, row.id, row.name, row.role, row.locale, row.timezone, row.theme)


@dataclass(frozen=True, slots=True)
class Open:
    """A session that somebody may still use: where and when it began, and when it was last seen in use."""

    address: str
    created_at: datetime
    seen_at: datetime
    present: bool


def open_sessions(user_id: int, key: str) -> list[Open]:
    """The sessions of a user, the newest first; the present one is that of `key`."""
    rows = db.session.scalars(
        select(WebSession)
        .where(WebSession.user_id == user_id, WebSession.seen_at > clock.now() - SESSION_IDLE)
        .order_by(WebSession.seen_at.desc(), WebSession.created_at.desc())
    )
    present = _hash(key)
    return [Open(row.address, row.created_at, row.seen_at, row.key_hash == present) for row in rows]


def end(key: str) -> None:
    """Sign out: whoever kept the key holds nothing."""
    with write() as session:
        ended = session.scalar(
            delete(WebSession).where(WebSession.key_hash == _hash(key)).returning(WebSession.user_id)
        )
        if ended is not None:
            name = session.scalars(select(User.name).where(User.id == ended)).one()
            audit.record(session, audit.Deed("signed_out", "users", name, ended))


def end_all(session: Session, user_id: int) -> None:
    """Sign a user out everywhere, within the caller's unit of work."""
    session.execute(delete(WebSession).where(WebSession.user_id == user_id))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
