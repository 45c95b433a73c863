from __future__ import annotations

import json
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, SelectChoice, SelectField, StringField, TextAreaField

from webapp.services.certificates import LONGEST_PEM, normal_pem
from webapp.views.desk import DeskForm, NumberField

# The usual port of each way to begin TLS; the field moves between these while it holds one of them.
PORTS = {"none": 443, "smtp": 25, "imap": 143, "pop3": 110, "ldap": 389, "postgres": 5432}


class CertificateForm(DeskForm):
    """A server to look at, or a certificate that is given as text or file. Of the two, the file wins."""

    name = StringField(_l("Name"), description=_l("How the certificate is called in lists, in the file and in mails."))
    enabled = BooleanField(_l("Enabled"), description=_l("Off: nobody looks at it, and nothing is told."))
    host = StringField(_l("Server"), description=_l("Host name or IP address."), render_kw={"autocapitalize": "off"})
    starttls = SelectField(
        _l("TLS begins"),
        choices=[
            SelectChoice("none", _l("with the first byte (HTTPS, LDAPS, IMAPS …)")),
            SelectChoice("smtp", _l("after STARTTLS of SMTP")),
            SelectChoice("imap", _l("after STARTTLS of IMAP")),
            SelectChoice("pop3", _l("after STLS of POP3")),
            SelectChoice("ldap", _l("after StartTLS of LDAP")),
            SelectChoice("postgres", _l("as PostgreSQL does")),
        ],
        validate_choice=False,
    )
    port = NumberField(_l("Port"), render_kw={"inputmode": "numeric", "data-ports": json.dumps(PORTS)})
    pem_file = FileField(
        _l("File"),
        description=_l("PEM or DER. The certificate, also with its chain; never with the private key."),
        render_kw={"accept": ".pem,.crt,.cer,.der,application/x-x509-ca-cert,application/pem-certificate-chain"},
    )
    pem = TextAreaField(
        _l("Certificate as text"),
        description=_l("It begins with -----BEGIN CERTIFICATE-----."),
        render_kw={"rows": 6, "spellcheck": "false"},
    )

    def values(self) -> dict[str, Any]:
        self._take_file()
        values = super().values()
        values.pop("pem_file", None)
        text = values.pop("pem", "").strip()
        return {**values, "pem": {"value": text} if text else None}

    def facts(self) -> list[tuple[str, Any]]:
        """Of the two kinds only what is set: a certificate says itself what it is, and its text fills a page."""
        left_out = {
            self.pem.label.text,
            *((f.label.text for f in (self.host, self.starttls, self.port)) if self.pem.data else ()),
        }
        return [(label, value) for label, value in super().facts() if label not in left_out]

    def _take_file(self) -> None:
        """What a file holds stands in the text from here on, so that a refused form does not lose it."""
        if not self.pem_file.data:
            return
        try:
            self.pem.data = normal_pem(self.pem_file.data.read(LONGEST_PEM + 1))
        except ValueError as error:
            self.pem_file.process_errors.append(str(error))
        self.pem_file.data = None
