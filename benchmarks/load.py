"""HTTP requests from many connections that are kept open, by one thread that costs the server little."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator

Requests = Iterator[bytes]


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """The bytes of a POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, requests: Requests, connections: int) -> tuple[float, list[float]]:
    """Send the requests, each connection its next one when the last was answered by 202; rate and latencies."""
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            link = _Link(port)
            selector.register(link.socket, selectors.EVENT_READ, link)
            link.send(requests)
        began = time.perf_counter()
        while any(key.data.busy for key in selector.get_map().values()):
            for key, _ in selector.select():
                link = key.data
                if link.answered():
                    latencies.append(time.perf_counter() - link.sent_at)
                    link.send(requests)
        seconds = time.perf_counter() - began
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return len(latencies) / seconds, latencies


class _Link:
    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.busy = False
        self.sent_at = 0.0
        self._came = b""

    def send(self, requests: Requests) -> None:
        request = next(requests, None)
        self.busy = request is not None
        if request is not None:
            self.sent_at = time.perf_counter()
            self.socket.sendall(request)

    def answered(self) -> bool:
        """Reads what came; True when it is the whole answer."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise SystemExit("The server closed the connection.")
        self._came += data
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 202"):
            raise SystemExit(self._came.decode(errors="replace"))
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return False
        self._came = b""
        return True
