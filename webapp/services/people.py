"""Users: the people who sign in. Contacts, who are told things, are another noun."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.errors import InvalidInput, NotFound, Problem
from webapp.models import User
from webapp.models.user import ROLES
from webapp.services import audit, passwords, sessions, vault
from webapp.services.checks import check_text
from webapp.services.parameters import LANGUAGES
from webapp.services.unit import write

THEMES = ("auto", "light", "dark")


def create(name: str, password: str, role: str = "viewer") -> int:
    """A new user; their id. Raises InvalidInput for a name that is taken or a password that is too short."""
    problems = [
        check_text("name", name, most=120, needed=True, lines=False),
        passwords.check("password", password, name),
    ]
    if name != name.strip():
        problems.append(Problem("name", _("Remove the spaces around the name.")))
    if role not in ROLES:
        problems.append(Problem("role", _("Use one of %(values)s.", values=", ".join(ROLES))))
    _refuse(problems)
    stored = passwords.digest(password)
    with write() as session:
        if session.scalar(select(User.id).where(User.name == name)):
            raise InvalidInput.at("name", _("There is already a user named %(name)s. Choose another name.", name=name))
        user = User(name=name, password_hash=stored, role=role)
        session.add(user)
        session.flush()
        password_fingerprint = vault.fingerprint(stored, _password_place(user.id))
        changes = {"role": (None, role), "password": (None, password_fingerprint)}
        audit.record(session, audit.Deed("created", "users", name, user.id, changes))
        return user.id


def change_password(name: str, password: str) -> None:
    """Give a user another password and end all their sessions. Raises NotFound, InvalidInput."""
    _refuse([passwords.check("password", password, name)])
    stored = passwords.digest(password)
    with write() as session:
        user = session.scalar(select(User).where(User.name == name))
        if user is None:
            raise NotFound(_("There is no user named %(name)s.", name=name))
        before, place = user.password_hash, _password_place(user.id)
        user.password_hash = stored
        sessions.end_all(session, user.id)
        changes = {"password": (vault.fingerprint(before, place), vault.fingerprint(stored, place))}
        audit.record(session, audit.Deed("changed", "users", name, user.id, changes))


def set_enabled(name: str, enabled: bool) -> None:
    """Let a user sign in, or not any more: then all their sessions end at once. Raises NotFound."""
    with write() as session:
        user = session.scalar(select(User).where(User.name == name))
        if user is None:
            raise NotFound(_("There is no user named %(name)s.", name=name))
        if user.enabled != enabled:
            changes = {"enabled": (user.enabled, enabled)}
            audit.record(session, audit.Deed("changed", "users", name, user.id, changes))
        user.enabled = enabled
        if not enabled:
            sessions.end_all(session, user.id)


def prefer(user_id: int, *, locale: str | None = None, timezone: str | None = None, theme: str | None = None) -> None:
    """Store how a user wants to see the pages; None keeps what there is. Raises InvalidInput."""
    problems = []
    if locale is not None and locale not in ("", *LANGUAGES):
        problems.append(Problem("locale", _("Use one of %(values)s.", values=", ".join(LANGUAGES))))
    if theme is not None and theme not in THEMES:
        problems.append(Problem("theme", _("Use one of %(values)s.", values=", ".join(THEMES))))
    if timezone is not None and zone(timezone) is None:
        problems.append(Problem("timezone", _("Say a time zone such as America/Sao_Paulo.")))
    _refuse(problems)
    wanted = {"locale": locale, "timezone": timezone, "theme": theme}
    with write() as session:
        user = session.get_one(User, user_id)
        changes = {
            field: (getattr(user, field), value)
            for field, value in wanted.items()
            if value is not None and value != getattr(user, field)
        }
        for field, (_before, value) in changes.items():
            setattr(user, field, value)
        if changes:
            audit.record(session, audit.Deed("changed", "users", user.name, user.id, changes))


def zone(name: str) -> tzinfo | None:
    """The time zone of that IANA name; None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _password_place(user_id: int) -> str:
    """What is fingerprinted is the stored hash: a fast fingerprint of the password itself would help to guess it."""
    return f"user/{user_id}/password"


def _refuse(problems: list[Problem | None] | list[Problem]) -> None:
    found = [problem for problem in problems if problem is not None]
    if found:
        raise InvalidInput(found)
