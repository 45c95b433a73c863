"""Every part that pages are made of, on one page; only in development and tests."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, render_template
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, NumberRange

from webapp import clock
from webapp.views.policy import allow

blueprint = Blueprint("styleguide", __name__)

STATES = (
    "queued",
    "sending",
    "sent",
    "delivered",
    "read",
    "failed",
    "bounced",
    "suppressed",
    "unknown",
    "cancelled",
    "held",
)
SEVERITIES = ("info", "warning", "error", "critical")


class Sample(FlaskForm):
    """One field of each kind."""

    class Meta:
        csrf = False

    name = StringField("Name", [InputRequired("Enter a name.")], description="How this account is called everywhere.")
    port = IntegerField("Port", [NumberRange(1, 65535, "Use a number from 1 to 65535.")])
    security = SelectField(
        "Security", choices=[SelectChoice("tls", "STARTTLS"), SelectChoice("ssl", "TLS from the first byte")]
    )
    secure = BooleanField("Use a safe connection", description="The mail and the password are encrypted on their way.")
    channels = SelectMultipleField("Channels", choices=[SelectChoice("email", "E-mail"), SelectChoice("sms", "SMS")])
    size = RadioField("Size", choices=[SelectChoice("small", "Small"), SelectChoice("large", "Large")])
    footer = TextAreaField("Footer")


@blueprint.get("/styleguide")
@allow("viewer")
def show() -> str:
    """All of it, with a form that was refused."""
    form = Sample(data={"port": 99999, "security": "tls", "secure": True})
    form.validate()
    return render_template(
        "styleguide/show.html",
        form=form,
        states=STATES,
        severities=SEVERITIES,
        earlier=clock.now() - timedelta(minutes=7),
    )
