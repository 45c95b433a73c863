from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired


class SignInForm(FlaskForm):
    """The gate has checked the token; here it would only hide the words about it."""

    class Meta:
        csrf = False

    username = StringField(
        _l("User name"),
        [InputRequired(_l("Enter your user name."))],
        filters=[lambda name: name and name.replace("\0", "")],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("Password"), [InputRequired(_l("Enter your password."))], render_kw={"autocomplete": "current-password"}
    )
    next = HiddenField()
