"""What reading a crowded mailbox costs in memory: it must not grow with the mails, nor with the size of one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import trustme

from benchmarks import gateway
from benchmarks.measure import at_most
from benchmarks.rest import memory
from tests.peers import program
from tests.peers.dovecot import Box, running
from webapp.services import configuration
from webapp.services.inbox import checking

FEW, MANY = 2_000, 100_000
LARGE = 200 * 1024 * 1024
LOOK_SECONDS = 0.02


def fill(box: Box, mails: int) -> None:
    """Mails of 2 KB, and one that is too large."""
    body = b"A line of a mail as people write them, which nobody reads to its end.\r\n" * 28
    for number in range(mails):
        box.put(b"From: a@corp.example\r\nSubject: %d\r\nMessage-ID: <%d@x.example>\r\n\r\n" % (number, number) + body)
    box.put(b"From: a@corp.example\r\nSubject: large\r\n\r\n" + b"x" * LARGE)


@contextmanager
def peak() -> Iterator[list[float]]:
    """Megabytes of this process at the most, in the first item once this is left."""
    seen, over = [memory([os.getpid()])], threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            seen[0] = max(seen[0], memory([os.getpid()]))

    looking = threading.Thread(target=look)
    looking.start()
    yield seen
    over.set()
    looking.join()


def read(port: int, user: str, password: str, protocol: str, mails: int) -> float:
    """Megabytes at the most while all are read, in this process."""
    with gateway.gateway():
        configuration.save("credentials", {"name": "reader", "username": user, "secret": {"value": password}})
        account = {"name": "Box", "host": "127.0.0.1", "port": port, "protocol": protocol, "credential": "reader"}
        configuration.save("inbox_accounts", {**account, "ignore_older": False})
        with peak() as seen:
            progress = checking.check(configuration.number_of("inbox_accounts", {"name": "Box"}))
        assert (progress.stored, progress.too_large, progress.trouble) == (mails, 1, None), progress
        return seen[0]


def main() -> None:
    """Print each target."""
    if program("dovecot") is None:
        print("skipped mailbox: dovecot missing (Debian: apt-get install dovecot-imapd dovecot-pop3d)")
        return
    with running(trustme.CA()) as server:
        boxes = {mails: server.box() for mails in (FEW, MANY)}
        for mails, box in boxes.items():
            fill(box, mails)
        for protocol in ("imap", "pop3"):
            found = {}
            for mails, box in boxes.items():
                words = (str(getattr(server, protocol)), box.user, server.password, protocol, str(mails))
                command = [sys.executable, "-m", "benchmarks.mailbox", *words]
                found[mails] = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            beside = f"{found[MANY]:,.0f} MB, with {FEW:,} mails {found[FEW]:,.0f} MB"
            what = f"mailbox: megabytes more for {MANY:,} mails than for {FEW:,}, one of 200 MB among them, {protocol}"
            at_most(what, found[MANY] - found[FEW], 50, beside)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        port, user, password, protocol, mails = sys.argv[1:]
        print(read(int(port), user, password, protocol, int(mails)))
    else:
        main()
