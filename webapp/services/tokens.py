"""API tokens: what programs sign their HTTP calls with. Shown once; only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator
from sqlalchemy import bindparam, or_, select, update

from webapp import clock
from webapp.database.hot import HotStatement, reading
from webapp.errors import DatabaseBusy, Problem
from webapp.extensions import db
from webapp.models import ApiToken
from webapp.models.token import SCOPES
from webapp.services import audit, records
from webapp.services.configuration import Stored
from webapp.services.entries import Entry
from webapp.services.fields import AsTuple, line, one_of, something
from webapp.services.records import Kind
from webapp.services.unit import write

PREFIX = "arauto_"
ADMIN = "admin"
USUAL_SCOPES = tuple(scope for scope in SCOPES if scope != ADMIN)
LONGEST_NAME = 200
USE_NOTED_EVERY = timedelta(minutes=1)


_FIND = HotStatement(
    select(ApiToken.id, ApiToken.name, ApiToken.scopes, ApiToken.last_used_at).where(
        ApiToken.token_hash == bindparam("hash"), ApiToken.enabled
    )
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token a request bears, and what it may do."""

    id: int
    name: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the token has `scope`; `admin` has all."""
        return scope in self.scopes or ADMIN in self.scopes


def _each_once(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(scope for scope in SCOPES if scope in scopes)


class TokenEntry(Entry):
    """A token as people see it; one that is not enabled opens nothing."""

    name: Annotated[str, line(LONGEST_NAME, needed=True)]
    scopes: Annotated[
        tuple[Annotated[str, one_of(*SCOPES)], ...], AsTuple, AfterValidator(something), AfterValidator(_each_once)
    ]
    enabled: bool = True


TOKENS = Kind("tokens", ApiToken, TokenEntry)


def create(name: str, scopes: Sequence[str] = ()) -> str:
    """A new token; this is the only time that it is seen. No scopes named: all but `admin`.

    Raises InvalidInput for a name that is taken or not one line, and for an unknown scope.
    """
    _number, token = make({"name": name, "scopes": tuple(scopes) or USUAL_SCOPES})
    return token


def make(data: Mapping[str, Any]) -> tuple[int, str]:
    """The same of an entry, which must name its scopes; its number and the token."""
    token = PREFIX + secrets.token_urlsafe(32)
    with write() as session:
        made, fields = records.add(TOKENS, session, data, token_hash=_hash(token))
        audit.record(session, audit.Deed("created", TOKENS.noun, made.name, made.id, fields))
        return int(made.id), token


def get(number: int) -> Stored:
    """One token. Raises NotFound."""
    return records.get(TOKENS, number)


def check(data: Mapping[str, Any], number: int | None = None) -> list[Problem]:
    """What `make`, or `change` of token `number`, would refuse."""
    return records.check(TOKENS, data, number)


def change(number: int, data: Mapping[str, Any], version: int | None = None) -> None:
    """Change a token; one that is disabled or loses a scope does so at once. Raises InvalidInput, EditedMeanwhile,
    NotFound.
    """
    with write() as session:
        records.change(TOKENS, session, records.locked(TOKENS, session, number, version), data)


def remove(number: int) -> None:
    """Delete a token. What it did stays, under its name. Raises NotFound."""
    with write() as session:
        records.remove(TOKENS, session, records.locked(TOKENS, session, number))


def verify(token: str) -> Caller | None:
    """Whose token this is; None when there is no such token, or it was revoked. Notes its use once a minute."""
    with reading(db.engine) as driver:
        row = _FIND.one(driver, hash=_hash(token))
    if row is None:
        return None
    number, name, scopes, last_used_at = row
    if last_used_at is None or abs(clock.now() - last_used_at) >= USE_NOTED_EVERY:
        with suppress(DatabaseBusy):
            _note_use(number)
    return Caller(number, name, frozenset(scopes))


def _note_use(token_id: int) -> None:
    now = clock.now()
    stale = or_(
        ApiToken.last_used_at.is_(None),
        ApiToken.last_used_at <= now - USE_NOTED_EVERY,
        ApiToken.last_used_at >= now + USE_NOTED_EVERY,
    )
    # Using a token is no change of it: whoever edits it meanwhile must not be refused for that.
    with write() as session:
        session.execute(
            update(ApiToken)
            .where(ApiToken.id == token_id, stale)
            .values(last_used_at=now, updated_at=ApiToken.updated_at, version=ApiToken.version)
            .execution_options(synchronize_session=False)
        )


def _hash(token: str) -> str:
    """SHA-256 in hex: a token has 256 random bits, so there is nothing to guess that a slow hash would protect."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
