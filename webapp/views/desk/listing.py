"""The list of a noun as a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.extensions import db
from webapp.queries import nouns
from webapp.queries.keyset import Page, Turn
from webapp.queries.nouns import Filters
from webapp.views import csv_export, htmx, reports
from webapp.views.desk.noun import Noun
from webapp.views.filters import Asked


def index(noun: Noun) -> Response:
    """The report."""
    session = db.session()
    asked = Asked(request.args)
    options = {name: noun.options(name) for name in noun.filters}
    filters, order = _filters(asked, options), _order(noun)
    page = reports.read(lambda turn: _turn(noun, session, filters, order, turn), asked, order)
    labels = _labels(noun)
    words = {name: {value: word for value, (_compared, word) in known.items()} for name, known in options.items()}
    first, *others = noun.columns
    columns = reports.columns(others, noun.usual)
    fragment = htmx.wants_fragment()
    shown = htmx.page(
        "desk/index.html",
        {"rows": "rows"},
        noun=noun,
        asked=asked,
        page=page,
        more=noun.more(session, page.items),
        count=reports.counted(lambda most: nouns.count(session, noun.listing, filters, most)),
        chips=reports.chips(asked, labels, {name: known.__getitem__ for name, known in words.items()}),
        refused=reports.refused(asked, labels, fragment=fragment),
        options={name: list(known.items()) for name, known in words.items()},
        first=first,
        columns=columns,
        column_words=[(name, noun.columns[name].word) for name in others],
        headings=[noun.columns[name].heading() for name in (first, *columns)],
        order=order,
        fragment=fragment,
    )
    return make_response(shown, reports.status(asked))


def export(noun: Noun) -> Response:
    """The same entries, all pages of them, as a file: under the keys of the configuration."""
    asked = Asked(request.args)
    filters, order = _filters(asked, {name: noun.options(name) for name in noun.filters}), _order(noun)
    return reports.no_file(asked, _labels(noun)) or csv_export.answer(
        f"{noun.name}.csv",
        lambda turn: _lines(noun, _turn(noun, db.session(), filters, order, turn, whole=True)),
        dict,
        oldest_first=not order.startswith("-"),
    )


def _lines(noun: Noun, page: Page[Any]) -> Page[dict[str, Any]]:
    """The rows of a page as lines of the file, before the transaction that read them ends."""
    lines = [{"id": row.id, **{key: _flat(value) for key, value in noun.entry_of(row).items()}} for row in page.items]
    return Page(lines, page.next, page.previous)


def _labels(noun: Noun) -> Mapping[str, Any]:
    return {"text": _("Words"), **noun.filters}


def _filters(asked: Asked, options: Mapping[str, Mapping[str, tuple[Any, str]]]) -> Filters:
    chosen = {name: asked.choice(name, known) for name, known in options.items()}
    return Filters(asked.text("text"), {name: options[name][value][0] for name, value in chosen.items() if value})


def _order(noun: Noun) -> str:
    return reports.sort(noun.listing.sorts, next(iter(noun.listing.sorts)))


def _turn(noun: Noun, session: Session, filters: Filters, order: str, turn: Turn, *, whole: bool = False) -> Page[Any]:
    return nouns.turn_to(session, noun.listing, filters, order.removeprefix("-"), turn, whole=whole)


def _flat(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value
