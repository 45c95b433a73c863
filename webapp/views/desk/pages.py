"""The addresses of a noun's pages, each with its rule of access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint

from webapp.views.desk import deeds, editing, listing
from webapp.views.desk.noun import Noun
from webapp.views.policy import allow

NUMBER = "<int(max=9223372036854775807):number>"

# Rule below the noun's path, endpoint, method, whether it changes something (or is about to), view.
ROUTES: tuple[tuple[str, str, str, bool, Callable[..., Any]], ...] = (
    ("", "index", "GET", False, listing.index),
    (".csv", "export", "GET", False, listing.export),
    ("/new", "new", "GET", True, editing.new),
    ("/new", "create", "POST", True, editing.create),
    ("/check", "check", "POST", True, editing.check),
    (f"/{NUMBER}", "show", "GET", False, editing.show),
    (f"/{NUMBER}/edit", "edit", "GET", True, editing.edit),
    (f"/{NUMBER}/edit", "change", "POST", True, editing.change),
    (f"/{NUMBER}/delete", "confirm", "GET", True, deeds.confirm),
    (f"/{NUMBER}/delete", "delete", "POST", True, deeds.delete),
)
SWITCH = (f"/{NUMBER}/<any(enable, disable):deed>", "switch", "POST", True, deeds.switch)


def blueprint(noun: Noun) -> Blueprint:
    """All pages of `noun`."""
    pages = Blueprint(noun.name, type(noun).__module__)
    for rule, endpoint, method, changes, view in (*ROUTES, *([SWITCH] if noun.switched else [])):
        role = allow(noun.writer if changes else noun.reader)
        pages.add_url_rule(f"{noun.path}{rule}", endpoint, role(_of(noun, view)), methods=[method])
    return pages


def _of(noun: Noun, view: Callable[..., Any]) -> Callable[..., Any]:
    """The view of this noun: a function of its own, which can bear its own rule of access."""

    def call(**values: Any) -> Any:
        return view(noun, **values)

    return call
