"""One entry: shown, made, changed, and checked while its form is filled in."""

from __future__ import annotations

from flask import Response, abort, make_response, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import EditedMeanwhile, InvalidInput
from webapp.extensions import db
from webapp.queries import nouns
from webapp.services.configuration import Stored
from webapp.views import htmx
from webapp.views.desk.forms import DeskForm, differing
from webapp.views.desk.noun import Noun


def show(noun: Noun, number: int) -> str:
    """What an entry says, and what uses it."""
    session = db.session()
    row, stored = nouns.get(session, noun.listing, number), noun.load(number)
    return htmx.page(
        noun.page,
        noun=noun,
        row=row,
        stored=stored,
        facts=noun.facts(noun.made_form(stored.entry)),
        users=noun.users_of(number),
        more=noun.more_of_one(session, row),
    )


def new(noun: Noun) -> str:
    """The empty form, or one that begins as a copy of the entry `like`."""
    like = request.args.get("like", type=int) if noun.cloned else None
    begin = noun.new() if like is None else noun.copy(noun.load(like).entry)
    return _page(noun, noun.made_form(begin, fresh=True))


def create(noun: Noun) -> Response | BaseResponse:
    """Make the entry."""
    return _accept(noun, noun.made_form(fresh=True))


def edit(noun: Noun, number: int) -> str:
    """The form of an entry, with what the address proposes instead."""
    stored = noun.load(number)
    return _page(noun, noun.made_form({**stored.entry, **noun.proposed()}), stored)


def change(noun: Noun, number: int) -> Response | BaseResponse:
    """Change the entry, unless somebody else did after this form was opened."""
    return _accept(noun, noun.made_form(), noun.load(number))


def check(noun: Noun) -> str:
    """What is wrong with one field of a form that is being filled in."""
    number = request.args.get("number", type=int)
    form = noun.made_form(fresh=number is None)
    name = request.args.get("field", "")
    if name not in form.data:
        abort(404)
    form.tell(noun.check(form.values(), number))
    return htmx.page("desk/check.html", field=form[name])


def _accept(noun: Noun, form: DeskForm, stored: Stored | None = None) -> Response | BaseResponse:
    data = form.values()
    number = stored.number if stored else None
    opened = request.form.get("version", type=int) if stored else None
    if form.searches:
        return make_response(_page(noun, form, stored, opened=opened))
    try:
        if form.unreadable:
            raise InvalidInput(noun.check(data, number))
        number = noun.save(data, number, opened)
    except InvalidInput as refused:
        form.tell(refused.problems)
        return make_response(_page(noun, form, stored, opened=opened), 422)
    except EditedMeanwhile:
        return make_response(_page(noun, form, noun.load(number or 0), meanwhile=True), 422)
    return htmx.done(noun.after(number), _("Saved: %(name)s.", name=noun.load(number).name))


def _page(
    noun: Noun, form: DeskForm, stored: Stored | None = None, *, opened: int | None = None, meanwhile: bool = False
) -> str:
    number = stored.number if stored else None
    noun.before_shown(form, stored)
    form.listen(lambda name: noun.url("check", number=number, field=name))
    return htmx.page(
        "desk/form.html",
        noun=noun,
        form=form,
        stored=stored,
        version=stored.version if stored and opened is None else opened,
        meanwhile=differing(form, noun.made_form(stored.entry)) if stored and meanwhile else None,
        action=noun.url("change", number=number) if stored else noun.url("create"),
        back=noun.url("show", number=number) if stored else noun.url("index"),
    )
