"""What was read is kept, once, before anything interprets it or deletes it on the server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_leave  # SQLite's says the same
from sqlalchemy.orm import Session

from webapp import clock
from webapp.extensions import db
from webapp.mailboxes.base import Listed
from webapp.models import InboundMessage, InboundRaw, InboundState, InboxProgress, SkippedMail
from webapp.services.unit import insert_rows, write

LOOKUP = 500


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail as it was fetched, or only listed where it is too large to be fetched (`raw` is None then)."""

    listed: Listed
    raw: bytes | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail under its number."""

    number: int
    raw: bytes


def unknown(session: Session, account_id: int, messages: Sequence[Listed]) -> list[Listed]:
    """Those whose key was never seen."""
    seen: set[str] = set()
    keys = [message.key for message in messages]
    for start in range(0, len(keys), LOOKUP):
        some = keys[start : start + LOOKUP]
        for column, owner in (
            (InboundMessage.server_key, InboundMessage.account_id),
            (SkippedMail.server_key, SkippedMail.account_id),
        ):
            seen |= set(session.scalars(select(column).where(owner == account_id, column.in_(some))))
    return [message for message in messages if message.key not in seen]


def keep(
    account_id: int,
    arrived: Sequence[Arrived],
    *,
    names: Callable[[str], bool],
    skipped: Iterable[str] = (),
    mark: str | None = None,
) -> list[Kept]:
    """Commit mails, the keys of those that are passed over, and how far the listing got; what is new.

    A mail that is here already under a key by which the server does not name mails any more (see `Mailbox.names`) only
    gets its new key; the same octets under a key that is still in use are another mail. One that was too large to be
    fetched is known again by its size.
    """
    hashes = {id(mail): hashlib.sha256(mail.raw).hexdigest() for mail in arrived if mail.raw is not None}
    with write() as session:
        known = _renamed(session, account_id, arrived, hashes, names)
        fresh: list[Arrived] = []
        for mail in arrived:
            here = known.get((hashes.get(id(mail), ""), _size(mail)))
            if here:
                _rename(session, here.pop(), mail.listed.key)
            else:
                fresh.append(mail)
        numbers = _insert(session, account_id, fresh, hashes)
        _skip(session, account_id, skipped)
        if mark is not None:
            progress(session, account_id).mark = mark
        return [Kept(number, mail.raw) for number, mail in zip(numbers, fresh, strict=True) if mail.raw is not None]


def progress(session: Session, account_id: int) -> InboxProgress:
    """The account's row of progress, made when there is none: whoever else makes it at the same moment."""
    row = session.get(InboxProgress, account_id)
    if row is None:
        blank = {"mark": "", "failures": 0, "kind": "", "words": "", "tells": False, "withheld": 0, "refusal": ""}
        fresh = insert_or_leave(InboxProgress).values(account_id=account_id, **blank)
        session.execute(fresh.on_conflict_do_nothing())
        row = session.get_one(InboxProgress, account_id)
    return row


def committed(account_id: int, place: str, folder: str | None) -> Iterator[list[str]]:
    """The keys of kept mails that may still be in that mailbox, in batches.

    What was left there is none of them, nor is what was read elsewhere: that is still where it was.
    """
    after = 0
    while True:
        rows = db.session.execute(
            select(InboundMessage.id, InboundMessage.server_key)
            .where(still_in(account_id, place, folder), InboundMessage.id > after)
            .order_by(InboundMessage.id)
            .limit(LOOKUP)
        ).all()
        db.session.rollback()
        if not rows:
            return
        after = rows[-1].id
        yield [row.server_key for row in rows]


def still_in(account_id: int, place: str, folder: str | None) -> ColumnElement[bool]:
    """The condition that a mail was fetched from that folder of the mailbox of that `place`, of any where it is None,
    and is there as far as is known.
    """
    key = InboundMessage.server_key
    within: list[ColumnElement[bool]] = []
    if folder is not None:  # what stands before it in a key has three slashes: b/c is no folder named c
        slashes = func.length(key) - func.length(func.replace(key, "/", ""))
        within = [key.endswith(f"/{folder}", autoescape=True), slashes == 3 + folder.count("/")]
    return and_(
        InboundMessage.account_id == account_id,
        InboundMessage.on_server,
        InboundMessage.content_hash != "",
        key.startswith(place),
        *within,
    )


def note_gone(account_id: int, keys: Sequence[str]) -> None:
    """These are not on the server any more."""
    if not keys:
        return
    with write() as session:
        for start in range(0, len(keys), LOOKUP):
            session.execute(
                update(InboundMessage)
                .where(
                    InboundMessage.account_id == account_id,
                    InboundMessage.server_key.in_(keys[start : start + LOOKUP]),
                )
                .values(on_server=False)
            )


def raw_of(session: Session, number: int) -> bytes:
    """The octets of a mail; empty for one that was left on the server."""
    return session.scalar(select(InboundRaw.raw).where(InboundRaw.inbound_id == number)) or b""


def _renamed(
    session: Session,
    account_id: int,
    arrived: Sequence[Arrived],
    hashes: dict[int, str],
    names: Callable[[str], bool],
) -> dict[tuple[str, int], list[int]]:
    """By hash and size, the numbers of mails whose keys mean nothing any more; as many as there are of the same."""
    wanted: ColumnElement[bool] = InboundMessage.content_hash.in_(set(hashes.values()))
    large = {_size(mail) for mail in arrived if mail.raw is None}
    if large:
        wanted = or_(wanted, (InboundMessage.content_hash == "") & InboundMessage.size.in_(large))
    found: dict[tuple[str, int], list[int]] = {}
    rows = session.execute(
        select(InboundMessage.content_hash, InboundMessage.size, InboundMessage.server_key, InboundMessage.id)
        .where(InboundMessage.account_id == account_id, wanted)
        .order_by(InboundMessage.id.desc())
    )
    for row in rows:
        if not names(row.server_key):
            found.setdefault((row.content_hash, row.size), []).append(row.id)
    return found


def _size(mail: Arrived) -> int:
    return mail.listed.size if mail.raw is None else len(mail.raw)


def _rename(session: Session, number: int, key: str) -> None:
    session.execute(update(InboundMessage).where(InboundMessage.id == number).values(server_key=key, on_server=True))


def _insert(session: Session, account_id: int, fresh: Sequence[Arrived], hashes: dict[int, str]) -> list[int]:
    now = clock.now()
    rows: list[dict[str, Any]] = [
        {
            "account_id": account_id,
            "server_key": mail.listed.key,
            "on_server": True,
            "content_hash": hashes.get(id(mail), ""),
            "size": _size(mail),
            "received_at": mail.at,
            "stored_at": now,
            "message_id": "",
            "sender": "",
            "subject": "",
            "state": InboundState.RECEIVED if mail.raw is not None else InboundState.TOO_LARGE,
            "kind": "",
            "effect": "",
            "detail": {},
            "defects": [],
            "error": "",
        }
        for mail in fresh
    ]
    if not rows:
        return []
    numbers = insert_rows(session, InboundMessage.id, rows)
    raws = [
        {"inbound_id": number, "raw": mail.raw}
        for number, mail in zip(numbers, fresh, strict=True)
        if mail.raw is not None
    ]
    if raws:
        session.execute(insert(InboundRaw), raws)
    return numbers


def _skip(session: Session, account_id: int, keys: Iterable[str]) -> None:
    rows = [{"account_id": account_id, "server_key": key} for key in keys]
    if rows:
        session.execute(insert(SkippedMail), rows)
