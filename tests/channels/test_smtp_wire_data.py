from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.channels.smtp import wire_data


@pytest.mark.parametrize(
    ("data", "wire"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n..b\r\n", b"a\r\n..\r\n...b\r\n.\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r.\rb\r", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\rb\nc", b"a\r\nb\r\nc\r\n.\r\n"),
    ],
)
def test_data_is_stuffed_and_ended(data: bytes, wire: bytes) -> None:
    assert wire_data(data) == wire


@given(st.text("a.\r\n").map(str.encode))
def test_there_is_one_end_of_data_and_no_bare_line_end(data: bytes) -> None:
    wire = wire_data(data)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", wire)
    assert wire.split(b"\r\n").count(b".") == 1
    assert wire.endswith(b".\r\n")
    received = b"".join(line.removeprefix(b".") + b"\r\n" for line in wire.split(b"\r\n")[:-2])
    meant = re.sub(rb"\r\n|\r|\n", b"\r\n", data)
    assert received == (meant if meant.endswith(b"\r\n") or not meant else meant + b"\r\n")
