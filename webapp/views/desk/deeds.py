"""Deeds on one entry: enabled, disabled, deleted."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, make_response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import InvalidInput, Problem
from webapp.views import htmx
from webapp.views.desk.noun import Noun
from webapp.views.redirects import safe_path


def switch(noun: Noun, number: int, deed: str) -> Response | BaseResponse:
    """Enable or disable the entry."""
    enable = deed == "enable"
    return carry_out(noun, number, {"enabled": enable}, _("Enabled: %(name)s.") if enable else _("Disabled: %(name)s."))


def carry_out(noun: Noun, number: int, data: dict[str, object], done: str) -> Response | BaseResponse:
    """Change the entry by one button. `done` says it afterwards, with `%(name)s`; a refusal is a page of its own."""
    name = noun.load(number).name
    back = safe_path(request.form.get("next") or noun.url("show", number=number))
    try:
        noun.save(data, number)
    except InvalidInput as refused:
        shown = htmx.page("desk/refused.html", noun=noun, name=name, back=back, problems=refused.problems)
        return make_response(shown, 422)
    return htmx.done(back, done % {"name": name})


def confirm(noun: Noun, number: int) -> str:
    """The question before an entry is deleted: what uses it, and what could take its place."""
    return _question(noun, number)


def delete(noun: Noun, number: int) -> Response | BaseResponse:
    """Delete the entry; what uses it then uses the successor, or nothing where that was chosen."""
    name = noun.load(number).name
    follow = request.form.get("follow", "")
    successor = request.form.get("successor") if follow == "successor" else None
    try:
        noun.remove(number, successor, follow == "nothing")
    except InvalidInput as refused:
        return make_response(_question(noun, number, refused.problems), 422)
    return htmx.done(noun.url("index"), _("Deleted: %(name)s.", name=name))


def _question(noun: Noun, number: int, problems: Sequence[Problem] = ()) -> str:
    stored = noun.load(number)
    return htmx.page(
        "desk/delete.html",
        noun=noun,
        stored=stored,
        users=noun.users_of(number),
        successors=noun.successors(stored.name),
        problems=problems,
    )
