"""Users: the people who sign in. Contacts, who are told things, are another noun.

Somebody who may make others administrators always remains, and nobody shuts themselves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from flask_babel import gettext as _
from pydantic import BeforeValidator
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.errors import InvalidInput, Problem
from webapp.models import User
from webapp.models.user import ROLES
from webapp.services import actor, audit, own_events, passwords, records, sessions, vault
from webapp.services.configuration import Stored
from webapp.services.entries import Entry
from webapp.services.fields import Name, Zone, none_is_empty, one_of, optional
from webapp.services.parameters import LANGUAGES
from webapp.services.records import Kind
from webapp.services.unit import write

THEMES = ("auto", "light", "dark")
ADMINISTRATOR = ROLES[-1]


class UserEntry(Entry):
    """A user as people see them. Without a language, the pages speak the one that the browser asks for."""

    name: Name
    role: Annotated[str, one_of(*ROLES)] = "viewer"
    locale: Annotated[str, BeforeValidator(none_is_empty), optional(one_of(*LANGUAGES).func)] = ""
    timezone: Zone = "UTC"
    theme: Annotated[str, one_of(*THEMES)] = "auto"
    enabled: bool = True


USERS = Kind("users", User, UserEntry)


def create(name: str, password: str, role: str = "viewer", **more: Any) -> int:
    """A new user; their number. Raises InvalidInput for a name that is taken or a password that is too short.

    The password is hashed, which takes a tenth of a second, before the database is locked.
    """
    data = {"name": name, "role": role, **more}
    _refuse([*check(data), *_too_weak(password, name)])
    stored = passwords.digest(password)
    with write() as session:
        user, fields = records.add(USERS, session, data, password_hash=stored)
        fields["password"] = (None, vault.fingerprint(stored, _password_place(user.id)))
        audit.record(session, audit.Deed("created", USERS.noun, user.name, user.id, fields))
        return int(user.id)


def get(number: int) -> Stored:
    """One user. Raises NotFound."""
    return records.get(USERS, number)


def check(data: Mapping[str, Any], number: int | None = None) -> list[Problem]:
    """What is wrong with the entry of a new user, or with a change of user `number`."""
    return records.check(USERS, data, number)


def change(number: int, data: Mapping[str, Any], version: int | None = None) -> None:
    """Change a user. Another role, or being disabled, ends all their sessions at once.

    Raises InvalidInput, EditedMeanwhile, NotFound.
    """
    with write() as session:
        user = records.locked(USERS, session, number, version)
        _stay_open(session, user, records.accepted(USERS, session, data, user))
        if {"role", "enabled"} & set(records.change(USERS, session, user, data)):
            sessions.end_all(session, number)


def prefer(number: int, *, locale: str | None = None, timezone: str | None = None, theme: str | None = None) -> None:
    """Store how a user wants to see the pages; None keeps what there is. Raises InvalidInput."""
    wanted = {"locale": locale, "timezone": timezone, "theme": theme}
    change(number, {name: value for name, value in wanted.items() if value is not None})


def set_password(number: int, password: str) -> None:
    """Give a user another password and end all their sessions. Raises NotFound, InvalidInput."""
    _refuse(_too_weak(password, get(number).name))
    stored = passwords.digest(password)
    with write() as session:
        user = records.locked(USERS, session, number)
        before, place = user.password_hash, _password_place(number)
        user.password_hash = stored
        sessions.end_all(session, number)
        fields = {"password": (vault.fingerprint(before, place), vault.fingerprint(stored, place))}
        audit.record(session, audit.Deed("changed", USERS.noun, user.name, number, fields))
        own_events.password_changed(user.name)


def sign_out(number: int) -> None:
    """End all sessions of a user. Raises NotFound."""
    with write() as session:
        user = records.locked(USERS, session, number)
        sessions.end_all(session, number)
        audit.record(session, audit.Deed("signed_out", USERS.noun, user.name, number))


def remove(number: int) -> None:
    """Delete a user, signed out at once. What they did stays in the audit log. Raises InvalidInput, NotFound."""
    with write() as session:
        user = records.locked(USERS, session, number)
        _stay_open(session, user, None)
        sessions.end_all(session, number)
        records.remove(USERS, session, user)


def is_me(name: str) -> bool:
    """Whether the present actor is the user of that name."""
    who = actor.current()
    return who.kind == "user" and who.name == name


def _stay_open(session: Session, user: User, after: Mapping[str, Any] | None) -> None:
    """Refuse what would shut out whoever does it, or the last administrator. `after` is None for a removal."""
    path = _loss(user, after)
    if path is None:
        return
    if is_me(user.name):
        raise InvalidInput.at(path, _("This is you: only another administrator can do it."))
    others = select(func.count()).where(User.role == ADMINISTRATOR, User.enabled, User.id != user.id)
    if user.role == ADMINISTRATOR and user.enabled and not session.scalar(others):
        raise InvalidInput.at(path, _("Nobody else can sign in as an administrator. Make somebody else one first."))


def _loss(user: User, after: Mapping[str, Any] | None) -> str | None:
    """The field by which the user may do less afterwards; empty for a removal, None when there is none."""
    if after is None:
        return ""
    if ROLES.index(after["role"]) < ROLES.index(user.role):
        return "role"
    return "enabled" if user.enabled and not after["enabled"] else None


def _password_place(user_id: int) -> str:
    """What is fingerprinted is the stored hash: a fast fingerprint of the password itself would help to guess it."""
    return f"user/{user_id}/password"


def _too_weak(password: str, name: str) -> list[Problem]:
    problem = passwords.check("password", password, name)
    return [problem] if problem else []


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(problems)
