"""An SMTP server on loopback that does at every stage what a test tells it, also what no server may do.

    with ScriptedSmtp(rcpt={"<b@x>": b"550 5.1.1 nobody"}, dot=Drop()) as server: ...

A stage (greeting, ehlo, helo, starttls, auth, mail, rcpt, data, body, dot, rset, quit) takes one action, a
list of actions (one each time, the last for ever) or a dict that chooses by what the command contains (`""` =
else). An action is reply text (`bytes`, CRLF added), `Raw` octets, `Drop`, `Stall`, `Then` (several in turn)
or None for the ordinary answer. `body` runs when the data begins to arrive, `dot` when the final dot has.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Drop:
    """Close the connection now; with `reset` by a TCP reset."""

    reset: bool = False


@dataclass(frozen=True)
class Stall:
    """Answer nothing more, and keep the connection open until the server ends."""


@dataclass(frozen=True)
class Raw:
    """Write these octets as they are, in pieces of `piece` octets when given, one every `every` seconds."""

    octets: bytes
    piece: int = 0
    every: float = 0.0


@dataclass(frozen=True)
class Then:
    """Do these one after the other."""

    actions: tuple[Any, ...]


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


class _Hangup(Exception):
    pass


class ScriptedSmtp:
    """The server; what it saw is in `commands`, `mails` and `connections`; `wait_for` waits for any of it."""

    def __init__(
        self,
        *,
        extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        receive_buffer: int = 0,
        **script: Any,
    ) -> None:
        unknown = script.keys() - STAGES
        if unknown:
            raise ValueError(f"no such stage: {sorted(unknown)}")
        self.script, self.extensions = script, extensions
        self.tls, self.implicit_tls = tls, implicit_tls
        self.commands, self.mails, self.connections = [], [], 0
        self.changed = threading.Condition()
        self._turns: dict[str, int] = {}
        self._ended = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.host, self.port = "127.0.0.1", int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for current in list(self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(current, socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)

    def wait_for(self, condition: Any, timeout: float = 15.0) -> None:
        """Wait until `condition()` is true of what the server saw."""
        with self.changed:
            assert self.changed.wait_for(condition, timeout), f"the server saw {self.commands}"

    def saw(self, verb: str) -> list[str]:
        """Return every command that begins with this verb."""
        return [command for command in self.commands if command.upper().startswith(verb)]

    def action(self, stage: str, text: str) -> Any:
        """Return what to do now, and move on in the list of the stage."""
        chosen = self.script.get(stage)
        if isinstance(chosen, Mapping):
            chosen = next((act for part, act in chosen.items() if part and part in text), chosen.get(""))
        if isinstance(chosen, list):
            with self.changed:
                turn = self._turns.get(stage, 0)
                self._turns[stage] = turn + 1
            chosen = chosen[min(turn, len(chosen) - 1)]
        return chosen

    def note(self, *, command: str | None = None, mail: ScriptedMail | None = None, connected: bool = False) -> None:
        """Record what happened, and wake who waits for it."""
        with self.changed:
            self.commands += [command] if command is not None else []
            self.mails += [mail] if mail is not None else []
            self.connections += connected
            self.changed.notify_all()

    def stall(self) -> None:
        """Wait until the server ends."""
        self._ended.wait(30)

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            # Else every pipelined command waits 40 ms for an acknowledgement.
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.note(connected=True)
            self._start(self._serve, accepted)

    def _serve(self, accepted: socket.socket) -> None:
        session = _Session(self, accepted)
        self._open.add(accepted)
        with contextlib.suppress(_Hangup, OSError, ValueError):
            session.run()
        self._open.discard(accepted)
        session.hang_up()


class _Session:
    def __init__(self, server: ScriptedSmtp, accepted: socket.socket) -> None:
        self._server = server
        self._socket = accepted
        self._buffer = b""
        self._secured = False
        self._sender, self._recipients = "", list[str]()

    def run(self) -> None:
        if self._server.implicit_tls:
            self._start_tls()
        self._do("greeting", "")
        while True:
            command = self._line()
            self._server.note(command=command)
            verb = command.split(" ", 1)[0].split(":", 1)[0].lower()
            stage = verb if verb in STAGES else "auth" if verb not in ("ehlo", "noop") else verb
            self._do(stage, command)
            if stage == "mail":
                self._sender, self._recipients = _path(command), []
            elif stage == "rcpt":
                self._recipients.append(_path(command))
            elif stage == "starttls" and self._answered.startswith(b"220"):
                self._start_tls()
            elif stage == "data" and self._answered.startswith(b"3"):
                self._take_data()
            elif stage == "quit":
                raise _Hangup

    def hang_up(self, *, reset: bool = False) -> None:
        with contextlib.suppress(OSError):
            if reset:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            else:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._socket.close()

    def _take_data(self) -> None:
        data = bytearray(self._read_line())
        if "body" in self._server.script:
            self._do("body", "")
        data += self._buffer
        self._buffer = b""
        while not data.endswith(b"\r\n.\r\n") and data != b".\r\n":
            data += self._received()
        body = bytes(data[: -len(b".\r\n")]).removeprefix(b".").replace(b"\r\n..", b"\r\n.")
        self._server.note(mail=ScriptedMail(self._sender, self._recipients, body, self._secured))
        self._do("dot", "")

    def _start_tls(self) -> None:
        assert self._server.tls is not None
        self._socket = self._server.tls.wrap_socket(self._socket, server_side=True)
        self._server._open.add(self._socket)
        self._secured = True

    def _do(self, stage: str, text: str) -> None:
        action = self._server.action(stage, text)
        self._perform(self._ordinary(stage) if action is None else action)

    def _ordinary(self, stage: str) -> bytes:
        if stage != "ehlo":
            return ORDINARY[stage]
        offered = [*self._server.extensions]
        if self._server.tls is not None and not self._secured:
            offered.append("STARTTLS")
        lines = ["scripted.example", *offered]
        return "\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines).encode()

    def _perform(self, action: Any) -> None:
        match action:
            case bytes():
                self._answered = action
                self._socket.sendall(action + b"\r\n")
            case Raw(octets, piece, every):
                self._answered = octets
                for at in range(0, len(octets), piece or len(octets)):
                    self._socket.sendall(octets[at : at + (piece or len(octets))])
                    if every and self._server._ended.wait(every):
                        raise _Hangup
            case Then(actions):
                for each in actions:
                    self._perform(each)
            case Stall():
                self._server.stall()
                raise _Hangup
            case Drop(reset):
                self.hang_up(reset=reset)
                raise _Hangup
            case _:
                raise TypeError(f"no such action: {action!r}")

    _answered = b""

    def _line(self) -> str:
        return self._read_line().rstrip(b"\r\n").decode()

    def _read_line(self) -> bytes:
        while b"\n" not in self._buffer:
            self._buffer += self._received()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def _received(self) -> bytes:
        received = self._socket.recv(65536)
        if not received:
            raise _Hangup
        return received


def _path(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]
