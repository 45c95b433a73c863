"""The beginning of an SMTP session: greeting, EHLO, TLS, signing in. Trouble here is the account's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.channels.base import AccountTrouble, Stage, TroubleKind
from webapp.channels.smtp_auth import secrets_on_the_wire, sign_in
from webapp.channels.smtp_replies import Reply, extensions, opening_trouble, trouble
from webapp.channels.smtp_settings import SmtpSettings
from webapp.channels.smtp_tls import PinNamesAuthority, start_tls
from webapp.channels.smtp_wire import Dropped, Garbled, Wire

_GREETED = 220
_HELO_NAME = re.compile(r"[!-~]{1,255}\Z")


@dataclass(frozen=True, slots=True)
class Opened:
    """What the server offers (EHLO keywords in capitals), and what TLS agreed on (`""` without TLS)."""

    tls: str = ""
    extensions: Mapping[str, str] = field(default_factory=dict)


def open_session(wire: Wire, settings: SmtpSettings) -> Opened:
    """Bring a new connection to where MAIL may be sent. Raises `AccountTrouble`."""
    try:
        return _Opening(wire, settings).run()
    except PinNamesAuthority:
        wire.close()
        return _Opening(wire, settings).run()


class _Opening:
    def __init__(self, wire: Wire, settings: SmtpSettings) -> None:
        self._wire = wire
        self._settings = settings

    def run(self) -> Opened:
        settings = self._settings
        self._connect()
        tls = start_tls(self._wire, settings) if settings.secure and settings.security == "ssl" else ""
        greeting = self._reply(Stage.GREETING, settings.timeouts.greeting)
        if greeting.code != _GREETED:
            raise opening_trouble(Stage.GREETING, greeting)
        offered = self._ehlo()
        if settings.secure and not tls:
            tls = self._starttls(offered)
            offered = self._ehlo()
        if tls:
            self._wire.note(tls)
        if settings.username is not None:
            self._sign_in(offered, encrypted=bool(tls))
        return Opened(tls, offered)

    def _connect(self) -> None:
        host, port = self._settings.host, self._settings.port
        try:
            self._wire.connect(host, port, self._settings.timeouts.connect)
        except TimeoutError as error:
            raise self._unreachable(f"no answer within {self._settings.timeouts.connect:g} seconds") from error
        except OSError as error:
            raise self._unreachable(error.strerror or str(error)) from error
        except (ValueError, OverflowError) as error:
            raise self._unreachable("this is no host name and port") from error

    def _unreachable(self, why: str) -> AccountTrouble:
        words = f"No connection to {self._settings.host} port {self._settings.port}: {why}."
        return AccountTrouble(TroubleKind.UNREACHABLE, Stage.CONNECT, words)

    def _ehlo(self) -> dict[str, str]:
        reply = self._ask(Stage.EHLO, f"EHLO {self._helo_name()}")
        if reply.code // 100 == 2:
            return extensions(reply)
        # An old server may know only HELO (RFC 5321 section 3.2), which offers neither TLS nor signing in.
        if reply.code // 100 != 5 or self._settings.secure or self._settings.username is not None:
            raise opening_trouble(Stage.EHLO, reply)
        reply = self._ask(Stage.EHLO, f"HELO {self._helo_name()}")
        if reply.code // 100 != 2:
            raise opening_trouble(Stage.EHLO, reply)
        return {}

    def _helo_name(self) -> str:
        if _HELO_NAME.match(self._settings.helo):
            return self._settings.helo
        address = self._wire.own_address
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def _starttls(self, offered: Mapping[str, str]) -> str:
        if "STARTTLS" not in offered:
            words = "TLS is required for this account, but the server does not offer it (STARTTLS)."
            raise AccountTrouble(TroubleKind.TLS, Stage.TLS, words)
        reply = self._ask(Stage.TLS, "STARTTLS")
        if reply.code != _GREETED:
            raise trouble(TroubleKind.TLS, Stage.TLS, reply)
        if self._wire.has_unread:  # CVE-2011-0411: what was sent in clear must not count as said under TLS
            words = "The server, or somebody between, sent more in clear after agreeing to start TLS."
            raise AccountTrouble(TroubleKind.TLS, Stage.TLS, words)
        return start_tls(self._wire, self._settings)

    def _sign_in(self, offered: Mapping[str, str], *, encrypted: bool) -> None:
        username, secret = self._settings.username or "", self._settings.secret or ""
        self._wire.hide(*secrets_on_the_wire(username, secret))
        sign_in(
            lambda command, shown: self._ask(Stage.AUTH, command, shown),
            offered.get("AUTH", ""),
            username,
            secret,
            encrypted=encrypted,
        )

    def _ask(self, stage: Stage, command: str, shown: str = "") -> Reply:
        try:
            self._wire.send(
                f"{command}\r\n".encode("ascii"), self._settings.timeouts.command, shown=(shown or command,)
            )
        except Dropped as error:
            raise AccountTrouble(TroubleKind.UNREACHABLE, stage, str(error)) from error
        return self._reply(stage, self._settings.timeouts.command)

    def _reply(self, stage: Stage, timeout: float) -> Reply:
        try:
            return self._wire.reply(timeout)
        except Dropped as error:
            raise AccountTrouble(TroubleKind.UNREACHABLE, stage, str(error)) from error
        except Garbled as error:
            raise AccountTrouble(TroubleKind.PROTOCOL, stage, str(error)) from error
