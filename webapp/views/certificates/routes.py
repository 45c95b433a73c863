from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from webapp import clock
from webapp.queries import certificates, nouns
from webapp.queries.sayings import said
from webapp.services import certificate_watch
from webapp.services.certificates import CertificateEntry
from webapp.views import desk, htmx
from webapp.views.certificates.badges import Badge, badges, short_name
from webapp.views.certificates.forms import CertificateForm
from webapp.views.desk import Column, DeskForm, Words
from webapp.views.desk.pages import NUMBER
from webapp.views.policy import allow
from webapp.views.redirects import safe_path

# What a list as a file says besides the settings.
SEEN = ("ends_at", "subject", "issuer", "serial", "sha256", "checked_at", "error")


class Known:
    """What the cells and pages say of a certificate besides its row."""

    said = staticmethod(said)
    short = staticmethod(short_name)

    def __init__(self, session: Session):
        self._session = session
        self.now = clock.now()

    def badges(self, row: Any) -> list[Badge]:
        """See `badges`."""
        return badges(row, self.now)

    def notices(self, row: Any) -> list[Any]:
        """What was told of it, the newest first."""
        return certificates.notices(self._session, row.id)


class Certificates(desk.Noun):
    """Everybody may see them: they hold no secret."""

    name, path = "certificates", "/settings/certificates"
    listing, form = nouns.CERTIFICATES, CertificateForm
    words = Words(
        title=_l("Certificates"),
        hint=_l("Certificates of servers and files. Who should know is told before they expire."),
        new=_l("New certificate"),
        empty=_l("Name a server, or give a certificate, and whoever should know is told before it expires."),
        icon="patch-check",
    )
    columns = {
        "name": Column(_l("Name"), "name"),
        "place": Column(_l("Server"), "host"),
        "state": Column(_l("State")),
        "ends": Column(_l("Expires"), "ends"),
        "issuer": Column(_l("Issuer")),
        "checked": Column(_l("Last look")),
        "error": Column(_l("Error")),
    }
    usual = ("place", "state", "ends", "issuer", "checked")
    reader = "viewer"

    def new(self) -> dict[str, Any]:
        return {name: CertificateEntry.model_fields[name].default for name in ("enabled", "port", "starttls")}

    def more(self, session: Session, rows: list[Any]) -> Known:
        return Known(session)

    def entry_of(self, row: Any) -> Mapping[str, Any]:
        seen = row.sighting
        entry = {name: value for name, value in super().entry_of(row).items() if name != "pem"}
        return {**entry, **{name: getattr(seen, name) if seen else None for name in SEEN}}

    def made_form(self, begin: Mapping[str, Any] | None = None, *, fresh: bool = False) -> DeskForm:
        if begin is not None:
            begin = {**begin, "pem": begin["pem"]["value"] if begin.get("pem") else ""}
        return super().made_form(begin, fresh=fresh)


NOUN = Certificates()
blueprint = desk.blueprint(NOUN)


@blueprint.post(f"{Certificates.path}/{NUMBER}/look")
@allow("operator")
def look(number: int) -> Response | BaseResponse:
    """Look at it now, and tell what there is to tell."""
    name = NOUN.load(number).name
    back = safe_path(request.form.get("next") or NOUN.url("show", number=number))
    certificate_watch.check_now(number)
    return htmx.done(back, _("Looked at: %(name)s.", name=name))
