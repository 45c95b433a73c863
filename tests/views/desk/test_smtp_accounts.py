"""SMTP accounts by form: everything that the file can say, a person says in the browser."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.visiting import errors, post, seen
from webapp.extensions import db
from webapp.models import SmtpAccount
from webapp.services import configuration

LIST = "/settings/smtp-accounts"
GOOD = {"name": "Second", "sender_email": "two@corp.example", "host": "mail.corp.example", "port": "2526"}


@pytest.fixture
def relay(world) -> int:
    return world.account("Relay")


def stored(world, name: str) -> dict:
    def work():
        number = db.session.scalar(select(SmtpAccount.id).where(SmtpAccount.name == name))
        return dict(configuration.get("smtp_accounts", number).entry)

    return world.do(work)


def test_a_new_account(world, relay, visit, submit):
    answer = submit(f"{LIST}/new", **GOOD, secure=False, footer=False, send_read_receipt=True)
    assert answer.status_code == 303
    page = visit(answer.headers["Location"])
    assert "two@corp.example" in page.text
    entry = stored(world, "Second")
    assert (entry["port"], entry["secure"], entry["footer"], entry["send_read_receipt"]) == (2526, False, False, True)
    assert stored(world, "Relay")["default"]


EVERY_FIELD = {
    "name": ("Other", "Other"),
    "default": (True, True),
    "sender_email": ("o@corp.example", "o@corp.example"),
    "sender_name": ("Other name", "Other name"),
    "reply_email": ("r@corp.example", "r@corp.example"),
    "return_path_email": ("b@corp.example", "b@corp.example"),
    "return_path_plus": (True, True),
    "confirmation_email": ("c@corp.example", "c@corp.example"),
    "send_read_receipt": (True, True),
    "force_settings": (True, True),
    "footer": (False, False),
    "host": ("10.0.0.5", "10.0.0.5"),
    "port": ("465", 465),
    "secure": (True, True),
    "security": ("ssl", "ssl"),
    "ignore_certificate_errors": (True, True),
    "pinned_certificate": ("AA:" * 31 + "AA", "aa" * 32),
    "authenticate": (True, True),
    "credential": ("relay", "relay"),
    "max_connections": ("7", 7),
    "max_per_minute": ("60", 60),
    "fallback": ("Relay", "Relay"),
}


def test_the_form_has_every_field_and_each_is_stored(world, relay, submit):
    world.do(lambda: configuration.save("credentials", {"name": "relay", "username": "u", "secret": {"value": "s"}}))
    submit(f"{LIST}/new", **GOOD, secure=False)
    second = world.do(lambda: db.session.scalar(select(SmtpAccount.id).where(SmtpAccount.name == "Second")))
    before = stored(world, "Second")
    assert set(EVERY_FIELD) | {"enabled"} == set(before)
    answer = submit(f"{LIST}/{second}/edit", **{name: typed for name, (typed, _) in EVERY_FIELD.items()})
    assert answer.status_code == 303
    after = stored(world, "Other")
    assert {name: after[name] for name in EVERY_FIELD} == {name: kept for name, (_, kept) in EVERY_FIELD.items()}
    assert not stored(world, "Relay")["default"]


def test_a_refused_form_keeps_everything_typed(world, relay, submit):
    answer = submit(f"{LIST}/new", **{**GOOD, "port": "99999", "sender_email": "no address"})
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert page.find("input", id="sender_email").get("value") == "no address"
    assert page.find("input", id="port").get("value") == "99999"
    assert page.find("input", id="host").get("value") == "mail.corp.example"
    assert set(errors(page)) == {"port", "sender_email"}
    assert page.find("input", id="port").get("aria-invalid") == "true"
    assert world.count(SmtpAccount) == 1


@pytest.mark.parametrize("typed", ["25a", ""])
def test_what_is_no_number_is_told_and_kept(relay, submit, typed):
    page = seen(submit(f"{LIST}/new", **{**GOOD, "port": typed}), LIST)
    assert errors(page) == {"port": "Write a whole number."}
    assert page.find("input", id="port").get("value") == typed


def test_one_field_is_checked_while_the_form_is_filled_in(relay, admin_client):
    asked = {"HX-Request": "true", "HX-Target": "sender_email-error"}
    answer = post(admin_client, f"{LIST}/check?field=sender_email", {"sender_email": "nobody"}, headers=asked)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "nobody" in answer.text or "address" in answer.text
    fine = post(admin_client, f"{LIST}/check?field=sender_email", {"sender_email": "a@corp.example"}, headers=asked)
    assert fine.text.strip() == ""
    assert post(admin_client, f"{LIST}/check?field=nothing", {}).status_code == 404


def test_the_default_moves_in_one_step(world, relay, admin_client, submit):
    second = world.account("Second", is_default=False)
    answer = post(admin_client, f"{LIST}/{second}/default", {"next": LIST})
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    assert stored(world, "Second")["default"]
    assert not stored(world, "Relay")["default"]


def test_a_default_account_is_not_disabled_without_another(world, relay, admin_client):
    world.account("Second", is_default=False)
    answer = post(admin_client, f"{LIST}/{relay}/disable")
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert "Second" in page.text
    assert stored(world, "Relay")["enabled"]


def test_disabled_and_enabled(world, relay, admin_client):
    second = world.account("Second", is_default=False)
    assert post(admin_client, f"{LIST}/{second}/disable").status_code == 303
    assert not stored(world, "Second")["enabled"]
    assert post(admin_client, f"{LIST}/{second}/enable").status_code == 303
    assert stored(world, "Second")["enabled"]


def test_two_administrators_do_not_overwrite_each_other(world, relay, admin_client, submit, visit):
    stale = visit(f"{LIST}/{relay}/edit")
    submit(f"{LIST}/{relay}/edit", sender_name="Theirs")
    version = stale.find("input", name="version").get("value")
    answer = submit(f"{LIST}/{relay}/edit", sender_name="Mine", version=version)
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert stored(world, "Relay")["sender_name"] == "Theirs"
    assert "Theirs" in page.text
    assert page.find("input", id="sender_name").get("value") == "Mine"
    newest = page.find("input", name="version").get("value")
    assert submit(f"{LIST}/{relay}/edit", sender_name="Mine", version=newest).status_code == 303
    assert stored(world, "Relay")["sender_name"] == "Mine"


def test_a_clone_is_another_account_and_never_the_default(world, relay, visit, submit):
    page = visit(f"{LIST}/new?like={relay}")
    assert page.find("input", id="name").get("value") == "Relay (copy)"
    assert submit(f"{LIST}/new?like={relay}").status_code == 303
    assert stored(world, "Relay")["default"]
    assert not stored(world, "Relay (copy)")["default"]


def test_one_in_use_goes_with_a_successor(world, relay, visit, admin_client):
    second = world.account("Second", is_default=False, fallback_id=relay)
    page = visit(f"{LIST}/{relay}/delete")
    assert "Second" in page.text
    assert post(admin_client, f"{LIST}/{relay}/delete").status_code == 422
    answer = post(admin_client, f"{LIST}/{relay}/delete", {"follow": "successor", "successor": "Second"})
    assert (answer.status_code, answer.headers["Location"]) == (303, LIST)
    [left] = world.do(lambda: db.session.scalars(select(SmtpAccount)).all())
    assert (left.id, left.is_default, left.fallback_id) == (second, True, None)


def test_a_list_is_filtered_sorted_and_exported(world, relay, visit, admin_client):
    world.account("Backup", is_default=False, enabled=False, host="zebra.corp.example")
    links = [a.text for a in visit(LIST).all("a", class_="cut")]
    assert links == ["Backup", "Relay"]
    assert [a.text for a in visit(f"{LIST}?sort=-name").all("a", class_="cut")] == ["Relay", "Backup"]
    assert [a.text for a in visit(f"{LIST}?sort=host").all("a", class_="cut")] == ["Relay", "Backup"]
    assert [a.text for a in visit(f"{LIST}?enabled=no").all("a", class_="cut")] == ["Backup"]
    assert [a.text for a in visit(f"{LIST}?text=zebra").all("a", class_="cut")] == ["Backup"]
    assert "Nothing passes" in visit(f"{LIST}?text=nothing").text
    visit(f"{LIST}?enabled=perhaps", status=422)
    lines = admin_client.get(f"{LIST}.csv?enabled=yes").text.splitlines()
    assert lines[0].lstrip("\ufeff").startswith("id,name,enabled,default")
    assert len(lines) == 2


def test_pages_of_a_list(world, visit):
    for number in range(120):
        world.account(f"A{number:03}", is_default=number == 0)
    first = visit(LIST)
    [forward] = first.all("a", rel="next")
    second = visit(forward.get("href"))
    assert second.find("a", class_="cut").text == "A050"
    [back] = second.all("a", rel="prev")
    assert visit(back.get("href")).find("a", class_="cut").text == "A000"


def test_how_an_account_is_secured_is_seen_in_the_list(world, relay, visit):
    world.account("Careless", is_default=False, secure=True, ignore_certificate_errors=True)
    assert "certificate not checked" in visit(LIST).text


def test_trouble_is_seen(world, relay, visit):
    world.trouble(relay, kind="auth", stage="auth", code=535, words="5.7.8 no")
    assert "in trouble" in visit(LIST).text
    assert "535 5.7.8 no" in visit(f"{LIST}/{relay}").text


def test_trouble_is_told_in_the_language_of_the_reader(world, relay, admin_client):
    world.trouble(relay, kind="unreachable", stage="connect", words="The server closed the connection.")
    page = admin_client.get(f"{LIST}/{relay}", headers={"Accept-Language": "es"})
    assert "Conexión: El servidor cerró la conexión." in page.text
    assert "sin TLS" in page.text


@pytest.mark.parametrize("path", ["", "/new", "/1", "/1/edit", "/1/delete", ".csv"])
def test_only_administrators(relay, path, operator_client, visit):
    visit(f"{LIST}{path}", client=operator_client, status=403)


def test_what_is_not_there(visit, admin_client):
    for path in ("/7", "/7/edit", "/7/delete", "/new?like=7"):
        visit(f"{LIST}{path}", status=404)
    assert post(admin_client, f"{LIST}/7/disable").status_code == 404


def test_a_refusal_does_not_make_an_old_form_young(relay, submit, visit):
    opened = visit(f"{LIST}/{relay}/edit").find("input", name="version").get("value")
    submit(f"{LIST}/{relay}/edit", sender_name="Theirs")
    refused = seen(submit(f"{LIST}/{relay}/edit", port="25a", version=opened), LIST)
    assert refused.find("input", name="version").get("value") == opened
    assert submit(f"{LIST}/{relay}/edit", sender_name="Mine", version=opened).status_code == 422
