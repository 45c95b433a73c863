"""Draining the outbox: beside a plain smtplib loop that has nothing to remember, and far from the server."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any

from benchmarks import gateway
from benchmarks.distance import far_from
from benchmarks.measure import at_least, medians
from benchmarks.sink import one_core, sink
from webapp.services.sender import Sender

MAILS = 4000
FAR_MAILS = 4000
FAR_CONNECTIONS = 32
ROUND_TRIP = 0.02


def smtplib_loop(port: int) -> Mapping[str, float]:
    """Mails a second of the loop: one prebuilt mail, one connection."""
    data = prebuilt()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        began = time.perf_counter()
        for _ in range(MAILS):
            connection.sendmail("arauto@corp.example", ["p@corp.example"], data)
        return {"loop": MAILS / (time.perf_counter() - began)}


def prebuilt() -> bytes:
    """A mail as ours are."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "arauto@corp.example", "p@corp.example", "A subject"
    mail.set_content(gateway.TEXT)
    mail.add_alternative(gateway.HTML, subtype="html")
    return mail.as_bytes()


def two_round_trips(port: int) -> Mapping[str, float]:
    """Mails a second of bare connections that send commands together and remember nothing: as fast as it can be."""
    data = prebuilt().replace(b"\n", b"\r\n") + b"\r\n.\r\n"
    envelope = b"MAIL FROM:<arauto@corp.example>\r\nRCPT TO:<p@corp.example>\r\nDATA\r\n"

    def carry(mails: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:
            answers.readline()
            connection.sendall(b"EHLO bare.example\r\n")
            while answers.readline()[3:4] == b"-":
                pass
            for _ in range(mails):
                connection.sendall(envelope)
                assert [answers.readline()[:1] for _ in range(3)] == [b"2", b"2", b"3"]
                connection.sendall(data)
                assert answers.readline().startswith(b"2")

    began = time.perf_counter()
    with ThreadPoolExecutor(FAR_CONNECTIONS) as pool:
        list(pool.map(carry, [FAR_MAILS // FAR_CONNECTIONS] * FAR_CONNECTIONS))
    return {"bare": FAR_MAILS / (time.perf_counter() - began)}


def drained(config: Mapping[str, Any], mails: int) -> float:
    """Mails a second of one pass over the queue: composed, claimed, sent, attempts and states committed."""
    sender = Sender(config)
    began = time.perf_counter()
    sender.drain()
    rate = mails / (time.perf_counter() - began)
    sender.stop()
    return rate


def arauto(port: int, mails: int = MAILS, connections: int = 4) -> float:
    """The same on a fresh database."""
    with gateway.gateway() as app:
        gateway.add_account(port, connections)
        gateway.add_messages(mails)
        return drained(app.config, mails)


def main(rounds: int = 3) -> None:
    """Print each target."""
    with one_core(), sink() as port:
        near = medians(rounds, lambda: smtplib_loop(port), lambda: {"drain": arauto(port)})
    with sink() as port, far_from(port, ROUND_TRIP) as away:
        far = medians(
            rounds, lambda: two_round_trips(away), lambda: {"drain": arauto(away, FAR_MAILS, FAR_CONNECTIONS)}
        )
    ratio = near["drain"] / near["loop"]
    beside = f"{near['drain']:,.0f} of {near['loop']:,.0f} mails a second, all on one core"
    at_least("drain: of a smtplib loop that remembers nothing", ratio, 0.8, beside)
    beside = f"{far['drain']:,.0f} of {far['bare']:,.0f} mails a second, {FAR_CONNECTIONS} connections, 20 ms away"
    at_least("drain: of bare connections with two round trips a mail", far["drain"] / far["bare"], 0.95, beside)


if __name__ == "__main__":
    main()
