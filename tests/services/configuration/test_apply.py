"""What applying a file does: everything it says, once, and nothing else."""

from __future__ import annotations

from sqlalchemy import select

from webapp.extensions import db
from webapp.models import Contact, ContactGroup, EventType, Notification, Parameter, Rulebook, SmtpAccount, Text
from webapp.services import configuration, parameters
from webapp.services.unit import write


def one(model, name):
    db.session.expire_all()
    return db.session.scalar(select(model).where(model.name == name))


def versions():
    db.session.expire_all()
    rows = [
        row for model in (SmtpAccount, Contact, ContactGroup, Notification) for row in db.session.scalars(select(model))
    ]
    return {(type(row).__name__, row.name): row.version for row in rows}


def rulebooks():
    return list(db.session.scalars(select(Rulebook.id)))


def test_every_section_is_stored(any_ctx, full):
    configuration.apply(full)
    relay, rule, ana = one(SmtpAccount, "Relay"), one(Notification, "Vault watch"), one(Contact, "Ana")
    assert (relay.host, relay.port, relay.credential.username, relay.fallback.name) == (
        "127.0.0.1",
        2525,
        "app",
        "Second",
    )
    assert (relay.enabled, relay.secure, relay.footer, relay.max_connections) == (True, False, True, 4)
    assert (ana.locale, ana.timezone, ana.mobile, ana.email) == (
        "pt-BR",
        "America/Sao_Paulo",
        "+5511999990000",
        "ana@corp.example",
    )
    assert rule.channels == ["email", "sms"]
    assert rule.types == ["password.changed", "credential.*", "custom.thing"]
    assert ([who.name for who in rule.contacts], [group.name for group in rule.groups]) == (["Ana"], ["Security"])
    assert rule.account.name == "Second"
    assert sorted(contact.name for contact in one(ContactGroup, "Security").contacts) == ["Ana", "Bea"]
    assert {row.type: row.severity for row in db.session.scalars(select(EventType))} == {
        "custom.thing": "info",
        "password.changed": "error",
    }
    assert db.session.scalar(select(Text)).body == "B\n\n  more"
    assert parameters.read(db.session())["footer_text"] == "Sent by the herald"


def test_the_second_time_changes_nothing(any_ctx, full):
    configuration.apply(full)
    before = versions(), rulebooks(), configuration.export()
    assert configuration.apply(full) == []
    assert (versions(), rulebooks(), configuration.export()) == before


def test_changes_are_told_as_data(ctx, full):
    created = configuration.apply(full)
    assert {(change.section, change.name, change.action) for change in created} >= {
        ("credentials", "relay", "created"),
        ("smtp_accounts", "Relay", "created"),
        ("parameters", "parameters", "changed"),
        ("contacts", "Ana", "created"),
        ("event_types", "password.changed", "changed"),
        ("texts", "password.changed email en", "created"),
    }
    [change] = configuration.apply("smtp_accounts: [{name: Relay, port: 25, secure: true}]")
    assert (change.action, change.fields) == ("changed", {"port": (2525, 25), "secure": (False, True)})
    assert configuration.describe(change) == "smtp_accounts Relay: changed port 2525 to 25, secure false to true"


def test_only_what_changed_moves_its_version(ctx, full):
    configuration.apply(full)
    before = versions()
    configuration.apply("groups: [{name: Security, contacts: [Bea]}]\ncontacts: [{name: Bea, locale: es}]")
    moved = {key for key, version in versions().items() if version != before[key]}
    assert moved == {("ContactGroup", "Security"), ("Contact", "Bea")}


def test_a_key_left_out_keeps_its_value(ctx, full):
    configuration.apply(full)
    configuration.apply("contacts: [{name: Ana, enabled: false}]")
    ana = one(Contact, "Ana")
    assert (ana.enabled, ana.email, ana.locale) == (False, "ana@corp.example", "pt-BR")


def test_null_empties_what_may_be_empty(ctx, full):
    configuration.apply(full)
    configuration.apply(
        "smtp_accounts: [{name: Relay, fallback: null}]\ncontacts: [{name: Ana, mobile: null}]\n"
        "notifications: [{name: Vault watch, account: null, groups: []}]"
    )
    assert one(SmtpAccount, "Relay").fallback is None
    assert one(Contact, "Ana").mobile == ""
    assert (one(Notification, "Vault watch").account, one(Notification, "Vault watch").groups) == (None, [])


