"""API tokens: what programs sign their HTTP calls with. Each is shown once, when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectChoice, SelectMultipleField, StringField

from webapp.queries import nouns
from webapp.services import parameters, tokens
from webapp.views import desk, once
from webapp.views.desk import Column, DeskForm, Keeper, Words
from webapp.views.tokens.calls import Calls

SCOPES = {
    "events:write": _l("Record events"),
    "messages:write": _l("Submit, cancel and resend messages"),
    "requests:write": _l("Make access requests and decide on them"),
    "read": _l("Read events and messages"),
    "admin": _l("Everything"),
}


class TokenForm(DeskForm):
    """The token itself is no field: it is made, and shown once."""

    name = StringField(
        _l("Name"), description=_l("Which program bears it. Timelines and the audit log tell it by this name.")
    )
    enabled = BooleanField(_l("Enabled"), description=_l("Off: every call with it is refused, from now on."))
    scopes = SelectMultipleField(
        _l("What it may do"),
        choices=lambda: [SelectChoice(scope, f"{word} ({scope})") for scope, word in SCOPES.items()],
        description=_l("As little as the program needs."),
        validate_choice=False,
    )


class Tokens(desk.KeptNoun):
    """One token a program, so that one can be taken away without the others."""

    name, path = "tokens", "/tokens"
    listing, form = nouns.TOKENS, TokenForm
    keeper: ClassVar[Keeper] = tokens
    kind = tokens.TOKENS
    words = Words(
        title=_l("API tokens"),
        hint=_l("What programs sign their HTTP calls with. A token is shown once, when it is made."),
        new=_l("New API token"),
        empty=_l("A program that tells Arauto what happened needs a token, and sends it with each call."),
        icon="braces",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "scopes": Column(_l("May")),
        "state": Column(_l("State")),
        "used": Column(_l("Last used"), "used"),
        "made": Column(_l("Made"), "made"),
    }
    usual = ("scopes", "state", "used", "made")

    def new(self) -> dict[str, Any]:
        return {"enabled": True, "scopes": ("events:write",)}

    def more(self, session: Session, rows: list[Any]) -> Any:
        return {"calls": Calls(parameters.base_url(session))}

    def more_of_one(self, session: Session, row: Any) -> Any:
        """The token too, when it was made just now."""
        return {**self.more(session, [row]), "token": once.take(f"token/{row.id}")}

    def make(self, data: Mapping[str, Any]) -> int:
        number, token = tokens.make(data)
        once.keep(f"token/{number}", token)
        return number


blueprint = desk.blueprint(Tokens())
