"""A notification rehearsed, and samples of it sent for real."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.factories import make_account, make_contact, make_group, make_notification
from webapp.errors import InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import AuditEntry, Content, Event, EventType, Message, Parameter, State, Text, TimelineEntry
from webapp.models.catalogue import BUILT_IN
from webapp.services import rehearsal, rules, samples
from webapp.services.notifications import uncovered
from webapp.services.unit import write

pytestmark = pytest.mark.usefixtures("any_ctx")


def told(number: int, event_type: str = "") -> list[tuple[str, str, str]]:
    played = rehearsal.rehearse(db.session(), number, event_type)
    return [(each.person.name, each.channel, played.words(each).subject) for each in played.recipients]


def test_everybody_reads_it_in_their_own_language() -> None:
    people = [make_contact("Ana", locale="pt-BR"), make_contact("Bea", locale="es"), make_contact("Carl")]
    number = make_notification("Vault watch", [people[0]], [make_group("Others", people[1:])], enabled=False)
    assert told(number, "password.changed") == [
        ("Ana", "email", "[Informação] Senha alterada: A senha de db-01 foi alterada"),
        ("Bea", "email", "[Información] Contraseña cambiada: Se cambió la contraseña de db-01"),
        ("Carl", "email", "[Information] Password changed: The password of db-01 was changed"),
    ]


def test_there_is_a_sample_of_every_type() -> None:
    assert set(samples.TITLES) == set(BUILT_IN)


def test_of_a_type_that_was_added_its_title_is_the_sample_and_its_own_text_is_used() -> None:
    with write() as session:
        session.add(EventType(type="door.opened", title="Door opened", category="Monitoring", severity="error"))
        body = "{{ contact.name }}: {{ event.title }}"
        session.add(Text(type="door.opened", channel="email", locale="en", subject="Door!", body=body))
        rules.publish(session)
    number = make_notification(contacts=[make_contact("Ana")], types=["door.*"])
    played = rehearsal.rehearse(db.session(), number)
    words = played.words(played.recipients[0])
    assert words.subject == "Door!"
    assert "Ana: Door opened" in words.text


def test_only_types_that_it_names() -> None:
    number = make_notification(contacts=[make_contact()], types=["backup.late", "password.*"])
    played = rehearsal.rehearse(db.session(), number)
    assert {info.type for info in played.types} == {
        "backup.late", "password.viewed", "password.changed", "password.change_failed", "password.expiring",
    }  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        rehearsal.rehearse(db.session(), number, "backup.failed")
    assert refused.value.problems[0].path == "type"


def test_a_type_that_is_milder_than_asked_for_is_shown_as_bad_as_it_must_be() -> None:
    number = make_notification(contacts=[make_contact()], min_severity="error")
    played = rehearsal.rehearse(db.session(), number, "password.changed")
    assert (played.usually_too_mild, played.severity) == (True, "error")
    assert told(number, "password.changed")[0][2].startswith("[Error]")
    assert not rehearsal.rehearse(db.session(), number, "backup.failed").usually_too_mild


def test_without_types_or_people_nobody_is_told() -> None:
    no_types = make_notification("A", [make_contact()], types=[], enabled=False)
    played = rehearsal.rehearse(db.session(), no_types)
    assert (played.types, played.info, played.recipients) == ([], None, [])
    nobody = make_notification("B")
    assert [reason.code for reason in rehearsal.rehearse(db.session(), nobody).reasons if not reason.fired] == [
        "nobody"
    ]
    for number in (no_types, nobody):
        with pytest.raises(InvalidInput):
            rehearsal.send(number)


def test_who_cannot_be_told_is_named_whatever_the_types() -> None:
    people = [make_contact("Ana"), make_contact("Bea", email="", mobile="+5511999990000")]
    off = make_contact("Off", enabled=False)
    number = make_notification("A", [*people, off], types=[], enabled=False, channels=["email", "sms"])
    found = [
        (reason.detail["contact"], reason.detail["channel"], reason.code)
        for reason in rehearsal.unreachable(db.session(), number)
    ]
    assert found == [
        ("Ana", "sms", "no_address"),
        ("Bea", "email", "no_address"),
        ("Off", "email", "contact_disabled"),
        ("Off", "sms", "contact_disabled"),
    ]


def test_a_copy_is_the_mail_that_the_account_would_write() -> None:
    with write() as session:
        session.add(Parameter(name="footer_text", value="Corp, internal"))
    number = make_notification("Vault watch", [make_contact("Ana")])
    played = rehearsal.rehearse(db.session(), number, "password.changed")
    assert rehearsal.copy(db.session(), played, played.recipients[0]).mail is None
    make_account(sender_name="Arauto")
    copy = rehearsal.copy(db.session(), played, played.recipients[0])
    assert copy.mail is not None
    assert (copy.mail.sender, copy.mail.to) == ("Arauto <arauto@corp.example>", "Ana <ana@corp.example>")
    assert "Corp, internal" in (copy.mail.html or "")
    assert f"/notifications/{number}" in (copy.mail.html or "")
    assert "sample" not in (copy.mail.text or "")


def test_a_copy_that_cannot_be_written_says_why() -> None:
    make_account(sender_email="not an address")
    number = make_notification(contacts=[make_contact()])
    played = rehearsal.rehearse(db.session(), number)
    copy = rehearsal.copy(db.session(), played, played.recipients[0])
    assert copy.mail is None
    assert "e-mail address" in copy.problem


def test_a_sample_goes_by_the_outbox_says_that_it_is_one_and_is_on_record() -> None:
    make_account()
    own = make_account("Own", is_default=False)
    people = [make_contact("Ana"), make_contact("Bea", locale="pt-BR")]
    number = make_notification("Vault watch", people, account_id=own, enabled=False)
    [queued] = rehearsal.send(number, "password.changed", contact=people[1])
    db.session.rollback()
    message = db.session.get_one(Message, queued.id)
    assert (message.recipient, message.recipient_name, message.contact_id) == ("bea@corp.example", "Bea", people[1])
    assert (message.state, message.account_id, message.event_id) == (State.QUEUED, own, None)
    assert (message.notification, message.event_type) == ("Vault watch", "password.changed")
    content = db.session.get_one(Content, message.content_id)
    assert content.subject == "[Amostra] [Informação] Senha alterada: A senha de db-01 foi alterada"
    notice = "Esta é uma amostra da notificação Vault watch: nada aconteceu."
    assert content.text.startswith(f"{notice}\n\nA senha de db-01 foi alterada")
    assert notice in (content.html or "")
    assert db.session.scalars(select(Event.id)).all() == []
    [note] = db.session.scalars(select(TimelineEntry)).all()
    assert (note.message_id, note.kind) == (queued.id, "sample")
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "sampled")).one()
    assert (entry.noun, entry.number, entry.name) == ("notifications", number, "Vault watch")


def test_a_sample_to_all_takes_every_channel() -> None:
    number = make_notification(
        "A", [make_contact("Ana", mobile="+5511999990000"), make_contact("Bea")], channels=["email", "sms"]
    )
    queued = rehearsal.send(number)
    assert [(each.channel, each.recipient, each.state) for each in queued] == [
        ("email", "ana@corp.example", State.QUEUED),
        ("sms", "+5511999990000", State.SUPPRESSED),
        ("email", "bea@corp.example", State.QUEUED),
    ]
    text = db.session.get_one(Content, db.session.get_one(Message, queued[1].id).content_id).text
    assert text.startswith("This is a sample of the notification A: nothing happened.")


def test_somebody_who_would_not_be_told_gets_no_sample() -> None:
    number = make_notification(contacts=[make_contact("Ana")])
    with pytest.raises(InvalidInput) as refused:
        rehearsal.send(number, contact=make_contact("Bea"))
    assert refused.value.problems[0].path == "to"


def test_there_is_no_such_notification() -> None:
    for ask in (lambda: rehearsal.rehearse(db.session(), 9), lambda: rehearsal.unreachable(db.session(), 9)):
        with pytest.raises(NotFound):
            ask()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (("password.changed", "password.*", "backup.late"), ("password.*", "backup.late")),
        (("password.*", "*", "backup.late"), ("*",)),
        (("password.changed", "backup.*"), ("password.changed", "backup.*")),
        ((), ()),
    ],
)
def test_what_a_category_means_already_is_not_kept_besides(
    given: tuple[str, ...], kept: tuple[str, ...], any_ctx: Flask
) -> None:
    assert uncovered(given) == kept
