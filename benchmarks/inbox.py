"""Reading a mailbox beside mbsync, which only stores: 5,000 mails of all kinds, kept, parsed, classified, with effect.

Both read the same mailbox of a Dovecot on this machine over IMAP, and both wait for the disk before they go on.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import trustme

from benchmarks import gateway
from benchmarks.distance import far_from
from benchmarks.measure import at_least, medians
from tests.peers import program
from tests.peers.dovecot import Box, Dovecot, running
from webapp.services import configuration
from webapp.services.inbox import checking

MAILS = 5000
ROUND_TRIP = 0.02
SAMPLES = Path(__file__).resolve().parents[1] / "tests" / "mail" / "samples"
FILLING = b"A line of a mail as people write them, which nobody reads to its end.\r\n" * 120
MBSYNC = """
IMAPAccount box
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
{tls} None

IMAPStore far
Account box

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel all
Far :far:
Near :near:
Create Near
Sync Pull
SyncState *
"""


def fill(box: Box) -> None:
    """Bounces, receipts, replies and automatic answers of the samples, and as many mails of some 9 KB."""
    samples = [path.read_bytes() for path in sorted(SAMPLES.rglob("*.eml")) if path.parent.name != "defects"]
    plain = b"From: a@corp.example\r\nSubject: A report\r\n\r\n" + FILLING
    kinds = itertools.cycle(itertools.chain.from_iterable((sample, plain) for sample in samples))
    for number, raw in zip(range(MAILS), kinds, strict=False):
        box.put(b"X-Number: %d\r\n" % number + raw)


def mbsync(server: Dovecot, box: Box) -> Mapping[str, float]:
    """Mails a second into a Maildir."""
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(["mbsync", "--version"], capture_output=True, text=True, check=True).stdout
        tls = "SSLType" if said.startswith(("isync 1.3", "isync 1.4")) else "TLSType"
        file = Path(folder) / "mbsyncrc"
        words = MBSYNC.format(port=server.imap, user=box.user, password=server.password, tls=tls, folder=folder)
        file.write_text(words)
        began = time.perf_counter()
        subprocess.run(["mbsync", "-q", "-c", str(file), "-a"], check=True, stderr=subprocess.DEVNULL)
        took = time.perf_counter() - began
        stored = sum(1 for part in ("new", "cur") for _ in (Path(folder) / "INBOX" / part).iterdir())
        assert stored == MAILS, stored
        return {"mbsync": MAILS / took}


def arauto(name: str, server: Dovecot, box: Box, port: int) -> Mapping[str, float]:
    """Mails a second, understood and all, by the server at that port."""
    with gateway.gateway():
        secret = {"value": server.password}
        configuration.save("credentials", {"name": "reader", "username": box.user, "secret": secret})
        account = {"name": "Box", "host": "127.0.0.1", "port": port, "credential": "reader"}
        configuration.save("inbox_accounts", {**account, "ignore_older": False})
        number = configuration.number_of("inbox_accounts", {"name": "Box"})
        began = time.perf_counter()
        progress = checking.check(number)
        took = time.perf_counter() - began
        assert (progress.stored, progress.trouble) == (MAILS, None), progress
        return {name: MAILS / took}


def main(rounds: int = 3) -> None:
    """Print each target."""
    missing = [name for name in ("dovecot", "mbsync") if program(name) is None]
    if missing:
        print(f"skipped inbox: {' and '.join(missing)} missing (Debian: apt-get install dovecot-imapd isync)")
        return
    with running(trustme.CA()) as server:
        box = server.box()
        fill(box)
        mbsync(server, box)  # the server makes its index once
        with far_from(server.imap, ROUND_TRIP) as away:
            near, far = (
                partial(arauto, name, server, box, port) for name, port in (("near", server.imap), ("far", away))
            )
            found = medians(rounds, partial(mbsync, server, box), near, far)
    beside = f"{found['near']:,.0f} mails a second, mbsync {found['mbsync']:,.0f}"
    at_least("inbox: read and understood, of the rate of mbsync", found["near"] / found["mbsync"], 1, beside)
    beside = f"{found['far']:,.0f} mails a second"
    at_least("inbox: the same, server 20 ms away, of the rate near by", found["far"] / found["near"], 0.8, beside)


if __name__ == "__main__":
    main()
