"""The first administrator, made when there is no user yet."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
from sqlalchemy import select

from webapp.errors import InvalidInput
from webapp.models import User
from webapp.services import first_password, people
from webapp.services.unit import lock_configuration, write

NAME = "admin"


@dataclass(frozen=True, slots=True)
class FirstSignIn:
    """How to sign in for the first time; `password` is empty when the operator chose it (ARAUTO_ADMIN_PASSWORD)."""

    name: str
    password: str


def ensure_administrator() -> FirstSignIn | None:
    """Make the first administrator; None when there is a user already. Raises InvalidInput for a password too weak.

    A generated password is kept (see `first_password`) before the user is committed, so that a crash in between
    cannot leave an administrator that nobody can be.
    """
    chosen: str = current_app.config["ARAUTO_ADMIN_PASSWORD"]
    with write() as session:
        lock_configuration(session)
        if session.scalar(select(User.id).limit(1)) is not None:
            return None
        password = chosen or first_password.generate()
        if not chosen:
            first_password.keep(current_app.config["ARAUTO_DATA_DIR"], password)
        try:
            people.create(NAME, password, "admin")
        except InvalidInput as error:
            raise InvalidInput.at("ARAUTO_ADMIN_PASSWORD", error.problems[0].words) from error
    return FirstSignIn(NAME, "" if chosen else password)
