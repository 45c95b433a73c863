"""No test may reach the network: only loopback and Unix sockets answer.

What a test must not do fails it even where the code under test catches every exception. Names below .invalid
are special: nobody has them (RFC 6761 section 6.4), so looking one up fails as it does in the world.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

OWN_NAMES = {"", "localhost", "ip6-localhost", "localhost.localdomain"}


def is_local(host: object) -> bool:
    """Whether `host`, a name or an address, is this machine."""
    if host is None:
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        own = OWN_NAMES | {socket.gethostname().lower()}
        return name.lower().rstrip(".") in own or name.lower().endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_loopback or mapped.is_unspecified)


def _check(host: object, doing: str) -> None:
    if str(host).rstrip(".").endswith(".invalid"):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    if not is_local(host):
        pytest.fail(f"This test tried to {doing} {host!r}: tests stay on this machine.")


def _guarded_connect(original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any, *rest: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(address[0], "connect to")
        return original(self, address, *rest)

    return guarded


def _guarded_sendto(original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, data: Any, *rest: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(rest[-1][0], "send to")
        return original(self, data, *rest)

    return guarded


def _guarded_lookup(original: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(host: Any, *rest: Any, **named: Any) -> Any:
        _check(host, "look up")
        return original(host, *rest, **named)

    return guarded


@contextmanager
def only_loopback() -> Iterator[None]:
    """Hold the rule for this process while inside."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded_connect(getattr(socket.socket, name)))
        patch.setattr(socket.socket, "sendto", _guarded_sendto(socket.socket.sendto))
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
            patch.setattr(socket, name, _guarded_lookup(getattr(socket, name)))
        yield
