from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, SelectChoice, SelectField, StringField

from webapp.errors import Problem
from webapp.services import passwords
from webapp.views import choices
from webapp.views.desk import DeskForm

ROLES = {"viewer": _l("Viewer"), "operator": _l("Operator"), "admin": _l("Administrator")}


class PasswordForm(DeskForm):
    """A password that is made and shown once, or one that is chosen and typed twice."""

    choose = BooleanField(
        _l("Choose the password yourself"), description=_l("Off: one is made, and shown to you once.")
    )
    password = PasswordField(
        _l("Password"),
        description=_l("At least %(min)d characters: a few unrelated words will do.", min=passwords.FEWEST),
        render_kw={"autocomplete": "new-password"},
    )
    repeated = PasswordField(_l("Password again"), render_kw={"autocomplete": "new-password"})

    def values(self) -> dict[str, Any]:
        """Without a password where one shall be made."""
        values = super().values()
        chosen = {name: values.pop(name) for name in ("password", "repeated")}
        return {**values, **chosen} if values.pop("choose") else values


class UserForm(DeskForm):
    """Who it is, what they may do, and how they see the pages."""

    name = StringField(
        _l("Name"),
        description=_l("What they sign in with."),
        render_kw={"autocapitalize": "off", "autocomplete": "off"},
    )
    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role, word) for role, word in ROLES.items()],
        description=_l(
            "A viewer reads the traffic, an operator also cancels and resends messages, "
            "an administrator also configures."
        ),
        validate_choice=False,
    )
    enabled = BooleanField(_l("Enabled"), description=_l("Off: they cannot sign in, and are signed out everywhere."))
    locale = SelectField(_l("Language"), choices=choices.page_languages, validate_choice=False)
    timezone = SelectField(
        _l("Time zone"),
        choices=choices.zones,
        description=_l("Times on every page are shown in it."),
        validate_choice=False,
    )
    theme = SelectField(_l("Colours"), choices=choices.themes, validate_choice=False)


class NewUserForm(UserForm, PasswordForm):
    """Both at once."""


def wrong_password(values: Mapping[str, Any], name: str) -> list[Problem]:
    """What is wrong with the password that a form brought, if it brought one."""
    if "password" not in values:
        return []
    weak = passwords.check("password", values["password"], name)
    if weak:
        return [weak]
    if values["password"] != values["repeated"]:
        return [Problem("repeated", _("This is not the same as the new password. Type it again."))]
    return []
