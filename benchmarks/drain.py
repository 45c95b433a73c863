"""Draining the outbox against a plain smtplib loop that has nothing to remember; both on one core with their server."""

from __future__ import annotations

import smtplib
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

from benchmarks.sink import pin, sink
from webapp import create_app
from webapp.extensions import db
from webapp.mail.compose import Words
from webapp.models import SmtpAccount
from webapp.services import outbox
from webapp.services.sender import Sender
from webapp.services.unit import write

MAILS = 4000
TEXT = "The password of the vault was changed by somebody who is allowed to.\n" * 25
HTML = "<html><body>" + "<p>The password of the vault was changed by somebody.</p>\n" * 35 + "</body></html>"


def smtplib_loop(port: int) -> float:
    """Mails a second of the loop: one prebuilt mail, one connection."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "arauto@corp.example", "p@corp.example", "A subject"
    mail.set_content(TEXT)
    mail.add_alternative(HTML, subtype="html")
    data = mail.as_bytes()
    with smtplib.SMTP("127.0.0.1", port) as connection:
        began = time.perf_counter()
        for _ in range(MAILS):
            connection.sendmail("arauto@corp.example", ["p@corp.example"], data)
        return MAILS / (time.perf_counter() - began)


def arauto(port: int, connections: int) -> float:
    """Mails a second of a drain: composed, claimed, sent, attempts and states committed."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app({"ARAUTO_DATA_DIR": str(Path(folder) / "var"), "ARAUTO_JOBS": "off"})
        with app.app_context():
            db.create_all()
            with write() as session:
                session.add(
                    SmtpAccount(
                        name="Relay",
                        is_default=True,
                        sender_email="arauto@corp.example",
                        host="127.0.0.1",
                        port=port,
                        max_connections=connections,
                    )
                )
            with write() as session:
                words = Words("A subject", TEXT, HTML)
                outbox.enqueue(session, [outbox.NewMessage("email", f"p{i}@corp.example", words) for i in range(MAILS)])
            sender = Sender(app.config)
            began = time.perf_counter()
            sender.drain()
            rate = MAILS / (time.perf_counter() - began)
            sender.stop()
            db.engine.dispose()
    return rate


def main(rounds: int = 3) -> None:
    """Print the medians and the ratio."""
    pin()
    with sink() as port:
        loops, drains = [], []
        for _ in range(rounds):
            loops.append(smtplib_loop(port))
            drains.append(arauto(port, 4))
    loop, drain = sorted(loops)[rounds // 2], sorted(drains)[rounds // 2]
    print(f"drain: {drain:,.0f} mails/s; smtplib loop beside it: {loop:,.0f}; ratio {drain / loop:.2f} (target 0.8)")


if __name__ == "__main__":
    main()
