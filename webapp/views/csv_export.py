"""A report as CSV (RFC 4180), all of its pages, made while it is sent."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response, stream_with_context

from webapp.extensions import db
from webapp.queries.keyset import Page, Turn

PAGE = 500
BOM = "\ufeff"  # spreadsheets take the file for Latin-1 without it
# A cell that begins with one of these is a formula to a spreadsheet, and its text may come from outside.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def answer(
    name: str, turn_to: Callable[[Turn], Page[Any]], plain: Callable[[Any], Mapping[str, Any]], *, oldest_first: bool
) -> Response:
    """The download `name`: a line for each row of every page, under the names of `plain`'s values."""
    lines = stream_with_context(_lines(turn_to, plain, oldest_first))
    shown = Response(lines, mimetype="text/csv")
    shown.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return shown


def _lines(
    turn_to: Callable[[Turn], Page[Any]], plain: Callable[[Any], Mapping[str, Any]], oldest_first: bool
) -> Iterator[str]:
    after: str | None = None
    header: list[str] = []
    while True:
        page = turn_to(Turn(after, oldest_first=oldest_first, limit=PAGE))
        db.session.rollback()  # a long download must not hold a snapshot of the database
        rows = [plain(row) for row in page.items]
        if not header and rows:
            header = list(rows[0])
            yield BOM + _line(header)
        yield "".join(_line([cell(value) for value in row.values()]) for row in rows)
        if page.next is None:
            return
        after = page.next


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def cell(value: Any) -> str:
    """A value as a cell that no spreadsheet computes."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
