"""From the event to the mail server's hands while nothing else happens."""

from __future__ import annotations

import json
import random
import socketserver
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import gateway
from benchmarks.accept import event
from benchmarks.load import load, post
from benchmarks.measure import at_most, percentile
from benchmarks.served import served
from webapp.services import tokens

EVENTS = 200


class _Mail(socketserver.StreamRequestHandler):
    """Speaks as little SMTP as is needed, and notes when it took a mail."""

    disable_nagle_algorithm = True  # else an answer waits 40 ms for the acknowledgment of the one before

    def handle(self) -> None:
        self._say("220 ready")
        for line in self.rfile:
            if line.startswith(b"EHLO"):
                self._say("250-here\r\n250 PIPELINING")
            elif line.startswith(b"DATA"):
                self._say("354 go")
                while self.rfile.readline() != b".\r\n":
                    pass
                self.server.arrived()  # type: ignore[attr-defined]
                self._say("250 taken")
            else:
                self._say("250 fine")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.at = 0.0
        self.came = threading.Event()

    def arrived(self) -> None:
        self.at = time.perf_counter()
        self.came.set()


@contextmanager
def _server() -> Iterator[_Server]:
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def latencies() -> list[float]:
    """Seconds from the sending of each request to the final dot of its mail."""
    found = []
    with _server() as server, tempfile.TemporaryDirectory() as folder:
        environ = {"ARAUTO_DATA_DIR": str(Path(folder) / "var")}
        with gateway.gateway(Path(environ["ARAUTO_DATA_DIR"])):
            gateway.add_account(server.server_address[1])
            gateway.add_rule(["*"])
            header = f"Authorization: Bearer {tokens.create('bench')}\r\n"
        with served("wsgi:app", environ, workers=1) as port:
            for number in range(EVENTS + 20):
                server.came.clear()
                began = time.perf_counter()
                load(port, iter([post("/api/v1/events", json.dumps(event(number)).encode(), header)]), 1)
                if not server.came.wait(10):
                    raise SystemExit("A mail did not arrive within 10 seconds.")
                found.append(server.at - began)
                time.sleep(random.uniform(0.02, 0.06))
    return found[20:]


def main() -> None:
    """Print each target."""
    found = latencies()
    at_most("latency: event to SMTP, p50, ms", percentile(found, 0.5) * 1000, 10)
    at_most("latency: event to SMTP, p99, ms", percentile(found, 0.99) * 1000, 50)


if __name__ == "__main__":
    main()
