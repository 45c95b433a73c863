from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from webapp.queries import nouns
from webapp.services.smtp_accounts import SmtpAccountEntry
from webapp.views import desk
from webapp.views.desk import Column, DeskForm, Words, deeds
from webapp.views.desk.pages import NUMBER
from webapp.views.desk.server import ServerNoun
from webapp.views.policy import allow
from webapp.views.smtp_accounts import testing
from webapp.views.smtp_accounts.forms import PORTS, SmtpAccountForm

PIN = re.compile(r"[0-9a-f]{64}")


class SmtpAccounts(ServerNoun):
    """As soon as one is enabled, exactly one is the default."""

    name, path = "smtp_accounts", "/settings/smtp-accounts"
    listing, form = nouns.SMTP_ACCOUNTS, SmtpAccountForm
    entry = SmtpAccountEntry
    words = Words(
        title=_l("SMTP configuration"),
        hint=_l("The accounts by which e-mail leaves. Messages that name none go by the default one."),
        new=_l("New SMTP account"),
        empty=_l("An SMTP account says by which server e-mail leaves, and in whose name."),
        icon="envelope",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "id": Column(_l("ID"), "id", number=True),
        "state": Column(_l("State")),
        "sender": Column(_l("Sender"), "sender"),
        "reply": Column(_l("Reply")),
        "return_path": Column(_l("Return path")),
        "return_path_plus": Column(_l("Plus-addresses")),
        "confirmation": Column(_l("Confirmation")),
        "server": Column(_l("Server"), "host"),
        "enabled": Column(_l("Enabled")),
        "default": Column(_l("Default")),
        "secure": Column(_l("Safe connection")),
        "force": Column(_l("Force settings")),
        "receipt": Column(_l("Read receipt")),
        "footer": Column(_l("Footer")),
    }
    usual = tuple(name for name in columns if name not in ("name", "state", "return_path_plus"))
    filters = {"enabled": _l("Enabled"), "secure": _l("Safe connection")}

    def new(self) -> dict[str, Any]:
        return {**super().new(), "port": PORTS["tls"]}

    def copy(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {**super().copy(entry), "default": False}

    def proposed(self) -> dict[str, Any]:
        pin = request.args.get("pinned_certificate", "")
        return {"pinned_certificate": pin, "ignore_certificate_errors": False} if PIN.fullmatch(pin) else {}

    def fill(self, form: DeskForm) -> None:
        if isinstance(form, SmtpAccountForm):
            form.offer()

    def more(self, session: Session, rows: list[Any]) -> Any:
        return nouns.troubles(session, [row.id for row in rows])


NOUN = SmtpAccounts()
blueprint = desk.blueprint(NOUN)


blueprint.add_url_rule(f"{NOUN.path}/{NUMBER}/test", "test", allow("admin")(testing.form), methods=["GET"])
blueprint.add_url_rule(
    f"{NOUN.path}/{NUMBER}/test", "run_test", allow("admin")(partial(testing.run, NOUN)), methods=["POST"]
)


@blueprint.post(f"{NOUN.path}/{NUMBER}/default")
@allow("admin")
def make_default(number: int) -> Response | BaseResponse:
    """Move the default to this account, in one step."""
    return deeds.carry_out(NOUN, number, {"default": True}, _("The default account is now %(name)s."))
