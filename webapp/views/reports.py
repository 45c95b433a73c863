"""What every list has: its page, its order, its columns, and what it does not show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from flask import Response, make_response, request
from flask_babel import format_decimal
from flask_babel import gettext as _

from webapp.errors import InvalidInput
from webapp.extensions import db
from webapp.queries.keyset import Page, Turn
from webapp.views import csv_export, errors, htmx
from webapp.views.filters import Asked
from webapp.views.urls import address_with

NEWEST_FIRST, OLDEST_FIRST = "-made", "made"
COUNTED = 1000
# Filters with a field that people type into: it says itself what is wrong with it.
AT_FIELD = frozenset({"text", "recipient", "source", "actor", "since", "until"})


def sort(known: Collection[str] = (OLDEST_FIRST,), usual: str = NEWEST_FIRST) -> str:
    """The order that the address asks for, as the macro `table` takes it: `name`, or `-name` for descending."""
    asked = request.args.get("sort", "")
    return asked if asked.removeprefix("-") in known else usual


def read(turn_to: Callable[[Turn], Page[Any]], asked: Asked, order: str = "") -> Page[Any]:
    """The page that the address asks for; the first one, and a problem, when its cursor is not of this list."""
    ascending = not (order or sort()).startswith("-")
    turn = Turn(request.args.get("after") or None, request.args.get("before") or None, ascending)
    try:
        return turn_to(turn)
    except InvalidInput as error:
        asked.problems["after"] = error.problems[0].words
        return turn_to(Turn(oldest_first=ascending))


def counted(count: Callable[[int], int]) -> str:
    """How many rows there are, counting no further than to 1,000: `1,000+`."""
    found = count(COUNTED + 1)
    return f"{format_decimal(COUNTED)}+" if found > COUNTED else str(format_decimal(found))


def chips(asked: Asked, labels: Mapping[str, str], shown: Mapping[str, Callable[[str], str]]) -> list[tuple[str, str]]:
    """The filters in force, each with the address without it. `shown` says a value in words."""
    given = [(name, label, asked.typed(name)) for name, label in labels.items() if name not in asked.problems]
    return [
        (f"{label}: {shown[name](value) if name in shown else value}", address_with(**{name: None}))
        for name, label, value in given
        if value
    ]


def refused(asked: Asked, labels: Mapping[str, str], *, fragment: bool) -> list[str]:
    """What the report did not do as it was asked, but for what the fields themselves say on a whole page."""
    told = set() if fragment else AT_FIELD
    return [
        f"{labels[name]}: {words}" if name in labels else words
        for name, words in asked.problems.items()
        if name not in told
    ]


def options(names: Iterable[str], chosen: str) -> list[tuple[str, str]]:
    """What a field with a list offers; what was chosen stays on it also when it is gone from the database."""
    return [(name, name) for name in sorted({*names, *([chosen] if chosen else [])})]


def columns(known: Sequence[str], usual: Sequence[str]) -> list[str]:
    """The columns that the address asks for, in the order of the table; the usual ones when it names none."""
    wanted = request.args.getlist("columns")
    return [name for name in known if name in wanted] or list(usual)


def status(asked: Asked) -> int:
    """422 when something was refused."""
    return 422 if asked.problems else 200


def index(template: str, part: str, reads: Any, listing: Any, **more: Any) -> Response:
    """A log as a report: the page, or the live part `part` of it that htmx replaces.

    `reads` has `turn_to` and `count` (as `queries.events`); `listing` says how filters and columns stand in the address
    (as `views.events.listing`). `more` goes to the template.
    """
    session = db.session()
    asked = Asked(request.args)
    filters = listing.filters(asked)
    page = read(lambda turn: reads.turn_to(session, filters, turn), asked)
    fragment = htmx.wants_fragment()
    chosen = columns(listing.COLUMNS, listing.USUAL)
    shown = htmx.page(
        template,
        {part: part},
        asked=asked,
        listing=listing,
        page=page,
        # Words are searched without an index: looking for them twice would take twice as long.
        count=None if filters.text else counted(lambda most: reads.count(session, filters, most)),
        chips=chips(asked, listing.labels(), listing.shown()),
        refused=refused(asked, listing.labels(), fragment=fragment),
        columns=chosen,
        headings=listing.headings(chosen),
        column_words=listing.column_words(),
        sort=sort(),
        fragment=fragment,
        **more,
    )
    return make_response(shown, status(asked))


def no_file(asked: Asked, labels: Mapping[str, str]) -> Response | None:
    """The answer in the place of a file when something was refused: a file would not show that it holds more."""
    for name in ("after", "before"):
        if asked.typed(name):
            asked.problems[name] = _("A file has no pages: leave “%(name)s” out.", name=name)
    return errors.answer(422, " ".join(refused(asked, labels, fragment=True))) if asked.problems else None


def export(name: str, reads: Any, listing: Any) -> Response:
    """The same rows, all pages of them, as the file `name`."""
    asked = Asked(request.args)
    filters = listing.filters(asked)
    return no_file(asked, listing.labels()) or csv_export.answer(
        name,
        lambda turn: reads.turn_to(db.session(), filters, turn),
        listing.exported,
        oldest_first=sort() == OLDEST_FIRST,
    )
