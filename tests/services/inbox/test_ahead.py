"""One item ahead of who uses them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from webapp.services.inbox.ahead import ahead


def test_the_next_one_is_asked_for_while_the_one_before_is_in_use() -> None:
    asked = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        asked.set()
        yield 2

    with ahead(source()) as items:
        assert next(items) == 1
        assert asked.wait(10), "nothing was asked for meanwhile"
        assert list(items) == [2]


def test_an_error_comes_where_its_item_would_have() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError("the server went")

    with ahead(source()) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="went"):
            next(items)


def test_nothing_runs_any_more_when_it_is_left() -> None:
    running, ended = threading.Event(), []

    def source() -> Iterator[int]:
        yield 1
        running.set()
        ended.append(True)
        yield 2

    def use() -> None:
        with ahead(source()) as items:
            next(items)
            assert running.wait(10)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert ended == [True]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_nothing_comes_of_nothing() -> None:
    with ahead(iter(())) as items:
        assert list(items) == []
