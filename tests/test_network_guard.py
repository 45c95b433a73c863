"""Tests stay on this machine, also when the code under test swallows exceptions."""

from __future__ import annotations

import socket
from contextlib import suppress

import pytest

from tests.network_guard import is_local

ELSEWHERE = "192.0.2.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "localhost", None])
def test_this_machine_is_local(host: str | None) -> None:
    assert is_local(host)


@pytest.mark.parametrize("host", [ELSEWHERE, "10.0.0.1", "169.254.169.254", "2001:db8::1", "example.org", "a.b"])
def test_everything_else_is_not(host: str) -> None:
    assert not is_local(host)


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_connecting_elsewhere_fails_the_test(method: str, family: socket.AddressFamily) -> None:
    host = ELSEWHERE if family == socket.AF_INET else "2001:db8::1"
    with socket.socket(family) as client, pytest.raises(pytest.fail.Exception, match="stay on this machine"):
        getattr(client, method)((host, 25))


def test_a_datagram_elsewhere_fails_the_test() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(pytest.fail.Exception):
        client.sendto(b"?", (ELSEWHERE, 53))


def test_looking_up_a_foreign_name_fails_the_test_even_if_errors_are_swallowed() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"look up 'example\.org'"), suppress(Exception):
        socket.create_connection(("example.org", 25), 1)


def test_a_name_that_nobody_has_is_unknown_as_in_the_world() -> None:
    with pytest.raises(socket.gaierror):
        socket.create_connection(("mail.invalid", 25), 1)
