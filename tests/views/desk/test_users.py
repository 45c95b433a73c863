"""Users by form: who may do what, their passwords and their sessions; somebody always remains who can let others in."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.visiting import Page, post, seen, signed_in
from webapp.errors import InvalidInput
from webapp.extensions import db
from webapp.models import User
from webapp.services import passwords, people

LIST = "/users"
WORDS = "four unrelated long words"


@pytest.fixture(autouse=True)
def _cheap_hashes(monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", passwords.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


def user(world, name: str) -> User:
    return world.do(lambda: db.session.scalars(select(User).where(User.name == name)).one())


def errors(page: Page) -> list[str]:
    return [slot.get("id") for slot in page.all("p", class_="field-error") if "".join(slot.itertext()).strip()]


def sign_in(app, name: str, password: str):
    client = app.test_client()
    return client, post(client, "/login", {"username": name, "password": password})


@pytest.fixture
def ana(app):
    """The number of Ana, an operator, and a browser in which she is signed in."""
    client = signed_in(app, "operator", "ana")
    with app.app_context():
        return db.session.scalar(select(User.id).where(User.name == "ana")), client


def test_a_new_user_gets_a_password_that_is_shown_once(app, submit, visit):
    answer = submit(f"{LIST}/new", name="ana", role="operator", locale="pt-BR", timezone="America/Sao_Paulo")
    page = visit(answer.headers["Location"])
    password = next(button.get("data-copy") for button in page.find("main").iter("button") if button.get("data-copy"))
    assert password not in visit(answer.headers["Location"]).html
    client, answer = sign_in(app, "ana", password)
    assert answer.status_code == 303
    assert 'lang="pt-BR"' in client.get("/profile").text


def test_a_new_user_with_a_chosen_password(app, submit, visit):
    answer = submit(f"{LIST}/new", name="ana", choose=True, password=WORDS, repeated=WORDS)
    assert "Here is the password" not in visit(answer.headers["Location"]).text
    assert sign_in(app, "ana", WORDS)[1].status_code == 303


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({"name": ""}, ["name-error"]),
        ({"name": "admin"}, ["name-error"]),
        ({"role": "king"}, ["role-error"]),
        ({"choose": True, "password": "short", "repeated": "short"}, ["password-error"]),
        ({"choose": True, "password": WORDS, "repeated": "other"}, ["repeated-error"]),
        ({"timezone": "Mars/Olympus"}, ["timezone-error"]),
    ],
)
def test_a_refused_form_says_where_and_sends_no_password_back(world, submit, typed, wrong):
    answer = submit(f"{LIST}/new", **{"name": "ana", **typed})
    assert answer.status_code == 422
    assert errors(seen(answer, LIST)) == wrong
    assert WORDS not in answer.text
    assert world.count(User) == 1


def test_a_field_is_checked_while_it_is_filled_in(admin_client):
    fine = {"name": "ana", "role": "viewer", "timezone": "UTC", "theme": "auto"}
    assert "taken" in post(admin_client, f"{LIST}/check?field=name", {**fine, "name": "admin"}).text
    assert post(admin_client, f"{LIST}/check?field=name", fine).text.strip() == ""
    weak = {**fine, "choose": "y", "password": "x"}
    assert "at least 8" in post(admin_client, f"{LIST}/check?field=password", weak).text


def test_another_role_is_in_force_at_once_and_ends_every_session(world, ana, submit, visit):
    number, client = ana
    assert client.get("/profile").status_code == 200
    assert submit(f"{LIST}/{number}/edit", role="viewer").status_code == 303
    assert client.get("/profile").status_code == 303
    assert user(world, "ana").role == "viewer"


def test_what_they_may_do_stays_when_only_looks_change(ana, submit):
    number, client = ana
    assert submit(f"{LIST}/{number}/edit", theme="dark", timezone="Europe/Madrid").status_code == 303
    assert 'data-theme="dark"' in client.get("/profile").text


def test_disabled_they_are_out_at_once(ana, admin_client):
    number, client = ana
    assert post(admin_client, f"{LIST}/{number}/disable").status_code == 303
    assert client.get("/profile").status_code == 303


def test_signed_out_everywhere(app, ana, admin_client, visit):
    number, client = ana
    assert "127.0.0.1" in visit(f"{LIST}/{number}").text
    assert post(admin_client, f"{LIST}/{number}/sign-out").status_code == 303
    assert client.get("/profile").status_code == 303
    assert "Nowhere" in visit(f"{LIST}/{number}").text


def test_deleted_with_their_sessions(world, ana, admin_client):
    number, client = ana
    assert post(admin_client, f"{LIST}/{number}/delete").status_code == 303
    assert client.get("/profile").status_code == 303
    assert world.count(User) == 1


def test_a_new_password_ends_every_session(app, ana, submit, visit):
    number, client = ana
    answer = submit(f"{LIST}/{number}/password", choose=True, password=WORDS, repeated=WORDS)
    assert answer.headers["Location"] == f"{LIST}/{number}"
    assert client.get("/profile").status_code == 303
    assert sign_in(app, "ana", WORDS)[1].status_code == 303
    assert submit(f"{LIST}/{number}/password").status_code == 303
    assert "Here is the password" in visit(f"{LIST}/{number}").text
    assert sign_in(app, "ana", WORDS)[1].status_code == 422


def test_a_weak_new_password_is_refused(ana, submit):
    number, client = ana
    answer = submit(f"{LIST}/{number}/password", choose=True, password="ana", repeated="ana")
    assert errors(seen(answer, LIST)) == ["password-error"]
    assert client.get("/profile").status_code == 200


def test_one_s_own_password_asks_for_the_present_one(world, admin_client):
    me = user(world, "admin").id
    assert admin_client.get(f"{LIST}/{me}/password").headers["Location"] == "/profile"
    assert post(admin_client, f"{LIST}/{me}/password").headers["Location"] == "/profile"


def test_nobody_shuts_themselves_out(world, app, admin_client, submit):
    signed_in(app, "admin", "another")
    me = user(world, "admin").id
    for answer in (
        post(admin_client, f"{LIST}/{me}/disable"),
        post(admin_client, f"{LIST}/{me}/delete"),
        submit(f"{LIST}/{me}/edit", role="viewer"),
    ):
        assert answer.status_code == 422
        assert "This is you" in seen(answer, LIST).text
    assert submit(f"{LIST}/{me}/edit", theme="dark").status_code == 303
    assert (user(world, "admin").role, user(world, "admin").enabled) == ("admin", True)


@pytest.mark.parametrize("loss", [{"enabled": False}, {"role": "operator"}, None])
def test_the_last_administrator_stays_whoever_asks(any_ctx, loss):
    number = people.create("only", WORDS, "admin")
    people.create("disabled", WORDS, "admin", enabled=False)
    with pytest.raises(InvalidInput, match="Nobody else can sign in as an administrator"):
        people.remove(number) if loss is None else people.change(number, loss)
    people.create("second", WORDS, "admin")
    people.remove(number) if loss is None else people.change(number, loss)


def test_two_administrators_do_not_overwrite_each_other(world, ana, submit, visit):
    number, _client = ana
    opened = visit(f"{LIST}/{number}/edit").find("input", name="version").get("value")
    submit(f"{LIST}/{number}/edit", theme="dark")
    assert submit(f"{LIST}/{number}/edit", theme="light", version=opened).status_code == 422
    assert user(world, "ana").theme == "dark"


def test_the_last_sign_in_is_seen_and_is_no_change_of_the_user(app, world, submit, visit):
    submit(f"{LIST}/new", name="ana", choose=True, password=WORDS, repeated=WORDS)
    ana = user(world, "ana")
    assert "never" in visit(LIST).text
    opened = visit(f"{LIST}/{ana.id}/edit").find("input", name="version").get("value")
    sign_in(app, " ana ", WORDS)
    assert user(world, "ana").last_sign_in_address == "127.0.0.1"
    assert submit(f"{LIST}/{ana.id}/edit", theme="dark", version=opened).status_code == 303
    assert [a.text for a in visit(f"{LIST}?role=admin").all("a", class_="cut")] == ["admin"]
    assert [a.text for a in visit(f"{LIST}?sort=-seen").all("a", class_="cut")] == ["ana", "admin"]


@pytest.mark.parametrize("path", ["", "/new", "/1", "/1/edit", "/1/delete", "/1/password", ".csv"])
def test_only_administrators(world, path, operator_client):
    assert operator_client.get(f"{LIST}{path}").status_code == 403
