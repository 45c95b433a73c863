from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, SelectField
from wtforms.validators import EqualTo, InputRequired, Length, ValidationError

from webapp.services import passwords
from webapp.views import choices


class LookForm(FlaskForm):
    class Meta:
        csrf = False

    locale = SelectField(_l("Language"), choices=choices.page_languages)
    theme = SelectField(_l("Colours"), choices=choices.themes)
    timezone = SelectField(
        _l("Time zone"), choices=choices.zones, description=_l("Times on every page are shown in it.")
    )


class PasswordForm(FlaskForm):
    class Meta:
        csrf = False

    current = PasswordField(
        _l("Present password"),
        [InputRequired(_l("Enter the password that you signed in with."))],
        render_kw={"autocomplete": "current-password"},
    )
    new = PasswordField(
        _l("New password"),
        [
            InputRequired(_l("Enter a new password.")),
            Length(
                passwords.FEWEST, passwords.MOST, _l("Use at least %(min)d characters: a few unrelated words will do.")
            ),
        ],
        render_kw={"autocomplete": "new-password"},
        description=_l("At least %(min)d characters: a few unrelated words will do.", min=passwords.FEWEST),
    )
    repeated = PasswordField(
        _l("New password again"),
        [EqualTo("new", _l("This is not the same as the new password. Type it again."))],
        render_kw={"autocomplete": "new-password"},
    )

    def __init__(self, name: str):
        super().__init__()
        self._name = name

    def validate_new(self, field: Field) -> None:
        if (field.data or "").casefold().strip() == self._name.casefold():
            raise ValidationError(_("The password is the user name. Choose another."))
