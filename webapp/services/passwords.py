"""Passwords: argon2id (RFC 9106), with the parameters inside each hash so that they may grow later."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from webapp.errors import Problem

FEWEST = 8
MOST = 1000

_hasher = PasswordHasher()


def digest(password: str) -> str:
    """What is stored instead of `password`."""
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` made `stored`. None, for nobody, takes as long as a wrong password and is false."""
    try:
        return _hasher.verify(_of_nobody() if stored is None else stored, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than those of today."""
    return _hasher.check_needs_rehash(stored)


def check(path: str, password: str, name: str) -> Problem | None:
    """What is wrong with a new password for the person `name`, if anything."""
    if len(password) < FEWEST:
        words = _("Use at least %(least)s characters: a few unrelated words are easy to remember.", least=FEWEST)
        return Problem(path, words)
    if len(password) > MOST:
        return Problem(path, _("Use at most %(most)s characters.", most=MOST))
    if password.casefold().strip() == name.casefold():
        return Problem(path, _("The password is the user name. Choose another."))
    return None


@cache
def _of_nobody() -> str:
    return digest("nobody signs in with this")
