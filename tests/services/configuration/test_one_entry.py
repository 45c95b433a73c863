"""One entry at a time, as forms change it: fields without a prefix, rows by number, the same rules."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.factories import make_messages
from webapp.errors import EditedMeanwhile, InvalidInput, NotFound
from webapp.extensions import db
from webapp.models import Contact, ContactGroup, Credential, EventType, Message, Notification, SmtpAccount
from webapp.services import configuration


def number(model, name):
    return db.session.scalar(select(model.id).where(model.name == name))


def paths(action) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        action()
    return [problem.path for problem in refused.value.problems]


def test_a_new_one(any_ctx):
    [change] = configuration.save("contacts", {"name": "Ana", "email": "ana@corp.example"})
    assert (change.action, change.name) == ("created", "Ana")
    assert number(Contact, "Ana")


def test_paths_are_field_names(ctx):
    data = {"name": "R", "sender_email": "x", "host": "h", "port": 99999}
    assert paths(lambda: configuration.save("smtp_accounts", data)) == ["sender_email", "port"]


def test_a_name_is_taken(ctx, full):
    configuration.apply(full)
    assert paths(lambda: configuration.save("contacts", {"name": "Ana"})) == ["name"]
    assert paths(lambda: configuration.save("contacts", {"name": "Ana"}, number(Contact, "Bea"))) == ["name"]


def test_a_new_name_keeps_every_reference(any_ctx, full):
    configuration.apply(full)
    configuration.save("contacts", {"name": "Anna"}, number(Contact, "Ana"))
    configuration.save("smtp_accounts", {"name": "Spare"}, number(SmtpAccount, "Second"))
    group = db.session.get_one(ContactGroup, number(ContactGroup, "Security"))
    assert {contact.name for contact in group.contacts} == {"Anna", "Bea"}
    relay = db.session.get_one(SmtpAccount, number(SmtpAccount, "Relay"))
    assert relay.fallback.name == "Spare"


def test_an_account_cannot_fall_back_on_itself_by_its_old_name(ctx, full):
    configuration.apply(full)
    data = {"name": "Other", "fallback": "Second"}
    assert paths(lambda: configuration.save("smtp_accounts", data, number(SmtpAccount, "Second"))) == ["fallback"]


def test_the_default_moves_by_a_form_too(any_ctx, full):
    configuration.apply(full)
    changes = configuration.save("smtp_accounts", {"default": True}, number(SmtpAccount, "Second"))
    assert {change.name for change in changes} == {"Relay", "Second"}


def test_what_does_not_exist(ctx):
    with pytest.raises(NotFound, match="contact 7"):
        configuration.save("contacts", {"name": "Ana"}, 7)
    with pytest.raises(NotFound, match="contact 7"):
        configuration.remove("contacts", 7)


def test_one_that_is_used_stays(ctx, full):
    configuration.apply(full)
    with pytest.raises(InvalidInput, match="group Security still uses Ana"):
        configuration.remove("contacts", number(Contact, "Ana"))
    with pytest.raises(InvalidInput, match="notification Vault watch still uses custom"):
        configuration.remove("event_types", "custom.thing")
    with pytest.raises(InvalidInput, match="Relay is the default"):
        configuration.remove("smtp_accounts", number(SmtpAccount, "Relay"))


def test_one_that_is_not_used_goes_and_its_messages_stay(any_ctx):
    configuration.save("smtp_accounts", {"name": "R", "sender_email": "a@b", "host": "h", "port": 25})
    configuration.save("contacts", {"name": "Ana"})
    ana = number(Contact, "Ana")
    [message] = make_messages(contact_id=ana)
    assert [change.action for change in configuration.remove("contacts", ana)] == ["removed"]
    assert configuration.remove("smtp_accounts", number(SmtpAccount, "R"))
    db.session.expire_all()
    kept = db.session.get_one(Message, message)
    assert (kept.contact_id, kept.account_id) == (None, None)


def test_a_type_is_known_by_its_own_name(ctx):
    [change] = configuration.save("event_types", {"severity": "critical"}, "password.changed")
    assert change.fields == {"severity": ("info", "critical")}
    configuration.save("event_types", {"type": "custom.a", "title": "A", "category": "Monitoring"})
    assert paths(lambda: configuration.save("event_types", {"type": "custom.b"}, "custom.a")) == ["type"]
    configuration.remove("event_types", "custom.a")
    configuration.remove("event_types", "password.changed")
    assert db.session.scalars(select(EventType)).all() == []


def test_parameters_are_one_entry(ctx):
    assert paths(lambda: configuration.save("parameters", {"language": "fr"}, "parameters")) == ["language"]
    [change] = configuration.save("parameters", {"language": "es"}, "parameters")
    assert change.fields == {"language": ("en", "es")}


def test_who_uses_it(ctx, full):
    configuration.apply(full)
    users = configuration.users_of("contacts", number(Contact, "Ana"))
    assert [(user.section, user.name) for user in users] == [("groups", "Security"), ("notifications", "Vault watch")]
    assert users[0].number == number(ContactGroup, "Security")
    assert configuration.users_of("groups", number(ContactGroup, "Security"))[0].name == "Vault watch"


def test_a_successor_takes_its_place_everywhere(any_ctx, full):
    configuration.apply(full)
    configuration.remove("contacts", number(Contact, "Ana"), successor="Bea")
    group = db.session.get_one(ContactGroup, number(ContactGroup, "Security"))
    assert [contact.name for contact in group.contacts] == ["Bea"]
    rule = db.session.scalars(select(Notification)).one()
    assert [contact.name for contact in rule.contacts] == ["Bea"]


def test_it_is_taken_out_where_nothing_follows(any_ctx, full):
    configuration.apply(full)
    configuration.remove("contacts", number(Contact, "Ana"), detach=True)
    group = db.session.get_one(ContactGroup, number(ContactGroup, "Security"))
    assert [contact.name for contact in group.contacts] == ["Bea"]
    assert db.session.scalars(select(Notification)).one().contacts == []


def test_the_successor_of_the_default_account_is_the_default(any_ctx, full):
    configuration.apply(full)
    configuration.remove("smtp_accounts", number(SmtpAccount, "Relay"), successor="Second")
    second = db.session.scalars(select(SmtpAccount)).one()
    assert (second.name, second.is_default, second.fallback) == ("Second", True, None)


def test_the_heir_does_not_fall_back_on_itself(any_ctx, full):
    configuration.apply(full)
    configuration.remove("smtp_accounts", number(SmtpAccount, "Second"), successor="Relay")
    [relay] = db.session.scalars(select(SmtpAccount))
    assert relay.fallback is None
    assert db.session.scalars(select(Notification)).one().account is relay


def test_what_needs_it_does_not_let_it_go(ctx, full):
    configuration.apply(full)
    with pytest.raises(InvalidInput) as refused:
        configuration.remove("credentials", number(Credential, "relay"), detach=True)
    assert [problem.path for problem in refused.value.problems] == ["smtp_accounts Relay.credential"]


def test_only_another_one_can_follow(ctx, full):
    configuration.apply(full)
    ana = number(Contact, "Ana")
    assert paths(lambda: configuration.remove("contacts", ana, successor="Ana")) == ["successor"]
    assert paths(lambda: configuration.remove("contacts", ana, successor="Nobody")) == ["successor"]


def test_two_editors_do_not_overwrite_each_other(any_ctx):
    configuration.save("contacts", {"name": "Ana"})
    ana = number(Contact, "Ana")
    seen = configuration.get("contacts", ana).version
    configuration.save("contacts", {"email": "ana@corp.example"}, ana, version=seen)
    with pytest.raises(EditedMeanwhile):
        configuration.save("contacts", {"email": "other@corp.example"}, ana, version=seen)
    assert configuration.get("contacts", ana).entry["email"] == "ana@corp.example"


def test_a_check_changes_nothing(ctx, full):
    configuration.apply(full)
    found = configuration.check("contacts", {"name": "Bea", "email": "x"}, number(Contact, "Ana"))
    assert [problem.path for problem in found] == ["name"]
    assert configuration.check("contacts", {"name": "New"}) == []
    assert configuration.names("contacts") == ["Ana", "Bea"]


def test_a_new_contact_reads_the_language_of_the_house(ctx):
    configuration.save("contacts", {"name": "Before"})
    configuration.apply("{contacts: [{name: Same, locale: es}, {name: File}], parameters: {language: pt-BR}}")
    configuration.save("contacts", {"name": "After"})
    configuration.save("contacts", {"email": "a@corp.example"}, number(Contact, "Before"))
    found = dict(db.session.execute(select(Contact.name, Contact.locale)).all())
    assert found == {"Before": "en", "Same": "es", "File": "pt-BR", "After": "pt-BR"}
    wrong = "{contacts: [{name: Other}], parameters: {language: [xx]}}"
    assert paths(lambda: configuration.apply(wrong)) == ["parameters.language"]
