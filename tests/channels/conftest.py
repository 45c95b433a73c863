"""What the tests of channels share: short patience, certificates, and a session that ends with its test."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pytest
import trustme

from webapp.channels.base import Line
from webapp.channels.smtp import SmtpConnection, SmtpSettings, Timeouts

PATIENCE = Timeouts(connect=5.0, greeting=5.0, command=5.0, dot=5.0)


class Listener(Protocol):
    """Anything with an address: a scripted server, aiosmtpd, a sink."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


@dataclass
class Dialogue:
    """What `on_line` was told."""

    lines: list[Line]

    def said(self, who: str) -> list[str]:
        return [line.text for line in self.lines if line.who == who]

    @property
    def text(self) -> str:
        return "\n".join(f"{line.who}: {line.text}" for line in self.lines)


@pytest.fixture
def dialogue() -> Dialogue:
    return Dialogue([])


@pytest.fixture
def connection(dialogue: Dialogue) -> Iterator[Callable[..., SmtpConnection]]:
    """Make connections to a server, closed at the end of the test; `hurry` shortens single timeouts."""
    made: list[SmtpConnection] = []

    def make(server: Listener, *, record: bool = True, hurry: dict[str, float] | None = None, **more: Any):
        settings = SmtpSettings(
            **{"host": server.host, "port": server.port, "helo": "client.example", **more},
            timeouts=replace(PATIENCE, **hurry or {}),
        )
        made.append(SmtpConnection(settings, on_line=dialogue.lines.append if record else None))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def opened(connection: Callable[..., SmtpConnection]) -> Callable[..., SmtpConnection]:
    """The same, already open."""

    def make(server: Listener, **more: Any) -> SmtpConnection:
        made = connection(server, **more)
        made.open()
        return made

    return make


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the test's authority what the system trusts."""
    store = tmp_path / "store.pem"
    authority.cert_pem.write_to_path(store)
    monkeypatch.setenv("SSL_CERT_FILE", str(store))


def server_tls(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's TLS context with this certificate and its chain."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def der(pem: trustme.Blob) -> bytes:
    """The certificate of a PEM blob in DER."""
    return ssl.PEM_cert_to_DER_cert(pem.bytes().decode())
