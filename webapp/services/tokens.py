"""API tokens: what programs sign their HTTP calls with. Shown once; only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import bindparam, exists, or_, select, update

from webapp import clock
from webapp.database.hot import HotStatement, reading
from webapp.errors import DatabaseBusy, InvalidInput, NotFound, Problem
from webapp.extensions import db
from webapp.models import ApiToken
from webapp.models.token import SCOPES
from webapp.services import audit
from webapp.services.checks import check_text
from webapp.services.unit import lock_configuration, write

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


def create(name: str, scopes: Sequence[str] = ()) -> str:
    """A new token; this is the only time that it is seen. No scopes named: all but `admin`.

    Raises InvalidInput for a name that is taken or not one line, and for an unknown scope.
    """
    wanted = list(dict.fromkeys(scopes)) or list(USUAL_SCOPES)
    name = name.strip()
    problems = [check_text("name", name, most=LONGEST_NAME, needed=True, lines=False)]
    problems += [
        Problem(
            f"scopes[{number}]",
            _("There is no scope %(scope)r. Use one of %(scopes)s.", scope=scope[:80], scopes=", ".join(SCOPES)),
        )
        for number, scope in enumerate(wanted)
        if scope not in SCOPES
    ]
    found = [problem for problem in problems if problem]
    if found:
        raise InvalidInput(found)
    token = PREFIX + secrets.token_urlsafe(32)
    with write() as session:
        lock_configuration(session)
        if session.scalar(select(exists().where(ApiToken.name == name))):
            raise InvalidInput.at("name", _("There is a token %(name)r already. Choose another name.", name=name))
        made = ApiToken(name=name, token_hash=_hash(token), scopes=wanted)
        session.add(made)
        session.flush()
        audit.record(session, audit.Deed("created", "tokens", name, made.id, {"scopes": (None, wanted)}))
    return token


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


def revoke(name: str) -> None:
    """End a token at once. Raises NotFound when there is none of that name."""
    with write() as session:
        token = session.scalar(select(ApiToken).where(ApiToken.name == name))
        if token is None:
            raise NotFound(_("There is no token %(name)r.", name=name))
        if token.enabled:
            audit.record(session, audit.Deed("revoked", "tokens", name, token.id))
        token.enabled = False


def _hash(token: str) -> str:
    """SHA-256 in hex: a token has 256 random bits, so there is nothing to guess that a slow hash would protect."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
