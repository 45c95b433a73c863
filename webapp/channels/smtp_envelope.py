"""MAIL, RCPT and DATA of one mail: which commands, together where the server allows, and what came back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from webapp.channels.base import AccountTrouble, Outcome, Result, Stage, StaleConnection, TroubleKind
from webapp.channels.smtp_replies import SERVICE_CLOSING, Reply, envelope_verdict, result
from webapp.channels.smtp_wire import Dropped, Garbled, Silent, Wire
from webapp.mail.address import AddressError, envelope_form

Step = tuple[Stage, str]

# The usual rest of the answers to a pipelined envelope, read at one go.
_ALL_GRANTED = re.compile(rb"2[0-9][0-9] [^\r\n]{0,512}\r\n354 [^\r\n]{0,512}\r\n")


def size_limit(offered: Mapping[str, str]) -> int | None:
    """Return the octets that a mail may have at most (RFC 1870); None where the server names no limit."""
    size = offered.get("SIZE", "")
    return int(size) or None if size.isascii() and size.isdigit() and len(size) < 20 else None


def envelope_steps(
    sender: str, recipient: str, *, size: int, smtputf8: bool, offered: Mapping[str, str]
) -> list[Step] | Result:
    """Return the commands that offer one mail, or why a server with these extensions can never take it.

    Raises `AccountTrouble` when the sender is not an address.
    """
    try:
        sender_path, sender_needs = envelope_form(sender) if sender else ("", False)
    except AddressError as error:
        raise AccountTrouble(TroubleKind.SENDER, Stage.MAIL, f"{sender!r}: {error}") from error
    try:
        recipient_path, recipient_needs = envelope_form(recipient)
    except AddressError as error:
        return Result(Outcome.PERMANENT, Stage.RCPT, enhanced="5.1.3", words=str(error))
    mail = f"MAIL FROM:<{sender_path}>"
    if "SIZE" in offered:
        limit = size_limit(offered)
        if limit is not None and size > limit:
            words = f"The mail has {size} octets, the server takes {limit} at most. Nothing was transmitted."
            return Result(Outcome.PERMANENT, Stage.MAIL, enhanced="5.3.4", words=words)
        mail += f" SIZE={size}"
    if smtputf8 or sender_needs or recipient_needs:
        if "SMTPUTF8" not in offered:
            words = "An address has characters outside ASCII, and the server does not take such mail (SMTPUTF8)."
            return Result(Outcome.PERMANENT, Stage.MAIL, enhanced="5.6.7", words=words)
        mail += " BODY=8BITMIME SMTPUTF8"
    return [(Stage.MAIL, mail), (Stage.RCPT, f"RCPT TO:<{recipient_path}>"), (Stage.DATA, "DATA")]


def reset(wire: Wire, *, timeout: float) -> None:
    """End a transaction that was refused half way. Raises `StaleConnection` when the connection is lost."""
    try:
        _send(wire, ["RSET"], timeout)
        reply = wire.reply(timeout)
    except (Dropped, Garbled) as error:
        raise StaleConnection(str(error)) from error
    if reply.code // 100 != 2:
        raise StaleConnection(reply.words)


def offer(wire: Wire, steps: Sequence[Step], *, timeout: float, together: bool, reused: bool) -> Result | None:
    """Send the commands and read the answers; None means that the server waits for the data.

    `together` writes all at once (RFC 2920). The first refusal is the result. A lost connection is TEMPORARY
    at the stage it had reached, but `StaleConnection` at the first command of a `reused` connection. Raises
    `AccountTrouble` as `envelope_verdict`.
    """
    for index, (stage, command) in enumerate(steps):
        first = index == 0
        due = [command] if not together else [text for _, text in steps] if first else []
        reply = _answer(wire, stage, due, timeout, stale_if_gone=reused and first)
        if isinstance(reply, Result):
            wire.close()
            return reply
        refusal = envelope_verdict(stage, reply)
        if refusal is not None:
            if together:
                _drain(wire, steps[index + 1 :], timeout)
            return refusal
        if together and first and wire.skip(_ALL_GRANTED):
            return None
    if wire.has_unread:
        raise AccountTrouble(TroubleKind.PROTOCOL, Stage.DATA, "The server sent more than it was asked for.")
    return None


def _answer(wire: Wire, stage: Stage, due: Sequence[str], timeout: float, *, stale_if_gone: bool) -> Reply | Result:
    """Send what is due and return the next reply, or the result when it means that the connection is over."""
    try:
        if due:
            _send(wire, due, timeout)
        reply = wire.reply(timeout)
    except Garbled as error:
        raise AccountTrouble(TroubleKind.PROTOCOL, stage, str(error)) from error
    except Dropped as error:
        if stale_if_gone and not isinstance(error, Silent):
            raise StaleConnection(str(error)) from error
        return Result(Outcome.TEMPORARY, stage, words=str(error))
    if reply.code != SERVICE_CLOSING:
        return reply
    if stale_if_gone:
        raise StaleConnection(reply.words)
    return result(Outcome.TEMPORARY, stage, reply)


def _drain(wire: Wire, unread: Sequence[Step], timeout: float) -> None:
    """Read the answers to the rest of a refused envelope, which change nothing.

    A server that wants data nevertheless gets a lone dot: without a recipient nothing can be delivered.
    """
    try:
        for stage, _ in unread:
            reply = wire.reply(timeout)
            if reply.code == SERVICE_CLOSING:
                wire.close()
                return
            if stage is Stage.DATA and reply.code // 100 == 3:
                wire.send(b".\r\n", timeout, shown=(".",))
                wire.reply(timeout)
    except (Dropped, Garbled):
        wire.close()


def _send(wire: Wire, commands: Sequence[str], timeout: float) -> None:
    wire.send("\r\n".join((*commands, "")).encode(), timeout, shown=commands)
