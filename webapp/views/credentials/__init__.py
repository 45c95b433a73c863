"""Credentials: user names and secrets that are written once and never shown again."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField

from webapp.queries import nouns
from webapp.views import desk
from webapp.views.desk import Column, DeskForm, Words


class CredentialForm(DeskForm):
    """The secret is never sent to the browser; left empty, it stays as it is."""

    name = StringField(_l("Name"), description=_l("How accounts refer to it. Only administrators see it."))
    username = StringField(
        _l("User name"), description=_l("What the server knows you by."), render_kw={"autocomplete": "off"}
    )
    secret = PasswordField(_l("Secret"), render_kw={"autocomplete": "new-password"})

    def values(self) -> dict[str, Any]:
        values = super().values()
        secret = values.pop("secret", "")
        return {**values, "secret": {"value": secret}} if secret else values


class Credentials(desk.Noun):
    """A user name never changes without its secret: a stored secret cannot be sent in another name."""

    name, path = "credentials", "/settings/credentials"
    listing, form = nouns.CREDENTIALS, CredentialForm
    words = Words(
        title=_l("Credentials"),
        hint=_l("User names and secrets that accounts sign in with. Secrets are encrypted and never shown again."),
        new=_l("New credential"),
        empty=_l(
            "A credential is a user name and its secret. Accounts that sign in to a server refer to one by its name."
        ),
        icon="key",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "username": Column(_l("User name"), "username"),
        "changed": Column(_l("Changed"), "changed"),
    }
    usual = ("username", "changed")
    filters = {}
    switched = cloned = False


blueprint = desk.blueprint(Credentials())
