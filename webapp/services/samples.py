"""A sample event and the mail that it becomes, for previews of what administrators write."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp import clock
from webapp.mail.compose import Identity, Words, prepare
from webapp.mail.show import Shown, show
from webapp.models.catalogue import Severity
from webapp.services import parameters, rules
from webapp.services.matching import Person, Recipient, Rule
from webapp.services.rendering import Happening, Renderer, known_locale

TYPE = "certificate.expiring"
ADDRESS = "reader@corp.example"
IDENTITY = Identity(sender_email="arauto@corp.example", sender_name="Arauto")


def mail(session: Session, *, footer: str, locale: str, timezone: str) -> Shown:
    """A mail about the sample event, composed as the senders do, with that footer."""
    prepared = prepare(IDENTITY, _words(session, locale, timezone), footer=footer)
    return show(prepared.render(to_address=ADDRESS, message_id="<sample@corp.example>", date=clock.now()))


def _words(session: Session, locale: str, timezone: str) -> Words:
    with force_locale(str(known_locale(locale))):
        event = Happening(
            id=0,
            type=TYPE,
            severity=Severity.WARNING.value,
            title=_("The certificate of portal.corp.example expires in 7 days"),
            body=_("Renew it before its last day: after it, browsers refuse the page."),
            attributes={},
            source="",
            occurred_at=clock.now(),
        )
    person = Person(0, _("Reader"), ADDRESS, "", locale, timezone, True)
    rule = Rule(0, _("Sample"), True, ("email",), (TYPE,), Severity.INFO, None, ())
    renderer = Renderer(rules.current(session), parameters.base_url(session))
    return renderer.words(event, Recipient(rule, person, "email", ADDRESS))
