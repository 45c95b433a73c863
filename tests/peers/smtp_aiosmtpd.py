"""A real aiosmtpd server on loopback that can be told to fail, and keeps a ledger of what it accepted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
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
        self._transports: set[asyncio.BaseTransport] = set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.host, self.port = "127.0.0.1", int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
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
    async def handle_MAIL(
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "mail" in self.refuse:
            return self.refuse["mail"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
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

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await self._loop.create_server(self._protocol, sock=self._socket)
        self._up.set()
        await self._stop.wait()
        server.close()
        await self._end_sessions()

    def _protocol(self) -> SMTP:
        return SMTP(self, loop=self._loop, **self._options)

    async def _end_sessions(self) -> None:
        others: list[Awaitable[object]] = [
            task for task in asyncio.all_tasks() if task is not asyncio.current_task()
        ]
        for task in others:
            assert isinstance(task, asyncio.Task)
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*others, return_exceptions=True)
