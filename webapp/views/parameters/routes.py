from __future__ import annotations

from flask import Blueprint, Response, abort, g, make_response, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import EditedMeanwhile, InvalidInput
from webapp.extensions import db
from webapp.services import configuration, samples
from webapp.services.configuration import Stored
from webapp.views import htmx, hygiene, language
from webapp.views.desk import DeskForm, differing
from webapp.views.parameters.tabs import TABS, Tab
from webapp.views.policy import allow

blueprint = Blueprint("parameters", __name__)
PATH = "/settings/parameters"
TAB = f"{PATH}/<any({', '.join(TABS)}):name>"


@blueprint.get(PATH, defaults={"name": next(iter(TABS))})
@blueprint.get(TAB)
@allow("admin")
def index(name: str) -> str:
    """One tab."""
    tab = TABS[name]
    stored = tab.load()
    return _page(tab, tab.made_form(stored.entry), stored)


@blueprint.post(TAB)
@allow("admin")
def save(name: str) -> Response | BaseResponse:
    """Change what the tab shows, unless somebody else did after it was opened."""
    tab = TABS[name]
    form, stored = tab.made_form(), tab.load()
    try:
        configuration.save(tab.section, form.values(), tab.section, version=request.form.get("version", type=int))
    except InvalidInput as refused:
        form.tell(refused.problems)
        return make_response(_page(tab, form, stored), 422)
    except EditedMeanwhile:
        return make_response(_page(tab, form, tab.load(), meanwhile=True), 422)
    return htmx.done(_address(tab), _("The parameters are saved."))


@blueprint.post(f"{TAB}/check")
@allow("admin")
def check(name: str) -> str:
    """What is wrong with one field of a tab that is being filled in."""
    tab = TABS[name]
    form = tab.made_form()
    field = request.args.get("field", "")
    if field not in form.data:
        abort(404)
    form.tell(configuration.check(tab.section, form.values(), tab.section))
    return htmx.page("desk/check.html", field=form[field])


@blueprint.route(f"{PATH}/email/preview", methods=["GET", "POST"])
@allow("admin")
def preview() -> Response:
    """A mail with the footer as it is stored, or as it was typed: for a frame that lets it do nothing."""
    tab = TABS["email"]
    values = tab.made_form().values() if request.method == "POST" else tab.load().entry
    problems = configuration.check(tab.section, values, tab.section)
    if problems:
        return hygiene.sandboxed(Response(problems[0].words, status=422, mimetype="text/plain"))
    footer = values["footer_text"].replace("\r\n", "\n")
    mail = samples.mail(db.session(), footer=footer, locale=language.tag(), timezone=g.viewer.timezone)
    return hygiene.mail(mail.html or "")


def _page(tab: Tab, form: DeskForm, stored: Stored, *, meanwhile: bool = False) -> str:
    form.listen(lambda field: url_for("parameters.check", name=tab.name, field=field))
    return htmx.page(
        "parameters/show.html",
        tab=tab,
        tabs=[(each.word, _address(each), each is tab) for each in TABS.values()],
        form=form,
        action=url_for("parameters.save", name=tab.name),
        version=stored.version,
        meanwhile=differing(form, tab.made_form(stored.entry)) if meanwhile else None,
    )


def _address(tab: Tab) -> str:
    return url_for("parameters.index", name=tab.name)
