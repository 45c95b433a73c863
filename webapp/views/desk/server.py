"""What accounts of a mail server have in common, whichever way the mail goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from flask import request
from flask_babel import lazy_gettext as _l
from pydantic import BaseModel
from wtforms import BooleanField, SelectChoice, SelectField, StringField

from webapp.views.desk.forms import NumberField
from webapp.views.desk.noun import Noun


class ServerNoun(Noun):
    """A noun whose entries name a server and can be tried right after they are saved."""

    entry: ClassVar[type[BaseModel]]

    def new(self) -> dict[str, Any]:
        defaults = {name: field.default for name, field in self.entry.model_fields.items()}
        given = {name: value for name, value in defaults.items() if isinstance(value, bool | int | str)}
        return {**given, "secure": True}

    def after(self, number: int) -> str:
        return self.url("test", number=number) if request.form.get("then") == "test" else super().after(number)


def host_field() -> Any:
    """Where the server is."""
    return StringField(_l("Server"), description=_l("Host name or IP address."), render_kw={"autocapitalize": "off"})


def port_field(usual: Mapping[str, int]) -> Any:
    """The port; it moves between the usual ones, by kind of connection, while it holds one of them."""
    return NumberField(_l("Port"), render_kw={"inputmode": "numeric", "data-ports": json.dumps(usual)})


def secure_field() -> Any:
    """Whether the connection must be encrypted."""
    return BooleanField(
        _l("Use a safe connection"), description=_l("TLS or nothing: mail and password are encrypted on their way.")
    )


def security_field() -> Any:
    """When TLS begins on a safe connection."""
    return SelectField(
        _l("Security"),
        choices=[
            SelectChoice("tls", _l("TLS: the connection begins in clear, then STARTTLS")),
            SelectChoice("ssl", _l("SSL: TLS from the first byte")),
        ],
        validate_choice=False,
    )
