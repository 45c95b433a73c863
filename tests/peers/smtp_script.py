"""An SMTP server on loopback that does at every stage what a test tells it, also what no server may do.

    with ScriptedSmtp(rcpt={"<b@x>": b"550 5.1.1 nobody"}, dot=Drop()) as server: ...

The stages are greeting, ehlo, helo, starttls, auth, mail, rcpt, data, body, dot, rset and quit; see `scripted` for what
they take. `body` runs when the data begins to arrive, `dot` when the final dot has.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.peers.scripted import Drop, Hangup, Ordinary, Raw, Scripted, Session, Stall, Then

__all__ = ["Drop", "Ordinary", "Raw", "ScriptedMail", "ScriptedSmtp", "Stall", "Then"]


@dataclass
class ScriptedMail:
    """A mail whose final dot was seen, whatever the server said to it."""

    sender: str
    recipients: list[str]
    data: bytes
    tls: bool


ORDINARY: Mapping[str, bytes] = {
    "greeting": b"220 scripted.example ESMTP",
    "helo": b"250 scripted.example",
    "starttls": b"220 2.0.0 Ready to start TLS",
    "auth": b"235 2.7.0 Authentication successful",
    "mail": b"250 2.1.0 Ok",
    "rcpt": b"250 2.1.5 Ok",
    "data": b"354 End data with <CR><LF>.<CR><LF>",
    "dot": b"250 2.0.0 Ok: queued as 4711",
    "rset": b"250 2.0.0 Ok",
    "quit": b"221 2.0.0 Bye",
}
STAGES = frozenset({*ORDINARY, "ehlo", "body"})


class ScriptedSmtp(Scripted):
    """The server; what it saw is in `commands`, `mails` and `connections`; `wait_for` waits for any of it."""

    stages = STAGES

    def __init__(
        self,
        *,
        extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        receive_buffer: int = 0,
        **script: Any,
    ) -> None:
        super().__init__(receive_buffer=receive_buffer, **script)
        self.extensions = extensions
        self.tls, self.implicit_tls = tls, implicit_tls
        self.mails = list[ScriptedMail]()

    def session(self, accepted: socket.socket) -> Session:
        return _Session(self, accepted)

    def took(self, mail: ScriptedMail) -> None:
        """Record a mail, and wake who waits for it."""
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()


class _Session(Session):
    server: ScriptedSmtp

    def __init__(self, server: ScriptedSmtp, accepted: socket.socket) -> None:
        super().__init__(server, accepted)
        self._secured = False
        self._sender, self._recipients = "", list[str]()

    def run(self) -> None:
        if self.server.implicit_tls:
            self._start_tls()
        self.do("greeting", "")
        while True:
            command = self.line()
            self.server.note(command=command)
            verb = command.split(" ", 1)[0].split(":", 1)[0].lower()
            stage = verb if verb in STAGES else "auth" if verb not in ("ehlo", "noop") else verb
            self.do(stage, command)
            if stage == "mail":
                self._sender, self._recipients = _path(command), []
            elif stage == "rcpt":
                self._recipients.append(_path(command))
            elif stage == "starttls" and self.answered.startswith(b"220"):
                self._start_tls()
            elif stage == "data" and self.answered.startswith(b"3"):
                self._take_data()
            elif stage == "quit":
                raise Hangup

    def _take_data(self) -> None:
        data = bytearray(self.read_line())
        if "body" in self.server.script:
            self.do("body", "")
        data += self.buffer
        self.buffer = b""
        while not data.endswith(b"\r\n.\r\n") and data != b".\r\n":
            data += self.received()
        body = bytes(data[: -len(b".\r\n")]).removeprefix(b".").replace(b"\r\n..", b"\r\n.")
        self.server.took(ScriptedMail(self._sender, self._recipients, body, self._secured))
        self.do("dot", "")

    def _start_tls(self) -> None:
        assert self.server.tls is not None
        self.socket = self.server.tls.wrap_socket(self.socket, server_side=True)
        self.server._open.add(self.socket)
        self._secured = True

    def ordinary(self, stage: str, text: str) -> None:
        if stage != "ehlo":
            self.say(ORDINARY[stage])
            return
        offered = [*self.server.extensions]
        if self.server.tls is not None and not self._secured:
            offered.append("STARTTLS")
        lines = ["scripted.example", *offered]
        self.say("\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines).encode())


def _path(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]
