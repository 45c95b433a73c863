from __future__ import annotations

from functools import partial
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from webapp.extensions import db
from webapp.queries import nouns
from webapp.services.configuration import Stored
from webapp.services.inbox import accounts
from webapp.services.inbox_accounts import InboxAccountEntry
from webapp.views import desk
from webapp.views.desk import Column, DeskForm, Words
from webapp.views.desk.pages import NUMBER
from webapp.views.desk.server import ServerNoun
from webapp.views.inbox_accounts import deeds
from webapp.views.inbox_accounts.forms import PORTS, InboxAccountForm
from webapp.views.policy import allow


class InboxAccounts(ServerNoun):
    """Mailboxes that are read."""

    name, path = "inbox_accounts", "/settings/inbox-accounts"
    listing, form = nouns.INBOX_ACCOUNTS, InboxAccountForm
    entry = InboxAccountEntry
    words = Words(
        title=_l("IMAP/POP3 configuration"),
        hint=_l("The mailboxes that are read: replies, bounces and receipts come in by them."),
        new=_l("New inbox account"),
        empty=_l("An inbox account is a mailbox that Arauto reads, so that it learns what became of its mail."),
        icon="inbox",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "id": Column(_l("ID"), "id", number=True),
        "state": Column(_l("State")),
        "protocol": Column(_l("Protocol"), "protocol"),
        "server": Column(_l("Server"), "host"),
        "folder": Column(_l("Folder")),
        "secure": Column(_l("Safe connection")),
        "automatic": Column(_l("Automatic check")),
        "copy": Column(_l("Keeps a copy")),
        "checked": Column(_l("Last check")),
    }
    usual = ("state", "protocol", "server", "secure", "checked")
    filters = {
        "enabled": _l("Enabled"),
        "automatic_check": _l("Automatic check"),
        "keep_copy": _l("Keeps a copy"),
        "secure": _l("Safe connection"),
    }

    def new(self) -> dict[str, Any]:
        return {**super().new(), "security": "ssl", "port": PORTS["imap-ssl"]}

    def fill(self, form: DeskForm) -> None:
        if isinstance(form, InboxAccountForm):
            form.offer()

    def before_shown(self, form: DeskForm, stored: Stored | None) -> None:
        if isinstance(form, InboxAccountForm):
            form.look_up()
            form.kept = accounts.kept_on_server(db.session(), stored.number) if stored is not None else 0

    def more(self, session: Session, rows: list[Any]) -> Any:
        return nouns.inbox_progress(session, [row.id for row in rows])

    def more_of_one(self, session: Session, row: Any) -> Any:
        return {"progress": self.more(session, [row]).get(row.id), "kept": accounts.kept_on_server(session, row.id)}


NOUN = InboxAccounts()
blueprint = desk.blueprint(NOUN)

# Rule below an account, endpoint, method, view.
for rule, endpoint, method, view in (
    ("test", "test", "GET", deeds.ask_test),
    ("test", "run_test", "POST", deeds.run_test),
    ("check", "ask_check", "GET", deeds.ask_check),
    ("check", "run_check", "POST", deeds.run_check),
):
    role = allow(NOUN.writer)(partial(view, NOUN))
    blueprint.add_url_rule(f"{NOUN.path}/{NUMBER}/{rule}", endpoint, role, methods=[method])
