"""Sample events, one of every type, and the mail that one becomes: for previews of what administrators write."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp import clock
from webapp.errors import N_
from webapp.mail.compose import Identity, Words, prepare
from webapp.mail.show import Shown, show
from webapp.models.catalogue import Severity, TypeInfo
from webapp.services import parameters, rules
from webapp.services.matching import Person, Recipient, Rule
from webapp.services.rendering import Happening, Renderer, known_locale

TYPE = "certificate.expiring"
ADDRESS = "reader@corp.example"
IDENTITY = Identity(sender_email="arauto@corp.example", sender_name="Arauto")
BODY = N_("Here stands what the system that reported it has to say of it.")

TITLES: Mapping[str, str] = {
    "access.unusual": N_("Ana Lima signed in to db-01 from an unusual place"),
    "access.login_failed": N_("Five sign-ins of Ana Lima to db-01 failed"),
    "access.denied": N_("Ana Lima was denied access to db-01"),
    "workstation.locked": N_("The workstation ws-17 was locked"),
    "workstation.alert": N_("The workstation ws-17 reports an alert"),
    "certificate.expiring": N_("The certificate of portal.corp.example expires in 7 days"),
    "certificate.expired": N_("The certificate of portal.corp.example expired yesterday"),
    "certificate.renewed": N_("The certificate of portal.corp.example was renewed"),
    "certificate.revoked": N_("The certificate of portal.corp.example was revoked"),
    "session.opened": N_("Ana Lima opened a session on db-01"),
    "session.closed": N_("Ana Lima closed a session on db-01"),
    "session.suspicious": N_("A session of Ana Lima on db-01 looks suspicious"),
    "password.viewed": N_("Ana Lima viewed the password of db-01"),
    "password.changed": N_("The password of db-01 was changed"),
    "password.change_failed": N_("The password of db-01 could not be changed"),
    "password.expiring": N_("The password of db-01 expires in 7 days"),
    "backup.completed": N_("The password backup of tonight is complete"),
    "backup.failed": N_("The password backup of tonight failed"),
    "backup.late": N_("The password backup of tonight is three hours late"),
    "command.blocked": N_("A command of Ana Lima on db-01 was blocked"),
    "command.audited": N_("A command of Ana Lima on db-01 was recorded"),
    "connectivity.down": N_("db-01 cannot be reached"),
    "connectivity.up": N_("db-01 can be reached again"),
    "information.viewed": N_("Ana Lima viewed the network plan"),
    "information.changed": N_("Ana Lima changed the network plan"),
    "information.shared": N_("Ana Lima shared the network plan"),
    "credential.created": N_("Ana Lima made the credential root of db-01"),
    "credential.changed": N_("Ana Lima changed the credential root of db-01"),
    "credential.viewed": N_("Ana Lima viewed the credential root of db-01"),
    "credential.deleted": N_("Ana Lima deleted the credential root of db-01"),
    "monitoring.job_late": N_("The nightly import is an hour late"),
    "monitoring.queue_stuck": N_("The queue of the nightly import is stuck"),
    "monitoring.account_down": N_("The account Relay cannot send"),
    "monitoring.disk": N_("The disk of db-01 is almost full"),
    "request.created": N_("Ana Lima asks for access to db-01"),
    "request.approved": N_("The access of Ana Lima to db-01 was approved"),
    "request.denied": N_("The access of Ana Lima to db-01 was denied"),
    "request.expired": N_("Nobody decided on the access of Ana Lima to db-01"),
    "request.revoked": N_("The access of Ana Lima to db-01 was revoked"),
}


def event(info: TypeInfo, severity: str, locale: str, page: str = "") -> Happening:
    """A sample event of a type, told in that language; its mail leads to `page` below our address."""
    with force_locale(str(known_locale(locale))):
        return Happening(
            id=0,
            type=info.type,
            severity=severity,
            title=_(TITLES[info.type]) if info.type in TITLES else info.title,
            body=_(BODY),
            attributes={},
            source="",
            occurred_at=clock.now(),
            page=page,
        )


def mail(session: Session, *, footer: str, locale: str, timezone: str) -> Shown:
    """A mail about a sample event, composed as the senders do, with that footer."""
    prepared = prepare(IDENTITY, _words(session, locale, timezone), footer=footer)
    return show(prepared.render(to_address=ADDRESS, message_id="<sample@corp.example>", date=clock.now()))


def _words(session: Session, locale: str, timezone: str) -> Words:
    book = rules.current(session)
    person = Person(0, _("Reader"), ADDRESS, "", locale, timezone, True)
    rule = Rule(0, _("Sample"), True, ("email",), (TYPE,), Severity.INFO, None, ())
    happening = event(book.types[TYPE], Severity.WARNING.value, locale)
    renderer = Renderer(book, parameters.base_url(session))
    return renderer.words(happening, Recipient(rule, person, "email", ADDRESS))
