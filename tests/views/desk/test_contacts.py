"""Contacts by form and as a report."""

from __future__ import annotations

import pytest

from tests.visiting import errors, post, seen
from webapp.models import Contact
from webapp.services import configuration

LIST = "/contacts"
ANA = {
    "name": "Ana",
    "email": "ana@corp.example",
    "mobile": "+55 (11) 99999-0000",
    "locale": "pt-BR",
    "timezone": "America/Sao_Paulo",
}


def entry(world, number: int) -> dict:
    return dict(world.do(lambda: configuration.get("contacts", number).entry))


def names(page) -> list[str]:
    return [link.text for link in page.all("a", class_="cut")]


def test_a_new_contact_with_every_field(world, submit, visit):
    answer = submit(f"{LIST}/new", **ANA, enabled=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{LIST}/1")
    assert entry(world, 1) == {**ANA, "mobile": "+5511999990000", "enabled": False}
    page = visit(f"{LIST}/1")
    for words in ("ana@corp.example", "+5511999990000", "Português (Brasil)", "America/Sao Paulo", "no"):
        assert words in page.text


def test_a_new_form_begins_with_the_language_of_the_house_and_the_zone_of_who_fills_it_in(world, visit):
    world.do(lambda: configuration.save("parameters", {"language": "es"}, "parameters"))
    page = visit(f"{LIST}/new")
    [language] = [option for option in page.find("select", id="locale").iter("option") if "selected" in option.attrib]
    [zone] = [option for option in page.find("select", id="timezone").iter("option") if "selected" in option.attrib]
    assert (language.get("value"), zone.get("value")) == ("es", "UTC")


def test_the_languages_are_those_of_the_program_then_all_others(world, visit):
    world.contact("Ana", locale="de-LU", timezone="EST5EDT")
    page = visit(f"{LIST}/1/edit")
    spoken, others = page.find("select", id="locale").iter("optgroup")
    assert [option.text for option in spoken] == ["English", "Português (Brasil)", "Español"]
    assert {"French", "German", "English (United Kingdom)", "German (Luxembourg)"} <= {one.text for one in others}
    assert "EST5EDT" in [option.get("value") for option in page.find("select", id="timezone").iter("option")]


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("name", "", "This is needed"),
        ("name", "Bea", "taken"),
        ("email", "nobody", "@"),
        ("mobile", "99999-0000", "+5511999990000"),
        ("locale", "tlh-Latn", "not a known language"),
        ("timezone", "Mars/Base", "not a known time zone"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_lost(world, submit, field, typed, words):
    world.contact("Bea")
    answer = submit(f"{LIST}/new", **{**ANA, field: typed})
    page = seen(answer, LIST)
    assert answer.status_code == 422
    assert words in errors(page)[field]
    kept = {name: value for name, value in ANA.items() if name not in (field, "locale", "timezone")}
    assert {name: page.find("input", id=name).get("value") for name in kept} == kept
    assert world.count(Contact) == 1


def test_it_is_said_in_the_language_of_the_reader(submit, admin_client):
    admin_client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "pt-BR"
    page = seen(submit(f"{LIST}/new", **{**ANA, "mobile": "1"}), LIST)
    assert "código do país" in errors(page)["mobile"]


def test_the_second_of_two_administrators_is_told(world, visit, submit):
    world.contact("Ana")
    opened = visit(f"{LIST}/1/edit").find("input", name="version").get("value")
    submit(f"{LIST}/1/edit", email="theirs@corp.example")
    answer = submit(f"{LIST}/1/edit", email="mine@corp.example", version=opened)
    assert answer.status_code == 422
    assert {"theirs@corp.example", "mine@corp.example"} <= set(seen(answer, LIST).text.split())
    assert entry(world, 1)["email"] == "theirs@corp.example"


def test_the_list_says_in_which_groups(world, visit):
    ana, bea = world.contact("Ana"), world.contact("Bea")
    world.group("Security", [ana])
    world.group("On duty", [ana, bea])
    rows = visit(LIST).all("td", data_label="Groups")
    assert ["".join(row.itertext()).split() for row in rows] == [["On", "duty", "+1"], ["On", "duty"]]


def test_filters_sort_and_export(world, visit, admin_client):
    ana = world.contact("Ana", email="z@corp.example")
    world.contact("Bea", email="", mobile="+5511999990000", enabled=False, locale="es")
    world.group("Security", [ana])
    assert names(visit(LIST)) == ["Ana", "Bea"]
    assert names(visit(f"{LIST}?sort=-name")) == ["Bea", "Ana"]
    assert names(visit(f"{LIST}?sort=email")) == ["Bea", "Ana"]
    assert names(visit(f"{LIST}?enabled=no")) == ["Bea"]
    assert names(visit(f"{LIST}?locale=es")) == ["Bea"]
    assert names(visit(f"{LIST}?group=Security")) == ["Ana"]
    assert names(visit(f"{LIST}?text=99999")) == ["Bea"]
    assert names(visit(f"{LIST}?text=z%40+ANA")) == ["Ana"]
    world.contact("José")
    assert names(visit(f"{LIST}?text=JOSE")) == ["José"]
    assert "Nothing passes" in visit(f"{LIST}?text=nothing").text
    visit(f"{LIST}?group=Nobody", status=422)
    lines = admin_client.get(f"{LIST}.csv?group=Security").text.lstrip("\ufeff").splitlines()
    assert lines == ["id,name,email,mobile,locale,timezone,enabled", "1,Ana,z@corp.example,,en,UTC,True"]


def test_its_page_says_what_it_is_told_and_was_sent(world, visit):
    ana = world.contact("Ana", mobile="+5511999990000")
    group = world.group("Security", [ana])
    world.notification("Vault watch", [ana])
    world.notification("Backups", groups=[group], enabled=False)
    world.account()
    number = world.message("To Ana", new={"recipient": "ana@corp.example"})
    world.message("To her telephone", new={"recipient": "+5511999990000", "channel": "sms"})
    world.message("To Bea", new={"recipient": "bea@corp.example"})
    page = visit(f"{LIST}/{ana}")
    assert "Vault watch" in page.text
    assert "Backups by the group Security" in page.text
    assert page.find("a", href=f"/outbox/{number}").text == "To Ana"
    assert "To her telephone" in page.text
    assert "To Bea" not in page.text
    assert page.find("a", href="/outbox?recipient=ana@corp.example") is not None


def test_one_in_use_goes_with_a_successor(world, admin_client, visit):
    ana, bea = world.contact("Ana"), world.contact("Bea")
    world.group("Security", [ana])
    world.notification("Vault watch", [ana])
    question = visit(f"{LIST}/{ana}/delete")
    assert "Group: Security" in question.text
    assert "Notification: Vault watch" in question.text
    assert post(admin_client, f"{LIST}/{ana}/delete").status_code == 422
    answer = post(admin_client, f"{LIST}/{ana}/delete", {"follow": "successor", "successor": "Bea"})
    assert answer.status_code == 303
    assert world.do(lambda: configuration.get("groups", 1).entry["contacts"]) == ("Bea",)
    assert world.do(lambda: configuration.get("notifications", 1).entry["contacts"]) == ("Bea",)
    assert names(visit(LIST)) == ["Bea"]
    assert bea == 2


def test_a_clone_has_its_own_addresses(world, visit):
    world.contact("Ana", locale="es", mobile="+5511999990000")
    page = visit(f"{LIST}/new?like=1")
    assert page.find("input", id="name").get("value") == "Ana (copy)"
    assert page.find("input", id="email").get("value") == ""
    assert page.find("input", id="mobile").get("value") == ""


def test_by_one_button_somebody_is_told_nothing(world, admin_client):
    world.contact("Ana")
    assert post(admin_client, f"{LIST}/1/disable").status_code == 303
    assert not entry(world, 1)["enabled"]


def test_everybody_may_look_and_administrators_change(world, visit, viewer_client, operator_client):
    world.contact("Ana")
    for path in ("", "/1", ".csv"):
        assert viewer_client.get(f"{LIST}{path}").status_code == 200
    assert "New contact" not in visit(LIST, client=operator_client).text
    for path in ("/new", "/1/edit", "/1/delete"):
        visit(f"{LIST}{path}", client=operator_client, status=403)
    assert post(operator_client, f"{LIST}/1/disable").status_code == 403
