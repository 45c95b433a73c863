"""Who acts: the person, the program or the command that this context works for; Arauto itself when it is nobody.

The edges say so (the gate of the pages, the token check of the API, the command line), and services read it: for the
audit log and for timelines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from flask import g

Kind = Literal["user", "visitor", "token", "command", "arauto"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A visitor is somebody who has not signed in. `address`: from where; of a command, the name of the machine."""

    kind: Kind
    name: str = ""
    address: str = ""

    def __str__(self) -> str:
        """As timelines name them."""
        return f"{self.name} (command line)" if self.kind == "command" else self.name


ARAUTO = Actor("arauto", "Arauto")


def act_as(actor: Actor) -> None:
    """From now on this context works for `actor`."""
    g.actor = actor


def current() -> Actor:
    """Who acts in this context."""
    found: Actor = g.get("actor", ARAUTO)
    return found
