"""Where an input takes a secret from: written out, an environment variable, or a file.

Reading either of the last two is a right of whoever may run commands on this machine: never hand a browser's input
here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Self

from flask_babel import gettext as _
from pydantic import AfterValidator, Field, model_validator

from webapp.services.entries import Entry

LONGEST = 4096  # octets; no mail server takes more in one AUTH line (RFC 4954 section 4: 12,288 with encoding)


def check_secret(text: str) -> str:
    """A secret as it is sent: one line, not empty, no NUL (RFC 4616 section 2)."""
    if not text:
        raise ValueError(_("The secret is empty."))
    if any(character in "\0\r\n" or "\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(_("The secret holds a line break or another character that cannot be sent."))
    if len(text.encode()) > LONGEST:
        raise ValueError(_("The secret is longer than %(most)s octets.", most=LONGEST))
    return text


def from_environment(name: str) -> str:
    """The value of an environment variable."""
    if "\0" in name or name not in os.environ:
        words = _("The environment variable %(name)r is not set. Set it where this command runs.", name=name[:80])
        raise ValueError(words)
    return check_secret(os.environ[name])


def from_file(name: str) -> str:
    """The content of a small regular file in UTF-8, without the newline at its end."""
    try:
        return check_secret(octets_of(name, LONGEST + 3).decode("utf-8-sig").removesuffix("\n").removesuffix("\r"))
    except UnicodeDecodeError:
        raise ValueError(_unreadable(name, _("it is not text in UTF-8"))) from None


def octets_of(name: str, most: int) -> bytes:
    """The first `most` octets of a regular file. Raises ValueError."""
    try:
        path = Path(name).expanduser()
        if path.exists() and not path.is_file():
            raise ValueError(_unreadable(name, _("it is not a regular file")))
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise ValueError(_unreadable(name, error.strerror or str(error))) from None


def _unreadable(name: str, why: str) -> str:
    return _("The file %(name)r cannot be read: %(why)s.", name=name[:200], why=why)


class SecretSource(Entry):
    """`{value: …}`, `{env: NAME}` or `{file: PATH}`; validation already reads it."""

    value: Annotated[str, AfterValidator(check_secret)] | None = Field(None, repr=False)
    env: Annotated[str, AfterValidator(from_environment)] | None = Field(None, repr=False)
    file: Annotated[str, AfterValidator(from_file)] | None = Field(None, repr=False)

    @model_validator(mode="after")
    def _only_one(self) -> Self:
        if len(self.model_fields_set) != 1 or self.text is None:
            raise ValueError(_("Say where the secret is by one of value, env or file."))
        return self

    @property
    def text(self) -> str | None:
        """The secret."""
        return self.value or self.env or self.file
