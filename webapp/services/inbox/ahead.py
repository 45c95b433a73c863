"""What takes long to come is asked for while the one before is worked on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
_END: Any = object()


@contextmanager
def ahead(source: Iterator[T]) -> Iterator[Iterator[T]]:
    """The same items, each asked of `source` while the one before is in use: in a thread, from which nothing runs any
    more when this is left.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:

        def items() -> Iterator[T]:
            coming = pool.submit(next, source, _END)
            while (item := coming.result()) is not _END:
                coming = pool.submit(next, source, _END)
                yield item

        yield items()