def test_fallbacks_in_a_circle_are_refused_where_they_are_given(ctx, full, refusals):
    configuration.apply(full)
    found = refusals("smtp_accounts: [{name: Second, fallback: Relay}]")
    assert "Second → Relay → Second" in found["smtp_accounts[0].fallback"]


def test_a_dry_run_tells_and_writes_nothing(ctx, full):
    before = configuration.export()
    assert len(configuration.apply(full, dry_run=True)) == len(configuration.apply(full, dry_run=True)) > 0
    assert configuration.export() == before
    assert rulebooks() == []


def test_rules_are_published_once_and_only_for_what_they_are_made_of(ctx, full):
    configuration.apply(full)
    first = rulebooks()  # the empty one, by which the new credential was told, and that of the file
    assert len(first) == 2
    configuration.apply("parameters: {footer_text: Other}\nsmtp_accounts: [{name: Relay, port: 26}]")
    assert rulebooks() == first
    configuration.apply("contacts: [{name: Ana, enabled: false}, {name: Eva}]")
    assert len(rulebooks()) == 3


def test_pruning_leaves_what_the_file_holds(any_ctx, full):
    configuration.apply(full)
    changes = configuration.apply(
        "smtp_accounts: [{name: Second, default: true}]\ncontacts: [{name: Bea}]\n"
        "notifications: [{name: Vault watch, types: ['*'], contacts: [Bea], groups: []}]",
        prune=True,
    )
    removed = {(change.section, change.name) for change in changes if change.action == "removed"}
    assert removed == {
        ("credentials", "relay"),
        ("smtp_accounts", "Relay"),
        ("contacts", "Ana"),
        ("groups", "Security"),
        ("event_types", "custom.thing"),
        ("certificates", "Portal"),
        ("texts", "password.changed email en"),
    }
    assert db.session.scalars(select(EventType)).all() == []
    assert db.session.scalars(select(Parameter)).all() == []
    assert one(Notification, "Vault watch").account.name == "Second"


def test_without_pruning_what_is_not_in_the_file_stays(ctx, full):
    configuration.apply(full)
    before = configuration.export()
    assert configuration.apply("contacts: [{name: Ana}]") == []
    assert configuration.apply("") == []
    assert configuration.export() == before


def test_pruning_refuses_to_take_what_is_still_used(ctx, full, refusals):
    configuration.apply(full)
    before = configuration.export()
    found = refusals("notifications: [{name: Vault watch}]", prune=True)
    assert {"notifications[0].contacts[0]", "notifications[0].groups[0]", "notifications[0].account"} <= set(found)
    assert configuration.export() == before


def test_pruning_everything_is_possible(any_ctx, full):
    configuration.apply(full)
    configuration.apply("", prune=True)
    assert "name:" not in configuration.export()


def test_a_built_in_type_put_back_needs_no_row(ctx, full):
    configuration.apply(full)
    configuration.apply("event_types: [{type: password.changed, severity: info}]")
    assert db.session.get(EventType, "password.changed") is None


def test_the_category_of_a_new_type_may_follow_from_its_prefix(ctx):
    configuration.apply(
        "event_types: [{type: backup.verified, title: V}, {type: custom.a, title: A, category: monitoring}]"
    )
    assert db.session.get(EventType, "backup.verified").category == "Password backup"
    assert db.session.get(EventType, "custom.a").category == "Monitoring"


def test_a_custom_type_may_be_told_by_its_prefix(ctx):
    configuration.apply(
        "notifications: [{name: N, types: [custom.*]}]\nevent_types: [{type: custom.a, title: A, category: Monitoring}]"
    )
    assert one(Notification, "N").types == ["custom.*"]


def test_a_pin_is_kept_without_colons_in_lower_case(ctx):
    pin = ":".join(["AB"] * 32)
    configuration.apply(
        f"smtp_accounts: [{{name: R, sender_email: a@b, host: h, port: 25, pinned_certificate: '{pin}'}}]"
    )
    assert one(SmtpAccount, "R").pinned_certificate == "ab" * 32


def test_it_joins_a_unit_of_work(ctx, full):
    try:
        with write():
            configuration.apply(full)
            raise RuntimeError
    except RuntimeError:
        pass
    assert one(Contact, "Ana") is None
