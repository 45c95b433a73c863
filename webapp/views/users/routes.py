from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import Response, g, make_response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from webapp.errors import InvalidInput, Problem
from webapp.queries import nouns
from webapp.services import first_password, people, sessions
from webapp.views import desk, htmx, once
from webapp.views.desk import Column, Keeper, Words
from webapp.views.desk.pages import NUMBER
from webapp.views.policy import allow
from webapp.views.redirects import see_other
from webapp.views.users.forms import ROLES, NewUserForm, PasswordForm, UserForm, wrong_password


class Users(desk.KeptNoun):
    """An administrator always remains, and nobody shuts themselves out."""

    name, path = "users", "/users"
    listing, form, new_form = nouns.USERS, UserForm, NewUserForm
    keeper: ClassVar[Keeper] = people
    kind = people.USERS
    words = Words(
        title=_l("Users"),
        hint=_l("The people who sign in here. Who is told about events is a contact, not a user."),
        new=_l("New user"),
        empty=_l("A user is somebody who signs in to these pages."),
        icon="person-circle",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "role": Column(_l("Role"), "role"),
        "state": Column(_l("State")),
        "seen": Column(_l("Last sign-in"), "seen"),
        "address": Column(_l("From")),
        "language": Column(_l("Language")),
        "made": Column(_l("Made"), "made"),
    }
    usual = ("role", "state", "seen", "language", "made")
    filters = {"role": _l("Role"), "enabled": _l("Enabled")}

    def new(self) -> dict[str, Any]:
        return {"enabled": True, "role": "viewer", "timezone": "UTC", "theme": "auto"}

    def options(self, name: str) -> Mapping[str, tuple[Any, str]]:
        roles = {role: (role, str(word)) for role, word in ROLES.items()}
        return roles if name == "role" else super().options(name)

    def more_of_one(self, session: Session, row: Any) -> Any:
        """Where they are signed in, and the password that was made for them just now."""
        return {
            "sessions": sessions.open_sessions(row.id, g.viewer.key),
            "password": once.take(f"password/{row.id}"),
        }

    def check(self, data: Mapping[str, Any], number: int | None) -> list[Problem]:
        problems = super().check(_without_password(data), number)
        return [*problems, *wrong_password(data, data.get("name", ""))]

    def make(self, data: Mapping[str, Any]) -> int:
        problems = self.check(data, None)
        if problems:
            raise InvalidInput(problems)
        password = data.get("password") or first_password.generate()
        number = people.create(password=password, **_without_password(data))
        _show_made(number, password, data)
        return number


NOUN = Users()
blueprint = desk.blueprint(NOUN)


@blueprint.get(f"{NOUN.path}/{NUMBER}/password")
@allow("admin")
def password(number: int) -> str | Response | BaseResponse:
    """The form of a new password; one's own is changed in the profile, which asks for the present one."""
    if number == g.viewer.user_id:
        return see_other(url_for("profile.show"))
    return _password_page(number, PasswordForm(formdata=None))


@blueprint.post(f"{NOUN.path}/{NUMBER}/password")
@allow("admin")
def set_password(number: int) -> Response | BaseResponse:
    """Give the user a new password; they are signed out everywhere."""
    if number == g.viewer.user_id:
        return see_other(url_for("profile.show"))
    form, name = PasswordForm(), people.get(number).name
    values = form.values()
    problems = wrong_password(values, name)
    if problems:
        form.tell(problems)
        return make_response(_password_page(number, form), 422)
    chosen = values.get("password") or first_password.generate()
    people.set_password(number, chosen)
    _show_made(number, chosen, values)
    done = _("%(name)s has a new password, and is signed out everywhere.", name=name)
    return htmx.done(NOUN.url("show", number=number), done)


@blueprint.post(f"{NOUN.path}/{NUMBER}/sign-out")
@allow("admin")
def sign_out(number: int) -> Response | BaseResponse:
    """End all sessions of the user."""
    name = people.get(number).name
    people.sign_out(number)
    return htmx.done(NOUN.url("show", number=number), _("%(name)s is signed out everywhere.", name=name))


def _password_page(number: int, form: PasswordForm) -> str:
    return htmx.page("users/password.html", noun=NOUN, stored=people.get(number), form=form)


def _without_password(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in ("password", "repeated")}


def _show_made(number: int, password: str, given: Mapping[str, Any]) -> None:
    """A password that somebody typed needs no showing."""
    if "password" not in given:
        once.keep(f"password/{number}", password)
