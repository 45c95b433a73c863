"""Mail that answers messages of ours."""

from __future__ import annotations

from webapp.models import Message


def report(message: Message, action: str, status: str, recipient: str = "") -> bytes:
    """A delivery status notification (RFC 3464) about one of our messages."""
    return f"""From: MAILER-DAEMON@mx.example
To: bounces@corp.example
Subject: Delivery report
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

Something happened.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient or message.recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} said the server

--b
Content-Type: text/rfc822-headers

Message-ID: {message.message_id}
Subject: whatever

--b--
""".replace("\n", "\r\n").encode()


def receipt(message: Message, disposition: str = "manual-action/MDN-sent-manually; displayed") -> bytes:
    return f"""From: ana@corp.example
Subject: Read: whatever
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

It was read.

--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; {message.recipient}
Original-Message-ID: {message.message_id}
Disposition: {disposition}

--b--
""".replace("\n", "\r\n").encode()


def answer(message: Message, text: str = "I am on it.", **headers: str) -> bytes:
    fields = {"From": "Ana <ana@corp.example>", "Subject": "Re: whatever", "In-Reply-To": message.message_id, **headers}
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return f"{lines}\r\n{text}\r\n\r\nOn Mon, 23 Nov 2026, Arauto wrote:\r\n> A body\r\n".encode()
