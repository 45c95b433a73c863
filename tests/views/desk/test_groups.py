"""Groups by form, with the picker of their members."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.peers.axe import no_barriers
from tests.visiting import enter, errors, post, seen
from webapp.queries import picks
from webapp.services import configuration

LIST = "/groups"


def members(world, number: int = 1) -> tuple:
    return world.do(lambda: configuration.get("groups", number).entry["contacts"])


def offered(page) -> dict[str, bool]:
    """The names that can be chosen in their order, and whether each is."""
    return {box.get("value"): "checked" in box.attrib for box in page.all("input", name="contacts")}


@pytest.fixture
def people(world) -> list[int]:
    return [world.contact(name) for name in ("Ana", "Bea", "Carlos", "Diego")]


def test_a_new_group(world, people, submit, visit):
    answer = submit(f"{LIST}/new", name="Security", contacts=["Diego", "Ana"])
    assert answer.status_code == 303
    assert members(world) == ("Ana", "Diego")
    page = visit(answer.headers["Location"])
    assert "ana@corp.example" in page.text
    assert "Bea" not in page.text


def test_who_is_chosen_stands_first(world, people, visit):
    world.group("Security", [people[2]])
    page = visit(f"{LIST}/1/edit")
    assert offered(page) == {"Carlos": True, "Ana": False, "Bea": False, "Diego": False}
    assert "1 of 4 chosen" in page.text


def test_a_refused_form_keeps_who_was_chosen(people, submit):
    page = seen(submit(f"{LIST}/new", name="", contacts=["Bea"]), LIST)
    assert "This is needed" in errors(page)["name"]
    assert offered(page)["Bea"]


def test_somebody_who_is_gone_is_said_beside_the_list(world, people, visit, admin_client):
    page = seen(post(admin_client, f"{LIST}/new", {"name": "Security", "contacts": ["Ana", "Gone"]}), LIST)
    assert "Gone" in errors(page)["contacts"]
    assert offered(page)["Ana"]


def test_nobody_is_a_group_too(world, people, submit):
    assert submit(f"{LIST}/new", name="Empty").status_code == 303
    assert members(world) == ()


def test_the_list_says_how_many_and_exports_who(world, people, visit, admin_client):
    world.group("Security", people[:3])
    world.group("Empty")
    rows = visit(LIST).all("td", data_label="Members")
    assert ["".join(row.itertext()).strip() for row in rows] == ["0", "3"]
    lines = admin_client.get(f"{LIST}.csv").text.lstrip("\ufeff").splitlines()
    assert lines == ["id,name,contacts", "2,Empty,", '1,Security,"Ana, Bea, Carlos"']


def test_one_in_use_goes_with_a_successor(world, people, admin_client, visit):
    group = world.group("Security", people)
    world.group("Others")
    world.notification("Vault watch", groups=[group])
    assert "Vault watch" in visit(f"{LIST}/{group}/delete").text
    assert post(admin_client, f"{LIST}/{group}/delete").status_code == 422
    post(admin_client, f"{LIST}/{group}/delete", {"follow": "successor", "successor": "Others"})
    assert world.do(lambda: configuration.get("notifications", 1).entry["groups"]) == ("Others",)


def test_everybody_may_look_and_administrators_change(world, visit, viewer_client):
    world.group("Security")
    for path in ("", "/1", ".csv"):
        assert viewer_client.get(f"{LIST}{path}").status_code == 200
    for path in ("/new", "/1/edit", "/1/delete"):
        visit(f"{LIST}{path}", client=viewer_client, status=403)


# --- more than a page bears ---


def test_of_too_many_those_are_offered_that_a_search_finds(world, people, monkeypatch, submit):
    monkeypatch.setattr(picks, "MOST", 3)
    monkeypatch.setattr(picks, "FOUND", 2)
    world.group("Security", [people[3]])
    answer = submit(
        f"{LIST}/1/edit", name="Typed", contacts=["Diego", "Ana"], **{"find": "contacts", "contacts-find": "BEA"}
    )
    page = seen(answer, LIST)
    assert answer.status_code == 200
    assert offered(page) == {"Ana": True, "Diego": True, "Bea": False}
    assert page.find("input", id="name").get("value") == "Typed"
    assert members(world) == ("Diego",)
    assert submit(f"{LIST}/1/edit", contacts=["Ana", "Bea"]).status_code == 303
    assert members(world) == ("Ana", "Bea")


def test_a_search_does_not_make_an_old_form_young(world, people, monkeypatch, visit, submit):
    monkeypatch.setattr(picks, "MOST", 3)
    world.group("Security", [people[3]])
    opened = visit(f"{LIST}/1/edit").find("input", name="version").get("value")
    submit(f"{LIST}/1/edit", name="Theirs")
    page = seen(submit(f"{LIST}/1/edit", version=opened, find="contacts"), LIST)
    assert page.find("input", name="version").get("value") == opened


# --- in a browser ---


@pytest.fixture
def form(app, world, people, site, browser_context, page: Page) -> Page:
    enter(browser_context, app, site)
    page.goto(f"{site}{LIST}/new")
    return page


def test_the_list_is_narrowed_counted_and_saved(form, world):
    find, status = form.get_by_label("Search by name"), form.get_by_role("status")
    find.fill("bEa corp")
    expect(form.get_by_role("checkbox")).to_have_count(1)
    expect(status.filter(has_text="1 shown")).to_have_count(1)
    form.get_by_label("Bea").check()
    find.fill("")
    expect(form.get_by_role("checkbox")).to_have_count(4)
    form.get_by_label("Carlos").check()
    expect(form.get_by_text("2 of 4 chosen")).to_be_visible()
    form.get_by_label("Name", exact=True).fill("Security")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Saved: Security.")).to_be_visible()
    assert members(world) == ("Bea", "Carlos")


def test_by_keyboard_the_list_is_one_stop_and_arrows_walk_it(form, world):
    form.get_by_label("Name", exact=True).fill("Security")
    for _ in range(2):
        form.keyboard.press("Tab")
    expect(form.get_by_label("Ana")).to_be_focused()
    form.keyboard.press("ArrowDown")
    form.keyboard.press("Space")
    form.keyboard.press("End")
    form.keyboard.press("Space")
    form.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Save")).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.get_by_text("Saved: Security.")).to_be_visible()
    assert members(world) == ("Bea", "Diego")


def test_looking_for_somebody_changes_nothing_and_enter_does_not_save(form, site):
    asked = []
    form.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    form.get_by_label("Search by name").fill("bea")
    form.keyboard.press("Enter")
    expect(form.get_by_role("heading", name="New group")).to_be_visible()
    form.get_by_role("link", name="Cancel").click()
    expect(form.get_by_role("heading", name="Groups")).to_be_visible()
    assert asked == []


def test_of_too_many_the_search_asks_the_server_while_it_is_typed(form, site, monkeypatch, world):
    monkeypatch.setattr(picks, "MOST", 3)
    form.goto(f"{site}{LIST}/new")
    form.get_by_label("Name", exact=True).fill("Security")
    form.get_by_label("Ana").check()
    form.get_by_label("Search by name").fill("diego")
    expect(form.get_by_role("checkbox")).to_have_count(2)
    form.get_by_label("Diego").check()
    expect(form.get_by_text("2 of 4 chosen")).to_be_visible()
    form.get_by_label("Name", exact=True).press("Enter")
    expect(form.get_by_text("Saved: Security.")).to_be_visible()
    assert members(world) == ("Ana", "Diego")


@pytest.mark.parametrize("path", ["/groups", "/groups/new", "/groups/1", "/contacts", "/contacts/new", "/contacts/1"])
def test_nothing_bars_anybody(form, site, world, people, path):
    world.group("Security", people)
    form.goto(f"{site}{path}")
    no_barriers(form)
