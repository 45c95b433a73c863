"""What a channel tells about one try to deliver: how far it got, whether to try again, whose fault it was."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

MAX_WORDS = 500


class Stage(StrEnum):
    """How far a delivery got: writing the mail, then the order of an SMTP session."""

    COMPOSE = "compose"
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Outcome(StrEnum):
    """What a try means for the message: done, later, never, or perhaps done (the answer was never seen)."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    UNCERTAIN = "uncertain"


class TroubleKind(StrEnum):
    """Why an account cannot be used at the moment; the advice for each is in the templates."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    TLS = "tls"
    AUTH = "auth"
    SENDER = "sender"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one try for one recipient. `words` are the server's own or ours: see `one_line`."""

    outcome: Outcome
    stage: Stage
    code: int | None = None
    enhanced: str = ""
    words: str = ""


class AccountTrouble(Exception):
    """The account, not the message, is at fault: the message waits and this costs it no attempt."""

    def __init__(
        self, kind: TroubleKind, stage: Stage, words: str, *, code: int | None = None, enhanced: str = ""
    ) -> None:
        self.kind = kind
        self.stage = stage
        self.code = code
        self.enhanced = enhanced
        self.words = one_line(words)
        super().__init__(self.words)


class StaleConnection(Exception):
    """The server closed a connection kept from an earlier message: open another, this one cost nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a dialogue, secrets masked; `at` is in seconds since the connection was begun."""

    who: Literal["client", "server", "note"]
    text: str
    at: float


def one_line(text: str) -> str:
    """Return at most 500 characters on one line, with what cannot be seen shown as an escape."""
    line = " ".join(text[: MAX_WORDS * 4].split())
    if line.isprintable() and len(line) <= MAX_WORDS:
        return line
    line = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in line)
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"
