"""Replies of an SMTP server and what each means at each stage: pure (RFC 5321 section 4.2, RFC 3463)."""

from __future__ import annotations

import re
from typing import NamedTuple

from webapp.channels.base import AccountTrouble, Outcome, Result, Stage, TroubleKind, one_line

SERVICE_CLOSING = 421
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")
REFUSED = {4: Outcome.TEMPORARY, 5: Outcome.PERMANENT}
_MEANS_GO = {Stage.MAIL: 2, Stage.RCPT: 2, Stage.DATA: 3}

# A refusal at MAIL is about our sender, unless it speaks of this message: its size or its address form.
_MESSAGE_CODES_AT_MAIL = frozenset({552})
_MESSAGE_STATUS_AT_MAIL = frozenset({"5.2.3", "5.3.4", "5.6.7"})


class Reply(NamedTuple):
    """One reply: the code of its last line and the text of every line. A tuple: there are four a mail."""

    code: int
    lines: tuple[str, ...]

    @property
    def enhanced(self) -> str:
        """The enhanced status code (RFC 2034) when it agrees with the reply code, else `""`."""
        found = _ENHANCED.match(self.lines[-1]) or _ENHANCED.match(self.lines[0])
        return found[1] if found and found[1][0] == str(self.code)[0] else ""

    @property
    def words(self) -> str:
        """The server's own words on one line, without the codes."""
        return _words(self.lines, self.enhanced)


def decoded(line: bytes) -> str:
    """Return a line of a server as text, whatever octets it holds."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def result(outcome: Outcome, stage: Stage, reply: Reply) -> Result:
    """Return the result that a reply led to, in the server's own words."""
    enhanced = reply.enhanced
    return Result(outcome, stage, reply.code, enhanced, _words(reply.lines, enhanced))


def trouble(kind: TroubleKind, stage: Stage, reply: Reply) -> AccountTrouble:
    """Return the account trouble that a reply led to, in the server's own words."""
    return AccountTrouble(kind, stage, reply.words, code=reply.code, enhanced=reply.enhanced)


def envelope_verdict(stage: Stage, reply: Reply) -> Result | None:
    """Return why the message is refused at MAIL, RCPT or DATA, or None to go on.

    Raises `AccountTrouble` when the server refuses our sender, or answers what nobody may answer there.
    """
    kind_of_code = reply.code // 100
    if kind_of_code == _MEANS_GO[stage]:
        return None
    outcome = REFUSED.get(kind_of_code)
    if outcome is None:
        raise trouble(TroubleKind.PROTOCOL, stage, reply)
    if stage is Stage.MAIL and outcome is Outcome.PERMANENT and not _about_message(reply):
        raise trouble(TroubleKind.SENDER, stage, reply)
    return result(outcome, stage, reply)


def dot_verdict(reply: Reply) -> Result:
    """Return what the answer to the final dot means; one that nobody may give there leaves it uncertain."""
    outcome = Outcome.ACCEPTED if reply.code // 100 == 2 else REFUSED.get(reply.code // 100, Outcome.UNCERTAIN)
    return result(outcome, Stage.DOT, reply)


def opening_trouble(stage: Stage, reply: Reply) -> AccountTrouble:
    """Return the trouble behind a reply other than yes to the greeting, EHLO or HELO."""
    kinds = {4: TroubleKind.BUSY, 5: TroubleKind.UNREACHABLE}
    return trouble(kinds.get(reply.code // 100, TroubleKind.PROTOCOL), stage, reply)


def extensions(reply: Reply) -> dict[str, str]:
    """Return the extensions of an EHLO reply, keywords in capitals (RFC 5321 section 4.1.1.1).

    The old form `AUTH=LOGIN`, still seen, counts as `AUTH LOGIN`.
    """
    found: dict[str, str] = {}
    for line in reply.lines[1:]:
        keyword, _, parameters = line.strip().replace("=", " ", 1).partition(" ")
        keyword = keyword.upper()
        found[keyword] = f"{found.get(keyword, '')} {parameters}".strip()
    return found


def _words(lines: tuple[str, ...], enhanced: str) -> str:
    return one_line(" ".join([line.removeprefix(enhanced) for line in lines]))


def _about_message(reply: Reply) -> bool:
    return reply.code in _MESSAGE_CODES_AT_MAIL or reply.enhanced in _MESSAGE_STATUS_AT_MAIL
