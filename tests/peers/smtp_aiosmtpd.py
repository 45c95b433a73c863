"""A real aiosmtpd server on loopback that can be told to fail, and keeps a ledger of what it accepted."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class KeptMail:
    """A mail that the server took, with its envelope and whether it came under TLS."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    tls: bool


class AiosmtpdServer:
    """The server. `refuse` maps a stage, or `rcpt:ADDRESS`, to the reply that replaces the ordinary one.

    Stages: `mail`, `rcpt`, `data`. `keep_then_drop` takes that many mails into the ledger and then cuts the
    connection before the answer; `hold` makes the answer to the dot wait until `release` is called.
    """

    def __init__(
        self,
        *,
        refuse: dict[str, str] | None = None,
        keep_then_drop: int = 0,
        hold: bool = False,
        users: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        require_tls: bool = False,
        **options: Any,
    ) -> None:
        self.refuse = refuse or {}
        self.keep_then_drop = keep_then_drop
        self.mails: list[KeptMail] = []
        self.sign_ins: list[tuple[str, bool]] = []
        self.changed = threading.Condition()
        self._released = threading.Event()
        if not hold:
            self._released.set()
        self._users = users or {}
        self._options: dict[str, Any] = {
            "hostname": "aiosmtpd.example",
            "enable_SMTPUTF8": True,
            "tls_context": tls,
            "require_starttls": require_tls,
            "authenticator": self._authenticate if users else None,
            "auth_required": bool(users and tls),  # without TLS it warns, and warnings are errors
            "auth_require_tls": bool(users and tls),
            **options,
        }
        self._sessions: list[SMTP] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = "127.0.0.1", int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._up = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def release(self) -> None:
        """Let answers to the dot go that were held back."""
        self._released.set()

    def wait_for(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        """Wait until `condition()` is true of the ledger."""
        with self.changed:
            assert self.changed.wait_for(condition, timeout)

    # Hooks of aiosmtpd, named by it.
    async def handle_MAIL(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if "mail" in self.refuse:
            return self.refuse["mail"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        refusal = self.refuse.get(f"rcpt:{address}", self.refuse.get("rcpt"))
        if refusal is not None:
            return refusal
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if "data" in self.refuse:
            return self.refuse["data"]
        content = envelope.original_content or b""
        mail = KeptMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content, session.ssl is not None)
        with self.changed:
            self.mails.append(mail)
            self.changed.notify_all()
        if self.keep_then_drop:
            self.keep_then_drop -= 1
            assert server.transport is not None
            server.transport.abort()
        await asyncio.to_thread(self._released.wait, 30)
        return "250 2.0.0 OK kept"

    def _authenticate(self, _: SMTP, session: Session, __: Envelope, ___: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        name, password = given.login.decode(), given.password.decode()
        good = self._users.get(name) == password
        self.sign_ins.append((name, session.ssl is not None))
        return AuthResult(success=good, handled=good)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._protocol, sock=self._socket)
        self._up.set()
        await self._stop.wait()
        server.close()
        for protocol in self._sessions:
            if protocol.transport is not None:
                protocol.transport.abort()
        await asyncio.sleep(0)

    def _protocol(self) -> SMTP:
        self._sessions.append(SMTP(self, loop=self._loop, **self._options))
        return self._sessions[-1]
