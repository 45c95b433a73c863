"""A server on loopback that shows a certificate, at once or after something was said in clear."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

Clear = Callable[[socket.socket], object]


class _Secured(ssl.SSLSocket):
    """One that the client leaves while it is made is never handed out: nobody else could close it."""

    def __del__(self) -> None:
        self.close()


class TlsServer:
    """The server. `clear` talks to each new connection before TLS begins; an OSError of it ends the connection.

    `context` may be changed at any time: the next connection is shown the new certificate.
    """

    def __init__(self, context: ssl.SSLContext, clear: Clear | None = None, host: str = "127.0.0.1") -> None:
        self.context, self.clear = context, clear
        self.connections = 0
        self.names: list[str | None] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.host, self.port = host, int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.closing(connection), contextlib.suppress(OSError):
            if self.clear:
                self.clear(connection)
            self.context.sslsocket_class = _Secured
            self.context.sni_callback = lambda _, name, __: self.names.append(name)
            with self.context.wrap_socket(connection, server_side=True) as secured:
                self._open.append(secured)
                secured.recv(1)


def reads(connection: socket.socket, expected: bytes) -> None:
    """Read just `expected`; anything else ends the connection."""
    data = b""
    while len(data) < len(expected):
        data += (more := connection.recv(len(expected) - len(data)))
        if not more:
            break
    if data != expected:
        raise ConnectionAbortedError(f"the client said {data!r} instead of {expected!r}")


def says(*turns: bytes) -> Clear:
    """Talk in turns: the server speaks first, and each second text is what the client must answer."""

    def talk(connection: socket.socket) -> None:
        for index, text in enumerate(turns):
            if index % 2:
                reads(connection, text)
            else:
                connection.sendall(text)

    return talk
