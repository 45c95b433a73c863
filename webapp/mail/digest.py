"""What the effects of a mail need of it, in few plain values, so that another process can tell them."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.mail.classify import Reading, understand
from webapp.mail.parse import Mail


@dataclass(frozen=True, slots=True)
class Digest:
    """What a mail is, and its header fields and text as people read them; `text` is None where it has none."""

    reading: Reading
    sender: str
    subject: str
    message_id: str
    mailer: str
    text: str | None


def digest(mail: Mail) -> Digest:
    """The digest of a mail."""
    return Digest(
        reading=understand(mail),
        sender=mail.header("from"),
        subject=mail.header("subject"),
        message_id=mail.header("message-id"),
        mailer=mail.header("x-mailer"),
        text=mail.text,
    )
