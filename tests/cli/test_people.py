"""`arauto user create` and `arauto token create`."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from tests.cli.conftest import Arauto
from webapp.extensions import db
from webapp.models import ApiToken, User
from webapp.services import passwords, tokens


def test_a_user_gets_a_password_printed_alone(arauto: Arauto, ctx: Flask) -> None:
    ended = arauto("user", "create", "joe", "--role", "operator")
    joe = db.session.scalars(select(User).where(User.name == "joe")).one()
    assert (ended.code, ended.err, joe.role) == (0, "", "operator")
    assert passwords.matches(ended.out.rstrip("\n"), joe.password_hash)


def test_a_password_from_the_standard_input_is_not_printed(arauto: Arauto, ctx: Flask) -> None:
    ended = arauto("user", "create", "joe", "--role", "viewer", "--password-stdin", stdin="four unrelated words\n")
    joe = db.session.scalars(select(User).where(User.name == "joe")).one()
    assert (ended.code, ended.out) == (0, "")
    assert passwords.matches("four unrelated words", joe.password_hash)


def test_a_weak_password_a_taken_name_and_an_unknown_role_are_refused(arauto: Arauto) -> None:
    weak = arauto("user", "create", "joe", "--role", "viewer", "--password-stdin", stdin="x\n")
    assert (weak.code, weak.err.split(":")[0]) == (1, "password")
    taken = arauto("user", "create", "admin", "--role", "viewer")
    assert (taken.code, taken.out, taken.err.split(":")[0]) == (1, "", "name")
    unknown = arauto("user", "create", "joe", "--role", "king")
    assert (unknown.code, unknown.out, unknown.err.split(":")[0]) == (1, "", "role")


def test_a_token_is_printed_alone_and_works(arauto: Arauto, ctx: Flask) -> None:
    ended = arauto("token", "create", "ci", "--scope", "read", "--scope", "events:write")
    assert (ended.code, ended.err) == (0, "")
    caller = tokens.verify(ended.out.rstrip("\n"))
    assert caller is not None
    assert (caller.name, caller.scopes) == ("ci", {"read", "events:write"})


def test_a_token_without_named_scopes_has_all_but_admin(arauto: Arauto, ctx: Flask) -> None:
    caller = tokens.verify(arauto("token", "create", "ci").out.strip())
    assert caller is not None
    assert caller.scopes == {"events:write", "messages:write", "requests:write", "read"}


def test_a_taken_name_and_an_unknown_scope_are_refused(arauto: Arauto, ctx: Flask) -> None:
    arauto("token", "create", "ci")
    taken = arauto("token", "create", "ci")
    assert (taken.code, taken.out, taken.err.split(":")[0]) == (1, "", "name")
    unknown = arauto("token", "create", "other", "--scope", "everything")
    assert (unknown.code, unknown.out, unknown.err.split(":")[0]) == (1, "", "scopes[0]")
    assert db.session.scalars(select(ApiToken.name)).all() == ["ci"]
