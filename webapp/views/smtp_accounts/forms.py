from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField

from webapp.services import configuration
from webapp.views.desk import DeskForm, NumberField, ReferenceField
from webapp.views.desk.server import host_field, port_field, secure_field, security_field

# The usual port by the kind of security; the field moves between these while it holds one of them.
PORTS = {"off": 25, "tls": 587, "ssl": 465}


class SmtpAccountForm(DeskForm):
    """Identity, server, sign-in and limits of an account."""

    name = StringField(_l("Name"), description=_l("How the account is called in lists and in the file."))
    enabled = BooleanField(_l("Enabled"), description=_l("Off: nothing leaves by it."))
    default = BooleanField(
        _l("Default account"),
        description=_l(
            "It takes every message that names no account. On: the account that was the default is it no more."
        ),
    )
    sender_email = StringField(_l("Sender e-mail"), description=_l("Stands in From."), render_kw={"inputmode": "email"})
    sender_name = StringField(_l("Sender name"), description=_l("Stands before the address in From."))
    reply_email = StringField(
        _l("Reply e-mail"), description=_l("Where answers go, if not to the sender."), render_kw={"inputmode": "email"}
    )
    return_path_email = StringField(
        _l("Return path e-mail"),
        description=_l("Where servers report what they cannot deliver, if not to the sender."),
        render_kw={"inputmode": "email"},
    )
    return_path_plus = BooleanField(
        _l("The return path takes plus-addresses"),
        description=_l(
            "Each mail leaves with a signed return path of its own, such as bounces+k4…@corp.example, so that what "
            "comes back is known for certain. The mail server must put such mail into the same mailbox."
        ),
    )
    confirmation_email = StringField(
        _l("Confirmation e-mail"),
        description=_l("Where read receipts go, if not to the sender."),
        render_kw={"inputmode": "email"},
    )
    send_read_receipt = BooleanField(
        _l("Ask for read receipts"), description=_l("Asks the reader's program to confirm that the mail was opened.")
    )
    force_settings = BooleanField(
        _l("Force settings"),
        description=_l("A message cannot choose its own reply, return path and confirmation addresses."),
    )
    footer = BooleanField(_l("Footer"), description=_l("Adds the footer of the system parameters to every mail."))
    host = host_field()
    port = port_field(PORTS)
    secure = secure_field()
    security = security_field()
    ignore_certificate_errors = BooleanField(
        _l("Ignore certificate errors"),
        description=_l(
            "Anybody on the way could read the mail and the password. Rather name the certificate to trust, above."
        ),
    )
    pinned_certificate = StringField(
        _l("Trusted certificate"),
        description=_l(
            "SHA-256 of the server's certificate, or of the authority that signed it, instead of the system's."
        ),
    )
    authenticate = BooleanField(_l("The server asks for a sign-in"))
    credential = ReferenceField(_l("Credential"), none=_l("Choose a credential"))
    max_connections = NumberField(
        _l("Connections at once"), description=_l("Over all nodes, 1 to 100."), render_kw={"inputmode": "numeric"}
    )
    max_per_minute = NumberField(
        _l("Mails a minute"),
        description=_l("Over all nodes. Empty: as many as the server takes."),
        optional=True,
        render_kw={"inputmode": "numeric"},
    )
    fallback = ReferenceField(
        _l("Fallback account"), description=_l("Carries the messages while this one is disabled or in trouble.")
    )

    def offer(self) -> None:
        """Fill in what can be referred to."""
        self.credential.offer(configuration.names("credentials"))
        others = [name for name in configuration.names("smtp_accounts") if name != self.name.data]
        self.fallback.offer(others)
