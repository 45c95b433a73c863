"""Credentials by form: written once, never shown again."""

from __future__ import annotations

from tests.visiting import post, seen
from webapp.extensions import db
from webapp.models import Credential
from webapp.services import accounts, configuration, vault

LIST = "/settings/credentials"
CANARY = "hunter2-canary"


def secret_of(world, number: int) -> str:
    def work():
        row = db.session.get_one(Credential, number)
        return vault.unseal(row.sealed_secret, accounts.secret_place(row.id))

    return world.do(work)


def test_a_new_credential_is_sealed_and_never_shown(world, visit, submit):
    answer = submit(f"{LIST}/new", name="relay", username="app", secret=CANARY)
    assert answer.status_code == 303
    for path in (LIST, f"{LIST}/1", f"{LIST}/1/edit"):
        page = visit(path)
        assert "app" in page.html
        assert CANARY not in page.html
    assert secret_of(world, 1) == CANARY


def test_a_refused_form_does_not_send_the_secret_back(submit):
    answer = submit(f"{LIST}/new", name="", username="app", secret=CANARY)
    assert answer.status_code == 422
    assert CANARY not in answer.text


def test_a_new_credential_needs_its_secret(submit):
    page = seen(submit(f"{LIST}/new", name="relay", username="app"), LIST)
    assert page.find("input", id="secret").get("aria-invalid") == "true"


def test_an_empty_secret_keeps_the_stored_one(world, submit):
    submit(f"{LIST}/new", name="relay", username="app", secret=CANARY)
    assert submit(f"{LIST}/1/edit", name="renamed").status_code == 303
    assert secret_of(world, 1) == CANARY
    submit(f"{LIST}/1/edit", secret="another")
    assert secret_of(world, 1) == "another"


def test_another_user_name_needs_its_secret_as_well(world, submit):
    submit(f"{LIST}/new", name="relay", username="app", secret=CANARY)
    assert submit(f"{LIST}/1/edit", username="other").status_code == 422
    assert submit(f"{LIST}/1/edit", username="other", secret="its own").status_code == 303


def test_a_secret_is_only_what_was_typed(world, submit, monkeypatch):
    """Whoever fills in a form must not read this machine's environment or files."""
    monkeypatch.setenv("SOME_SECRET", CANARY)
    submit(f"{LIST}/new", name="relay", username="app", secret="{env: SOME_SECRET}")
    assert secret_of(world, 1) == "{env: SOME_SECRET}"


def test_one_that_an_account_signs_in_with_stays_unless_another_follows(world, visit, submit, admin_client):
    for name in ("relay", "other"):
        submit(f"{LIST}/new", name=name, username="app", secret=CANARY)
    world.account("Relay", authenticate=True, credential_id=1)
    assert "Relay" in visit(f"{LIST}/1/delete").text
    refused = post(admin_client, f"{LIST}/1/delete", {"follow": "nothing"})
    assert refused.status_code == 422
    assert "Relay" in seen(refused, LIST).text
    assert post(admin_client, f"{LIST}/1/delete", {"follow": "successor", "successor": "other"}).status_code == 303
    assert world.do(lambda: configuration.get("smtp_accounts", 1).entry["credential"]) == "other"
