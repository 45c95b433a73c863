"""What scripted servers share: what a test can tell them to do, and a thread for each connection.

A script has one action for each stage, a list of actions (one each time, the last for ever) or a dict that chooses by
what the command contains (`""` = else). An action is reply text (`bytes`, CRLF added), `Raw` octets, `Drop`, `Stall`,
`Then` (several in turn), a function that is called with the server, `Ordinary` or None for the ordinary answer.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self


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


@dataclass(frozen=True)
class Ordinary:
    """The ordinary answer, among other things."""


class Hangup(Exception):
    """The connection is over."""


class Scripted:
    """The server; what it saw is in `commands` and `connections`; `wait_for` waits for any of it."""

    stages: ClassVar[frozenset[str]]

    def __init__(self, *, receive_buffer: int = 0, **script: Any) -> None:
        unknown = script.keys() - self.stages
        if unknown:
            raise ValueError(f"no such stage: {sorted(unknown)}")
        self.script = script
        self.commands, self.connections = list[str](), 0
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

    def note(self, *, command: str | None = None, connected: bool = False) -> None:
        """Record what happened, and wake who waits for it."""
        with self.changed:
            self.commands += [command] if command is not None else []
            self.connections += connected
            self.changed.notify_all()

    def stall(self) -> None:
        """Wait until the server ends."""
        self._ended.wait(30)

    def session(self, accepted: socket.socket) -> Session:
        """Who talks to one client."""
        raise NotImplementedError

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
        session = self.session(accepted)
        self._open.add(accepted)
        with contextlib.suppress(Hangup, OSError, ValueError):
            session.run()
        self._open.discard(accepted)
        session.hang_up()


class Session:
    """One connection. `run` talks; `ordinary` gives the ordinary answer of a stage."""

    def __init__(self, server: Scripted, accepted: socket.socket) -> None:
        self.server = server
        self.socket = accepted
        self.buffer = b""
        self.answered = b""

    def run(self) -> None:
        """Talk until the client or the script hangs up."""
        raise NotImplementedError

    def ordinary(self, stage: str, text: str) -> None:
        """Answer as any server does."""
        raise NotImplementedError

    def do(self, stage: str, text: str) -> None:
        """What the script says for this command."""
        self.perform(self.server.action(stage, text), stage, text)

    def perform(self, action: Any, stage: str, text: str) -> None:
        """One action."""
        match action:
            case None | Ordinary():
                self.ordinary(stage, text)
            case bytes():
                self.say(action)
            case Raw(octets, piece, every):
                self._write(octets, piece or len(octets), every)
            case Then(actions):
                for each in actions:
                    self.perform(each, stage, text)
            case Stall():
                self.server.stall()
                raise Hangup
            case Drop(reset):
                self.hang_up(reset=reset)
                raise Hangup
            case _ if callable(action):
                action(self.server)
            case _:
                raise TypeError(f"no such action: {action!r}")

    def _write(self, octets: bytes, piece: int, every: float) -> None:
        self.answered = octets
        for at in range(0, len(octets), piece):
            self.socket.sendall(octets[at : at + piece])
            if every and self.server._ended.wait(every):
                raise Hangup

    def say(self, line: bytes) -> None:
        """One line."""
        self.answered = line
        self.socket.sendall(line + b"\r\n")

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            else:
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        self.socket.close()

    def line(self) -> str:
        """The next command."""
        return self.read_line().rstrip(b"\r\n").decode()

    def read_line(self) -> bytes:
        """The next line as it is."""
        while b"\n" not in self.buffer:
            self.buffer += self.received()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def received(self) -> bytes:
        """Some octets."""
        received = self.socket.recv(65536)
        if not received:
            raise Hangup
        return received
