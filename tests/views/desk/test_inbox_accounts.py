"""Inbox accounts by form: every field is stored; tested and read on demand against a real server."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.peers import free_port, give_away
from tests.peers.mailbox_script import ScriptedMailbox
from tests.services.inbox.conftest import mail
from tests.visiting import errors, post, seen
from webapp.extensions import db
from webapp.models import InboundMessage
from webapp.services import configuration

LIST = "/settings/inbox-accounts"


@pytest.fixture
def box(dovecot):
    return dovecot.box()


@pytest.fixture
def account(world, dovecot, box) -> int:
    """An account that reads the box."""

    def make():
        secret = {"value": dovecot.password}
        configuration.save("credentials", {"name": "reader", "username": box.user, "secret": secret})
        values = {"name": "Replies", "host": "127.0.0.1", "port": dovecot.imap, "credential": "reader"}
        configuration.save("inbox_accounts", {**values, "ignore_older": False})
        return configuration.number_of("inbox_accounts", values)

    return world.do(make)


def stored(world, number: int) -> dict:
    return world.do(lambda: dict(configuration.get("inbox_accounts", number).entry))


EVERY_FIELD = {
    "name": ("Other", "Other"),
    "enabled": (False, False),
    "automatic_check": (False, False),
    "interval_seconds": ("90", 90),
    "protocol": ("imap", "imap"),
    "host": ("10.0.0.5", "10.0.0.5"),
    "port": ("1993", 1993),
    "secure": (True, True),
    "security": ("ssl", "ssl"),
    "ignore_certificate_errors": (True, True),
    "folder": ("Answers", "Answers"),
    "keep_copy": (False, False),
    "move_to": ("Done", "Done"),
    "ignore_older": (True, True),
    "forward_replies": (True, True),
}
RULE = {
    "events-0-sender": "ups@*",
    "events-0-subject": "battery",
    "events-0-type": "monitoring.disk",
    "events-0-severity": "error",
    "events-0-attributes": "site=HQ, rack=7",
}


def test_the_form_has_every_field_and_each_is_stored(world, account, submit, visit):
    assert set(EVERY_FIELD) | {"credential", "events"} == set(stored(world, account))
    typed = {name: value for name, (value, _) in EVERY_FIELD.items()}
    assert submit(f"{LIST}/{account}/edit", **typed, **RULE).status_code == 303
    entry = stored(world, account)
    assert {name: entry[name] for name in EVERY_FIELD} == {name: kept for name, (_, kept) in EVERY_FIELD.items()}
    [rule] = entry["events"]
    assert rule == {
        "sender": "ups@*",
        "subject": "battery",
        "type": "monitoring.disk",
        "severity": "error",
        "attributes": {"site": "HQ", "rack": "7"},
    }
    page = visit(f"{LIST}/{account}/edit")
    assert page.find("input", name="events-0-attributes").get("value") == "site=HQ, rack=7"
    assert submit(f"{LIST}/{account}/edit", **{"events-0-remove": True}).status_code == 303
    assert stored(world, account)["events"] == ()


@pytest.mark.parametrize(
    "attributes", [{}, {"site": "HQ, floor 2", "a": 'say "x", y'}, {"a b": "=", "c": "", "q": '"'}]
)
def test_a_rule_stays_as_it_is_when_nothing_of_it_is_changed(world, account, submit, attributes):
    rule = {"sender": "ups@*", "type": "monitoring.disk", "attributes": attributes}
    world.do(lambda: configuration.save("inbox_accounts", {"events": [rule]}, account))
    assert submit(f"{LIST}/{account}/edit").status_code == 303
    assert stored(world, account)["events"][0]["attributes"] == attributes


WRONG_RULES = {
    "events-1-sender": ("*", "This passes everything"),
    "events-1-type": ("gone", "There is no event type named 'gone'"),
    "events-1-severity": ("zz", "Use one of"),
    "events-1-attributes": ("noequal", "“noequal” is no pair"),
}


@pytest.mark.parametrize("field", WRONG_RULES)
def test_what_is_wrong_with_a_rule_stands_beside_its_field(world, account, submit, field):
    value, words = WRONG_RULES[field]
    rules = {**RULE, **{name.replace("0", "1"): text for name, text in RULE.items()}, field: value}
    page = seen(submit(f"{LIST}/{account}/edit", **rules), LIST)
    wrong = page.find("select" if field.endswith(("type", "severity")) else "input", id=field)
    assert wrong.get("aria-invalid") == "true"
    assert words in errors(page)[field]
    assert "Mail to event: Rule 2, " in "".join(page.find("section", id="error-summary").itertext())
    assert page.find("input", id="events-0-sender").get("aria-invalid") is None
    assert stored(world, account)["events"] == ()


@pytest.mark.parametrize(("name", "value"), [("sender", "a@*"), ("severity", "error"), ("attributes", "a=1")])
def test_a_rule_without_an_event_type_is_not_lost(world, account, submit, name, value):
    page = seen(submit(f"{LIST}/{account}/edit", **{f"events-0-{name}": value}), LIST)
    assert "Choose an event type, or remove the rule." in errors(page)["events-0-type"]
    assert page.find("input", name="events-0-remove") is not None


def test_an_attribute_is_not_given_twice(account, submit):
    page = seen(submit(f"{LIST}/{account}/edit", **{**RULE, "events-0-attributes": "a=1, a=2"}), LIST)
    assert "a is listed more than once" in errors(page)["events-0-attributes"]


def test_the_severities_of_a_rule_are_in_the_language_of_the_page(account, submit, admin_client):
    assert submit(f"{LIST}/{account}/edit", **RULE).status_code == 303
    page = seen(admin_client.get(f"{LIST}/{account}/edit", headers={"Accept-Language": "pt-BR"}), LIST)
    options = page.find("select", name="events-0-severity").findall("option")
    assert [option.get("value") for option in options] == ["", "info", "warning", "error", "critical"]
    assert [option.text for option in options][1:] == ["informação", "aviso", "erro", "crítico"]
    assert [option.get("value") for option in options if "selected" in option.attrib] == ["error"]


def test_a_refused_form_names_the_field(world, account, submit):
    page = seen(submit(f"{LIST}/{account}/edit", protocol="pop3", move_to="Done", port="0"), LIST)
    assert page.find("input", id="port").get("aria-invalid") == "true"
    assert page.find("input", id="move_to").get("aria-invalid") == "true"
    assert page.find("input", id="move_to").get("value") == "Done"


def test_a_new_account_has_the_usual_port(visit):
    page = visit(f"{LIST}/new")
    assert page.find("input", id="port").get("value") == "993"


def test_the_setting_is_tested_without_reading_anything(world, account, box, admin_client):
    box.put(mail(1))
    page = seen(post(admin_client, f"{LIST}/{account}/test"), LIST)
    assert "There is 1 message in it." in page.text
    assert "INBOX" in page.text
    assert "s3cret" not in page.html
    assert "***" in page.html
    assert world.do(lambda: db.session.scalars(select(InboundMessage.id)).all()) == []


def test_a_wrong_folder_is_said_with_those_that_there_are(world, account, box, admin_client):
    box.put(mail(1), folder="Answers")
    world.do(lambda: configuration.save("inbox_accounts", {"folder": "Answer"}, account))
    page = seen(post(admin_client, f"{LIST}/{account}/test"), LIST)
    assert "The folder Answer cannot be opened: " in page.text
    assert "Answers, INBOX" in page.text


def test_a_wrong_password_is_said_with_what_to_try(world, account, admin_client):
    def spoil():
        configuration.save("credentials", {"secret": {"value": "wrong-canary"}}, 1)

    world.do(spoil)
    page = seen(post(admin_client, f"{LIST}/{account}/test"), LIST)
    assert "The mailbox cannot be entered" in page.text
    assert "Check the user name and the secret" in page.text
    assert "wrong-canary" not in page.html


def test_it_is_read_now_and_says_what_came_of_it(world, account, box, admin_client, visit):
    for number in range(3):
        box.put(mail(number))
    page = seen(post(admin_client, f"{LIST}/{account}/check"), LIST)
    assert "3 new mails were read." in page.text
    assert "3 of 3 new mails read" in page.text
    assert len(world.do(lambda: db.session.scalars(select(InboundMessage.id)).all())) == 3
    again = seen(post(admin_client, f"{LIST}/{account}/check"), LIST)
    assert "The server let us in. New mail is looked for." in again.text
    assert again.find("h2", id="dialogue-heading").text == "Progress"
    assert "3 mails that are kept now would go" in visit(f"{LIST}/{account}/edit").text


def test_trouble_is_seen_in_the_list_and_on_the_page(world, account, admin_client, visit):
    world.do(lambda: configuration.save("inbox_accounts", {"port": free_port()}, account))
    page = seen(post(admin_client, f"{LIST}/{account}/check"), LIST)
    assert "The mailbox was not read to its end" in page.text
    assert "in trouble" in visit(LIST).text
    shown = visit(f"{LIST}/{account}").text
    assert "Its mail stays where it is" in shown
    assert "Next try: " in shown
    world.do(lambda: configuration.save("inbox_accounts", {"automatic_check": False}, account))
    seen(post(admin_client, f"{LIST}/{account}/check"), LIST)
    shown = visit(f"{LIST}/{account}").text
    assert "Next try: " not in shown
    assert "It is read only when somebody asks for it." in shown


def test_mail_that_the_server_withholds_is_told_of(world, account, admin_client, visit):
    refuse = {"FETCH 1": b"TAG NO [SERVERBUG] it is broken"}
    with ScriptedMailbox("imap", {1: mail(1)}, body=refuse) as server:
        world.do(lambda: configuration.save("inbox_accounts", {"port": server.port, "secure": False}, account))
        page = seen(post(admin_client, f"{LIST}/{account}/check"), LIST)
    assert "The mailbox was read" in page.text
    assert "1. The server answered: " in page.text
    assert "mail withheld" in visit(LIST).text
    shown = visit(f"{LIST}/{account}").text
    assert "The server withholds 1 mail" in shown
    assert "[SERVERBUG] it is broken" in shown


def asking(box, dovecot, **fields) -> dict:
    """A form that is sent to list the folders of the server that it names."""
    server = {"protocol": "imap", "host": "127.0.0.1", "port": str(dovecot.imap), "security": "tls"}
    return {"name": "", "folder": "INBOX", "find": "folder", "credential": "reader", **server, **fields}


@pytest.mark.parametrize("path", ["new", "1/edit"])
def test_the_folders_of_the_server_that_is_typed_are_offered(account, box, dovecot, admin_client, path):
    box.put(mail(1))
    (box.folder / ".Answers" / "cur").mkdir(parents=True)
    give_away(box.folder / ".Answers")
    page = seen(post(admin_client, f"{LIST}/{path}", asking(box, dovecot, folder="Answers")), LIST)
    chosen = page.find("select", id="folder")
    assert [(option.get("value"), option.get("selected")) for option in chosen] == [("Answers", ""), ("INBOX", None)]
    assert page.find("button", name="find").get("hx-select") == "#folder-picker"
    away = seen(post(admin_client, f"{LIST}/{path}", asking(box, dovecot, folder="Nowhere")), LIST)
    assert "Nowhere (not on the server)" in away.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"credential": ""}, "Credential: This is needed."),
        ({"host": "no host"}, "Server: Write a host name"),
        ({"port": "0"}, "Port: Use a whole number"),
        ({"port": "abc"}, "Port: Write a whole number."),
        ({"port": ""}, "Port: Write a whole number."),
        ({"port": "1"}, "No connection to 127.0.0.1 port 1"),
        ({"protocol": "zz"}, "Protocol: Use one of imap, pop3"),
        ({"security": "zz"}, "Security: Use one of tls, ssl"),
        ({"credential": "gone"}, "Credential: There is no credential named 'gone'"),
    ],
)
@pytest.mark.parametrize(("path", "name"), [("new", ""), ("new", "Replies"), ("1/edit", "Replies")])
def test_why_there_are_no_folders_to_offer(account, box, dovecot, admin_client, wrong, words, path, name):
    """Whatever else is wrong with the form, such as a name that another account has."""
    page = seen(post(admin_client, f"{LIST}/{path}", asking(box, dovecot, name=name, **wrong)), LIST)
    assert words in page.text
    assert page.find("input", id="folder").get("value") == "INBOX"
    assert "Nothing was saved yet" not in page.text


@pytest.mark.parametrize("path", ["", "/new", "/1", "/1/edit", "/1/test", "/1/check", ".csv"])
def test_pages_are_for_administrators(account, path, visit, operator_client, admin_client):
    visit(f"{LIST}{path}", client=operator_client, status=403)
    assert admin_client.get(f"{LIST}{path}").status_code == 200
