"""Messages as people read them on a terminal. What comes from others is shown without its control characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from webapp.cli.frame import one_line

PIPED_WIDTH = 200
TIMES = {"created_at": "Made", "received_at": "Received"}


def show(
    items: Sequence[Mapping[str, Any]],
    moment: str = "created_at",
    columns: Sequence[str] = ("state", "channel", "recipient", "subject", "last_error"),
) -> None:
    """A table of messages (see `queries.plain`): number, time, and these columns.

    On a terminal each message takes one line, its words cut to the width; elsewhere they are whole.
    """
    console = Console()
    if console.is_terminal:
        cut: dict[str, Any] = {"no_wrap": True, "overflow": "ellipsis"}
    else:
        console, cut = Console(width=PIPED_WIDTH), {}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=console.is_terminal)
    table.add_column("Id", justify="right", no_wrap=True)
    table.add_column(f"{TIMES[moment]} (UTC)", no_wrap=True)
    for name in columns:
        table.add_column(Text(name.replace("_", " ").capitalize(), **cut), overflow="fold")
    for item in items:
        words = (item[name] for name in columns)
        table.add_row(str(item["id"]), _moment(item[moment]), *(Text(_plain(word), **cut) for word in words))
    console.print(table)


def fields(values: Mapping[str, Any]) -> Iterator[str]:
    """One line for each value that there is."""
    for name, value in values.items():
        if value is not None and value != "":
            yield f"{name.replace('_', ' ').capitalize():<16} {_plain(value)}"


def happened(entry: Mapping[str, Any]) -> str:
    """One line of a timeline: when, what, and its details."""
    details = ((name, value) for name, value in entry.items() if name not in ("at", "kind"))
    return f"{_moment(entry['at'])}  {entry['kind'].replace('_', ' '):<14} {_details(details)}".rstrip()


def _details(pairs: Iterable[tuple[str, Any]]) -> str:
    return "  ".join(f"{name}={_plain(value)}" for name, value in pairs if value not in (None, "", False))


def _moment(text: str) -> str:
    return text[:19].replace("T", " ")


def _plain(value: Any) -> str:
    return "" if value is None else one_line(value)
